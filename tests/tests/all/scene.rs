//! What several plays begin and end with.

use casework_engine::case::{CaseAction, Closing, Place};
use casework_engine::value::Scalar;
use casework_engine::view::{Badge, CaseView};
use casework_protocol::access::entry::AccessBody;
use casework_protocol::ids::DocumentId;
use casework_tests::stage::{Stage, Who};

pub(crate) fn label(text: &str) -> CaseAction {
    CaseAction::AddLabel {
        label: text.to_owned(),
    }
}

/// Ana and rui on one case.
pub(crate) fn with_case(seed: u64) -> (Stage, Who, Who, DocumentId) {
    let mut stage = Stage::new(seed);
    let [ana, rui] = stage.devices(["ana", "rui"]);
    let case = stage.open(ana, "Broken street lamp");
    stage.settle();
    (stage, ana, rui, case)
}

/// Ana and Rui on one case, both wires cut: what they do now is concurrent.
pub(crate) fn apart(seed: u64) -> (Stage, Who, Who, DocumentId) {
    let (mut stage, ana, rui, case) = with_case(seed);
    part(&mut stage, &[ana, rui]);
    (stage, ana, rui, case)
}

/// From now on these do not see each other's work.
pub(crate) fn part(stage: &mut Stage, people: &[Who]) {
    people.iter().for_each(|who| stage.cut(*who));
}

/// Everybody comes back; what they see now is the same.
pub(crate) fn together(stage: &mut Stage, case: DocumentId) -> CaseView {
    stage.heal();
    stage.settle();
    stage.assert_converged(case);
    stage.view(Who(0), case)
}

/// These badges and no others are on the card of the case on each of these devices.
pub(crate) fn assert_badges(stage: &mut Stage, on: &[Who], case: DocumentId, badges: &[Badge]) {
    for who in on {
        let cards = stage.replica(*who).cards().unwrap();
        let card = cards.iter().find(|card| card.document == case).unwrap();
        let shown: Vec<Badge> = card.badges.iter().collect();
        assert_eq!(shown, badges, "{who:?}");
    }
}

/// The places that are contested, by their names.
pub(crate) fn contested(view: &CaseView) -> Vec<String> {
    let places = view.flags.contested.iter();
    places.map(Place::to_string).collect()
}

pub(crate) fn to(stage: &str) -> CaseAction {
    CaseAction::Move {
        to: stage.to_owned(),
    }
}

pub(crate) fn set(field: &str, value: &str) -> CaseAction {
    CaseAction::SetField {
        field: field.to_owned(),
        value: Scalar::text(value),
    }
}

pub(crate) fn clear(field: &str) -> CaseAction {
    CaseAction::ClearField {
        field: field.to_owned(),
    }
}

pub(crate) fn close() -> CaseAction {
    CaseAction::Close(Closing {
        code: "solved".to_owned(),
        notes: String::new(),
    })
}

pub(crate) fn comment(stage: &mut Stage, body: &str) -> CaseAction {
    CaseAction::Comment {
        id: stage.part(),
        body: body.to_owned(),
        external: false,
        reply_to: None,
    }
}

/// The server is honest again: everybody meets and nothing is left of the lie.
pub(crate) fn assert_recovers(stage: &mut Stage, who: Who, case: DocumentId) {
    stage.clear_wire(who);
    stage.rejoin(who);
    stage.heal();
    stage.settle();
    stage.act(who, case, label("after the lie"));
    stage.settle();
    stage.assert_converged(case);
}

/// Somebody makes a case visible to those named in its access record only.
pub(crate) fn restrict(stage: &mut Stage, by: Who, case: DocumentId) {
    let body = AccessBody::Change {
        add: Vec::new(),
        remove: Vec::new(),
        restricted: Some(true),
        legal_hold: None,
    };
    let moment = stage.moment();
    let restricted = stage.replica(by).change_access(case, body, &moment);
    restricted.unwrap();
}
