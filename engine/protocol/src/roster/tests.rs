//! Each rule of the roster once, as a sentence.

use super::*;
use crate::authority::CitedUnknown;
use crate::entry::EntryHead;
use crate::golden;
use crate::ids::{ChangeHash, DeviceId, DocumentId, EntryHash, InviteId};
use crate::keys::{Signature, Signer as _};
use crate::rights::{Grant, Occasion, Scope, Verb};
use crate::roster::draft::RosterDraft;
use crate::roster::entry::{InviteFor, MemberKind};
use crate::roster::scene::*;

const RUI: u8 = 2;
const EVA: u8 = 3;
const TOM: u8 = 4;

/// Ana owns, Rui manages, Eva contributes.
fn office() -> Scene {
    let mut scene = Scene::found();
    scene.join(RUI, &["manager"]);
    scene.join(EVA, &["contributor"]);
    scene
}

fn refused(scene: &mut Scene, by: u8, body: RosterBody) -> RosterError {
    let before = scene.roster.head().clone();
    let error = scene.say(by, body).unwrap_err();
    assert_eq!(
        *scene.roster.head(),
        before,
        "a refused entry changed something"
    );
    error
}

#[test]
fn the_founder_owns_the_workspace_and_its_id_is_the_hash_of_the_genesis() {
    let scene = Scene::found();
    let roster = &scene.roster;
    let (genesis, _) = roster.entries().next().unwrap();
    assert_eq!(roster.workspace().as_bytes(), genesis.hash().as_bytes());
    assert_eq!(roster.head().owners().collect::<Vec<_>>(), [member(ANA)]);
    assert_eq!(roster.head().member_of(device(ANA)), Some(member(ANA)));
    assert_eq!(roster.head().roles().count(), role::built_in().count());
    for verb in Verb::ALL {
        assert!(
            roster.head().allows(member(ANA), &Occasion::anywhere(verb)),
            "{verb}"
        );
    }
}

#[test]
fn a_genesis_that_names_a_workspace_or_a_predecessor_is_refused() {
    let good = EntryHead {
        workspace: WorkspaceId::new([0; 32]),
        document: DocumentId::new([0; 16]),
        version: 1,
        previous: EntryHash::new([0; 32]),
        author: device(ANA),
        claimed_ms: 0,
    };
    let received = Received { seq: 0, ms: 0 };
    let found = |head: EntryHead, body: RosterBody| {
        let entry = crate::entry::SignedEntry::sign(head, body, &key(ANA))
            .verify()
            .unwrap();
        Roster::found(entry, received).map(|_| ())
    };
    assert_eq!(found(good.clone(), genesis()), Ok(()));
    let heads = [
        EntryHead {
            workspace: WorkspaceId::new([1; 32]),
            ..good.clone()
        },
        EntryHead {
            document: DocumentId::new([1; 16]),
            ..good.clone()
        },
        EntryHead {
            version: 2,
            ..good.clone()
        },
        EntryHead {
            version: 0,
            ..good.clone()
        },
        EntryHead {
            previous: EntryHash::new([1; 32]),
            ..good.clone()
        },
    ];
    for head in heads {
        let error = found(head.clone(), genesis()).unwrap_err();
        assert!(
            matches!(error, RosterError::BadGenesis(_)),
            "{head:?} {error}"
        );
    }
    let error = found(good.clone(), add_member(2, &[])).unwrap_err();
    assert!(matches!(error, RosterError::BadGenesis(_)));
    let RosterBody::Genesis {
        name,
        member,
        member_name,
        device_name,
        ..
    } = genesis()
    else {
        unreachable!()
    };
    let nonce = vec![0; 15];
    let body = RosterBody::Genesis {
        name,
        member,
        member_name,
        device_name,
        nonce,
    };
    assert!(matches!(found(good, body), Err(RosterError::BadGenesis(_))));
    let none = Roster::replay([]).unwrap_err();
    assert!(matches!(none, RosterError::BadGenesis(_)));
}

#[test]
fn a_second_genesis_is_refused() {
    let mut scene = Scene::found();
    let error = refused(&mut scene, ANA, genesis());
    assert_eq!(error, RosterError::SecondGenesis(2));
    let draft = RosterDraft {
        body: genesis(),
        claimed_ms: START_MS,
    };
    let again = draft.found(&key(ANA)).verify().unwrap();
    let error = scene.roster.apply(again, scene.now()).unwrap_err();
    assert_eq!(error, RosterError::SecondGenesis(2));
}

#[test]
fn an_entry_that_does_not_follow_the_head_is_stale_and_can_be_rebased() {
    let mut scene = office();
    let draft = RosterDraft {
        body: add_member(9, &[]),
        claimed_ms: START_MS,
    };
    let early = draft.sign(scene.roster.head(), &key(RUI)).verify().unwrap();
    scene.say(ANA, add_member(8, &[])).unwrap();
    let error = scene.roster.judge_entry(&early, scene.now()).unwrap_err();
    let place = EntryPlace {
        version: early.head().version,
        previous: early.head().previous,
    };
    assert_eq!(
        error,
        RosterError::Stale {
            head: scene.roster.cite(),
            given: place
        }
    );

    let entry = draft
        .rebase(&scene.roster, scene.now(), &key(RUI))
        .unwrap()
        .verify()
        .unwrap();
    scene.roster.apply(entry, scene.now()).unwrap();
    assert!(scene.roster.head().member(member(9)).is_some());
    let again = draft
        .rebase(&scene.roster, scene.now(), &key(RUI))
        .unwrap_err();
    assert_eq!(again, RosterError::MemberExists(member(9)));
}

#[test]
fn an_entry_of_another_workspace_or_document_is_refused() {
    let mut scene = office();
    let head = |workspace, document| EntryHead {
        workspace,
        document,
        version: scene.roster.head().version() + 1,
        previous: scene.roster.head().head(),
        author: device(ANA),
        claimed_ms: 0,
    };
    let (here, none) = (scene.roster.workspace(), DocumentId::new([0; 16]));
    let heads = [
        head(WorkspaceId::new([5; 32]), none),
        head(here, DocumentId::new([5; 16])),
    ];
    for head in heads {
        let workspace = head.workspace;
        let entry = crate::entry::SignedEntry::sign(head, add_member(9, &[]), &key(ANA));
        let entry = entry.verify().unwrap();
        let error = scene
            .roster
            .apply(entry, Received { seq: 99, ms: 0 })
            .unwrap_err();
        assert_eq!(error, RosterError::WrongChain(workspace));
    }
    scene.say(ANA, add_member(9, &[])).unwrap();
}

#[test]
fn an_entry_received_before_the_head_is_refused() {
    let scene = office();
    let entry = scene.entry(ANA, add_member(9, &[]));
    let error = scene
        .roster
        .judge_entry(&entry, Received { seq: 1, ms: 0 })
        .unwrap_err();
    assert_eq!(
        error,
        RosterError::OutOfOrder {
            last: scene.seq - 1,
            given: 1
        }
    );
}

#[test]
fn only_active_devices_of_active_members_who_manage_members_write() {
    let mut scene = office();
    let stranger = refused(&mut scene, 7, add_member(9, &[]));
    assert_eq!(stranger, Inactive::Unknown(device(7)).into());
    let contributor = refused(&mut scene, EVA, add_member(9, &[]));
    assert_eq!(
        contributor,
        RosterError::Lacks {
            member: member(EVA),
            verb: Verb::ManageMembers
        }
    );
    scene.say(ANA, set_active(RUI, false)).unwrap();
    let suspended = refused(&mut scene, RUI, add_member(9, &[]));
    assert_eq!(suspended, Inactive::Suspended(member(RUI)).into());
    assert_eq!(scene.roster.head().member_of(device(RUI)), None);
    assert_eq!(scene.roster.head().grants(member(RUI)).count(), 0);
    scene.say(ANA, set_active(RUI, true)).unwrap();
    scene.say(RUI, add_member(9, &[])).unwrap();
    scene.say(ANA, revoke(RUI)).unwrap();
    let revoked = refused(&mut scene, RUI, add_member(10, &[]));
    assert_eq!(revoked, Inactive::Revoked(device(RUI)).into());
}

#[test]
fn managing_members_in_a_narrower_scope_manages_nobody() {
    let mut scene = office();
    scene
        .say(
            ANA,
            define_role("lead", &[(Verb::ManageMembers, Scope::Team)]),
        )
        .unwrap();
    scene.say(ANA, change_roles(EVA, &["lead"], &[])).unwrap();
    let error = refused(&mut scene, EVA, add_member(9, &[]));
    assert_eq!(
        error,
        RosterError::Lacks {
            member: member(EVA),
            verb: Verb::ManageMembers
        }
    );
}

#[test]
fn nobody_gives_or_defines_what_they_do_not_hold() {
    let mut scene = office();
    let keep = Grant {
        verb: Verb::Keep,
        scope: Scope::All,
    };
    let escalation = RosterError::Escalation {
        member: member(RUI),
        grant: keep,
    };
    assert_eq!(
        refused(&mut scene, RUI, add_member(9, &["agent"])),
        escalation
    );
    assert_eq!(
        refused(&mut scene, RUI, change_roles(RUI, &["agent"], &[])),
        escalation
    );
    assert_eq!(
        refused(&mut scene, RUI, member_invite(9, &["agent"])),
        escalation
    );
    let define = define_role(
        "keeper",
        &[(Verb::View, Scope::All), (Verb::Keep, Scope::All)],
    );
    assert_eq!(refused(&mut scene, RUI, define.clone()), escalation);
    scene.say(ANA, define).unwrap();
    // What the role grants already is not given again by renaming or narrowing it.
    scene
        .say(RUI, define_role("keeper", &[(Verb::Keep, Scope::All)]))
        .unwrap();
    scene
        .say(
            RUI,
            add_member(9, &["operator", "viewer", "contributor", "intake"]),
        )
        .unwrap();
}

#[test]
fn letting_somebody_back_gives_them_what_they_keep() {
    let mut scene = office();
    scene.say(ANA, add_member(9, &["agent"])).unwrap();
    scene.say(RUI, set_active(9, false)).unwrap();
    let error = refused(&mut scene, RUI, set_active(9, true));
    assert!(matches!(error, RosterError::Escalation { .. }), "{error}");
    let stripped = RosterBody::ChangeMember {
        member: member(9),
        name: None,
        add_roles: Vec::new(),
        remove_roles: strings(&["agent"]),
        active: Some(true),
    };
    scene.say(RUI, stripped).unwrap();
}

#[test]
fn only_an_owner_makes_changes_and_unmakes_owners() {
    let mut scene = office();
    let owner_only = RosterError::OwnerOnly(member(RUI));
    let bodies = [
        add_member(9, &["owner"]),
        change_roles(RUI, &["owner"], &[]),
        member_invite(9, &["owner"]),
        device_invite(9, ANA),
        change_roles(ANA, &[], &["owner"]),
        change_roles(ANA, &["viewer"], &[]),
        set_active(ANA, false),
        revoke(ANA),
    ];
    for body in bodies {
        assert_eq!(refused(&mut scene, RUI, body), owner_only);
    }
    scene.say(ANA, change_roles(RUI, &["owner"], &[])).unwrap();
    scene.say(RUI, set_active(ANA, false)).unwrap();
    assert_eq!(
        scene.roster.head().owners().collect::<Vec<_>>(),
        [member(RUI)]
    );
}

#[test]
fn a_role_that_grants_every_verb_does_not_make_an_owner() {
    let mut scene = office();
    let all: Vec<_> = Verb::ALL.iter().map(|verb| (*verb, Scope::All)).collect();
    scene.say(ANA, define_role("deputy", &all)).unwrap();
    scene.say(ANA, change_roles(RUI, &["deputy"], &[])).unwrap();
    let error = refused(&mut scene, RUI, add_member(9, &["owner"]));
    assert_eq!(error, RosterError::OwnerOnly(member(RUI)));
    assert_eq!(
        refused(&mut scene, RUI, revoke(ANA)),
        RosterError::OwnerOnly(member(RUI))
    );
}

#[test]
fn an_owner_with_a_working_device_always_remains() {
    let mut scene = office();
    for body in [
        change_roles(ANA, &[], &["owner"]),
        set_active(ANA, false),
        revoke(ANA),
    ] {
        assert_eq!(refused(&mut scene, ANA, body), RosterError::LastOwner);
    }
    // An owner who has no device yet does not count.
    scene.say(ANA, add_member(9, &["owner"])).unwrap();
    assert_eq!(
        refused(&mut scene, ANA, revoke(ANA)),
        RosterError::LastOwner
    );
    scene.say(ANA, device_invite(9, 9)).unwrap();
    scene.say(9, scene.redeem(9, 9, 9)).unwrap();
    scene.say(ANA, revoke(ANA)).unwrap();
}

#[test]
fn built_in_roles_are_neither_redefined_nor_removed() {
    let mut scene = office();
    for (key, _) in role::built_in() {
        let error = RosterError::BuiltInRole(key.to_owned());
        assert_eq!(refused(&mut scene, ANA, define_role(key, &[])), error);
        assert_eq!(
            refused(&mut scene, ANA, RosterBody::RemoveRole { role: key.into() }),
            error
        );
    }
}

#[test]
fn a_removed_role_is_lost_by_whoever_had_it() {
    let mut scene = office();
    let unknown = RosterError::UnknownRole("clerk".into());
    let remove = RosterBody::RemoveRole {
        role: "clerk".into(),
    };
    assert_eq!(refused(&mut scene, ANA, add_member(9, &["clerk"])), unknown);
    assert_eq!(
        refused(&mut scene, ANA, change_roles(EVA, &[], &["clerk"])),
        unknown
    );
    assert_eq!(refused(&mut scene, ANA, remove.clone()), unknown);
    scene
        .say(ANA, define_role("clerk", &[(Verb::View, Scope::All)]))
        .unwrap();
    scene.say(ANA, change_roles(EVA, &["clerk"], &[])).unwrap();
    let anywhere = Occasion::anywhere(Verb::View);
    assert!(scene.roster.head().allows(member(EVA), &anywhere));
    scene.say(ANA, remove).unwrap();
    assert!(!scene.roster.head().allows(member(EVA), &anywhere));
    assert!(
        !scene
            .roster
            .head()
            .member(member(EVA))
            .unwrap()
            .roles
            .contains("clerk")
    );
}

#[test]
fn names_and_keys_are_clean() {
    let mut scene = office();
    for name in ["", " Eva", "Eva ", "E\nva", "E\u{7f}va", &"x".repeat(201)] {
        let body = RosterBody::AddMember {
            member: member(9),
            name: name.into(),
            kind: MemberKind::Person,
            roles: Vec::new(),
        };
        let error = refused(&mut scene, ANA, body);
        assert!(matches!(error, RosterError::BadName(_)), "{name:?} {error}");
    }
    for key in ["", "A", "-a", "a-", "a--b", "a b", "é", &"x".repeat(65)] {
        for body in [define_role(key, &[]), change_team(key, &[], &[])] {
            let error = refused(&mut scene, ANA, body);
            assert!(matches!(error, RosterError::BadKey(_)), "{key:?} {error}");
        }
    }
    scene
        .say(ANA, change_team("x2-north", &[EVA], &[]))
        .unwrap();
}

#[test]
fn limits_hold() {
    let mut scene = office();
    let keys: Vec<String> = (0..65).map(|n| format!("role-{n}")).collect();
    for key in &keys {
        scene.say(ANA, define_role(key, &[])).unwrap();
    }
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let too_many = |error: &RosterError| matches!(error, RosterError::TooMany { .. });
    assert!(too_many(&refused(&mut scene, ANA, add_member(9, &keys))));
    assert!(too_many(&refused(&mut scene, ANA, member_invite(9, &keys))));
    scene.say(ANA, add_member(9, &keys[..64])).unwrap();
    assert!(too_many(&refused(
        &mut scene,
        ANA,
        change_roles(9, &keys[64..], &[])
    )));
    let grants: Vec<_> = (0..501)
        .map(|n| (Verb::Edit, Scope::Field(template(1), format!("f{n}"))))
        .collect();
    assert!(too_many(&refused(
        &mut scene,
        ANA,
        define_role("wide", &grants)
    )));
    scene.say(ANA, define_role("wide", &grants[..500])).unwrap();
    let changes = |count: u16| RosterBody::Adopt {
        document: template(9),
        changes: (0..count).map(hash).collect(),
        reason: String::new(),
    };
    assert!(too_many(&refused(&mut scene, ANA, changes(1_001))));
    scene.say(ANA, changes(1_000)).unwrap();
    let long = RosterBody::RevokeDevice {
        device: device(EVA),
        reason: "x".repeat(9_000),
    };
    assert!(too_many(&refused(&mut scene, ANA, long)));
    let invite = RosterBody::OpenInvite {
        invite: invite(9),
        gives: InviteFor::Member { roles: Vec::new() },
        expires_ms: u64::MAX,
        uses: 10_001,
    };
    assert!(too_many(&refused(&mut scene, ANA, invite)));
}

fn hash(n: u16) -> ChangeHash {
    let mut bytes = [0; 32];
    bytes[..2].copy_from_slice(&n.to_be_bytes());
    ChangeHash::new(bytes)
}

#[test]
fn a_member_has_so_many_teams_and_devices_and_no_more() {
    let mut scene = office();
    for n in 0..64 {
        let body = change_team(&format!("team-{n}"), &[EVA], &[]);
        scene.say(ANA, body).unwrap();
    }
    let too_many = |error: &RosterError| matches!(error, RosterError::TooMany { .. });
    let one_more = change_team("team-64", &[EVA], &[]);
    assert!(too_many(&refused(&mut scene, ANA, one_more)));
    let gives = InviteFor::Device {
        member: member(EVA),
    };
    let body = RosterBody::OpenInvite {
        invite: invite(9),
        gives,
        expires_ms: u64::MAX,
        uses: 100,
    };
    scene.say(ANA, body).unwrap();
    for device in 10..73 {
        let body = scene.redeem(9, device, EVA);
        scene.say(device, body).unwrap();
    }
    let body = scene.redeem(9, 73, EVA);
    assert!(too_many(&refused(&mut scene, 73, body)));
}

#[test]
fn ids_are_fresh_and_members_known() {
    let mut scene = office();
    let exists = RosterError::MemberExists(member(EVA));
    assert_eq!(refused(&mut scene, ANA, add_member(EVA, &[])), exists);
    let unknown = RosterError::UnknownMember(member(9));
    let bodies = [
        change_roles(9, &["viewer"], &[]),
        change_team("north", &[9], &[]),
        change_team("north", &[], &[9]),
        device_invite(9, 9),
    ];
    for body in bodies {
        assert_eq!(refused(&mut scene, ANA, body), unknown);
    }
    assert_eq!(
        refused(&mut scene, ANA, revoke(9)),
        Inactive::Unknown(device(9)).into()
    );
}

#[test]
fn a_team_is_named_when_it_is_new_and_changes_from_both_sides() {
    let mut scene = office();
    let quiet = |add: &[u8], remove: &[u8]| {
        let RosterBody::ChangeTeam {
            team, add, remove, ..
        } = change_team("north", add, remove)
        else {
            unreachable!()
        };
        RosterBody::ChangeTeam {
            team,
            name: None,
            add,
            remove,
        }
    };
    let error = refused(&mut scene, ANA, quiet(&[EVA], &[]));
    assert_eq!(error, RosterError::UnnamedTeam("north".into()));
    scene
        .say(ANA, change_team("north", &[EVA, RUI], &[]))
        .unwrap();
    assert!(scene.roster.head().are_fellows(member(EVA), member(RUI)));
    scene.say(ANA, quiet(&[ANA], &[EVA])).unwrap();
    let state = scene.roster.head();
    assert!(!state.are_fellows(member(EVA), member(RUI)));
    assert!(state.member(member(ANA)).unwrap().teams.contains("north"));
    assert_eq!(state.team("north").unwrap().members.size(), 2);
    let error = refused(&mut scene, ANA, quiet(&[EVA], &[EVA]));
    assert_eq!(error, RosterError::Contradiction(member(EVA).to_string()));
}

#[test]
fn giving_and_taking_one_role_at_once_is_a_contradiction() {
    let mut scene = office();
    let error = refused(&mut scene, ANA, change_roles(EVA, &["viewer"], &["viewer"]));
    assert_eq!(error, RosterError::Contradiction("viewer".into()));
}

#[test]
fn an_entry_that_changes_nothing_is_refused() {
    let mut scene = office();
    scene.say(ANA, change_team("north", &[EVA], &[])).unwrap();
    scene
        .say(ANA, define_role("clerk", &[(Verb::View, Scope::All)]))
        .unwrap();
    scene.say(ANA, add_member(9, &[])).unwrap();
    scene.say(ANA, member_invite(9, &[])).unwrap();
    scene
        .say(ANA, RosterBody::CancelInvite { invite: invite(9) })
        .unwrap();
    scene.join(TOM, &[]);
    scene.say(ANA, revoke(TOM)).unwrap();
    let bodies = [
        change_team("north", &[EVA], &[RUI]),
        define_role("clerk", &[(Verb::View, Scope::All)]),
        change_roles(EVA, &["contributor"], &["manager"]),
        set_active(EVA, true),
        RosterBody::CancelInvite { invite: invite(9) },
        revoke(TOM),
        RosterBody::Adopt {
            document: template(9),
            changes: Vec::new(),
            reason: "-".into(),
        },
    ];
    for body in bodies {
        assert_eq!(refused(&mut scene, ANA, body), RosterError::NoEffect);
    }
}

#[test]
fn an_imported_member_has_no_device_and_no_invite() {
    let mut scene = office();
    let body = RosterBody::AddMember {
        member: member(9),
        name: "Resource 12".into(),
        kind: MemberKind::Imported,
        roles: Vec::new(),
    };
    scene.say(ANA, body).unwrap();
    let error = refused(&mut scene, ANA, device_invite(9, 9));
    assert_eq!(error, RosterError::ImportedMember(member(9)));
}

#[test]
fn an_invite_ends_by_the_received_time_and_not_by_what_its_user_claims() {
    let mut scene = office();
    let expires_ms = scene.now().ms + 10 * TICK_MS;
    let gives = InviteFor::Member {
        roles: strings(&["viewer"]),
    };
    let body = RosterBody::OpenInvite {
        invite: invite(9),
        gives,
        expires_ms,
        uses: 2,
    };
    scene.say(RUI, body).unwrap();
    let draft = RosterDraft {
        body: scene.redeem(9, 9, 9),
        claimed_ms: 0,
    };
    let entry = draft.sign(scene.roster.head(), &key(9)).verify().unwrap();
    let late = Received {
        seq: scene.seq,
        ms: expires_ms,
    };
    let error = scene.roster.judge_entry(&entry, late).unwrap_err();
    let received_ms = expires_ms;
    assert_eq!(
        error,
        RosterError::InviteExpired {
            invite: invite(9),
            expires_ms,
            received_ms
        }
    );
    let in_time = Received {
        seq: scene.seq,
        ms: expires_ms - 1,
    };
    assert_eq!(scene.roster.judge_entry(&entry, in_time), Ok(()));
}

#[test]
fn an_invite_is_redeemed_as_often_as_it_says() {
    let mut scene = office();
    let gives = InviteFor::Member {
        roles: strings(&["viewer"]),
    };
    let open = |uses| RosterBody::OpenInvite {
        invite: invite(9),
        gives: gives.clone(),
        expires_ms: u64::MAX,
        uses,
    };
    let useless = RosterError::UselessInvite(invite(9));
    assert_eq!(refused(&mut scene, RUI, open(0)), useless);
    scene.say(RUI, open(2)).unwrap();
    assert_eq!(
        refused(&mut scene, RUI, open(2)),
        RosterError::InviteExists(invite(9))
    );
    scene.say(10, scene.redeem(9, 10, 10)).unwrap();
    scene.say(11, scene.redeem(9, 11, 11)).unwrap();
    let body = scene.redeem(9, 12, 12);
    assert_eq!(
        refused(&mut scene, 12, body),
        RosterError::InviteSpent(invite(9))
    );
    assert!(scene.roster.head().holds(member(11), Verb::View));
}

#[test]
fn a_cancelled_or_unknown_invite_redeems_nothing() {
    let mut scene = office();
    let body = scene.redeem(9, 9, 9);
    assert_eq!(
        refused(&mut scene, 9, body.clone()),
        RosterError::UnknownInvite(invite(9))
    );
    let cancel = RosterBody::CancelInvite { invite: invite(9) };
    assert_eq!(
        refused(&mut scene, ANA, cancel.clone()),
        RosterError::UnknownInvite(invite(9))
    );
    scene.say(RUI, member_invite(9, &[])).unwrap();
    let lacks = RosterError::Lacks {
        member: member(EVA),
        verb: Verb::ManageMembers,
    };
    assert_eq!(refused(&mut scene, EVA, cancel.clone()), lacks);
    // Whoever opened it may cancel it, even when they manage nobody any more.
    scene
        .say(ANA, change_roles(RUI, &[], &["manager"]))
        .unwrap();
    scene.say(RUI, cancel).unwrap();
    assert_eq!(
        refused(&mut scene, 9, body),
        RosterError::InviteCancelled(invite(9))
    );
}

#[test]
fn a_leaked_roster_redeems_nothing() {
    let mut scene = office();
    scene.say(RUI, member_invite(9, &[])).unwrap();
    let forge = |invite: InviteId, who: u8, proof: Signature| RosterBody::Redeem {
        invite,
        member: member(who),
        member_name: "Mallory".into(),
        device_name: "Laptop".into(),
        proof,
    };
    let workspace = scene.roster.workspace();
    let proof = |key: &crate::keys::SecretKey, device: DeviceId, who: u8| {
        draft::redeem_proof(key, workspace, device, member(who))
    };
    let (mine, theirs) = (key(10), invite_key(9));
    let proofs = [
        proof(&mine, device(10), 10),
        proof(&theirs, device(11), 10),
        proof(&theirs, device(10), 11),
        draft::redeem_proof(&theirs, WorkspaceId::new([1; 32]), device(10), member(10)),
        mine.sign(crate::digest::Tag::Redeem, &[]),
    ];
    for proof in proofs {
        let error = refused(&mut scene, 10, forge(invite(9), 10, proof));
        assert_eq!(error, RosterError::BadProof(invite(9)));
    }
    scene
        .say(10, forge(invite(9), 10, proof(&theirs, device(10), 10)))
        .unwrap();
}

#[test]
fn a_device_belongs_to_one_member_for_ever() {
    let mut scene = office();
    scene.say(ANA, device_invite(9, RUI)).unwrap();
    let taken = RosterError::DeviceTaken(device(EVA));
    let body = scene.redeem(9, EVA, RUI);
    assert_eq!(refused(&mut scene, EVA, body.clone()), taken);
    scene.say(ANA, revoke(EVA)).unwrap();
    assert_eq!(refused(&mut scene, EVA, body), taken);
}

#[test]
fn a_second_device_joins_its_own_active_member_only() {
    let mut scene = office();
    scene.say(RUI, device_invite(9, EVA)).unwrap();
    let mismatch = RosterError::InviteMismatch {
        invite: invite(9),
        member: member(EVA),
    };
    let body = scene.redeem(9, 9, RUI);
    assert_eq!(refused(&mut scene, 9, body), mismatch);
    scene.say(ANA, set_active(EVA, false)).unwrap();
    let body = scene.redeem(9, 9, EVA);
    assert_eq!(
        refused(&mut scene, 9, body.clone()),
        Inactive::Suspended(member(EVA)).into()
    );
    scene.say(ANA, set_active(EVA, true)).unwrap();
    scene.say(9, scene.redeem(9, 9, EVA)).unwrap();
    let state = scene.roster.head();
    assert_eq!(state.member_of(device(9)), Some(member(EVA)));
    let devices = &state.member(member(EVA)).unwrap().devices;
    assert_eq!(*devices, [device(EVA), device(9)]);
    assert_eq!(state.member(member(EVA)).unwrap().name, "Member 3");
}

#[test]
fn a_new_member_needs_a_fresh_id_and_a_name() {
    let mut scene = office();
    scene.say(RUI, member_invite(9, &[])).unwrap();
    let body = scene.redeem(9, 9, EVA);
    assert_eq!(
        refused(&mut scene, 9, body),
        RosterError::MemberExists(member(EVA))
    );
    let RosterBody::Redeem {
        invite,
        member,
        proof,
        device_name,
        ..
    } = scene.redeem(9, 9, 9)
    else {
        unreachable!()
    };
    let nameless = RosterBody::Redeem {
        invite,
        member,
        member_name: String::new(),
        device_name,
        proof,
    };
    assert_eq!(
        refused(&mut scene, 9, nameless),
        RosterError::BadName(String::new())
    );
}

#[test]
fn an_invite_gives_only_what_its_opener_may_still_give() {
    let lacks = |scene: &mut Scene| {
        let body = scene.redeem(9, 9, 9);
        let error = refused(scene, 9, body);
        let RosterError::InviterLacks { source, .. } = error else {
            panic!("{error}")
        };
        *source
    };
    let mut scene = office();
    scene.say(RUI, member_invite(9, &["viewer"])).unwrap();

    let mut demoted = scene.clone();
    demoted
        .say(ANA, change_roles(RUI, &["viewer"], &["manager"]))
        .unwrap();
    let verb = Verb::ManageMembers;
    assert_eq!(
        lacks(&mut demoted),
        RosterError::Lacks {
            member: member(RUI),
            verb
        }
    );

    let mut stolen = scene.clone();
    stolen.say(ANA, revoke(RUI)).unwrap();
    assert_eq!(lacks(&mut stolen), Inactive::Revoked(device(RUI)).into());

    scene.say(9, scene.redeem(9, 9, 9)).unwrap();
}

#[test]
fn a_device_invite_dies_when_its_member_rises_above_the_inviter() {
    let mut scene = office();
    scene.say(RUI, device_invite(9, EVA)).unwrap();
    scene.say(ANA, change_roles(EVA, &["owner"], &[])).unwrap();
    let body = scene.redeem(9, 9, EVA);
    let error = refused(&mut scene, 9, body);
    let source = Box::new(RosterError::OwnerOnly(member(RUI)));
    assert_eq!(
        error,
        RosterError::InviterLacks {
            invite: invite(9),
            source
        }
    );
}

#[test]
fn adopting_takes_a_grant_of_some_scope_and_is_recorded_with_its_author() {
    let mut scene = office();
    let adopt = |n| RosterBody::Adopt {
        document: template(9),
        changes: vec![hash(n), hash(n), hash(7)],
        reason: "checked with Eva".into(),
    };
    let lacks = RosterError::Lacks {
        member: member(EVA),
        verb: Verb::Adopt,
    };
    assert_eq!(refused(&mut scene, EVA, adopt(1)), lacks);
    scene
        .say(ANA, define_role("lead", &[(Verb::Adopt, Scope::Team)]))
        .unwrap();
    scene.say(ANA, change_roles(EVA, &["lead"], &[])).unwrap();
    scene.say(EVA, adopt(1)).unwrap();
    scene.say(RUI, adopt(2)).unwrap();
    let by = |n| {
        scene
            .roster
            .head()
            .adoptions(hash(n))
            .map(|a| a.by)
            .collect::<Vec<_>>()
    };
    assert_eq!(by(1), [member(EVA)]);
    assert_eq!(by(2), [member(RUI)]);
    assert_eq!(by(7), [member(EVA), member(RUI)]);
    assert_eq!(by(8), []);
}

#[test]
fn a_citation_is_known_future_or_of_another_history() {
    let scene = office();
    let newest = scene.roster.cite();
    assert_eq!(scene.roster.cited(newest), Ok(newest.version));
    let future = CitedVersion {
        version: newest.version + 1,
        ..newest
    };
    let newest_version = newest.version;
    assert_eq!(
        scene.roster.cited(future),
        Err(CitedUnknown::Future {
            cited: future,
            newest: newest_version
        })
    );
    for version in [0, newest.version - 1] {
        let other = CitedVersion { version, ..newest };
        let error = scene.roster.cited(other).unwrap_err();
        assert!(matches!(error, CitedUnknown::Mismatch { .. }), "{error}");
    }
}

#[test]
fn a_version_is_in_force_for_what_arrives_after_its_entry() {
    let scene = office();
    assert_eq!(scene.roster.version_at(0), 1);
    assert_eq!(scene.roster.version_at(1), 1);
    assert_eq!(scene.roster.version_at(2), 2);
    assert_eq!(
        scene.roster.version_at(u64::MAX),
        scene.roster.head().version()
    );
    let versions: Vec<u64> = scene
        .roster
        .between(2, 4)
        .map(|(version, _)| version)
        .collect();
    assert_eq!(versions, [2, 3, 4]);
    let versions: Vec<u64> = scene
        .roster
        .between(5, 0)
        .map(|(version, _)| version)
        .collect();
    assert_eq!(versions, [5]);
    assert_eq!(scene.roster.between(99, 0).count(), 0);
}

#[test]
fn a_replayed_roster_is_the_same_at_every_version() {
    let scene = office();
    let entries = scene
        .roster
        .entries()
        .map(|(entry, received)| (entry.clone(), received));
    let replayed = Roster::replay(entries).unwrap();
    for version in 1..=scene.roster.head().version() {
        assert_eq!(replayed.at(version), scene.roster.at(version));
        assert_eq!(replayed.received(version), scene.roster.received(version));
    }
}

/// The entries of this test are part of the format: `golden/roster.json`.
#[test]
fn golden_roster() {
    let mut scene = Scene::found();
    scene.join(RUI, &["manager"]);
    scene.say(RUI, device_invite(3, RUI)).unwrap();
    scene.say(3, scene.redeem(3, 3, RUI)).unwrap();
    let scopes = [
        (Verb::View, Scope::Own),
        (Verb::Edit, Scope::Field(template(1), "score".into())),
        (Verb::Move, Scope::Stage(template(1), "offer".into())),
        (Verb::Task, Scope::Template(template(1))),
        (Verb::Comment, Scope::Team),
    ];
    scene.say(RUI, define_role("case-worker", &scopes)).unwrap();
    scene.say(ANA, add_member(4, &["case-worker"])).unwrap();
    scene
        .say(RUI, change_team("north", &[4, RUI], &[]))
        .unwrap();
    scene.say(RUI, set_active(4, false)).unwrap();
    scene.say(ANA, member_invite(5, &["agent"])).unwrap();
    scene
        .say(ANA, RosterBody::CancelInvite { invite: invite(5) })
        .unwrap();
    scene.say(ANA, revoke(3)).unwrap();
    let (document, changes) = (template(9), vec![hash(1), hash(2)]);
    scene
        .say(
            ANA,
            RosterBody::Adopt {
                document,
                changes,
                reason: "seen".into(),
            },
        )
        .unwrap();
    scene
        .say(
            ANA,
            RosterBody::RemoveRole {
                role: "case-worker".into(),
            },
        )
        .unwrap();
    let entries: Vec<_> = scene
        .roster
        .entries()
        .map(|(entry, received)| {
            serde_json::json!({
                "wire": golden::hex(&minicbor::to_vec(entry.signed()).unwrap()),
                "hash": entry.hash(),
                "seq": received.seq,
                "received_ms": received.ms,
            })
        })
        .collect();
    let roles: serde_json::Map<_, _> = role::built_in()
        .map(|(key, role)| {
            let grants: Vec<_> = role.grants.iter().map(ToString::to_string).collect();
            (key.to_owned(), grants.into())
        })
        .collect();
    golden::check(
        "roster",
        &serde_json::json!({
            "workspace": scene.roster.workspace(),
            "entries": entries,
            "built_in_roles": roles,
        }),
    );
}

#[test]
fn golden_entries_of_yesterday_still_fold() {
    let golden = golden::read("roster");
    let entries = golden["entries"].as_array().unwrap().iter().map(|vector| {
        let wire = golden::unhex(&vector["wire"]);
        let signed: crate::entry::SignedEntry = minicbor::decode(&wire).unwrap();
        let received = Received {
            seq: vector["seq"].as_u64().unwrap(),
            ms: vector["received_ms"].as_u64().unwrap(),
        };
        (signed.verify().unwrap(), received)
    });
    let roster = Roster::replay(entries).unwrap();
    assert_eq!(serde_json::json!(roster.workspace()), golden["workspace"]);
}
