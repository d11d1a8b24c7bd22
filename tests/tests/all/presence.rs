//! Presence between real devices and the real relay, and a server that lies about it.

use casework_protocol::frame::{Activity, Present, ServerFrame};
use casework_protocol::ids::{DeviceId, DocumentId};
use casework_protocol::limits::{PRESENCE_EVERY_MS, PRESENCE_LASTS_MS};
use casework_tests::stage::{Stage, Who};

/// Ana and rui see both cases, mia the first one only; everybody hears.
fn play(seed: u64) -> (Stage, [Who; 3], [DocumentId; 2]) {
    let mut stage = Stage::new(seed);
    let who = stage.devices(["ana", "rui", "mia"]);
    let open = stage.open(who[0], "Open to all");
    let restricted = stage.try_open(who[0], "Restricted", true);
    let restricted = restricted.expect("a founder may").document;
    let rui = casework_protocol::access::entry::Principal::Member(stage.member(who[1]));
    let body = casework_protocol::access::entry::AccessBody::Change {
        add: vec![rui],
        remove: Vec::new(),
        restricted: None,
        legal_hold: None,
    };
    let moment = stage.moment();
    let said = stage
        .replica(who[0])
        .change_access(restricted, body, &moment);
    said.expect("a founder may");
    stage.settle();
    for one in who {
        stage.hear(one, true);
    }
    stage.settle();
    (stage, who, [open, restricted])
}

/// Time enough for a word to go round.
fn pass(stage: &mut Stage) {
    for _ in 0..3 {
        let until = stage.now_ms() + PRESENCE_EVERY_MS;
        stage.wait_until(until);
        stage.settle();
    }
}

fn shown(stage: &mut Stage, who: Who, case: DocumentId) -> Vec<Who> {
    let everybody = stage.devices_by_id().len();
    let witnesses = stage.shown(who, case);
    let is_shown = |member| witnesses.iter().any(|witness| witness.member == member);
    (0..everybody)
        .map(Who)
        .filter(|who| stage.member_id(*who).is_some_and(is_shown))
        .collect()
}

#[test]
fn whoever_has_a_case_open_is_shown_to_those_who_see_it_until_they_are_gone() {
    let (mut stage, [ana, rui, mia], [open, restricted]) = play(901);
    stage.announce(ana, open, Activity::Open);
    stage.announce(ana, restricted, Activity::Typing);
    stage.announce(mia, restricted, Activity::Typing);
    pass(&mut stage);
    assert_eq!(shown(&mut stage, rui, open), [ana]);
    assert_eq!(shown(&mut stage, rui, restricted), [ana]);
    assert_eq!(shown(&mut stage, mia, open), [ana]);
    assert_eq!(shown(&mut stage, mia, restricted), []);
    assert_eq!(shown(&mut stage, ana, restricted), []);
    stage.cut(ana);
    pass(&mut stage);
    assert_eq!(shown(&mut stage, rui, open), []);
    stage.heal();
    pass(&mut stage);
    assert_eq!(shown(&mut stage, rui, open), [ana], "it says it again");
}

#[test]
fn a_lying_server_shows_nobody_who_could_not_be_there() {
    let (mut stage, [ana, rui, mia], [open, restricted]) = play(902);
    let gone = stage.join("kofi", "operator");
    stage.revoke(ana, gone);
    stage.settle();
    let everybody = [ana, rui, mia, gone].map(|who| stage.device(who));
    let nobody = DeviceId::new([7; 32]);
    let present: Vec<Present> = everybody
        .into_iter()
        .chain([nobody])
        .map(|device| Present {
            device,
            activity: Activity::Typing,
        })
        .collect();
    let unknown = DocumentId::new([9; 16]);
    for who in [ana, rui, mia] {
        let present = present.clone();
        stage.tamper_down(who, move |frame| {
            let lie = |document| ServerFrame::Presence {
                document,
                present: present.clone(),
                more: u32::MAX,
            };
            vec![lie(open), lie(restricted), lie(unknown), frame]
        });
    }
    // Something to say, so that it has occasion to lie.
    stage.act(
        ana,
        open,
        casework_engine::case::CaseAction::AddLabel {
            label: "news".to_owned(),
        },
    );
    stage.settle();
    assert_eq!(shown(&mut stage, ana, open), [rui, mia]);
    assert_eq!(
        shown(&mut stage, rui, restricted),
        [ana],
        "mia does not see it"
    );
    assert_eq!(shown(&mut stage, mia, open), [ana, rui]);
    assert_eq!(
        shown(&mut stage, mia, restricted),
        [],
        "she does not see it"
    );
    for who in [ana, rui, mia] {
        assert_eq!(shown(&mut stage, who, unknown), []);
    }
    // It falls silent: its lies end by the clocks of the devices.
    for who in [ana, rui, mia] {
        stage.clear_wire(who);
    }
    let until = stage.now_ms() + PRESENCE_LASTS_MS;
    stage.wait_until(until);
    assert_eq!(shown(&mut stage, ana, open), []);
    assert_eq!(stage.view(ana, open), stage.view(rui, open));
}

/// The same play with and without presence leaves the same log and the same cases.
#[test]
fn what_is_stored_is_the_same_with_presence_and_without() {
    let played = [true, false].map(|says| {
        let mut stage = Stage::new(903);
        let [ana, rui] = stage.devices(["ana", "rui"]);
        let case = stage.open(ana, "Open to all");
        stage.settle();
        let syncs = |stage: &Stage| [ana, rui].map(|who| stage.disk_syncs(who));
        let (size, before) = (stage.log_size(), syncs(&stage));
        for who in [ana, rui] {
            stage.hear(who, says);
            for activity in [Activity::Open, Activity::Typing] {
                if says {
                    stage.announce(who, case, activity);
                }
                pass(&mut stage);
            }
        }
        assert_eq!(says, !stage.shown(ana, case).is_empty());
        assert_eq!(stage.log_size(), size);
        (
            syncs(&stage).map(|n| n),
            before,
            stage.view(rui, case).changes,
        )
    });
    let [
        (with, with_before, changes),
        (without, without_before, same),
    ] = played;
    assert_eq!(changes, same);
    for n in 0..2 {
        assert_eq!(with[n] - with_before[n], without[n] - without_before[n]);
    }
}
