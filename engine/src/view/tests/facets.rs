//! The merge contract (DOMAIN §4), row by row, for documents, parties, links and keeping.

use std::collections::BTreeSet;

use casework_protocol::ids::DocumentId;

use super::play::{Player, close, meet, member, players, set};
use crate::case::facet::attention::AttentionAction;
use crate::case::facet::document::{DocumentAction, FileMark, VersionStatus};
use crate::case::facet::keeping::{KeepingAction, is_on_legal_hold};
use crate::case::facet::link::{LinkAction, Relation};
use crate::case::facet::party::{PartyAction, PartyKey, PartyMark};
use crate::case::facet::redaction::RedactionAction;
use crate::case::{Act, ActError, CaseAction, PartId, Past};
use crate::value::Scalar;
use crate::view::{Badge, Card, CaseView, Filter, Kept, Sorting, list};

fn file(name: &str) -> FileMark {
    FileMark {
        name: name.to_owned(),
        sha256: "ab".repeat(32),
        bytes: 3,
        media: "text/plain".to_owned(),
    }
}

/// Adds a document; answers it and its first version.
fn add(player: &mut Player, name: &str) -> (PartId, PartId) {
    let (id, version) = (player.new_id(), player.new_id());
    player.act(CaseAction::from(DocumentAction::Add {
        id,
        name: name.to_owned(),
        kind: "letter".to_owned(),
        version,
        file: file(name),
    }));
    (id, version)
}

fn version(player: &mut Player, document: PartId, name: &str) -> PartId {
    let id = player.new_id();
    player.act(CaseAction::from(DocumentAction::AddVersion {
        document,
        id,
        parents: BTreeSet::new(),
        file: file(name),
    }));
    id
}

fn choose(document: PartId, version: PartId) -> CaseAction {
    CaseAction::from(DocumentAction::Choose {
        document,
        version,
        over: BTreeSet::new(),
    })
}

fn labels(view: &CaseView, document: PartId) -> Vec<String> {
    let versions = view.facets.documents.0[&document].in_order();
    let labels = versions.into_iter().map(|(_, version)| &version.label);
    labels.cloned().collect()
}

fn contested(view: &CaseView) -> Vec<String> {
    view.flags
        .contested
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn versions_made_beside_each_other_are_parallel_until_one_is_chosen_or_a_later_one_builds_on_both()
{
    let [mut ana, mut rui] = players();
    let (document, first) = add(&mut ana, "offer");
    meet(&mut [&mut ana, &mut rui]);
    let left = version(&mut ana, document, "better");
    let right = version(&mut rui, document, "best");
    let view = meet(&mut [&mut ana, &mut rui]);
    assert_eq!(labels(&view, document), ["1", "2a", "2b"]);
    assert_eq!(contested(&view), [format!("document/{document}/chosen")]);
    assert_eq!(
        view.facets.documents.0[&document].current,
        [left, right].into()
    );
    assert_eq!(
        view.facets.documents.0[&document].versions[&right].parents,
        [first].into()
    );
    let mut eva = rui.clone_as(0x30);
    eva.act(choose(document, right));
    let chosen = eva.see();
    assert!(contested(&chosen).is_empty());
    let current = chosen.facets.documents.0[&document].current_version();
    assert_eq!(current.unwrap().0, right);
    version(&mut ana, document, "last");
    let later = ana.see();
    assert_eq!(labels(&later, document), ["1", "2a", "2b", "3"]);
    assert!(contested(&later).is_empty());
}

#[test]
fn two_people_who_choose_different_versions_contest_it_again() {
    let [mut ana, mut rui] = players();
    let (document, _) = add(&mut ana, "offer");
    meet(&mut [&mut ana, &mut rui]);
    let left = version(&mut ana, document, "better");
    let right = version(&mut rui, document, "best");
    meet(&mut [&mut ana, &mut rui]);
    ana.act(choose(document, left));
    rui.act(choose(document, right));
    let view = meet(&mut [&mut ana, &mut rui]);
    assert_eq!(contested(&view), [format!("document/{document}/chosen")]);
    ana.act(choose(document, right));
    assert!(contested(&meet(&mut [&mut ana, &mut rui])).is_empty());
}

#[test]
fn a_version_that_came_beside_a_choice_is_parallel_to_the_chosen_one() {
    let [mut ana, mut rui] = players();
    let (document, _) = add(&mut ana, "offer");
    meet(&mut [&mut ana, &mut rui]);
    let left = version(&mut ana, document, "left");
    version(&mut rui, document, "right");
    let mut eva = ana.clone_as(0x30);
    meet(&mut [&mut ana, &mut rui]);
    let beside = {
        // Eva saw the left one only and gives it a sibling of her own.
        let mut late = eva.clone_as(0x40);
        let id = late.new_id();
        late.act(CaseAction::from(DocumentAction::AddVersion {
            document,
            id,
            parents: late.see().facets.documents.0[&document].versions[&left]
                .parents
                .clone(),
            file: file("late"),
        }));
        eva = late;
        id
    };
    ana.act(choose(document, left));
    let view = meet(&mut [&mut ana, &mut rui, &mut eva]);
    assert_eq!(
        view.facets.documents.0[&document].current,
        [left, beside].into()
    );
}

#[test]
fn an_approval_stays_with_the_version_that_was_approved() {
    let [mut ana, mut rui] = players();
    let (document, first) = add(&mut ana, "offer");
    meet(&mut [&mut ana, &mut rui]);
    ana.act(CaseAction::from(DocumentAction::SetStatus {
        version: first,
        status: VersionStatus::Approved,
    }));
    let second = version(&mut rui, document, "better");
    let view = meet(&mut [&mut ana, &mut rui]);
    let versions = &view.facets.documents.0[&document].versions;
    assert_eq!(versions[&first].status.value(), &VersionStatus::Approved);
    assert_eq!(versions[&second].status.value(), &VersionStatus::Draft);
    let current = view.facets.documents.0[&document].current_version();
    assert_eq!(current.unwrap().0, second);
}

#[test]
fn edits_beside_the_trash_land_and_are_flagged_and_the_case_stays_there() {
    let [mut ana, mut rui] = players();
    ana.act(CaseAction::from(KeepingAction::Trash));
    rui.act(set("summary", "hole"));
    let view = meet(&mut [&mut ana, &mut rui]);
    assert!(view.facets.keeping.is_trashed());
    assert_eq!(view.flags.activity_in_trash, 1);
    assert!(view.fields.contains_key("summary"));
    let refused = rui.try_act(set("summary", "crack"), None);
    assert!(matches!(refused, Err(ActError::Trashed { .. })));
    let card = Card::of(&view, Some(&ana.revision));
    assert_eq!(card.kept, Kept::Trash);
    assert!(card.badges.has(Badge::ActivityInTrash) && card.badges.has(Badge::Trash));
    let cards = [card];
    assert!(list(&cards, &Filter::default(), Sorting::Changed).is_empty());
    let asked = Filter {
        kept: Some([Kept::Trash].into()),
        ..Filter::default()
    };
    assert_eq!(list(&cards, &asked, Sorting::Changed).len(), 1);
    rui.act(CaseAction::from(KeepingAction::Restore));
    assert_eq!(rui.see().flags.activity_in_trash, 0);
    rui.act(set("summary", "crack"));
}

#[test]
fn a_purge_is_not_requested_while_a_legal_hold_stands_and_a_contested_hold_stands() {
    let [mut ana, mut rui] = players();
    ana.act_because(KeepingAction::SetLegalHold.into(), "court order");
    let purge = || CaseAction::from(KeepingAction::RequestPurge { days: 30 });
    let refused = ana.try_act(purge(), Some("old"));
    assert_eq!(refused, Err(ActError::OnLegalHold));
    // Beside the hold it lands, and the hold is what both see.
    rui.act_because(purge(), "old");
    let view = meet(&mut [&mut ana, &mut rui]);
    assert!(view.facets.keeping.is_on_legal_hold());
    let due = view
        .facets
        .keeping
        .purge_due_ms(|by| view.origins.get(by).claimed_ms);
    assert!(due.is_some());
    ana.act_because(KeepingAction::LiftLegalHold.into(), "judged");
    rui.act_because(
        KeepingAction::SetFlag {
            flag: "press".into(),
        }
        .into(),
        "called",
    );
    let view = meet(&mut [&mut ana, &mut rui]);
    assert!(!view.facets.keeping.is_on_legal_hold());
    ana.act_because(KeepingAction::SetLegalHold.into(), "appeal");
    meet(&mut [&mut ana, &mut rui]);
    ana.act_because(KeepingAction::LiftLegalHold.into(), "judged");
    let again = rui.try_act(KeepingAction::SetLegalHold.into(), Some("again"));
    assert!(matches!(again, Err(ActError::Unchanged { .. })));
    let without = ana.try_act(KeepingAction::SetLegalHold.into(), None);
    assert!(matches!(without, Err(ActError::NeedsReason { .. })));
    assert!(!is_on_legal_hold(&Past::now(&ana.doc)));
}

#[test]
fn redaction_wins_over_edits_in_views_and_in_yesterdays_timeline() {
    let [mut ana, mut rui] = players();
    let (document, _) = add(&mut ana, "Report on Maria");
    let party = ana.new_id();
    ana.act(CaseAction::from(PartyAction::Add {
        id: party,
        party: PartyMark {
            role: "witness".into(),
            name: "Maria".into(),
            phone: "123".into(),
            ..PartyMark::default()
        },
    }));
    ana.act(set("summary", "Maria saw it"));
    meet(&mut [&mut ana, &mut rui]);
    let hide: [CaseAction; 3] = [
        RedactionAction::Document { document }.into(),
        RedactionAction::Party { party }.into(),
        RedactionAction::Field {
            field: "summary".into(),
        }
        .into(),
    ];
    for action in hide {
        ana.act_because(action, "asked to be forgotten");
    }
    rui.act(CaseAction::from(DocumentAction::Rename {
        document,
        name: "Maria's report".into(),
    }));
    version(&mut rui, document, "maria-2");
    rui.act(CaseAction::from(PartyAction::Change {
        party,
        key: PartyKey::Name,
        value: "Maria S.".into(),
    }));
    rui.act(set("summary", "Maria heard it"));
    let view = meet(&mut [&mut ana, &mut rui]);
    let told = format!("{:?}", view.facets);
    assert!(!told.to_lowercase().contains("maria"), "{told}");
    assert_eq!(view.facets.parties.0[&party].role.value(), "witness");
    assert!(view.fields["summary"].redacted.is_some());
    for entry in ana.timeline() {
        let told = format!("{:?} {:?} {:?}", entry.before, entry.after, entry.subject);
        assert!(!told.to_lowercase().contains("maria"), "{entry:?}");
    }
    let card = Card::of(&view, Some(&ana.revision));
    assert!(!format!("{card:?}").to_lowercase().contains("maria"));
}

#[test]
fn a_contested_hold_or_purge_is_settled_by_whoever_may_set_it() {
    let [mut ana, mut rui] = players();
    ana.act_because(KeepingAction::SetLegalHold.into(), "court order");
    rui.act_because(KeepingAction::SetLegalHold.into(), "court order");
    meet(&mut [&mut ana, &mut rui]);
    ana.act_because(KeepingAction::LiftLegalHold.into(), "judged");
    rui.act_because(KeepingAction::LiftLegalHold.into(), "judged");
    rui.act_because(KeepingAction::SetLegalHold.into(), "appealed");
    let view = meet(&mut [&mut ana, &mut rui]);
    let contests = view.facets.contests();
    let [contest] = &contests[..] else {
        panic!("{contests:?}");
    };
    let settle = CaseAction::Settle {
        place: contest.place.clone(),
        value: Scalar::Bool(false),
    };
    let refused = ana.try_act(settle, Some("enough"));
    assert!(
        matches!(refused, Err(ActError::NotSettleable { .. })),
        "{refused:?}"
    );
    let sides = contest.sides.iter();
    let own = sides.map(|side| side.settled_by.clone().expect("each has its own act"));
    let lift = own
        .into_iter()
        .find(|act| *act == KeepingAction::LiftLegalHold.into());
    ana.act_because(lift.expect("one side lifts it"), "the appeal was withdrawn");
    let view = meet(&mut [&mut ana, &mut rui]);
    assert!(!view.facets.keeping.is_on_legal_hold());
    assert!(view.facets.contests().is_empty());
}

#[test]
fn every_reopening_is_logged_with_the_closing_it_took_back() {
    let [mut ana, mut rui] = players();
    ana.act(close("solved"));
    meet(&mut [&mut ana, &mut rui]);
    ana.act_because(CaseAction::Reopen, "she wrote again");
    rui.act_because(CaseAction::Reopen, "it broke again");
    let view = meet(&mut [&mut ana, &mut rui]);
    let log: Vec<_> = view.facets.reopenings.0.values().collect();
    assert_eq!(log.len(), 2);
    assert!(log.iter().all(|one| one.closing.code == "solved"));
    let mut reasons: Vec<_> = log
        .iter()
        .map(|one| view.origins.get(one.by).reason.clone().unwrap())
        .collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["it broke again", "she wrote again"]);
    assert!(!view.is_closed());
    let nothing = ana.try_act(CaseAction::Reopen, Some("once more"));
    assert!(matches!(nothing, Err(ActError::Unchanged { .. })));
}

#[test]
fn watchers_links_and_flags_are_sets_in_which_an_add_wins_over_a_concurrent_removal() {
    let [mut ana, mut rui] = players();
    let (relation, case) = (Relation::Blocks, DocumentId::new([9; 16]));
    let someone = member(3);
    let adds: [CaseAction; 3] = [
        AttentionAction::Watch { member: someone }.into(),
        LinkAction::Add { relation, case }.into(),
        KeepingAction::SetFlag {
            flag: "press".into(),
        }
        .into(),
    ];
    let removes: [CaseAction; 3] = [
        AttentionAction::Unwatch { member: someone }.into(),
        LinkAction::Remove { relation, case }.into(),
        KeepingAction::ClearFlag {
            flag: "press".into(),
        }
        .into(),
    ];
    for (add, remove) in adds.into_iter().zip(removes) {
        ana.act_because(add.clone(), "so");
        meet(&mut [&mut ana, &mut rui]);
        ana.act_because(remove.clone(), "not so");
        rui.act_because(remove, "not so");
        rui.act_because(add, "so after all");
        meet(&mut [&mut ana, &mut rui]);
    }
    let view = ana.see();
    assert!(view.watchers.contains(&someone));
    assert!(view.facets.links.0.contains_key(&(relation, case)));
    assert!(view.facets.keeping.flags.contains_key("press"));
}

#[test]
fn different_things_said_of_a_party_merge_and_the_same_one_is_contested() {
    let [mut ana, mut rui] = players();
    let party = ana.new_id();
    ana.act(CaseAction::from(PartyAction::Add {
        id: party,
        party: PartyMark {
            role: "witness".into(),
            name: "Maria".into(),
            ..PartyMark::default()
        },
    }));
    meet(&mut [&mut ana, &mut rui]);
    let change = |key, value: &str| {
        CaseAction::from(PartyAction::Change {
            party,
            key,
            value: value.into(),
        })
    };
    ana.act(change(PartyKey::Phone, "123"));
    rui.act(change(PartyKey::Email, "m@example.org"));
    let view = meet(&mut [&mut ana, &mut rui]);
    assert!(contested(&view).is_empty());
    ana.act(change(PartyKey::Name, "Maria S."));
    rui.act(change(PartyKey::Name, "Maria T."));
    let view = meet(&mut [&mut ana, &mut rui]);
    assert_eq!(contested(&view), [format!("party/{party}/name")]);
    let contest = &view.facets.contests()[0];
    assert_eq!(contest.sides.len(), 2);
    ana.act(CaseAction::Settle {
        place: contest.place.clone(),
        value: contest.sides[1].value.clone(),
    });
    assert!(contested(&ana.see()).is_empty());
}

#[test]
fn a_document_added_twice_under_one_id_is_one_document() {
    let [mut ana, mut rui] = players();
    let (id, version) = (PartId::new([7; 8]), PartId::new([8; 8]));
    for player in [&mut ana, &mut rui] {
        let action = CaseAction::from(DocumentAction::Add {
            id,
            name: "Form".into(),
            kind: "form".into(),
            version,
            file: file("form"),
        });
        player
            .perform(Act::new(PartId::new([9; 8]), action))
            .unwrap();
    }
    let status = VersionStatus::Signed;
    ana.act(CaseAction::from(DocumentAction::SetStatus {
        version,
        status,
    }));
    let view = meet(&mut [&mut ana, &mut rui]);
    assert_eq!(view.facets.documents.0.len(), 1);
    let document = &view.facets.documents.0[&id];
    assert_eq!(document.versions[&version].status.value(), &status);
    assert!(contested(&view).is_empty());
}
