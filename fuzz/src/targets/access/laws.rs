//! What no access entry may ever do. Written from DESIGN §3 and the public state alone.

use std::collections::BTreeSet;

use casework_protocol::access::entry::{AccessEntry, DocumentKind, Principal};
use casework_protocol::access::{AccessState, views};
use casework_protocol::authority::Received;
use casework_protocol::ids::MemberId;
use casework_protocol::rights::Verb;
use casework_protocol::roster::RosterState;

use super::Body;

/// Checks one accepted entry against the roster in force when it arrived.
///
/// # Panics
/// When a law is broken; the text says which.
pub(super) fn assert_lawful(
    (before, after): (&AccessState, &AccessState),
    entry: &AccessEntry,
    (received, roster): (Received, &RosterState),
) {
    assert_eq!(
        after.version(),
        before.version() + 1,
        "versions have no gap"
    );
    assert_eq!(after.head(), entry.hash(), "the head is the newest entry");
    assert_eq!(
        entry.head().previous,
        before.head(),
        "an entry names its predecessor"
    );
    let fixed = |state: &AccessState| {
        (
            state.workspace(),
            state.document(),
            state.kind(),
            state.template(),
            state.opened_by(),
        )
    };
    assert_eq!(
        fixed(after),
        fixed(before),
        "what a record is about never changes"
    );
    assert!(
        after.kind() != DocumentKind::Template || !after.restricted(),
        "a hidden template"
    );
    assert!(
        after.kind() != DocumentKind::Personal,
        "somebody changed who has a personal document"
    );
    assert_eq!(before.purged(), None, "something follows a purge");
    let author = roster
        .member_of(entry.head().author)
        .expect("nobody may write this");
    match entry.body() {
        Body::Genesis { .. } => panic!("a second genesis"),
        Body::Change { .. } => {
            assert_eq!(after.purge(), before.purge(), "a change touches a purge");
            assert_author(before, after, author, roster);
        }
        Body::RequestPurge { .. } | Body::CancelPurge | Body::Purge => {
            assert!(roster.holds(author, Verb::Erase), "{author} erases");
            assert!(naive_views(roster, before, author), "{author} is blind");
            assert_purging((before, after), entry, received.ms);
        }
    }
    for (member, _) in roster.members() {
        assert_eq!(
            views(roster, after, member),
            naive_views(roster, after, member),
            "{member}"
        );
    }
}

/// A purge touches nothing else, waits its days by received times, and never runs under a hold.
fn assert_purging((before, after): (&AccessState, &AccessState), entry: &AccessEntry, now_ms: u64) {
    let rest = |state: &AccessState| {
        let principals: Vec<Principal> = state.principals().cloned().collect();
        (principals, state.restricted(), state.legal_hold())
    };
    assert_eq!(rest(before), rest(after), "purging changes who sees what");
    assert_eq!(before.kind(), DocumentKind::Case, "a template is purged");
    let (asked, stands) = (before.purge(), after.purge());
    match entry.body() {
        Body::RequestPurge { days } => {
            let stands = stands.expect("a request stands");
            let said = (stands.days, stands.received_ms, stands.by);
            assert_eq!(said, (*days, now_ms, entry.head().author));
            assert!((7..=3_660).contains(days), "a purge waits {days} days");
        }
        Body::CancelPurge => assert!(asked.is_some() && stands.is_none(), "nothing is cancelled"),
        Body::Purge => {
            let asked = asked.expect("nobody asked for the purge");
            let days = (now_ms - asked.received_ms) / (24 * 60 * 60 * 1_000);
            assert!(days >= u64::from(asked.days), "purged after {days} days");
            assert!(!before.legal_hold(), "purged under a legal hold");
            assert!(after.purged().is_some() && stands.is_none());
        }
        Body::Genesis { .. } | Body::Change { .. } => unreachable!("no purging"),
    }
}

/// Without `restrict`, flags and roles stay, a restricted record takes nobody, and a stranger can
/// only leave.
fn assert_author(
    before: &AccessState,
    after: &AccessState,
    author: MemberId,
    roster: &RosterState,
) {
    if roster.holds(author, Verb::Restrict) {
        return;
    }
    let set =
        |state: &AccessState| -> BTreeSet<Principal> { state.principals().cloned().collect() };
    let (old, new) = (set(before), set(after));
    let me = Principal::Member(author);
    let others_gone = old.difference(&new).any(|gone| *gone != me);
    let added = new.difference(&old).next().is_some();
    assert_eq!(
        after.restricted(),
        before.restricted(),
        "restricted by {author}"
    );
    assert_eq!(after.legal_hold(), before.legal_hold(), "held by {author}");
    let is_role = |principal: &Principal| matches!(principal, Principal::Role(_));
    assert!(
        !old.symmetric_difference(&new).any(is_role),
        "a role was changed by {author}"
    );
    if before.restricted() || !naive_views(roster, before, author) {
        assert!(!added && !others_gone, "{author} let somebody in or out");
    }
    assert!(
        !others_gone || roster.holds(author, Verb::Assign),
        "{author} removed somebody"
    );
    let may_add = roster.holds(author, Verb::Assign) || roster.holds(author, Verb::Transfer);
    assert!(!added || may_add, "{author} added somebody");
}

/// Who sees a document, as DESIGN §3 and DOMAIN §5 say it.
fn naive_views(roster: &RosterState, access: &AccessState, member: MemberId) -> bool {
    let Some(known) = roster.member(member).filter(|member| member.active) else {
        return false;
    };
    if access.kind() == DocumentKind::Template {
        return true;
    }
    if access.kind() == DocumentKind::Personal {
        let own: Vec<&Principal> = access.principals().collect();
        return own == [&Principal::Member(member)];
    }
    let named = access.principals().any(|principal| match principal {
        Principal::Member(id) => *id == member,
        Principal::Team(team) => known.teams.contains(team),
        Principal::Role(role) => known.roles.contains(role),
    });
    if access.restricted() || named {
        return named && roster.holds(member, Verb::View);
    }
    // A fellow's case is the team's; beyond that only a grant for everything or its template.
    let fellow = access.principals().any(|principal| match principal {
        Principal::Member(other) => roster
            .member(*other)
            .is_some_and(|other| other.teams.iter().any(|team| known.teams.contains(team))),
        Principal::Team(_) | Principal::Role(_) => false,
    });
    use casework_protocol::rights::Scope;
    roster
        .grants(member)
        .filter(|grant| grant.verb == Verb::View)
        .any(|grant| match &grant.scope {
            Scope::All => true,
            Scope::Template(template) => *template == access.template(),
            Scope::Team => fellow,
            Scope::Own | Scope::Stage(..) | Scope::Field(..) => false,
        })
}
