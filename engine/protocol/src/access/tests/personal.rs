//! What a personal document is: one member's, on every device of theirs, and nobody else's ever.

use super::*;

fn personal(of: u8) -> AccessBody {
    AccessBody::Genesis {
        kind: DocumentKind::Personal,
        template: None,
        principals: vec![me(of)],
        restricted: true,
        nonce: vec![0; 16],
    }
}

#[test]
fn every_active_member_may_found_one_for_themself_and_nobody_for_another() {
    let scene = office();
    for founder in [ANA, RUI, EVA, TOM, ZOE] {
        let record = found(&scene, founder, personal(founder)).unwrap();
        assert_eq!(sees(&scene, &record), [founder], "nobody else sees it");
        assert_eq!(record.head().template(), record.document());
        let error = found(&scene, founder, personal(founder % 5 + 1)).unwrap_err();
        assert_eq!(error, AccessError::Blind(member(founder)));
    }
}

#[test]
fn a_device_has_one_because_its_genesis_has_one_form() {
    let scene = office();
    let record = found(&scene, EVA, personal(EVA)).unwrap();
    let again = found(&scene, EVA, personal(EVA)).unwrap();
    assert_eq!(again.document(), record.document());
    let other = |change: fn(&mut AccessBody)| {
        let mut body = personal(EVA);
        change(&mut body);
        found(&scene, EVA, body).unwrap_err()
    };
    for error in [
        other(|body| alter(body, vec![me(EVA)], true, 1)),
        other(|body| alter(body, vec![me(EVA)], false, 0)),
        other(|body| alter(body, vec![me(EVA), me(TOM)], true, 0)),
        other(|body| alter(body, vec![team("north")], true, 0)),
        other(|body| alter(body, Vec::new(), true, 0)),
    ] {
        assert!(matches!(error, AccessError::BadGenesis(_)), "{error}");
    }
    let draft = AccessDraft {
        body: personal(EVA),
        claimed_ms: 1,
    };
    let signed = draft.found(scene.roster.workspace(), &key(EVA));
    let entry = signed.verify().unwrap();
    let error = AccessRecord::found(entry, scene.now(), &scene.roster).unwrap_err();
    assert!(matches!(error, AccessError::BadGenesis(_)), "{error}");
}

fn alter(body: &mut AccessBody, who: Vec<Principal>, closed: bool, byte: u8) {
    if let AccessBody::Genesis {
        principals,
        restricted,
        nonce,
        ..
    } = body
    {
        *principals = who;
        *restricted = closed;
        nonce[3] = byte;
    }
}

#[test]
fn no_entry_ever_changes_who_has_it_not_even_an_owners_or_its_members() {
    let mut scene = office();
    let mut record = found(&scene, EVA, personal(EVA)).unwrap();
    scene.seq += 1;
    for by in [ANA, RUI, EVA, ZOE] {
        for body in [
            change(&[me(TOM)], &[]),
            change(&[], &[me(EVA)]),
            restrict(false),
            hold(true),
        ] {
            assert_eq!(
                refused(&mut scene, &mut record, by, body),
                AccessError::Personal
            );
        }
    }
    assert_eq!(sees(&scene, &record), [EVA]);
}

#[test]
fn whoever_left_sees_their_own_no_more() {
    let mut scene = office();
    let record = found(&scene, EVA, personal(EVA)).unwrap();
    scene.say(ANA, set_active(EVA, false)).unwrap();
    assert_eq!(sees(&scene, &record), Vec::<u8>::new());
}

/// The genesis of this test is part of the format: `golden/access_personal.json`.
#[test]
fn golden_personal() {
    let scene = office();
    let record = found(&scene, EVA, personal(EVA)).unwrap();
    let (entry, _) = record.entries().next().unwrap();
    golden::check(
        "access_personal",
        &serde_json::json!({
            "document": record.document(),
            "wire": golden::hex(&minicbor::to_vec(entry.signed()).unwrap()),
        }),
    );
}
