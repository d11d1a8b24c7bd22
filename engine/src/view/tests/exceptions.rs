//! The merge contract (DOMAIN §4) for what goes beside the rules: overrides with their reviews, and
//! documents that a stage asked for and that are gone.

use std::collections::BTreeSet;

use super::play::{Player, close, label, meet, move_to, package, players, set};
use crate::case::facet::document::{DocumentAction, FileMark};
use crate::case::facet::review::{Review, ReviewAction, ReviewVerdict};
use crate::case::{ActError, AgreementError, CaseAction, PartId, Place};
use crate::template::DocumentType;
use crate::view::{Badge, Badges, Breaches, Card, CaseView, refresh};

fn review(of: PartId, verdict: ReviewVerdict, note: &str) -> CaseAction {
    let note = note.to_owned();
    let review = Review { verdict, note };
    ReviewAction::Review { of, review }.into()
}

fn badges(player: &Player, view: &CaseView) -> Badges {
    Card::of(view, Some(&player.revision)).badges
}

/// Ana went through a rule that asked; rui and mia have the case.
fn overridden() -> ([Player; 3], PartId) {
    let [mut ana, mut rui, mut mia]: [Player; 3] = players();
    ana.act_because(move_to("review"), "she will tell us tomorrow");
    let view = meet(&mut [&mut ana, &mut rui, &mut mia]);
    let of = *view.overrides.keys().next().unwrap();
    assert!(badges(&ana, &view).has(Badge::OverrideToReview));
    ([ana, rui, mia], of)
}

#[test]
fn an_override_waits_for_somebody_else_to_look_at_it() {
    let ([mut ana, mut rui, _], of) = overridden();
    let own = ana.try_act(review(of, ReviewVerdict::Accepted, ""), None);
    assert_eq!(own, Err(ActError::Agreement(AgreementError::OwnWork)));
    // On another device of hers neither.
    let mut phone = ana.clone_as(0x11);
    let own = phone.try_act(review(of, ReviewVerdict::Accepted, ""), None);
    assert_eq!(own, Err(ActError::Agreement(AgreementError::OwnWork)));
    let blank = rui.try_act(review(of, ReviewVerdict::FollowUp, " "), None);
    assert!(matches!(blank, Err(ActError::Blank { .. })), "{blank:?}");
    let unknown = rui.new_id();
    let nothing = rui.try_act(review(unknown, ReviewVerdict::Accepted, ""), None);
    assert!(matches!(nothing, Err(ActError::UnknownPart { .. })));
    rui.act(set("summary", "She told us."));
    rui.act(close("solved"));
    rui.act(review(of, ReviewVerdict::Accepted, "agreed by phone"));
    let view = meet(&mut [&mut ana, &mut rui]);
    let found = &view.overrides[&of];
    assert_eq!(found.verdict(), Some(ReviewVerdict::Accepted));
    assert_eq!(found.why, "she will tell us tomorrow");
    assert!(!badges(&ana, &view).has(Badge::OverrideToReview));
    let page = rui.timeline();
    let said = page[0].after.first().unwrap().to_string();
    assert!(said.contains("agreed by phone"), "{said}");
}

#[test]
fn of_two_reviews_at_once_both_are_kept_and_the_stricter_holds_until_a_later_one() {
    let ([mut ana, mut rui, mut mia], of) = overridden();
    rui.act(review(of, ReviewVerdict::Accepted, ""));
    mia.act(review(of, ReviewVerdict::FollowUp, "ask for the letter"));
    let view = meet(&mut [&mut ana, &mut rui, &mut mia]);
    let found = &view.overrides[&of];
    assert_eq!(found.review.as_ref().unwrap().sides().count(), 2);
    assert_eq!(found.verdict(), Some(ReviewVerdict::FollowUp));
    rui.act(review(of, ReviewVerdict::Accepted, "the letter is here"));
    let view = meet(&mut [&mut ana, &mut rui, &mut mia]);
    let found = &view.overrides[&of];
    assert_eq!(found.review.as_ref().unwrap().sides().count(), 1);
    assert_eq!(found.verdict(), Some(ReviewVerdict::Accepted));
}

#[test]
fn a_refreshed_view_has_the_review_that_a_whole_reading_has() {
    let ([ana, mut rui, _], of) = overridden();
    let mut view = ana.see();
    rui.act(review(of, ReviewVerdict::Accepted, ""));
    let mut ana = ana;
    let before = ana.doc.clone();
    ana.doc.merge(&mut rui.doc).unwrap();
    let touched = ana.touched_since(&before);
    assert_eq!(touched, BTreeSet::from([Place::Overrides]));
    refresh(
        &mut view,
        &ana.doc,
        &touched,
        &ana.context(&Breaches::new()),
    )
    .unwrap();
    assert_eq!(view, ana.see());
}

/// Two players whose template has intake ask for a letter before a case goes on.
fn asking_for_a_letter() -> [Player; 2] {
    let mut package = package();
    package.document_types = vec![DocumentType {
        id: "letter".into(),
        label: "Letter".into(),
        required_fields: Vec::new(),
    }];
    package.stages[0].documents = vec!["letter".into()];
    let revision = package.publish().unwrap();
    let [mut ana, mut rui]: [Player; 2] = players();
    ana.revision = revision.clone();
    rui.revision = revision;
    [ana, rui]
}

fn add_letter(player: &mut Player) -> PartId {
    let (id, version) = (player.new_id(), player.new_id());
    let file = FileMark {
        name: "letter.pdf".into(),
        sha256: "ab".repeat(32),
        bytes: 3,
        media: "application/pdf".into(),
    };
    let name = "Letter".to_owned();
    let kind = "letter".to_owned();
    player.act(
        DocumentAction::Add {
            id,
            name,
            kind,
            version,
            file,
        }
        .into(),
    );
    id
}

#[test]
fn a_move_beside_the_withdrawal_of_the_document_it_needed_lands_and_is_flagged_never_moved_back() {
    let [mut ana, mut rui] = asking_for_a_letter();
    let refused = ana.try_act(move_to("answer"), None).unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("requires the document Letter (letter)"),
        "{refused}"
    );
    let document = add_letter(&mut ana);
    meet(&mut [&mut ana, &mut rui]);
    ana.act(move_to("answer"));
    rui.act(DocumentAction::Withdraw { document }.into());
    let view = meet(&mut [&mut ana, &mut rui]);
    assert_eq!(view.stage.value(), "answer");
    let unmet = ("intake".to_owned(), "letter".to_owned());
    assert_eq!(view.flags.documents_unmet, [unmet]);
    assert!(badges(&ana, &view).has(Badge::RequirementsUnmet));
    assert!(!view.flags.is_clear());
    rui.act(DocumentAction::Reinstate { document }.into());
    let view = meet(&mut [&mut ana, &mut rui]);
    assert!(view.flags.documents_unmet.is_empty());
    assert!(!badges(&ana, &view).has(Badge::RequirementsUnmet));
}

#[test]
fn going_back_or_staying_asks_for_no_document_and_an_override_keeps_the_mark() {
    let [mut ana, mut rui] = asking_for_a_letter();
    ana.act(label("waiting"));
    assert!(ana.see().flags.documents_unmet.is_empty());
    ana.act_because(move_to("answer"), "it comes by post");
    let view = meet(&mut [&mut ana, &mut rui]);
    assert_eq!(view.flags.documents_unmet.len(), 1);
    rui.act(move_to("intake"));
    let view = meet(&mut [&mut ana, &mut rui]);
    assert!(view.flags.documents_unmet.is_empty());
}
