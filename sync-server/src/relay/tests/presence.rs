//! Presence on the relay: who is told of whom, when it ends, and what a flood costs.

use std::collections::BTreeMap;

use casework_protocol::access::document_id;
use casework_protocol::access::draft::AccessDraft;
use casework_protocol::access::entry::{AccessBody, DocumentKind};
use casework_protocol::frame::{
    Activity, Announced, ClientFrame, ErrorCode, Present, PushItem, Scope, ServerFrame, Start,
};
use casework_protocol::ids::{DeviceId, DocumentId};
use casework_protocol::limits::{
    MAX_ANNOUNCED_DOCUMENTS, MAX_PRESENT_DEVICES, MAX_PRESENT_DOCUMENTS, PRESENCE_AGAIN_MS,
    PRESENCE_EVERY_MS, PRESENCE_LASTS_MS,
};

use super::stage::*;
use crate::log::memory::MemoryLog;

use Activity::{Open, Typing};

/// Ana, Rui and Mia; everybody sees the open case, Mia does not see the restricted one.
struct Play {
    stage: Stage,
    open: DocumentId,
    restricted: DocumentId,
}

const RUI: u8 = 2;
const MIA: u8 = 3;

impl Play {
    fn begin() -> Self {
        let mut stage = Stage::found();
        stage.join(RUI, &["operator"]);
        stage.join(MIA, &["operator"]);
        let open = stage.open(ANA, &[], false).document;
        let restricted = stage.open(ANA, &[ANA, RUI], true).document;
        Self {
            stage,
            open,
            restricted,
        }
    }

    /// A device that follows everything and wants to hear.
    fn listener(&self, n: u8) -> Client {
        let (mut client, _) = self.stage.first_sync(n);
        say(&mut client, &self.stage, &[], true);
        client
    }

    /// The k-th case that a device opens, which nobody has written in.
    fn open_bare(&self, by: u8, k: u8) -> DocumentId {
        let mut nonce = vec![by; 16];
        nonce[0] = k;
        let body = AccessBody::Genesis {
            kind: DocumentKind::Case,
            template: Some(DocumentId::new([200; 16])),
            principals: Vec::new(),
            restricted: false,
            nonce,
        };
        let draft = AccessDraft {
            body,
            claimed_ms: self.stage.now,
        };
        let entry = draft.found(self.stage.workspace, &key(by));
        let document = document_id(&entry.hash::<AccessBody>());
        let item = PushItem::Access { document, entry };
        assert!(is_placed(&self.stage.push(by, vec![item])[0]));
        document
    }

    /// Time passes and the relay rings.
    fn pass(&mut self, ms: u64) -> bool {
        self.stage.now += ms;
        self.stage.relay.ring(self.stage.now) == [self.stage.workspace]
    }
}

fn say(client: &mut Client, stage: &Stage, here: &[(DocumentId, Activity)], hears: bool) {
    let here = here.iter().map(|(document, activity)| Announced {
        document: *document,
        activity: *activity,
    });
    let here = here.collect();
    client.say(stage, ClientFrame::Presence { here, hears });
    assert!(!client.closed);
}

/// Everything that a device is told now: who is where.
fn hear(client: &mut Client, stage: &Stage) -> BTreeMap<DocumentId, Vec<(DeviceId, Activity)>> {
    let mut told = BTreeMap::new();
    while let Some(frame) = client.told(stage) {
        let ServerFrame::Presence {
            document, present, ..
        } = frame
        else {
            panic!("{frame:?}")
        };
        let rows = present
            .iter()
            .map(|Present { device, activity }| (*device, *activity));
        assert!(
            told.insert(document, rows.collect()).is_none(),
            "told twice of {document}"
        );
    }
    told
}

#[test]
fn a_case_that_is_open_is_told_to_whoever_sees_it_and_that_it_was_closed() {
    let mut play = Play::begin();
    let (mut ana, mut rui) = (play.listener(ANA), play.listener(RUI));
    say(&mut ana, &play.stage, &[(play.open, Open)], true);
    assert!(
        hear(&mut rui, &play.stage).is_empty(),
        "not before it rings"
    );
    assert!(play.pass(PRESENCE_EVERY_MS));
    let at_the_open_case = |who, activity| BTreeMap::from([(play.open, vec![(who, activity)])]);
    let expected = at_the_open_case(device(ANA), Open);
    assert_eq!(hear(&mut rui, &play.stage), expected);
    assert!(hear(&mut rui, &play.stage).is_empty(), "said once");
    assert!(
        hear(&mut ana, &play.stage).is_empty(),
        "nobody is told of themself"
    );

    let expected = at_the_open_case(device(ANA), Typing);
    say(&mut ana, &play.stage, &[(play.open, Typing)], true);
    play.pass(PRESENCE_EVERY_MS);
    assert_eq!(hear(&mut rui, &play.stage), expected);
    let nobody = BTreeMap::from([(play.open, vec![])]);
    say(&mut ana, &play.stage, &[], true);
    play.pass(PRESENCE_EVERY_MS);
    assert_eq!(hear(&mut rui, &play.stage), nobody);
}

#[test]
fn presence_in_a_case_is_told_to_nobody_who_does_not_see_it() {
    let mut play = Play::begin();
    let (mut ana, mut rui, mut mia) = (play.listener(ANA), play.listener(RUI), play.listener(MIA));
    say(&mut ana, &play.stage, &[(play.restricted, Open)], true);
    // She has heard of its id and says that she is there.
    let claimed = [(play.restricted, Typing), (play.open, Open)];
    say(&mut mia, &play.stage, &claimed, true);
    play.pass(PRESENCE_EVERY_MS);
    let told_rui = hear(&mut rui, &play.stage);
    assert_eq!(told_rui[&play.restricted], [(device(ANA), Open)]);
    assert_eq!(told_rui[&play.open], [(device(MIA), Open)]);
    assert!(hear(&mut mia, &play.stage).is_empty());
    let told_ana = hear(&mut ana, &play.stage);
    assert_eq!(
        told_ana,
        BTreeMap::from([(play.open, vec![(device(MIA), Open)])])
    );
}

#[test]
fn what_lies_outside_of_a_scope_is_not_told() {
    let mut play = Play::begin();
    let mut ana = play.listener(ANA);
    let (mut rui, _) = play.stage.first_sync(RUI);
    rui.resume(&play.stage, Start::Nothing, None, Scope::Mine);
    say(&mut rui, &play.stage, &[], true);
    let both = [(play.open, Open), (play.restricted, Open)];
    say(&mut ana, &play.stage, &both, true);
    play.pass(PRESENCE_EVERY_MS);
    let told = hear(&mut rui, &play.stage);
    assert_eq!(
        told.keys().collect::<Vec<_>>(),
        [&play.restricted],
        "it names him"
    );
    // A wider scope tells the rest.
    rui.resume(&play.stage, Start::Nothing, None, Scope::All);
    assert_eq!(hear(&mut rui, &play.stage).len(), 2);
}

#[test]
fn whoever_loses_sight_neither_sees_nor_is_seen_from_then_on() {
    let mut play = Play::begin();
    let (mut ana, mut rui) = (play.listener(ANA), play.listener(RUI));
    let restricted = play.restricted;
    say(&mut ana, &play.stage, &[(restricted, Open)], true);
    say(&mut rui, &play.stage, &[(restricted, Typing)], true);
    play.pass(PRESENCE_EVERY_MS);
    assert_eq!(hear(&mut ana, &play.stage)[&restricted].len(), 2);
    assert_eq!(hear(&mut rui, &play.stage)[&restricted].len(), 2);

    let out = play.stage.access(ANA, restricted, viewers(&[], &[RUI]));
    assert!(is_placed(&play.stage.push(ANA, vec![out])[0]));
    // Without a word of his, or a look of his session, and whoever looks first.
    assert!(play.pass(PRESENCE_EVERY_MS));
    let nobody = BTreeMap::from([(restricted, vec![])]);
    assert_eq!(hear(&mut rui, &play.stage), nobody);
    assert_eq!(hear(&mut ana, &play.stage), nobody);
    // His next words do not bring him back.
    say(&mut rui, &play.stage, &[(restricted, Typing)], true);
    say(&mut ana, &play.stage, &[(restricted, Typing)], true);
    play.pass(PRESENCE_EVERY_MS);
    assert!(hear(&mut rui, &play.stage).is_empty());
    assert!(hear(&mut ana, &play.stage).is_empty());
}

#[test]
fn between_two_rings_nobody_is_shown_who_lost_sight_meanwhile() {
    let mut play = Play::begin();
    let (mut ana, mut rui) = (play.listener(ANA), play.listener(RUI));
    let restricted = play.restricted;
    say(&mut rui, &play.stage, &[(restricted, Typing)], true);
    say(&mut ana, &play.stage, &[(restricted, Open)], true);
    play.pass(PRESENCE_EVERY_MS);
    let out = play.stage.access(ANA, restricted, viewers(&[], &[RUI]));
    assert!(is_placed(&play.stage.push(ANA, vec![out])[0]));
    assert!(hear(&mut ana, &play.stage).is_empty());
    assert!(hear(&mut rui, &play.stage).is_empty());
}

#[test]
fn a_revoked_device_is_present_nowhere_and_hears_nothing() {
    let mut play = Play::begin();
    let (mut ana, mut rui) = (play.listener(ANA), play.listener(RUI));
    say(&mut ana, &play.stage, &[(play.open, Open)], true);
    say(&mut rui, &play.stage, &[(play.open, Open)], true);
    play.pass(PRESENCE_EVERY_MS);
    assert_eq!(hear(&mut ana, &play.stage)[&play.open].len(), 2);
    play.stage.revoke(RUI);
    assert!(hear(&mut rui, &play.stage).is_empty());
    play.pass(PRESENCE_EVERY_MS);
    assert!(hear(&mut ana, &play.stage)[&play.open].is_empty());
    rui.drain(&play.stage);
    say(&mut rui, &play.stage, &[(play.open, Open)], true);
    assert!(!rui.session.hears_presence());
    play.pass(PRESENCE_EVERY_MS);
    assert!(hear(&mut rui, &play.stage).is_empty());
    assert!(hear(&mut ana, &play.stage).is_empty());
}

#[test]
fn a_device_that_goes_silent_vanishes_and_one_that_repeats_itself_stays() {
    let mut play = Play::begin();
    let (mut ana, mut rui, mut mia) = (play.listener(ANA), play.listener(RUI), play.listener(MIA));
    let open = play.open;
    say(&mut ana, &play.stage, &[(open, Open)], true);
    say(&mut rui, &play.stage, &[(open, Open)], true);
    play.pass(PRESENCE_EVERY_MS);
    assert_eq!(hear(&mut mia, &play.stage)[&open].len(), 2);
    let begun = play.stage.now;
    let mut times_told = 0;
    while play.stage.now < begun + PRESENCE_LASTS_MS {
        play.stage.now += PRESENCE_AGAIN_MS;
        say(&mut rui, &play.stage, &[(open, Open)], true);
        play.pass(0);
        times_told += hear(&mut mia, &play.stage).len();
    }
    assert!(times_told >= 3, "what goes on is told again: {times_told}");
    play.pass(PRESENCE_EVERY_MS);
    let left = hear(&mut mia, &play.stage);
    assert!(left.is_empty() || left[&open] == [(device(RUI), Open)]);
    assert_eq!(play.stage.relay.present_count(), 1);
    play.pass(PRESENCE_LASTS_MS);
    assert!(hear(&mut mia, &play.stage)[&open].is_empty());
    assert_eq!(play.stage.relay.present_count(), 0);
    assert!(!play.stage.relay.has_presence());
}

#[test]
fn a_clock_that_goes_back_keeps_nobody_present() {
    let mut play = Play::begin();
    play.stage.now = 10_000_000;
    let mut ana = play.listener(ANA);
    say(&mut ana, &play.stage, &[(play.open, Open)], true);
    play.pass(PRESENCE_EVERY_MS);
    assert_eq!(play.stage.relay.present_count(), 1);
    play.stage.now = 1_000_000;
    assert!(play.pass(0));
    assert_eq!(play.stage.relay.present_count(), 0);
}

#[test]
fn a_connection_that_ends_takes_its_presence_along_at_once() {
    let mut play = Play::begin();
    let mut mia = play.listener(MIA);
    for ends in [
        |ana: &mut Client| ana.session.leave(),
        |ana: &mut Client| ana.session = crate::relay::Session::new([0; 16]),
    ] {
        let mut ana = play.listener(ANA);
        say(&mut ana, &play.stage, &[(play.open, Open)], true);
        play.pass(PRESENCE_EVERY_MS);
        assert_eq!(hear(&mut mia, &play.stage).len(), 1);
        ends(&mut ana);
        assert_eq!(play.stage.relay.present_count(), 0);
        play.pass(PRESENCE_EVERY_MS);
        assert!(hear(&mut mia, &play.stage)[&play.open].is_empty());
    }
}

#[test]
fn a_device_on_two_connections_is_where_it_said_last_and_the_old_one_ends_nothing() {
    let mut play = Play::begin();
    let mut mia = play.listener(MIA);
    let (mut old, mut new) = (play.listener(ANA), play.listener(ANA));
    say(&mut old, &play.stage, &[(play.open, Open)], true);
    say(&mut new, &play.stage, &[(play.open, Typing)], true);
    drop(old);
    play.pass(PRESENCE_EVERY_MS);
    let told = hear(&mut mia, &play.stage);
    assert_eq!(told[&play.open], [(device(ANA), Typing)]);
    drop(new);
    assert_eq!(play.stage.relay.present_count(), 0);
}

#[test]
fn a_flood_of_words_comes_to_one_word_a_second_and_others_come_through() {
    let mut play = Play::begin();
    let (mut ana, mut rui, mut mia) = (play.listener(ANA), play.listener(RUI), play.listener(MIA));
    let (begun, open) = (play.stage.now, play.open);
    let mut words = 0;
    for n in 0..5_000_u64 {
        play.stage.now = begun + 2 * n;
        let activity = if n % 2 == 0 { Open } else { Typing };
        say(&mut mia, &play.stage, &[(open, activity)], true);
        if n == 2_500 {
            say(&mut rui, &play.stage, &[(open, Typing)], true);
        }
        play.pass(0);
        words += hear(&mut ana, &play.stage).len();
    }
    assert!((9..=11).contains(&words), "{words} words in ten seconds");
    play.pass(PRESENCE_EVERY_MS);
    hear(&mut ana, &play.stage);
    say(&mut rui, &play.stage, &[(open, Open)], true);
    play.pass(PRESENCE_EVERY_MS);
    let told = hear(&mut ana, &play.stage);
    assert!(told[&open].contains(&(device(RUI), Open)), "{told:?}");
    assert_eq!(play.stage.relay.present_count(), 2);
}

#[test]
fn a_slow_reader_gets_the_newest_state_only() {
    let mut play = Play::begin();
    let (mut ana, mut rui) = (play.listener(ANA), play.listener(RUI));
    let open = play.open;
    for n in 0..100 {
        let activity = if n % 2 == 0 { Open } else { Typing };
        say(&mut ana, &play.stage, &[(open, activity)], true);
        play.pass(PRESENCE_EVERY_MS);
    }
    let told = hear(&mut rui, &play.stage);
    assert_eq!(told, BTreeMap::from([(open, vec![(device(ANA), Typing)])]));
    say(&mut ana, &play.stage, &[(open, Open)], true);
    play.pass(PRESENCE_EVERY_MS);
    say(&mut ana, &play.stage, &[], true);
    play.pass(PRESENCE_EVERY_MS);
    let told = hear(&mut rui, &play.stage);
    assert_eq!(told, BTreeMap::from([(open, vec![])]));
}

#[test]
fn many_listeners_are_woken_less_often_and_share_what_they_are_told() {
    let mut play = Play::begin();
    let mut listeners: Vec<Client> = (0..2_000).map(|_| play.stage.connect(RUI)).collect();
    for listener in &mut listeners {
        say(listener, &play.stage, &[], true);
    }
    let mut ana = play.listener(ANA);
    let (begun, mut rings) = (play.stage.now, 0);
    for n in 0..200_u64 {
        play.stage.now = begun + 50 * n;
        let activity = if n % 2 == 0 { Open } else { Typing };
        say(&mut ana, &play.stage, &[(play.open, activity)], true);
        rings += u64::from(play.pass(0));
    }
    let woken = rings * 2_000;
    assert!(
        rings >= 4 && woken <= 6 * 2_000,
        "{woken} words in ten seconds"
    );
    drop(listeners);
    // With them gone it is fast again.
    say(&mut ana, &play.stage, &[(play.open, Open)], true);
    play.pass(PRESENCE_EVERY_MS);
    say(&mut ana, &play.stage, &[(play.open, Typing)], true);
    assert!(play.pass(PRESENCE_EVERY_MS));
}

#[test]
fn a_crowd_is_named_as_far_as_it_fits_and_counted() {
    let mut play = Play::begin();
    let crowd = MAX_PRESENT_DEVICES + 5;
    let mut clients = Vec::new();
    for n in (10..).take(crowd) {
        play.stage.join(n, &["operator"]);
        let mut client = play.stage.connect(n);
        let activity = if n == 40 { Typing } else { Open };
        say(&mut client, &play.stage, &[(play.open, activity)], false);
        clients.push(client);
    }
    let mut ana = play.listener(ANA);
    play.pass(PRESENCE_EVERY_MS);
    let Some(ServerFrame::Presence { present, more, .. }) = ana.told(&play.stage) else {
        panic!("she hears of it")
    };
    assert_eq!((present.len(), more), (MAX_PRESENT_DEVICES, 5));
    assert_eq!(
        present[0].device,
        device(40),
        "whoever writes is named first"
    );
}

#[test]
fn one_device_is_told_of_a_bounded_number_of_cases_and_names_a_few() {
    let mut play = Play::begin();
    let mut cases = Vec::new();
    for n in 0..(MAX_PRESENT_DOCUMENTS / MAX_ANNOUNCED_DOCUMENTS + 2) {
        let n = 10 + n as u8;
        play.stage.join(n, &["operator"]);
        let opened: Vec<_> = (0..MAX_ANNOUNCED_DOCUMENTS as u8)
            .map(|k| (play.open_bare(n, k), Open))
            .collect();
        let mut client = play.stage.connect(n);
        say(&mut client, &play.stage, &opened, false);
        cases.push(client);
    }
    let mut ana = play.listener(ANA);
    play.pass(PRESENCE_EVERY_MS);
    assert_eq!(hear(&mut ana, &play.stage).len(), MAX_PRESENT_DOCUMENTS);

    let mut rui = play.listener(RUI);
    let one = Announced {
        document: play.open,
        activity: Open,
    };
    let here = vec![one; MAX_ANNOUNCED_DOCUMENTS + 1];
    rui.say(&play.stage, ClientFrame::Presence { here, hears: true });
    assert!(rui.closed);
    let told = rui.drain(&play.stage);
    let code = told.iter().find_map(|frame| match frame {
        ServerFrame::Error { code, .. } => Some(*code),
        _ => None,
    });
    assert_eq!(code, Some(ErrorCode::TooMuch));
}

#[test]
fn an_older_program_is_told_nothing_and_says_nothing() {
    let mut play = Play::begin();
    let mut ana = play.listener(ANA);
    let mut old = play.stage.connect_speaking(RUI, 1);
    old.resume(&play.stage, Start::Nothing, None, Scope::All);
    say(&mut ana, &play.stage, &[(play.open, Open)], true);
    play.pass(PRESENCE_EVERY_MS);
    assert_eq!(old.told(&play.stage), None);
    let here = Vec::new();
    old.say(&play.stage, ClientFrame::Presence { here, hears: true });
    assert!(old.closed);
}

#[test]
fn while_a_server_takes_back_what_it_lost_nobody_is_present() {
    let mut play = Play::begin();
    let backup: MemoryLog = play.stage.log.backup();
    let pen = play.stage.open(ANA, &[], false);
    let newer = play.stage.head();
    play.stage.restart_on(backup);
    let (mut ana, mut rui) = (play.listener(ANA), play.listener(RUI));
    say(&mut ana, &play.stage, &[(play.open, Open)], true);
    play.pass(PRESENCE_EVERY_MS);
    assert_eq!(hear(&mut rui, &play.stage).len(), 1);
    // Somebody shows that the log was longer.
    let mut mia = play.stage.connect(MIA);
    let head = newer.signed().clone();
    mia.resume(&play.stage, Start::Nothing, Some(&head), Scope::All);
    assert!(hear(&mut rui, &play.stage).is_empty());
    say(&mut rui, &play.stage, &[(pen.document, Open)], true);
    play.pass(PRESENCE_EVERY_MS);
    assert_eq!(play.stage.relay.present_count(), 0);
    assert!(hear(&mut rui, &play.stage).is_empty());
}

#[test]
fn nothing_of_presence_reaches_the_log() {
    let mut play = Play::begin();
    let before = (play.stage.size(), play.stage.head().signed().clone());
    let (mut ana, mut rui) = (play.listener(ANA), play.listener(RUI));
    let outputs = ana.session.handle(
        &play.stage.relay,
        play.stage.now,
        ClientFrame::Presence {
            here: vec![Announced {
                document: play.open,
                activity: Typing,
            }],
            hears: true,
        },
    );
    assert!(
        outputs.is_empty(),
        "nothing is asked of the writer: {outputs:?}"
    );
    play.pass(PRESENCE_EVERY_MS);
    assert_eq!(hear(&mut rui, &play.stage).len(), 1);
    play.stage.relay.commit(play.stage.now).unwrap();
    assert_eq!(
        before,
        (play.stage.size(), play.stage.head().signed().clone())
    );
}
