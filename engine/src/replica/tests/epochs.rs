//! New epochs: what was judged once stands while its place is unknown, whatever the roster has come
//! to by then.

use super::*;
use casework_protocol::access::entry::{AccessBody, Principal};
use casework_protocol::roster::draft::RosterDraft;

const NEXT_EPOCH: EpochId = EpochId::new([2; 16]);

/// A server was put back to nothing, and goes on in a new epoch.
fn enter(replica: &mut Replica) {
    let cursor = Cursor {
        epoch: NEXT_EPOCH,
        seq: 0,
    };
    replica.enter_epoch(cursor).unwrap();
}

/// Hands everything out one by one, as a slow line does.
fn trickle(log: &Log, replica: &mut Replica) {
    for (n, item) in log.items.iter().enumerate() {
        let next = log.items.get(n + 1).map_or(log.size, Logged::seq);
        let start = Start::At(Cursor {
            epoch: NEXT_EPOCH,
            seq: next,
        });
        replica.take(vec![item.clone()], start).unwrap();
    }
}

fn gives(member: MemberId) -> AccessBody {
    AccessBody::Change {
        add: vec![Principal::Member(member)],
        remove: Vec::new(),
        restricted: None,
        legal_hold: None,
    }
}

/// Ana's case, which rui, who joined later, gave to mia.
fn scene() -> (Clock, Log, [Replica; 3], DocumentId) {
    let (mut clock, mut log) = (Clock(0), Log::default());
    let mut ana = founder(&mut clock);
    let template = ana.open_template(revision(), &clock.next()).unwrap();
    let id = open(&mut ana, template.document, &mut clock);
    log.take(&mut ana);
    let mut rui = join(&mut log, &mut ana, &mut clock, 3, "operator");
    let mia = join(&mut log, &mut ana, &mut clock, 4, "operator");
    log.give(&mut rui);
    let body = gives(mia.member().unwrap());
    rui.change_access(id, body, &clock.next()).unwrap();
    act(&mut rui, id, &mut clock, set("phone", "112"));
    log.take(&mut rui);
    let mut all = [ana, rui, mia];
    for replica in &mut all {
        log.give(replica);
        assert_eq!(replica.access(id).unwrap().head().version(), 2);
    }
    (clock, log, all, id)
}

#[test]
fn an_access_entry_by_somebody_who_joined_after_the_case_was_opened_stands_in_a_new_epoch() {
    let (mut clock, mut log, all, id) = scene();
    let mut views = Vec::new();
    for mut replica in all {
        enter(&mut replica);
        // A line that drops here leaves a device that can be used.
        assert_eq!(replica.access(id).unwrap().head().version(), 2);
        assert!(replica.case(id).is_ok());
        trickle(&log, &mut replica);
        let phone = format!("{}", 113 + views.len());
        act(&mut replica, id, &mut clock, set("phone", &phone));
        let record = replica.access(id).unwrap();
        assert!(record.entries().all(|(_, at)| at.seq < log.size));
        log.take(&mut replica);
        views.push(replica);
    }
    for replica in &mut views {
        log.give(replica);
        assert!(replica.verify(&mut |_, _| {}).unwrap().holds());
    }
    let seen: Vec<_> = views.iter_mut().map(|one| one.case(id).unwrap()).collect();
    assert!(seen.iter().all(|view| *view == seen[0]));
}

#[test]
fn an_access_entry_whose_author_lost_the_right_since_stands_until_its_place_is_known() {
    let (mut clock, mut log, [mut ana, rui, _], id) = scene();
    let body = RosterBody::ChangeMember {
        member: rui.member().unwrap(),
        name: None,
        add_roles: vec!["viewer".into()],
        remove_roles: vec!["operator".into()],
        active: None,
    };
    ana.authorise(body, &clock.next()).unwrap();
    log.take(&mut ana);
    log.give(&mut ana);
    log.items
        .retain(|item| matches!(item, Logged::Roster { .. }));
    enter(&mut ana);
    trickle(&log, &mut ana);
    assert_eq!(ana.access(id).unwrap().head().version(), 2);
    act(&mut ana, id, &mut clock, set("phone", "114"));
    ana.forget_memory();
    assert_eq!(ana.access(id).unwrap().head().version(), 2);
}

#[test]
fn an_invite_redeemed_by_a_clock_gone_wrong_does_not_keep_a_device_from_a_new_epoch() {
    let (mut clock, mut log) = (Clock(0), Log::default());
    let mut ana = founder(&mut clock);
    let invite = SecretKey::from_seed(&[101; 32]);
    let body = RosterBody::OpenInvite {
        invite: invite.invite(),
        gives: InviteFor::Member {
            roles: vec!["operator".into()],
        },
        expires_ms: 1_700_000_100_000,
        uses: 1,
    };
    ana.authorise(body, &clock.next()).unwrap();
    log.take(&mut ana);
    let key = SecretKey::from_seed(&[5; 32]);
    let member = MemberId::new([5; 16]);
    let body = RosterBody::Redeem {
        invite: invite.invite(),
        member,
        member_name: "Eve".into(),
        device_name: "phone".into(),
        proof: redeem_proof(&invite, ana.workspace(), key.device(), member),
    };
    let claimed_ms = 1_800_000_000_000;
    let draft = RosterDraft { body, claimed_ms };
    let entry = draft.sign(ana.roster().unwrap().head(), &key);
    log.place(PushItem::Roster(entry));
    log.give(&mut ana);
    assert!(ana.roster().unwrap().head().member(member).is_some());
    enter(&mut ana);
    assert!(ana.roster().unwrap().head().member(member).is_some());
    trickle(&log, &mut ana);
    assert!(ana.roster().unwrap().head().member(member).is_some());
}

#[test]
fn an_access_record_that_cannot_be_read_sets_its_document_aside_and_nothing_else() {
    let (mut clock, mut log, [mut ana, mut rui, _], id) = scene();
    let template = ana.templates().unwrap()[0];
    let sound = open(&mut ana, template, &mut clock);
    log.take(&mut ana);
    log.give(&mut rui);
    // The second entry is gone, and the third does not follow the first.
    let body = gives(ana.member().unwrap());
    let other = AccessBody::Change {
        add: Vec::new(),
        remove: vec![Principal::Member(ana.member().unwrap())],
        restricted: None,
        legal_hold: None,
    };
    ana.change_access(id, other, &clock.next()).unwrap();
    log.take(&mut ana);
    log.give(&mut rui);
    let mut writes = store::Writes::default();
    writes.delete(tables::Table::Access, tables::document_number(id, 2));
    rui.commit(writes).unwrap();
    rui.forget_memory();
    let fault = rui.access(id).unwrap_err();
    assert!(matches!(fault, ReplicaFault::Document(_)), "{fault}");
    ana.change_access(id, body, &clock.next()).unwrap();
    act(&mut ana, id, &mut clock, set("phone", "115"));
    act(&mut ana, sound, &mut clock, set("phone", "115"));
    log.take(&mut ana);
    log.give(&mut rui);
    assert_eq!(rui.quarantined().unwrap().len(), 1);
    assert_eq!(ana.case(sound).unwrap(), rui.case(sound).unwrap());
}
