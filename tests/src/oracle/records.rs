//! Documents, parties, links, flags, marks, forms and readings, from the deeds and the graph alone.

mod papers;

use std::collections::BTreeSet;

use casework_engine::case::facet::form::{FormAction, ReviewState};
use casework_engine::case::facet::keeping::{ARCHIVED, KeepingAction, LEGAL_HOLD, PURGE, TRASHED};
use casework_engine::case::facet::link::LinkAction;
use casework_engine::case::facet::party::{PartyAction, PartyKey, WITHDRAWN};
use casework_engine::case::facet::reading::ReadingAction;
use casework_engine::case::facet::redaction::RedactionAction;
use casework_engine::case::{CaseAction, FacetAction, PartId, Place, Shelf};

use super::Told;
use super::register::{Register, Write, begins, says, words};

/// Checks the records of a case.
pub(super) fn check(told: &Told<'_>, contested: &mut BTreeSet<Place>) {
    papers::check(told, contested);
    check_parties(told, contested);
    check_keeping(told, contested);
    check_forms(told, contested);
    check_readings(told);
}

fn party_of(action: &CaseAction) -> Option<&PartyAction> {
    match action {
        CaseAction::Facet(FacetAction::Party(action)) => Some(action),
        _ => None,
    }
}

fn check_parties(told: &Told<'_>, contested: &mut BTreeSet<Place>) {
    let parties = &told.view.facets.parties.0;
    let added: BTreeSet<PartId> = told
        .known
        .iter()
        .filter_map(|k| match party_of(k.action()) {
            Some(PartyAction::Add { id, .. }) => Some(*id),
            _ => None,
        })
        .collect();
    told.same("parties", &parties.keys().copied().collect(), &added);
    for (id, party) in parties {
        let at = |part: &str| Place::RecordPart(Shelf::Parties, id.to_string(), part.to_owned());
        let withdrawn = Register::new(at(WITHDRAWN), &party.withdrawn, ToString::to_string);
        told.check_register(&withdrawn, contested, |known| {
            match party_of(known.action())? {
                PartyAction::Add { id: party, .. } if party == id => begins(false),
                PartyAction::Withdraw { party } if party == id => says(true),
                PartyAction::Reinstate { party } if party == id => says(false),
                _ => None,
            }
        });
        let said = |key: PartyKey, known: &CaseAction| match party_of(known)? {
            PartyAction::Add {
                id: party,
                party: mark,
            } if party == id => match key {
                PartyKey::Role => begins(&mark.role),
                PartyKey::Name => begins(&mark.name),
                _ => begins(&mark.phone),
            },
            PartyAction::Change {
                party,
                key: of,
                value,
            } if party == id && *of == key => says(value),
            _ => None,
        };
        let role = Register::new(at(PartyKey::Role.word()), &party.role, Clone::clone);
        told.check_register(&role, contested, |known| {
            said(PartyKey::Role, known.action())
        });
        let hidden = told.known.iter().any(|k| {
            let redaction = RedactionAction::Party { party: *id };
            k.facet() == Some(&FacetAction::Redaction(redaction))
        });
        told.same("redaction of a party", &party.redacted.is_some(), &hidden);
        if hidden {
            assert!(
                party.said.is_empty(),
                "{}",
                told.at("words of a redacted party")
            );
            continue;
        }
        for key in [PartyKey::Name, PartyKey::Phone, PartyKey::Note] {
            let slot = party.said.get(&key);
            let register = Register::of_option(at(key.word()), slot, Clone::clone);
            told.check_register(&register, contested, |known| said(key, known.action()));
        }
    }
}

fn keeping_of(action: &CaseAction) -> Option<&KeepingAction> {
    match action {
        CaseAction::Facet(FacetAction::Keeping(action)) => Some(action),
        _ => None,
    }
}

fn mark_of(action: &CaseAction) -> Option<(&'static str, Write)> {
    let (mark, value) = match keeping_of(action)? {
        KeepingAction::Archive => (ARCHIVED, says(true)),
        KeepingAction::Unarchive => (ARCHIVED, says(false)),
        KeepingAction::Trash => (TRASHED, says(true)),
        KeepingAction::Restore => (TRASHED, says(false)),
        KeepingAction::SetLegalHold => (LEGAL_HOLD, says(true)),
        KeepingAction::LiftLegalHold => (LEGAL_HOLD, says(false)),
        KeepingAction::RequestPurge { days } => (PURGE, says(days)),
        KeepingAction::CancelPurge => (PURGE, says("nothing")),
        KeepingAction::SetFlag { .. } | KeepingAction::ClearFlag { .. } => return None,
    };
    Some((mark, value?))
}

fn check_keeping(told: &Told<'_>, contested: &mut BTreeSet<Place>) {
    let keeping = &told.view.facets.keeping;
    for mark in [ARCHIVED, TRASHED, LEGAL_HOLD, PURGE] {
        let place = Place::Record(Shelf::Marks, mark.to_owned());
        let register = Register::of_option(place, keeping.marks.get(mark), words);
        told.check_register(&register, contested, |known| {
            let (of, value) = mark_of(known.action())?;
            (of == mark).then_some(value)
        });
    }
    let flags = told.set(
        |action| match keeping_of(action) {
            Some(KeepingAction::SetFlag { flag }) => vec![flag.clone()],
            _ => Vec::new(),
        },
        |action| match keeping_of(action) {
            Some(KeepingAction::ClearFlag { flag }) => Some(flag.clone()),
            _ => None,
        },
    );
    told.same("flags", &keeping.flags.keys().cloned().collect(), &flags);
    let links = told.set(
        |action| match action {
            CaseAction::Facet(FacetAction::Link(LinkAction::Add { relation, case })) => {
                vec![(*relation, *case)]
            }
            _ => Vec::new(),
        },
        |action| match action {
            CaseAction::Facet(FacetAction::Link(LinkAction::Remove { relation, case })) => {
                Some((*relation, *case))
            }
            _ => None,
        },
    );
    let seen = told.view.facets.links.0.keys().copied().collect();
    told.same("links", &seen, &links);
}

fn form_of(action: &CaseAction) -> Option<&FormAction> {
    match action {
        CaseAction::Facet(FacetAction::Form(action)) => Some(action),
        _ => None,
    }
}

fn check_forms(told: &Told<'_>, contested: &mut BTreeSet<Place>) {
    let (mut requests, mut sent) = (BTreeSet::new(), BTreeSet::new());
    let (mut revoked, mut additions) = (BTreeSet::new(), BTreeSet::new());
    for action in told.known.iter().filter_map(|k| form_of(k.action())) {
        match action {
            FormAction::Request(request) => {
                requests.insert(request.id);
            }
            FormAction::Revoke { request } => {
                revoked.insert(*request);
            }
            FormAction::Submit(submission) => {
                sent.insert((submission.id, submission.request));
            }
            FormAction::Add { id, submission, .. } => {
                additions.insert((*submission, *id));
            }
            FormAction::Review { .. } => {}
        }
    }
    let forms = &told.view.facets.forms;
    told.same(
        "requests",
        &forms.requests.keys().copied().collect(),
        &requests,
    );
    let seen = forms.submissions.iter().map(|(id, one)| (*id, one.request));
    told.same("submissions", &seen.collect(), &sent);
    for (id, request) in &forms.requests {
        let ended = request.revoked.sides().any(|side| side.value);
        told.same("end of a link", &ended, &revoked.contains(id));
    }
    for (id, submission) in &forms.submissions {
        let place = Place::RecordPart(Shelf::Submissions, id.to_string(), "review".to_owned());
        let register = Register::new(place, &submission.review, |state| state.name().to_owned());
        told.check_register(&register, contested, |known| {
            match form_of(known.action())? {
                FormAction::Submit(sent) if sent.id == *id => begins(ReviewState::New.name()),
                FormAction::Review { submission, state } if submission == id => says(state.name()),
                _ => None,
            }
        });
        let seen: BTreeSet<_> = submission
            .additions
            .iter()
            .map(|one| (*id, one.id))
            .collect();
        let expected = additions
            .iter()
            .filter(|(of, _)| of == id)
            .copied()
            .collect();
        told.same("additions", &seen, &expected);
    }
}

/// Of everybody the latest day.
fn check_readings(told: &Told<'_>) {
    let mut days = std::collections::BTreeMap::new();
    for known in &told.known {
        if let Some(FacetAction::Reading(ReadingAction::Read { member, day })) = known.facet() {
            let replaced = |other: &super::Known<'_>| {
                let same = matches!(other.facet(), Some(FacetAction::Reading(
                    ReadingAction::Read { member: who, .. })) if who == member);
                same && other.past.contains(&known.hash)
            };
            if !told.known.iter().any(replaced) {
                let latest: &mut String = days.entry(*member).or_default();
                *latest = latest.clone().max(day.clone());
            }
        }
    }
    told.same("readings", &told.view.facets.readings.0, &days);
}
