//! The fold: access record at version *n* + entry *n* + 1 + the roster in force when it arrived →
//! access record at version *n* + 1, or a refusal.
//!
//! What each change takes:
//!
//! * `restrict` allows every change, without seeing the case: whoever holds it may join it.
//! * Without it, in an unrestricted case that one sees, `assign` adds and removes members and teams,
//!   and `transfer` adds them.
//! * Everybody may take themselves off.
//! * The record of a personal document never changes.
//! * What it takes to purge is in `purge`; nothing follows a purge.

use std::collections::BTreeSet;

use rpds::RedBlackTreeSetSync;

use crate::access::document_id;
use crate::access::entry::{AccessBody, AccessEntry, DocumentKind, Principal};
use crate::access::error::AccessError;
use crate::access::purge;
use crate::access::state::{AccessState, occasion, views};
use crate::authority::{Effect, Received};
use crate::entry::EntryHead;
use crate::ids::{DocumentId, EntryHash, MemberId, WorkspaceId};
use crate::limits::{MAX_KEY_BYTES, MAX_PRINCIPALS};
use crate::rights::Verb;
use crate::roster::rules::{is_key, shorten};
use crate::roster::{EntryPlace, RosterState};

const ZERO_DOCUMENT: DocumentId = DocumentId::new([0; 16]);
const ZERO_HASH: EntryHash = EntryHash::new([0; 32]);
const NONCE_BYTES: usize = 16;

/// The record after its genesis; form only, see [`check_founder`].
pub(super) fn found(
    entry: &AccessEntry,
    workspace: WorkspaceId,
) -> Result<AccessState, AccessError> {
    let AccessBody::Genesis {
        kind,
        template,
        principals,
        restricted,
        nonce,
    } = entry.body()
    else {
        return Err(AccessError::BadGenesis("it creates nothing"));
    };
    let head = entry.head();
    if (head.version, head.previous) != (1, ZERO_HASH) {
        return Err(AccessError::BadGenesis("it follows another entry"));
    }
    if head.document != ZERO_DOCUMENT {
        return Err(AccessError::BadGenesis("it names a document"));
    }
    if head.workspace != workspace {
        let (workspace, document) = (head.workspace, head.document);
        return Err(AccessError::WrongChain {
            workspace,
            document,
        });
    }
    if nonce.len() != NONCE_BYTES {
        return Err(AccessError::BadGenesis(
            "its nonce does not have sixteen bytes",
        ));
    }
    let document = document_id(&entry.hash());
    let template = match (kind, template) {
        (DocumentKind::Case, Some(template)) => *template,
        (DocumentKind::Template | DocumentKind::Personal, None) => document,
        (DocumentKind::Case, None) => {
            return Err(AccessError::BadGenesis("it is a case without a template"));
        }
        (DocumentKind::Template, Some(_)) => {
            return Err(AccessError::BadGenesis("it is a template of a template"));
        }
        (DocumentKind::Personal, Some(_)) => {
            return Err(AccessError::BadGenesis("it is personal and has a template"));
        }
    };
    if *kind == DocumentKind::Personal {
        check_personal(head, (principals, *restricted), nonce)?;
    }
    if *kind == DocumentKind::Template && *restricted {
        return Err(AccessError::PublicTemplate);
    }
    check_principals(principals)?;
    Ok(AccessState {
        workspace,
        document,
        version: 1,
        head: entry.hash(),
        kind: *kind,
        template,
        principals: principals
            .iter()
            .cloned()
            .collect::<RedBlackTreeSetSync<_>>(),
        restricted: *restricted,
        legal_hold: false,
        opened_by: head.author,
        purge: None,
        purged: None,
    })
}

/// A personal document names one member and is restricted. Nonce and claimed time are zero, so that
/// its bytes, and with them its id, follow from workspace, device and member: a device has at most
/// one, and nothing needs to be counted to know that.
fn check_personal(
    head: &EntryHead,
    (principals, restricted): (&[Principal], bool),
    nonce: &[u8],
) -> Result<(), AccessError> {
    let fault = match principals {
        [Principal::Member(_)] if !restricted => "it is personal and not restricted",
        [Principal::Member(_)] if nonce.iter().any(|byte| *byte != 0) => {
            "it is personal and its nonce is not zero"
        }
        [Principal::Member(_)] if head.claimed_ms != 0 => "it is personal and claims a time",
        [Principal::Member(_)] => return Ok(()),
        _ => "it is personal and does not name exactly one member",
    };
    Err(AccessError::BadGenesis(fault))
}

/// Whether the author of a genesis may create this document under this roster: `open` for a case,
/// `publish` for a template, nothing for what is their own; and in the end they must see it, or they
/// could never work on it.
pub(super) fn check_founder(roster: &RosterState, state: &AccessState) -> Result<(), AccessError> {
    let member = roster.acting(state.opened_by)?;
    match state.kind {
        DocumentKind::Case => check_verb(roster, state, member, Verb::Open)?,
        DocumentKind::Template => check_verb(roster, state, member, Verb::Publish)?,
        DocumentKind::Personal => {}
    }
    if views(roster, state, member) {
        Ok(())
    } else {
        Err(AccessError::Blind(member))
    }
}

/// The record after one more entry, received there under this roster.
pub(super) fn next(
    state: &AccessState,
    entry: &AccessEntry,
    (received, roster): (Received, &RosterState),
) -> Result<(AccessState, Effect), AccessError> {
    check_next(state, entry)?;
    let member = roster.acting(entry.head().author)?;
    match entry.body() {
        AccessBody::Genesis { .. } => {}
        AccessBody::Change {
            add,
            remove,
            restricted,
            legal_hold,
        } => check_author(
            roster,
            state,
            member,
            &Wish::of((add, remove), (*restricted, *legal_hold)),
        )?,
        AccessBody::RequestPurge { .. } | AccessBody::CancelPurge | AccessBody::Purge => {
            if !views(roster, state, member) {
                return Err(AccessError::Blind(member));
            }
            check_verb(roster, state, member, Verb::Erase)?;
        }
    }
    write(state, entry, received.ms)
}

/// The same for an entry that was judged before and has no place now: who may say it is judged
/// again where a log takes it.
pub(super) fn next_again(
    state: &AccessState,
    entry: &AccessEntry,
    received: Received,
) -> Result<(AccessState, Effect), AccessError> {
    check_next(state, entry)?;
    write(state, entry, received.ms)
}

/// Whether anything may follow, and this does.
fn check_next(state: &AccessState, entry: &AccessEntry) -> Result<(), AccessError> {
    if state.purged.is_some() {
        return Err(AccessError::Purged);
    }
    check_chain(state, entry.head())?;
    if state.kind == DocumentKind::Personal {
        return Err(AccessError::Personal);
    }
    Ok(())
}

fn write(
    state: &AccessState,
    entry: &AccessEntry,
    received_ms: u64,
) -> Result<(AccessState, Effect), AccessError> {
    let (mut next, effect) = match entry.body() {
        AccessBody::Genesis { .. } => return Err(AccessError::SecondGenesis(state.version + 1)),
        AccessBody::Change {
            add,
            remove,
            restricted,
            legal_hold,
        } => rewrite(state, &Wish::of((add, remove), (*restricted, *legal_hold)))?,
        AccessBody::RequestPurge { .. } | AccessBody::CancelPurge | AccessBody::Purge => {
            (purge::next(state, entry, received_ms)?, Effect::Grows)
        }
    };
    next.version += 1;
    next.head = entry.hash();
    Ok((next, effect))
}

struct Wish<'a> {
    add: &'a [Principal],
    remove: &'a [Principal],
    restricted: Option<bool>,
    legal_hold: Option<bool>,
}

impl<'a> Wish<'a> {
    const fn of(
        (add, remove): (&'a [Principal], &'a [Principal]),
        (restricted, legal_hold): (Option<bool>, Option<bool>),
    ) -> Self {
        Self {
            add,
            remove,
            restricted,
            legal_hold,
        }
    }
}

fn check_chain(state: &AccessState, head: &EntryHead) -> Result<(), AccessError> {
    if (head.workspace, head.document) != (state.workspace, state.document) {
        let (workspace, document) = (head.workspace, head.document);
        return Err(AccessError::WrongChain {
            workspace,
            document,
        });
    }
    if (head.version, head.previous) != (state.version + 1, state.head) {
        let given = EntryPlace {
            version: head.version,
            previous: head.previous,
        };
        return Err(AccessError::Stale {
            head: state.cite(),
            given,
        });
    }
    Ok(())
}

fn check_author(
    roster: &RosterState,
    state: &AccessState,
    member: MemberId,
    wish: &Wish<'_>,
) -> Result<(), AccessError> {
    if check_verb(roster, state, member, Verb::Restrict).is_ok() {
        return Ok(());
    }
    let me = Principal::Member(member);
    let takes_others = wish.remove.iter().any(|principal| *principal != me);
    let flags = wish.restricted.is_some() || wish.legal_hold.is_some();
    if wish.add.is_empty() && !takes_others && !flags {
        return Ok(());
    }
    if !views(roster, state, member) {
        return Err(AccessError::Blind(member));
    }
    let roles = wish
        .add
        .iter()
        .chain(wish.remove)
        .any(|principal| match principal {
            Principal::Role(_) => true,
            Principal::Member(_) | Principal::Team(_) => false,
        });
    if flags || roles || state.restricted {
        return Err(AccessError::Lacks {
            member,
            verb: Verb::Restrict,
        });
    }
    let assigns = check_verb(roster, state, member, Verb::Assign);
    if takes_others {
        return assigns;
    }
    assigns.or_else(|error| check_verb(roster, state, member, Verb::Transfer).map_err(|_| error))
}

fn check_verb(
    roster: &RosterState,
    state: &AccessState,
    member: MemberId,
    verb: Verb,
) -> Result<(), AccessError> {
    if roster.allows(member, &occasion(roster, state, member).to(verb)) {
        Ok(())
    } else {
        Err(AccessError::Lacks { member, verb })
    }
}

fn rewrite(state: &AccessState, wish: &Wish<'_>) -> Result<(AccessState, Effect), AccessError> {
    check_principals(wish.add)?;
    check_principals(wish.remove)?;
    let added: BTreeSet<&Principal> = wish.add.iter().collect();
    if wish.remove.iter().any(|gone| added.contains(gone)) {
        return Err(AccessError::Contradiction);
    }
    let mut next = state.clone();
    for principal in wish.add {
        next.principals.insert_mut(principal.clone());
    }
    let mut took = false;
    for principal in wish.remove {
        took |= next.principals.remove_mut(principal);
    }
    check_count(next.principals.size())?;
    if let Some(restricted) = wish.restricted {
        if restricted && state.kind == DocumentKind::Template {
            return Err(AccessError::PublicTemplate);
        }
        took |= restricted && !state.restricted;
        next.restricted = restricted;
    }
    if let Some(legal_hold) = wish.legal_hold {
        next.legal_hold = legal_hold;
    }
    if next == *state {
        return Err(AccessError::NoEffect);
    }
    Ok((next, if took { Effect::Reduces } else { Effect::Grows }))
}

fn check_principals(principals: &[Principal]) -> Result<(), AccessError> {
    check_count(principals.len())?;
    for principal in principals {
        match principal {
            Principal::Team(key) | Principal::Role(key) if !is_key(key) => {
                return Err(AccessError::BadKey(shorten(key, MAX_KEY_BYTES)));
            }
            Principal::Member(_) | Principal::Team(_) | Principal::Role(_) => {}
        }
    }
    Ok(())
}

fn check_count(count: usize) -> Result<(), AccessError> {
    if count <= MAX_PRINCIPALS {
        Ok(())
    } else {
        Err(AccessError::TooMany {
            count,
            limit: MAX_PRINCIPALS,
        })
    }
}
