//! What several plays begin and end with.

use casework_engine::case::CaseAction;
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
