//! Each rule of access records once, as a sentence.

mod personal;
mod purging;

use super::*;
use crate::access::draft::AccessDraft;
use crate::access::entry::{DocumentKind, Principal};
use crate::authority::CitedUnknown;
use crate::entry::{EntryHead, SignedEntry};
use crate::golden;
use crate::ids::{MemberId, WorkspaceId};
use crate::rights::{Scope, Verb};
use crate::roster::scene::*;
use crate::roster::{EntryPlace, Inactive};

const RUI: u8 = 2;
const EVA: u8 = 3;
const TOM: u8 = 4;
const ZOE: u8 = 5;

fn me(n: u8) -> Principal {
    Principal::Member(member(n))
}

fn team(key: &str) -> Principal {
    Principal::Team(key.into())
}

fn holders(key: &str) -> Principal {
    Principal::Role(key.into())
}

fn change(add: &[Principal], remove: &[Principal]) -> AccessBody {
    let (add, remove) = (add.to_vec(), remove.to_vec());
    AccessBody::Change {
        add,
        remove,
        restricted: None,
        legal_hold: None,
    }
}

fn restrict(restricted: bool) -> AccessBody {
    AccessBody::Change {
        add: Vec::new(),
        remove: Vec::new(),
        restricted: Some(restricted),
        legal_hold: None,
    }
}

fn hold(legal_hold: bool) -> AccessBody {
    AccessBody::Change {
        add: Vec::new(),
        remove: Vec::new(),
        restricted: None,
        legal_hold: Some(legal_hold),
    }
}

/// Ana owns, Rui manages, Eva operates, Tom contributes, Zoë views. Eva and Tom are the north.
fn office() -> Scene {
    let mut scene = Scene::found();
    scene.join(RUI, &["manager"]);
    scene.join(EVA, &["operator"]);
    scene.join(TOM, &["contributor"]);
    scene.join(ZOE, &["viewer"]);
    scene
        .say(ANA, change_team("north", &[EVA, TOM], &[]))
        .unwrap();
    scene
}

fn refused(scene: &mut Scene, record: &mut AccessRecord, by: u8, body: AccessBody) -> AccessError {
    let before = record.head().clone();
    let error = scene.set(record, by, body).unwrap_err();
    assert_eq!(*record.head(), before, "a refused entry changed something");
    error
}

fn sees(scene: &Scene, record: &AccessRecord) -> Vec<u8> {
    (1..=9)
        .filter(|n| views(scene.roster.head(), record.head(), member(*n)))
        .collect()
}

fn template_body(nonce: u8) -> AccessBody {
    AccessBody::Genesis {
        kind: DocumentKind::Template,
        template: None,
        principals: Vec::new(),
        restricted: false,
        nonce: vec![nonce; 16],
    }
}

fn found(scene: &Scene, by: u8, body: AccessBody) -> Result<AccessRecord, AccessError> {
    let draft = AccessDraft {
        body,
        claimed_ms: 0,
    };
    let entry = draft
        .found(scene.roster.workspace(), &key(by))
        .verify()
        .unwrap();
    AccessRecord::found(entry, scene.now(), &scene.roster)
}

#[test]
fn a_documents_id_is_the_beginning_of_the_hash_of_its_genesis() {
    let mut scene = office();
    let record = scene.open(EVA, &[me(EVA)]);
    let (genesis, _) = record.entries().next().unwrap();
    assert_eq!(
        record.document().as_bytes()[..],
        genesis.hash().as_bytes()[..16]
    );
    assert_eq!(record.head().template(), template(1));
    assert_eq!(record.head().opened_by(), device(EVA));
    let template = found(&scene, RUI, template_body(1)).unwrap();
    assert_eq!(template.head().template(), template.document());
}

#[test]
fn a_malformed_genesis_is_refused() {
    let scene = office();
    let genesis = |kind, template, nonce: usize| AccessBody::Genesis {
        kind,
        template,
        principals: vec![me(EVA)],
        restricted: false,
        nonce: vec![0; nonce],
    };
    let bodies = [
        genesis(DocumentKind::Case, None, 16),
        genesis(DocumentKind::Template, Some(template(1)), 16),
        genesis(DocumentKind::Case, Some(template(1)), 17),
        change(&[me(EVA)], &[]),
    ];
    for body in bodies {
        let error = found(&scene, EVA, body).unwrap_err();
        assert!(matches!(error, AccessError::BadGenesis(_)), "{error}");
    }
    let good = EntryHead {
        workspace: scene.roster.workspace(),
        document: DocumentId::new([0; 16]),
        version: 1,
        previous: EntryHash::new([0; 32]),
        author: device(EVA),
        claimed_ms: 0,
    };
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
            previous: EntryHash::new([1; 32]),
            ..good
        },
    ];
    for head in heads {
        let body = genesis(DocumentKind::Case, Some(template(1)), 16);
        let entry = SignedEntry::sign(head.clone(), body, &key(EVA))
            .verify()
            .unwrap();
        assert!(
            AccessRecord::found(entry, scene.now(), &scene.roster).is_err(),
            "{head:?}"
        );
    }
    assert!(AccessRecord::replay([], &scene.roster).is_err());
}

#[test]
fn opening_takes_the_grant_and_publishing_another() {
    let scene = office();
    let entry = scene.case(ZOE, &[me(ZOE)], false);
    let error = AccessRecord::found(entry, scene.now(), &scene.roster).unwrap_err();
    assert_eq!(
        error,
        AccessError::Lacks {
            member: member(ZOE),
            verb: Verb::Open
        }
    );
    let error = found(&scene, EVA, template_body(1)).unwrap_err();
    assert_eq!(
        error,
        AccessError::Lacks {
            member: member(EVA),
            verb: Verb::Publish
        }
    );
    let entry = scene.case(9, &[], false);
    let error = AccessRecord::found(entry, scene.now(), &scene.roster).unwrap_err();
    assert_eq!(error, Inactive::Unknown(device(9)).into());
}

#[test]
fn opening_in_one_template_is_not_opening_in_another() {
    let mut scene = office();
    let open = [1, 2].map(|n| {
        let scope = Scope::Template(template(n));
        define_role(
            "opener",
            &[(Verb::Open, scope.clone()), (Verb::View, scope)],
        )
    });
    let [one, two] = open;
    scene.say(ANA, two).unwrap();
    scene.join(6, &["opener"]);
    let entry = scene.case(6, &[], false);
    assert!(AccessRecord::found(entry.clone(), scene.now(), &scene.roster).is_err());
    scene.say(ANA, one).unwrap();
    assert!(AccessRecord::found(entry, scene.now(), &scene.roster).is_ok());
}

#[test]
fn nobody_opens_a_case_that_they_would_not_see() {
    let scene = office();
    // Tom sees his own and his team's cases only.
    let blind = scene.case(TOM, &[me(ZOE)], false);
    let error = AccessRecord::found(blind, scene.now(), &scene.roster).unwrap_err();
    assert_eq!(error, AccessError::Blind(member(TOM)));
    for principals in [vec![me(TOM)], vec![me(EVA)], vec![team("north")]] {
        let entry = scene.case(TOM, &principals, false);
        assert!(
            AccessRecord::found(entry, scene.now(), &scene.roster).is_ok(),
            "{principals:?}"
        );
    }
    let blind = scene.case(ANA, &[me(ZOE)], true);
    let error = AccessRecord::found(blind, scene.now(), &scene.roster).unwrap_err();
    assert_eq!(error, AccessError::Blind(member(ANA)));
}

#[test]
fn a_case_opened_before_the_right_was_lost_still_gets_its_record() {
    let mut scene = office();
    let offline = scene.case(TOM, &[me(TOM)], false);
    scene.say(ANA, revoke(TOM)).unwrap();
    scene
        .say(ANA, change_roles(TOM, &[], &["contributor"]))
        .unwrap();
    assert!(AccessRecord::found(offline, scene.now(), &scene.roster).is_ok());
    // Zoë never had the right; Max had not been enrolled when it arrived.
    let never = scene.case(ZOE, &[me(ZOE)], false);
    scene
        .say(ANA, change_roles(ZOE, &["operator"], &["viewer"]))
        .unwrap();
    let early = Received {
        seq: scene.seq - 1,
        ms: 0,
    };
    assert!(AccessRecord::found(never.clone(), early, &scene.roster).is_err());
    assert!(AccessRecord::found(never, scene.now(), &scene.roster).is_ok());
}

#[test]
fn who_sees_an_unrestricted_case() {
    let mut scene = office();
    let record = scene.open(EVA, &[]);
    assert_eq!(sees(&scene, &record), [ANA, RUI, EVA, ZOE]);
    for principal in [me(TOM), me(EVA), team("north"), holders("contributor")] {
        let record = scene.open(ANA, std::slice::from_ref(&principal));
        assert_eq!(
            sees(&scene, &record),
            [ANA, RUI, EVA, TOM, ZOE],
            "{principal:?}"
        );
    }
    scene.say(ANA, set_active(ZOE, false)).unwrap();
    assert_eq!(sees(&scene, &record), [ANA, RUI, EVA]);
}

#[test]
fn who_sees_a_restricted_case() {
    let mut scene = office();
    let mut record = scene.open(RUI, &[me(TOM), holders("manager")]);
    scene.set(&mut record, RUI, restrict(true)).unwrap();
    // The owner does not, unless she puts herself on it, visibly.
    assert_eq!(sees(&scene, &record), [RUI, TOM]);
    scene
        .set(&mut record, ANA, change(&[me(ANA)], &[]))
        .unwrap();
    assert_eq!(sees(&scene, &record), [ANA, RUI, TOM]);
    // Being named is not enough without any view grant.
    scene
        .say(ANA, change_roles(TOM, &[], &["contributor"]))
        .unwrap();
    assert_eq!(sees(&scene, &record), [ANA, RUI]);
    scene.set(&mut record, RUI, restrict(false)).unwrap();
    assert_eq!(sees(&scene, &record), [ANA, RUI, EVA, ZOE]);
}

#[test]
fn every_active_member_sees_a_template_and_nobody_can_restrict_it() {
    let mut scene = office();
    scene.say(ANA, add_member(9, &[])).unwrap();
    let mut record = found(&scene, RUI, template_body(1)).unwrap();
    assert_eq!(sees(&scene, &record), [ANA, RUI, EVA, TOM, ZOE, 9]);
    let error = refused(&mut scene, &mut record, ANA, restrict(true));
    assert_eq!(error, AccessError::PublicTemplate);
    scene.set(&mut record, ANA, hold(true)).unwrap();
    let AccessBody::Genesis {
        kind,
        template,
        principals,
        nonce,
        ..
    } = template_body(1)
    else {
        unreachable!()
    };
    let secret = AccessBody::Genesis {
        kind,
        template,
        principals,
        restricted: true,
        nonce,
    };
    assert_eq!(
        found(&scene, RUI, secret).unwrap_err(),
        AccessError::PublicTemplate
    );
}

#[test]
fn restricting_only_takes_sight_away_and_lifting_only_gives_it() {
    let scene = office();
    let principals = [
        me(TOM),
        me(EVA),
        team("north"),
        holders("viewer"),
        holders("intake"),
    ];
    for mask in 0..32_u8 {
        let named: Vec<Principal> = (0..5)
            .filter(|bit| mask & (1 << bit) != 0)
            .map(|bit| principals[bit].clone())
            .collect();
        let state = |restricted| {
            let entry = scene.case(EVA, &named, restricted);
            fold::found(&entry, scene.roster.workspace()).unwrap()
        };
        for n in 1..=9 {
            let seen = |restricted| views(scene.roster.head(), &state(restricted), member(n));
            assert!(!seen(true) || seen(false), "{named:?} {n}");
        }
    }
}

#[test]
fn restricting_and_legal_holds_take_the_grant() {
    let mut scene = office();
    let mut record = scene.open(EVA, &[me(EVA)]);
    let lacks = AccessError::Lacks {
        member: member(EVA),
        verb: Verb::Restrict,
    };
    for body in [
        restrict(true),
        hold(true),
        change(&[holders("viewer")], &[]),
    ] {
        assert_eq!(refused(&mut scene, &mut record, EVA, body), lacks);
    }
    scene.set(&mut record, RUI, hold(true)).unwrap();
    assert!(record.head().legal_hold());
    scene.set(&mut record, RUI, hold(false)).unwrap();
    scene.set(&mut record, RUI, restrict(true)).unwrap();
    // Eva is on the case, may assign, and still cannot widen a restricted case.
    assert_eq!(
        refused(&mut scene, &mut record, EVA, change(&[me(TOM)], &[])),
        lacks
    );
}

#[test]
fn assigning_adds_and_removes_members_and_teams_of_an_open_case() {
    let mut scene = office();
    let mut record = scene.open(EVA, &[me(EVA)]);
    scene
        .set(&mut record, EVA, change(&[me(TOM), team("north")], &[]))
        .unwrap();
    scene
        .set(&mut record, EVA, change(&[], &[me(TOM), me(EVA)]))
        .unwrap();
    let principals: Vec<_> = record.head().principals().cloned().collect();
    assert_eq!(principals, [team("north")]);
    let lacks = AccessError::Lacks {
        member: member(ZOE),
        verb: Verb::Assign,
    };
    assert_eq!(
        refused(&mut scene, &mut record, ZOE, change(&[me(ZOE)], &[])),
        lacks
    );
}

#[test]
fn transferring_adds_but_takes_nobody_else_away() {
    let mut scene = office();
    let mut record = scene.open(TOM, &[me(TOM), me(EVA)]);
    scene
        .set(&mut record, TOM, change(&[me(RUI)], &[]))
        .unwrap();
    let lacks = AccessError::Lacks {
        member: member(TOM),
        verb: Verb::Assign,
    };
    assert_eq!(
        refused(&mut scene, &mut record, TOM, change(&[], &[me(EVA)])),
        lacks
    );
    scene
        .set(&mut record, TOM, change(&[me(ZOE)], &[me(TOM)]))
        .unwrap();
    assert_eq!(
        refused(&mut scene, &mut record, TOM, change(&[me(TOM)], &[])),
        lacks
    );
}

#[test]
fn whoever_does_not_see_a_case_does_not_change_its_record() {
    let mut scene = office();
    let mut record = scene.open(EVA, &[me(ZOE)]);
    let blind = AccessError::Blind(member(TOM));
    assert_eq!(
        refused(&mut scene, &mut record, TOM, change(&[me(TOM)], &[])),
        blind
    );
    scene.say(ANA, revoke(EVA)).unwrap();
    let revoked = Inactive::Revoked(device(EVA)).into();
    assert_eq!(
        refused(&mut scene, &mut record, EVA, change(&[me(TOM)], &[])),
        revoked
    );
}

#[test]
fn everybody_may_take_themselves_off() {
    let mut scene = office();
    let mut record = scene.open(RUI, &[me(RUI), me(ZOE)]);
    scene.set(&mut record, RUI, restrict(true)).unwrap();
    scene
        .set(&mut record, ZOE, change(&[], &[me(ZOE)]))
        .unwrap();
    assert_eq!(sees(&scene, &record), [RUI]);
    assert_eq!(
        refused(&mut scene, &mut record, ZOE, change(&[], &[me(ZOE)])),
        AccessError::NoEffect
    );
}

#[test]
fn entries_follow_the_head_of_their_own_document() {
    let mut scene = office();
    let mut record = scene.open(EVA, &[me(EVA)]);
    let draft = AccessDraft {
        body: change(&[me(TOM)], &[]),
        claimed_ms: 0,
    };
    let early = draft.sign(record.head(), &key(EVA)).verify().unwrap();
    scene.set(&mut record, RUI, hold(true)).unwrap();
    let given = EntryPlace {
        version: 2,
        previous: early.head().previous,
    };
    let error = record
        .judge_entry(&early, scene.now(), &scene.roster)
        .unwrap_err();
    assert_eq!(
        error,
        AccessError::Stale {
            head: record.cite(),
            given
        }
    );
    let again = draft
        .rebase(&record, &scene.roster, scene.now(), &key(EVA))
        .unwrap();
    let other = scene.open(ANA, &[]);
    let again = again.verify().unwrap();
    let error = other
        .judge_entry(&again, scene.now(), &scene.roster)
        .unwrap_err();
    let (workspace, document) = (scene.roster.workspace(), record.document());
    assert_eq!(
        error,
        AccessError::WrongChain {
            workspace,
            document
        }
    );
    let late = Received { seq: 1, ms: 0 };
    let error = record.judge_entry(&again, late, &scene.roster).unwrap_err();
    assert!(matches!(error, AccessError::OutOfOrder { .. }), "{error}");
    record.apply(again, scene.now(), &scene.roster).unwrap();
    let twice = draft
        .rebase(&record, &scene.roster, scene.now(), &key(EVA))
        .unwrap_err();
    assert_eq!(twice, AccessError::NoEffect);
    let second = refused(&mut scene, &mut record, RUI, template_body(1));
    assert_eq!(second, AccessError::SecondGenesis(4));
}

#[test]
fn an_entry_is_judged_by_the_roster_in_force_where_the_log_took_it() {
    let mut scene = office();
    let record = scene.open(EVA, &[me(EVA)]);
    let draft = AccessDraft {
        body: change(&[me(TOM)], &[]),
        claimed_ms: 0,
    };
    let entry = draft.sign(record.head(), &key(EVA)).verify().unwrap();
    let before = scene.now();
    scene
        .say(ANA, change_roles(EVA, &[], &["operator"]))
        .unwrap();
    assert_eq!(record.judge_entry(&entry, before, &scene.roster), Ok(()));
    assert!(
        record
            .judge_entry(&entry, scene.now(), &scene.roster)
            .is_err()
    );
}

#[test]
fn keys_counts_and_contradictions_are_checked() {
    let mut scene = office();
    let mut record = scene.open(ANA, &[]);
    for bad in [team("No rth"), holders(""), holders(&"x".repeat(70))] {
        let error = refused(&mut scene, &mut record, ANA, change(&[bad], &[]));
        assert!(matches!(error, AccessError::BadKey(_)), "{error}");
    }
    let error = refused(&mut scene, &mut record, ANA, change(&[me(EVA)], &[me(EVA)]));
    assert_eq!(error, AccessError::Contradiction);
    assert_eq!(
        refused(&mut scene, &mut record, ANA, change(&[], &[])),
        AccessError::NoEffect
    );
    let many = |from: u16, count: u16| -> Vec<Principal> {
        (from..from + count)
            .map(|n| {
                let mut bytes = [0; 16];
                bytes[..2].copy_from_slice(&n.to_be_bytes());
                Principal::Member(MemberId::new(bytes))
            })
            .collect()
    };
    for n in 0..5 {
        scene
            .set(&mut record, ANA, change(&many(n * 1_000, 1_000), &[]))
            .unwrap();
    }
    let error = refused(&mut scene, &mut record, ANA, change(&many(9_000, 1), &[]));
    assert_eq!(
        error,
        AccessError::TooMany {
            count: 5_001,
            limit: 5_000
        }
    );
}

#[test]
fn an_own_genesis_that_no_log_has_taken_yet_can_be_cited() {
    let scene = office();
    let entry = scene.case(EVA, &[me(EVA)], false);
    let received = Received::unsequenced(5);
    let record = AccessRecord::found(entry, received, &scene.roster).unwrap();
    assert_eq!(record.cited(record.cite()), Ok(1));
    let future = CitedVersion {
        version: 2,
        ..record.cite()
    };
    assert_eq!(
        record.cited(future),
        Err(CitedUnknown::Future {
            cited: future,
            newest: 1
        })
    );
    let draft = AccessDraft {
        body: change(&[me(TOM)], &[]),
        claimed_ms: 0,
    };
    let error = draft
        .rebase(&record, &scene.roster, scene.now(), &key(EVA))
        .unwrap_err();
    assert!(matches!(error, AccessError::OutOfOrder { .. }), "{error}");
}

/// The entries of this test are part of the format: `golden/access.json`.
#[test]
fn golden_access() {
    let mut scene = office();
    let template = found(&scene, RUI, template_body(9)).unwrap();
    scene.seq += 1;
    let mut case = scene.open(EVA, &[me(EVA), team("north")]);
    scene.set(&mut case, EVA, change(&[me(TOM)], &[])).unwrap();
    let body = AccessBody::Change {
        add: vec![holders("manager")],
        remove: vec![me(TOM)],
        restricted: Some(true),
        legal_hold: Some(true),
    };
    scene.set(&mut case, RUI, body).unwrap();
    let mut purged = scene.open(EVA, &[me(EVA)]);
    let request = AccessBody::RequestPurge { days: 30 };
    for body in [request.clone(), AccessBody::CancelPurge, request] {
        scene.set(&mut purged, ANA, body).unwrap();
    }
    scene.seq += 30 * purging::DAY_TICKS;
    scene.set(&mut purged, ANA, AccessBody::Purge).unwrap();
    let record = |record: &AccessRecord| {
        let entries: Vec<_> = record
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
        serde_json::json!({ "document": record.document(), "entries": entries })
    };
    golden::check(
        "access",
        &serde_json::json!({
            "template": record(&template),
            "case": record(&case),
            "purged": record(&purged),
        }),
    );
}

#[test]
fn golden_records_of_yesterday_still_fold() {
    let scene = office();
    let golden = golden::read("access");
    for name in ["template", "case", "purged"] {
        let entries = golden[name]["entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|vector| {
                let wire = golden::unhex(&vector["wire"]);
                let signed: SignedEntry = minicbor::decode(&wire).unwrap();
                let seq = vector["seq"].as_u64().unwrap();
                let ms = vector["received_ms"].as_u64().unwrap();
                (signed.verify().unwrap(), Received { seq, ms })
            });
        let record = AccessRecord::replay(entries, &scene.roster).unwrap();
        assert_eq!(
            serde_json::json!(record.document()),
            golden[name]["document"]
        );
    }
}
