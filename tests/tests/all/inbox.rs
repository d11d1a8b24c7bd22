//! The inbox, played: who is told of what happens beside each other (DOMAIN §4, the column *shown*),
//! and that the devices of one member have one inbox.

use std::collections::BTreeSet;

use casework_engine::approval::Seat;
use casework_engine::case::action::{Closing, Decision};
use casework_engine::case::facet::attention::AttentionAction;
use casework_engine::case::facet::handover::TransferAction;
use casework_engine::case::facet::keeping::KeepingAction;
use casework_engine::case::{CaseAction, PartId};
use casework_engine::inbox::ItemKind;
use casework_engine::inbox::quiet::Mute;
use casework_engine::replica::{InboxEntry, InboxFilter};
use casework_engine::value::Scalar;
use casework_protocol::access::entry::{AccessBody, Principal};
use casework_protocol::ids::{DocumentId, MemberId};
use casework_tests::stage::{Stage, Who};

const NOBODY: MemberId = MemberId::new([0; 16]);

/// Ana, Rui and Mia on one case of Ana's, which Mia watches; everything before is read.
fn office(seed: u64) -> (Stage, [Who; 3], DocumentId) {
    let mut stage = Stage::new(seed);
    let people = stage.devices(["ana", "rui", "mia"]);
    let [ana, _, mia] = people;
    let case = stage.open(ana, "Broken street lamp");
    let (owner, watcher) = (stage.member(ana), stage.member(mia));
    stage.act(
        ana,
        case,
        CaseAction::SetOwner {
            member: Some(owner),
        },
    );
    stage.act(ana, case, AttentionAction::Watch { member: watcher }.into());
    stage.settle();
    for who in people {
        read_all(&mut stage, who);
    }
    stage.settle();
    (stage, people, case)
}

fn apart(stage: &mut Stage, people: [Who; 3]) {
    people.into_iter().for_each(|who| stage.cut(who));
}

fn together(stage: &mut Stage) {
    stage.heal();
    stage.settle();
}

fn read_all(stage: &mut Stage, who: Who) {
    let moment = stage.moment();
    let filter = InboxFilter {
        muted: true,
        ..InboxFilter::default()
    };
    stage.replica(who).mark_all_read(&filter, &moment).unwrap();
}

fn entries(stage: &mut Stage, who: Who, filter: &InboxFilter) -> Vec<InboxEntry> {
    let moment = stage.moment();
    let page = stage.replica(who).inbox(filter, (None, 1_000), &moment);
    page.unwrap().entries
}

/// The unread items of somebody, by kind.
fn told(stage: &mut Stage, who: Who) -> Vec<ItemKind> {
    let filter = InboxFilter {
        unread: true,
        ..InboxFilter::default()
    };
    let mut kinds: Vec<ItemKind> = entries(stage, who, &filter)
        .into_iter()
        .map(|entry| entry.item.kind)
        .collect();
    kinds.sort();
    kinds
}

/// Everything of an inbox that must be the same on every device of one member.
fn whole(stage: &mut Stage, who: Who) -> Vec<InboxEntry> {
    let filter = InboxFilter {
        muted: true,
        ..InboxFilter::default()
    };
    entries(stage, who, &filter)
}

fn to(stage: &str) -> CaseAction {
    CaseAction::Move {
        to: stage.to_owned(),
    }
}

fn phone(value: &str) -> CaseAction {
    CaseAction::SetField {
        field: "phone".to_owned(),
        value: Scalar::text(value),
    }
}

fn close() -> CaseAction {
    CaseAction::Close(Closing {
        code: "solved".to_owned(),
        notes: String::new(),
    })
}

fn comment(stage: &mut Stage, body: &str) -> CaseAction {
    CaseAction::Comment {
        id: stage.part(),
        body: body.to_owned(),
        external: false,
        reply_to: None,
    }
}

fn decide(stage: &mut Stage, outcome: &str) -> CaseAction {
    CaseAction::Decide(Decision {
        id: stage.part(),
        question: "repair?".to_owned(),
        outcome: outcome.to_owned(),
        rationale: String::new(),
        conditions: String::new(),
        supersedes: BTreeSet::new(),
    })
}

#[test]
fn of_two_moves_apart_both_movers_and_the_owner_are_told_and_a_watcher_of_the_moves() {
    let (mut stage, [ana, rui, mia], case) = office(1);
    let lena = stage.join("lena", "operator");
    apart(&mut stage, [ana, rui, mia]);
    stage.cut(lena);
    stage.act(rui, case, to("done"));
    stage.act(lena, case, to("answer"));
    together(&mut stage);
    // The owner hears of both moves and of the contest; the movers of the contest.
    let (moved, contested) = (ItemKind::Moved, ItemKind::Contested);
    assert_eq!(told(&mut stage, ana), [moved, moved, contested]);
    assert_eq!(told(&mut stage, rui), [contested]);
    assert_eq!(told(&mut stage, lena), [contested]);
    assert_eq!(told(&mut stage, mia), [moved, moved]);
    let entry = &entries(&mut stage, rui, &InboxFilter::default())[0];
    assert_eq!(entry.item.by, Some(stage.member(lena)));
    let sides: BTreeSet<&str> = entry.item.detail.iter().map(String::as_str).collect();
    assert_eq!(sides, BTreeSet::from(["answer", "done"]));
}

#[test]
fn two_moves_to_one_stage_contest_nothing() {
    let (mut stage, [ana, rui, mia], case) = office(2);
    apart(&mut stage, [ana, rui, mia]);
    stage.act(rui, case, to("answer"));
    stage.act(mia, case, to("answer"));
    together(&mut stage);
    assert_eq!(told(&mut stage, rui), []);
    assert_eq!(told(&mut stage, ana), [ItemKind::Moved, ItemKind::Moved]);
}

#[test]
fn a_long_parallel_run_on_one_field_is_told_once() {
    let (mut stage, [ana, rui, mia], case) = office(3);
    apart(&mut stage, [ana, rui, mia]);
    for n in 0..5 {
        stage.act(rui, case, phone(&format!("1{n}")));
        stage.act(mia, case, phone(&format!("2{n}")));
    }
    together(&mut stage);
    assert_eq!(told(&mut stage, rui), [ItemKind::Contested]);
    assert_eq!(told(&mut stage, mia), [ItemKind::Contested]);
    assert_eq!(told(&mut stage, ana), [ItemKind::Contested]);
}

#[test]
fn of_a_close_beside_work_the_closer_and_the_author_are_told_and_nobody_else() {
    let (mut stage, [ana, rui, mia], case) = office(4);
    apart(&mut stage, [ana, rui, mia]);
    stage.act(ana, case, close());
    let say = comment(&mut stage, "The lamp is still dark");
    stage.act(rui, case, say);
    stage.act(rui, case, phone("111"));
    together(&mut stage);
    assert_eq!(told(&mut stage, ana), [ItemKind::AfterClose]);
    assert_eq!(told(&mut stage, rui), [ItemKind::AfterClose]);
    assert_eq!(told(&mut stage, mia), [ItemKind::Moved]);
}

#[test]
fn of_work_beside_the_trash_both_are_told() {
    let (mut stage, [ana, rui, mia], case) = office(5);
    apart(&mut stage, [ana, rui, mia]);
    stage.act(ana, case, KeepingAction::Trash.into());
    stage.act(rui, case, phone("111"));
    together(&mut stage);
    assert_eq!(told(&mut stage, ana), [ItemKind::InTrash]);
    assert_eq!(told(&mut stage, rui), [ItemKind::InTrash]);
    assert_eq!(told(&mut stage, mia), []);
}

#[test]
fn of_a_purge_the_crew_is_told_and_of_a_legal_hold_beside_it_both() {
    let (mut stage, [ana, rui, mia], case) = office(6);
    let lena = stage.join("lena", "manager");
    apart(&mut stage, [ana, rui, mia]);
    stage.cut(lena);
    stage.act(ana, case, KeepingAction::RequestPurge { days: 30 }.into());
    stage.act(lena, case, KeepingAction::SetLegalHold.into());
    together(&mut stage);
    assert_eq!(told(&mut stage, ana), [ItemKind::Purge]);
    assert_eq!(told(&mut stage, lena), [ItemKind::Purge]);
    assert_eq!(told(&mut stage, mia), [ItemKind::Purge]);
    assert_eq!(told(&mut stage, rui), []);
}

#[test]
fn of_two_decisions_on_one_question_both_are_told() {
    let (mut stage, [ana, rui, mia], case) = office(7);
    apart(&mut stage, [ana, rui, mia]);
    let (yes, no) = (decide(&mut stage, "yes"), decide(&mut stage, "no"));
    stage.act(rui, case, yes);
    stage.act(mia, case, no);
    together(&mut stage);
    assert_eq!(told(&mut stage, rui), [ItemKind::Contested]);
    assert_eq!(told(&mut stage, mia), [ItemKind::Contested]);
    let entry = &entries(&mut stage, rui, &InboxFilter::default())[0];
    assert_eq!(entry.about.as_deref(), Some("repair?"));
}

#[test]
fn a_transfer_is_offered_answered_and_of_an_answer_beside_its_withdrawal_both_are_told() {
    let (mut stage, [ana, rui, mia], case) = office(8);
    let id = stage.part();
    let to = Seat::Member(stage.member(rui));
    let offer = TransferAction::Offer {
        id,
        to,
        note: String::new(),
    };
    stage.act(ana, case, offer.into());
    together(&mut stage);
    assert_eq!(told(&mut stage, rui), [ItemKind::Offer]);
    assert_eq!(told(&mut stage, mia), []);
    apart(&mut stage, [ana, rui, mia]);
    let accept = TransferAction::Accept {
        transfer: id,
        member: NOBODY,
    };
    stage.act(rui, case, accept.into());
    stage.act(ana, case, TransferAction::Withdraw { transfer: id }.into());
    together(&mut stage);
    assert_eq!(
        told(&mut stage, ana),
        [ItemKind::Contested, ItemKind::Answer]
    );
    let kinds = [ItemKind::Contested, ItemKind::Offer, ItemKind::Withdrawn];
    assert_eq!(told(&mut stage, rui), kinds);
}

#[test]
fn whoever_is_given_work_or_named_is_told_and_nobody_of_their_own_doing() {
    let (mut stage, [ana, rui, mia], case) = office(9);
    let member = stage.member(rui);
    stage.act(ana, case, CaseAction::Assign { member });
    let task = stage.part();
    let create = CaseAction::CreateTask {
        id: task,
        title: "Climb up, @Mia".to_owned(),
        assignee: Some(member),
        due: None,
        checklist: Vec::new(),
    };
    stage.act(ana, case, create);
    let say = comment(&mut stage, "Thank you @rui, and mail x@mia.example");
    stage.act(ana, case, say);
    together(&mut stage);
    let (mention, assigned) = (ItemKind::Mention, ItemKind::Assigned);
    assert_eq!(told(&mut stage, rui), [mention, assigned, assigned]);
    assert_eq!(told(&mut stage, mia), [mention]);
    assert_eq!(told(&mut stage, ana), []);
    read_all(&mut stage, rui);
    let taken = CaseAction::AssignTask {
        task,
        assignee: None,
    };
    stage.act(ana, case, taken);
    together(&mut stage);
    assert_eq!(told(&mut stage, rui), [ItemKind::Unassigned]);
}

#[test]
fn two_devices_of_one_member_have_one_inbox_with_the_same_marks() {
    let (mut stage, [ana, rui, mia], case) = office(10);
    let phone = stage.second_device(ana, "ana's phone");
    assert_eq!(whole(&mut stage, ana), whole(&mut stage, phone));
    stage.act(rui, case, to("answer"));
    let say = comment(&mut stage, "@ana look");
    stage.act(mia, case, say);
    together(&mut stage);
    assert_eq!(
        told(&mut stage, phone),
        [ItemKind::Mention, ItemKind::Moved]
    );
    // One device marks one as read, offline; the other mutes a kind.
    apart(&mut stage, [ana, rui, mia]);
    stage.cut(phone);
    let mention = whole(&mut stage, ana)[0].item.clone();
    let moment = stage.moment();
    let marked = stage.replica(ana).mark_items(&[mention.id], true, &moment);
    assert_eq!((mention.kind, marked.unwrap()), (ItemKind::Mention, 1));
    let moment = stage.moment();
    let mute = Mute::Kind(ItemKind::Moved);
    assert!(stage.replica(phone).set_mute(mute, true, &moment).unwrap());
    together(&mut stage);
    for who in [ana, phone] {
        assert_eq!(
            told(&mut stage, who),
            [],
            "the one is read, the other muted"
        );
    }
    assert_eq!(whole(&mut stage, ana), whole(&mut stage, phone));
    // Unread again on the other device.
    let moment = stage.moment();
    let marked = stage
        .replica(phone)
        .mark_items(&[mention.id], false, &moment);
    assert_eq!(marked.unwrap(), 1);
    together(&mut stage);
    assert_eq!(told(&mut stage, ana), [ItemKind::Mention]);
    for who in [ana, phone] {
        let found = stage.replica(who).verify(&mut |_, _| {}).unwrap();
        assert!(found.holds(), "{:?}", found.findings);
    }
}

#[test]
fn nobody_else_gets_what_a_member_keeps_for_themself_not_even_an_owner() {
    let (mut stage, [ana, rui, mia], case) = office(11);
    let say = comment(&mut stage, "@rui look");
    stage.act(mia, case, say);
    together(&mut stage);
    read_all(&mut stage, rui);
    together(&mut stage);
    let own = personal_documents(&mut stage, rui);
    assert_eq!(own.len(), 1);
    for who in [ana, mia] {
        let theirs = personal_documents(&mut stage, who);
        assert!(theirs.is_disjoint(&own), "{who:?} holds another's document");
        for document in &own {
            assert!(stage.replica(who).access(*document).is_err());
        }
    }
    // Not even its member changes who has it.
    let document = *own.iter().next().unwrap();
    let member = stage.member(mia);
    let body = AccessBody::Change {
        add: vec![Principal::Member(member)],
        remove: Vec::new(),
        restricted: None,
        legal_hold: None,
    };
    let moment = stage.moment();
    let said = stage.replica(rui).change_access(document, body, &moment);
    assert!(said.is_err(), "{said:?}");
}

/// What is personal on a device.
fn personal_documents(stage: &mut Stage, who: Who) -> BTreeSet<DocumentId> {
    let found = stage.replica(who).personal_documents().unwrap();
    found.into_iter().collect()
}

#[test]
fn a_case_that_goes_out_of_sight_leaves_nothing_in_the_inbox() {
    let (mut stage, [ana, rui, mia], case) = office(12);
    let say = comment(&mut stage, "@rui look");
    stage.act(mia, case, say);
    together(&mut stage);
    assert_eq!(told(&mut stage, rui), [ItemKind::Mention]);
    let body = AccessBody::Change {
        add: Vec::new(),
        remove: Vec::new(),
        restricted: Some(true),
        legal_hold: None,
    };
    let moment = stage.moment();
    stage
        .replica(ana)
        .change_access(case, body, &moment)
        .unwrap();
    together(&mut stage);
    assert!(stage.replica(rui).case(case).is_err());
    assert_eq!(whole(&mut stage, rui), []);
    // Whoever is let in again has what concerns them again.
    let member = stage.member(rui);
    let body = AccessBody::Change {
        add: vec![Principal::Member(member)],
        remove: Vec::new(),
        restricted: None,
        legal_hold: None,
    };
    let moment = stage.moment();
    stage
        .replica(ana)
        .change_access(case, body, &moment)
        .unwrap();
    together(&mut stage);
    let kinds: Vec<ItemKind> = whole(&mut stage, rui).iter().map(|e| e.item.kind).collect();
    assert_eq!(kinds, [ItemKind::Mention]);
}

#[test]
fn pages_follow_each_other_without_a_gap_or_a_double() {
    let (mut stage, [ana, rui, _], case) = office(13);
    for n in 0..7 {
        let say = comment(&mut stage, &format!("@ana number {n}"));
        stage.act(rui, case, say);
    }
    together(&mut stage);
    let all: Vec<PartId> = whole(&mut stage, ana).iter().map(|e| e.item.id).collect();
    assert_eq!(all.len(), 7);
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let moment = stage.moment();
        let filter = InboxFilter::default();
        let page = stage
            .replica(ana)
            .inbox(&filter, (after, 3), &moment)
            .unwrap();
        seen.extend(page.entries.iter().map(|entry| entry.item.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, all);
}

#[test]
fn what_was_received_more_than_ninety_days_ago_is_in_no_inbox_and_a_new_device_makes_nothing_of_it()
{
    let (mut stage, [ana, rui, mia], case) = office(14);
    let say = comment(&mut stage, "@rui look");
    stage.act(mia, case, say);
    together(&mut stage);
    assert_eq!(told(&mut stage, rui), [ItemKind::Mention]);
    let later = stage.now_ms() + 91 * 24 * 60 * 60 * 1000;
    stage.wait_until(later);
    let say = comment(&mut stage, "@ana all well");
    stage.act(mia, case, say);
    together(&mut stage);
    assert_eq!(whole(&mut stage, rui), []);
    let phone = stage.second_device(rui, "rui's phone");
    assert_eq!(whole(&mut stage, phone), []);
    assert_eq!(told(&mut stage, ana), [ItemKind::Mention]);
}

#[test]
fn a_renamed_member_is_meant_by_the_name_that_the_author_saw() {
    let (mut stage, [ana, rui, mia], case) = office(15);
    apart(&mut stage, [ana, rui, mia]);
    let body = casework_protocol::roster::entry::RosterBody::ChangeMember {
        member: stage.member(rui),
        name: Some("Rui Alves Costa".to_owned()),
        add_roles: Vec::new(),
        remove_roles: Vec::new(),
        active: None,
    };
    stage.heal_one(ana);
    stage.authorise(ana, body);
    stage.settle();
    let say = comment(&mut stage, "ask @rui");
    stage.act(mia, case, say);
    let say = comment(&mut stage, "ask @Rui Alves Costa");
    stage.act(ana, case, say);
    together(&mut stage);
    assert_eq!(
        told(&mut stage, rui),
        [ItemKind::Mention, ItemKind::Mention]
    );
    assert_eq!(told(&mut stage, mia), []);
}

#[test]
fn work_of_somebody_who_lost_the_right_waits_in_the_inbox_of_those_who_may_adopt_and_in_ones_own_drawer()
 {
    let (mut stage, [ana, rui, mia], case) = office(16);
    apart(&mut stage, [ana, rui, mia]);
    let say = comment(&mut stage, "@ana from the field");
    stage.act(rui, case, say);
    stage.heal_one(ana);
    stage.revoke(ana, rui);
    stage.settle();
    together(&mut stage);
    assert_eq!(told(&mut stage, ana), [ItemKind::Held]);
    assert_eq!(told(&mut stage, mia), []);
    let moment = stage.moment();
    stage
        .replica(ana)
        .adopt(case, "he was there", &moment)
        .unwrap();
    stage.settle();
    let kinds: Vec<ItemKind> = whole(&mut stage, ana).iter().map(|e| e.item.kind).collect();
    assert!(
        kinds.contains(&ItemKind::Mention) && !kinds.contains(&ItemKind::Held),
        "{kinds:?}"
    );
}
