//! Handshake, ranks, and what each may ask.

use casework_protocol::frame::handshake::prove;
use casework_protocol::frame::{
    Answer, Channel, ClientFrame, ErrorCode, Hello, Logged, PushItem, Scope, ServerFrame, Start,
    Welcome, decode,
};
use casework_protocol::limits::MAX_PUSH_ITEMS;

use super::stage::*;
use crate::relay::{Creation, Output, Rank, RelayConfig, Session};

fn hello(stage: &Stage) -> Hello {
    Hello {
        version: 1,
        workspace: stage.workspace,
        nonce: [1; 16],
    }
}

fn greet(stage: &Stage, session: &mut Session) -> Welcome {
    let outputs = session.handle(&stage.relay, 0, ClientFrame::Hello(hello(stage)));
    let [Output::Send(bytes)] = &outputs[..] else {
        panic!("{outputs:?}")
    };
    let ServerFrame::Welcome(welcome) = decode(bytes).unwrap() else {
        panic!()
    };
    welcome
}

fn ends_with(outputs: &[Output], code: ErrorCode) -> bool {
    let [Output::Send(bytes), Output::Close(closed)] = outputs else {
        return false;
    };
    let said = matches!(decode(bytes), Ok(ServerFrame::Error { code: said, .. }) if said == code);
    said && *closed == code
}

#[test]
fn a_device_that_cannot_prove_its_key_is_sent_away() {
    let stage = Stage::found();
    let mut session = Session::new([9; 16]);
    let welcome = greet(&stage, &mut session);
    let mut proof = prove(&hello(&stage), Channel::Plain, &welcome, &key(ANA), None);
    proof.device = device(2);
    let outputs = session.handle(&stage.relay, 0, ClientFrame::Prove(proof));
    assert!(ends_with(&outputs, ErrorCode::BadProof), "{outputs:?}");
    assert_eq!(session.rank(), None);
    // Nothing is heard after that.
    assert!(
        session
            .handle(&stage.relay, 0, ClientFrame::Ping(1))
            .is_empty()
    );
}

#[test]
fn a_proof_for_another_connection_does_not_count() {
    let stage = Stage::found();
    let mut other = Session::new([8; 16]);
    let welcome = greet(&stage, &mut other);
    let proof = prove(&hello(&stage), Channel::Plain, &welcome, &key(ANA), None);
    let mut session = Session::new([9; 16]);
    greet(&stage, &mut session);
    let outputs = session.handle(&stage.relay, 0, ClientFrame::Prove(proof));
    assert!(ends_with(&outputs, ErrorCode::BadProof));
}

#[test]
fn frames_have_their_order() {
    let stage = Stage::found();
    let mut session = Session::new([9; 16]);
    let outputs = session.handle(&stage.relay, 0, ClientFrame::Ping(1));
    assert!(ends_with(&outputs, ErrorCode::Malformed));
    let mut session = Session::new([9; 16]);
    greet(&stage, &mut session);
    let outputs = session.handle(&stage.relay, 0, ClientFrame::Hello(hello(&stage)));
    assert!(ends_with(&outputs, ErrorCode::Malformed));
    let mut client = stage.connect(ANA);
    client.say(&stage, ClientFrame::Hello(hello(&stage)));
    assert!(client.closed);
}

#[test]
fn a_member_pings_and_proves_inclusion() {
    let stage = Stage::found();
    let mut client = stage.connect(ANA);
    assert_eq!(client.session.rank(), Some(Rank::Member));
    client.say(&stage, ClientFrame::Ping(5));
    client.say(&stage, ClientFrame::ProveInclusion(0));
    client.say(&stage, ClientFrame::ProveInclusion(1));
    let told = client.drain(&stage);
    let [
        ServerFrame::Pong(5),
        ServerFrame::Inclusion(proof),
        ServerFrame::Error {
            code: ErrorCode::NotFound,
            ..
        },
    ] = &told[..]
    else {
        panic!("{told:?}")
    };
    let leaf = stage.logged()[0].leaves().unwrap()[0];
    stage.head().prove_leaf(leaf, proof).unwrap();
}

#[test]
fn a_guest_sees_the_roster_alone_redeems_and_is_a_member() {
    let mut stage = Stage::found();
    stage.open(ANA, &[], false);
    stage.push(ANA, vec![stage.invite(2, &["operator"])]);
    let mut guest = stage.connect_with_invite(2);
    assert_eq!(guest.session.rank(), Some(Rank::Guest));
    guest.resume(&stage, Start::Nothing, None, Scope::All);
    let told = guest.drain(&stage);
    let shown = items(&told);
    assert!(
        shown
            .iter()
            .all(|item| matches!(item, Logged::Roster { .. })),
        "{shown:?}"
    );
    assert_eq!(shown.len(), 2);
    assert!(matches!(told.last(), Some(ServerFrame::CaughtUp { .. })));
    guest.say(
        &stage,
        ClientFrame::Push {
            number: 1,
            items: vec![stage.redeem(2)],
        },
    );
    let told = guest.next(&stage, 1);
    let [ServerFrame::Answers { answers, .. }] = &told[..] else {
        panic!("{told:?}")
    };
    assert!(is_placed(&answers[0]));
    assert_eq!(guest.session.rank(), Some(Rank::Member));
    guest.resume(&stage, Start::Nothing, None, Scope::All);
    assert!(
        items(&guest.drain(&stage))
            .iter()
            .any(|item| matches!(item, Logged::Run(_)))
    );
}

#[test]
fn a_guest_pushes_nothing_but_one_roster_entry() {
    let mut stage = Stage::found();
    stage.push(ANA, vec![stage.invite(2, &["operator"])]);
    let (access, _) = stage.case(2, &[], false);
    for items in [
        vec![access],
        vec![stage.redeem(2), stage.redeem(2)],
        Vec::new(),
    ] {
        let mut guest = stage.connect_with_invite(2);
        guest.say(&stage, ClientFrame::Push { number: 1, items });
        assert!(guest.closed);
    }
    let mut guest = stage.connect_with_invite(2);
    let items = vec![stage.entry(2, change_roles(1, &["viewer"], &[]))];
    guest.say(&stage, ClientFrame::Push { number: 1, items });
    let told = guest.drain(&stage);
    let [ServerFrame::Answers { answers, .. }] = &told[..] else {
        panic!("{told:?}")
    };
    assert!(matches!(answers[..], [Answer::Refused(..)]));
    assert_eq!(guest.session.rank(), Some(Rank::Guest));
}

#[test]
fn an_invite_that_is_used_up_opens_nothing() {
    let stage = Stage::found();
    stage.join(2, &["operator"]);
    let mut session = Session::new([9; 16]);
    let welcome = greet(&stage, &mut session);
    let invite = casework_protocol::keys::SecretKey::from_seed(&[130; 32]);
    let proof = prove(
        &hello(&stage),
        Channel::Plain,
        &welcome,
        &key(5),
        Some(&invite),
    );
    let outputs = session.handle(&stage.relay, 0, ClientFrame::Prove(proof));
    assert!(ends_with(&outputs, ErrorCode::NotEnrolled), "{outputs:?}");
}

#[test]
fn a_revoked_device_learns_it_from_the_roster_and_still_hands_in_its_work() {
    let mut stage = Stage::found();
    stage.join(2, &["operator"]);
    let case = stage.open(ANA, &[], false);
    let mut pen = stage.pen(2, case.document);
    let late = pen.write(1);
    stage.revoke(2);
    let mut client = stage.connect(2);
    assert_eq!(client.session.rank(), Some(Rank::Parting));
    client.resume(&stage, Start::Nothing, None, Scope::All);
    let told = client.drain(&stage);
    assert!(told.iter().any(|frame| matches!(
        frame,
        ServerFrame::Error {
            code: ErrorCode::Revoked,
            ..
        }
    )));
    assert!(
        items(&told)
            .iter()
            .all(|item| matches!(item, Logged::Roster { .. }))
    );
    assert_eq!(items(&told).len(), 4);
    client.say(
        &stage,
        ClientFrame::Push {
            number: 1,
            items: vec![PushItem::Run(late)],
        },
    );
    let told = client.next(&stage, 1);
    let [ServerFrame::Answers { answers, .. }] = &told[..] else {
        panic!("{told:?}")
    };
    assert!(is_held(&answers[0]));
    assert_eq!(client.session.rank(), Some(Rank::Parting));
    assert!(!client.closed);
}

#[test]
fn a_live_session_ends_as_a_reader_when_its_device_is_revoked() {
    let mut stage = Stage::found();
    stage.join(2, &["operator"]);
    let mut pen = stage.open(ANA, &[], false);
    let (mut client, _) = stage.first_sync(2);
    stage.revoke(2);
    stage.push(ANA, vec![PushItem::Run(pen.write(1))]);
    let told = client.drain(&stage);
    assert!(matches!(
        told[0],
        ServerFrame::Error {
            code: ErrorCode::Revoked,
            ..
        }
    ));
    let shown = items(&told);
    assert!(
        matches!(shown.last(), Some(Logged::Roster { .. })),
        "the revocation itself"
    );
    assert!(!shown.iter().any(|item| matches!(item, Logged::Run(_))));
}

#[test]
fn a_founder_brings_the_workspace_unless_creation_is_refused() {
    let stage = Stage::empty(RelayConfig::default());
    let mut founder = stage.connect(ANA);
    assert_eq!(founder.session.rank(), Some(Rank::Founder));
    founder.resume(&stage, Start::Nothing, None, Scope::All);
    let told = founder.drain(&stage);
    assert!(matches!(
        told[..],
        [ServerFrame::Error {
            code: ErrorCode::UnknownWorkspace,
            ..
        }]
    ));
    assert!(!founder.closed);
    let items = vec![PushItem::Roster(genesis())];
    founder.say(
        &stage,
        ClientFrame::Push {
            number: 1,
            items: items.clone(),
        },
    );
    assert!(matches!(
        founder.drain(&stage)[..],
        [ServerFrame::Answers { .. }]
    ));
    assert_eq!(founder.session.rank(), Some(Rank::Member));
    assert_eq!(stage.size(), 1);
    let creation = Creation::Refused;
    let closed = Stage::empty(RelayConfig {
        creation,
        ..RelayConfig::default()
    });
    let mut founder = closed.connect(ANA);
    founder.say(&closed, ClientFrame::Push { number: 1, items });
    let told = founder.drain(&closed);
    assert!(matches!(
        told[..],
        [ServerFrame::Error {
            code: ErrorCode::UnknownWorkspace,
            ..
        }]
    ));
    assert_eq!(closed.relay.workspaces(), []);
}

#[test]
fn a_genesis_of_another_workspace_creates_nothing() {
    let stage = Stage::empty(RelayConfig::default());
    let mut founder = stage.connect(ANA);
    let other = {
        let body = casework_protocol::roster::entry::RosterBody::Genesis {
            name: "Elsewhere".into(),
            member: member(ANA),
            member_name: "Ana".into(),
            device_name: "Phone".into(),
            nonce: vec![1; 16],
        };
        casework_protocol::roster::draft::RosterDraft {
            body,
            claimed_ms: 1,
        }
        .found(&key(ANA))
    };
    let items = vec![PushItem::Roster(other)];
    founder.say(&stage, ClientFrame::Push { number: 1, items });
    assert!(matches!(
        founder.drain(&stage)[..],
        [ServerFrame::Error { .. }]
    ));
    assert_eq!(stage.relay.workspaces(), []);
}

#[test]
fn a_push_of_too_many_items_ends_the_session() {
    let stage = Stage::found();
    let mut client = stage.connect(ANA);
    let items = vec![PushItem::Roster(genesis()); MAX_PUSH_ITEMS + 1];
    client.say(&stage, ClientFrame::Push { number: 1, items });
    assert!(client.closed);
}

#[test]
fn a_guest_that_waits_sees_the_roster_grow_in_log_order() {
    let mut stage = Stage::found();
    stage.push(ANA, vec![stage.invite(2, &["operator"])]);
    let mut guest = stage.connect_with_invite(2);
    guest.resume(&stage, Start::Nothing, None, Scope::All);
    let first = guest.drain(&stage);
    assert!(matches!(&first[1], ServerFrame::Entries { upto: 0, .. }));
    let before = stage.head();
    stage.open(ANA, &[], false);
    assert!(
        guest.drain(&stage).is_empty(),
        "a case is no news for a guest"
    );
    stage.push(ANA, vec![stage.invite(3, &["operator"])]);
    let told = guest.drain(&stage);
    let [
        ServerFrame::Entries { items, upto },
        ServerFrame::CaughtUp { head, proof },
    ] = &told[..]
    else {
        panic!("{told:?}")
    };
    assert_eq!((items.len(), *upto), (1, stage.size()));
    assert_eq!(head, stage.head().signed());
    let proof = proof.as_ref().unwrap();
    proof
        .verify(&before.head().root, &stage.head().head().root)
        .unwrap();
}
