//! What people should look at, from the deeds and the graph alone.

use std::collections::BTreeSet;

use casework_engine::case::facet::keeping::KeepingAction;
use casework_engine::case::{CaseAction, FacetAction, Place};

use super::{Known, Told};

/// Checks the flags; `contested` are the places found to hold several values.
pub(super) fn check(told: &Told<'_>, contested: &BTreeSet<Place>) {
    told.same("contested places", &told.view.flags.contested, contested);
    check_after_close(told);
    check_in_trash(told);
    check_requirements(told);
    let unseen = |k: &&Known<'_>| !told.known.iter().any(|other| other.past.contains(&k.hash));
    let tips = told.known.iter().filter(unseen).count();
    told.same("parallel work", &told.view.flags.parallel_edit, &(tips > 1));
}

/// How many of these neither saw the other nor were seen by it.
fn beside(told: &Told<'_>, one: &Known<'_>, counts: impl Fn(&Known<'_>) -> bool) -> u32 {
    let apart = |k: &&Known<'_>| {
        k.hash != one.hash && !k.past.contains(&one.hash) && !one.past.contains(&k.hash)
    };
    let found = told.known.iter().filter(apart).filter(|k| counts(k));
    u32::try_from(found.count()).expect("histories are short")
}

/// Where several closings stand, which of them is shown is not the oracle's business.
fn check_after_close(told: &Told<'_>) {
    let about = |k: &&Known<'_>| matches!(k.action(), CaseAction::Close(_) | CaseAction::Reopen);
    let said: Vec<&Known<'_>> = told.known.iter().filter(about).collect();
    let unseen = |k: &&&Known<'_>| !said.iter().any(|other| other.past.contains(&k.hash));
    let standing: Vec<_> = said.iter().filter(unseen).collect();
    if let [close] = standing[..] {
        let closed = matches!(close.action(), CaseAction::Close(_));
        let activity =
            |k: &Known<'_>| !about(&k) && !matches!(k.facet(), Some(FacetAction::Reading(_)));
        let count = if closed {
            beside(told, close, activity)
        } else {
            0
        };
        told.same(
            "activity after close",
            &told.view.flags.activity_after_close,
            &count,
        );
    }
}

fn check_in_trash(told: &Told<'_>) {
    let about = |k: &&Known<'_>| {
        let kept = k.facet();
        matches!(
            kept,
            Some(FacetAction::Keeping(
                KeepingAction::Trash | KeepingAction::Restore
            ))
        )
    };
    let said: Vec<&Known<'_>> = told.known.iter().filter(about).collect();
    let unseen = |k: &&&Known<'_>| !said.iter().any(|other| other.past.contains(&k.hash));
    let standing: Vec<_> = said.iter().filter(unseen).collect();
    if let [trash] = standing[..] {
        let trashed = matches!(
            trash.facet(),
            Some(FacetAction::Keeping(KeepingAction::Trash))
        );
        let flagged = told.view.flags.activity_in_trash > 0;
        let worked = trashed && beside(told, trash, is_plain_work) > 0;
        assert!(flagged || !worked, "{}", told.at("work beside the trash"));
        assert!(!flagged || trashed, "{}", told.at("a flag without trash"));
    }
}

/// What cannot be done in knowledge of the trash.
fn is_plain_work(known: &Known<'_>) -> bool {
    matches!(
        known.action(),
        CaseAction::SetField { .. } | CaseAction::Comment { .. } | CaseAction::Move { .. }
    )
}

/// The one stage of the histories that asks for something asks for the telephone number.
fn check_requirements(told: &Told<'_>) {
    let view = told.view;
    let phone = view.fields.get("phone");
    let slot = phone.and_then(|phone| phone.value.as_ref());
    if view.stage.is_contested() || slot.is_some_and(|slot| slot.is_contested()) {
        return;
    }
    let filled = phone.is_some_and(|phone| {
        phone.redacted.is_some() || slot.is_some_and(|slot| !slot.value().is_null())
    });
    let unmet = view.stage.value() == "review" && !filled;
    let seen = view.flags.requirements_unmet == ["phone"];
    told.same("unmet requirements", &seen, &unmet);
}
