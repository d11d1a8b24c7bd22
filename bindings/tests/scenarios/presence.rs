//! Who has which case open: three devices at a real server.

use std::sync::mpsc::Receiver;
use std::time::Duration;

use casework::ids::DocumentId;
use casework::{AccessChange, Activity, Hearing, Presence, Principal, Watch};

use super::stage::{Device, Server, settle};
use super::watching::{Heard, ear, in_step, listen};

/// A device that is in step, with what it hears.
struct Watching {
    device: Device,
    heard: Receiver<Heard>,
    watch: Option<Watch>,
}

impl Watching {
    fn begin(device: Device) -> Self {
        let (observer, heard) = ear();
        let watch = device.workspace.watch(observer).unwrap();
        listen(&heard, in_step);
        Self {
            device,
            heard,
            watch: Some(watch),
        }
    }

    fn presence(&self, case: DocumentId) -> Presence {
        self.device.workspace.presence_of(case).unwrap()
    }

    /// Listens until presence in this case is as wanted; a minute without is a failure.
    fn until(&self, case: DocumentId, wanted: impl Fn(&Presence) -> bool) {
        if wanted(&self.presence(case)) {
            return;
        }
        listen(&self.heard, |heard| {
            let changed =
                matches!(heard, Heard::Changed(changed) if changed.presence.contains(&case));
            (changed && wanted(&self.presence(case))).then_some(())
        });
    }

    /// Listens until exactly these are there.
    fn until_present_are(&self, case: DocumentId, people: &[(&Self, Activity)]) {
        let mut wanted: Vec<_> = people
            .iter()
            .map(|(who, activity)| (who.member(), *activity))
            .collect();
        wanted.sort_unstable();
        self.until(case, |presence| {
            let present = presence.present.iter();
            present.map(|w| (w.member, w.activity)).collect::<Vec<_>>() == wanted
        });
    }

    fn member(&self) -> casework::ids::MemberId {
        self.device.workspace.info().unwrap().member.unwrap()
    }

    fn announce(&self, case: DocumentId, activity: Activity) {
        self.device.workspace.announce(case, activity);
    }
}

/// Ana, who founded it all, Rui and Mia; two cases, one of which Mia does not see.
fn play(server: &Server) -> ([Watching; 3], DocumentId, DocumentId) {
    let ana = Device::host("Ana", server);
    let [open, restricted] = ["Barking dog", "A quiet matter"].map(|title| ana.open_case(title));
    let (rui, mia) = (ana.invite("Rui", "operator"), ana.invite("Mia", "operator"));
    ana.sync();
    let change = AccessChange {
        add: vec![ana.workspace.find_principal("Rui").unwrap()],
        restricted: Some(true),
        ..AccessChange::default()
    };
    ana.workspace.change_access(restricted, change).unwrap();
    settle(&[&ana, &rui, &mia]);
    assert!(mia.workspace.case(restricted).is_err());
    let watching = [ana, rui, mia].map(Watching::begin);
    (watching, open, restricted)
}

#[test]
fn others_see_who_has_a_case_open_and_writes_and_only_where_they_see_the_case() {
    let server = Server::start();
    let ([ana, rui, mia], open, restricted) = play(&server);
    ana.announce(restricted, Activity::Typing);
    ana.announce(open, Activity::Open);
    rui.until_present_are(restricted, &[(&ana, Activity::Typing)]);
    rui.until_present_are(open, &[(&ana, Activity::Open)]);
    // One frame tells both or none: when she hears of the one there is nothing of the other.
    mia.until_present_are(open, &[(&ana, Activity::Open)]);
    let told = mia.device.workspace.presence().unwrap();
    assert_eq!(told.keys().collect::<Vec<_>>(), [&open]);
    // She is told nothing, and what she says of it is not passed on.
    mia.announce(restricted, Activity::Typing);
    mia.announce(open, Activity::Typing);
    rui.until_present_are(open, &[(&ana, Activity::Open), (&mia, Activity::Typing)]);
    assert_eq!(rui.presence(restricted).present.len(), 1);
    ana.device.workspace.leave(open);
    rui.until_present_are(open, &[(&mia, Activity::Typing)]);
    assert_eq!(ana.presence(restricted), Presence::default(), "not oneself");
}

#[test]
fn whoever_loses_a_case_is_gone_from_it_and_hears_no_more_of_it() {
    let server = Server::start();
    let ([ana, rui, _mia], _, restricted) = play(&server);
    ana.announce(restricted, Activity::Open);
    rui.announce(restricted, Activity::Open);
    ana.until_present_are(restricted, &[(&rui, Activity::Open)]);
    rui.until_present_are(restricted, &[(&ana, Activity::Open)]);
    let change = AccessChange {
        remove: vec![Principal::Member(rui.member())],
        ..AccessChange::default()
    };
    ana.device
        .workspace
        .change_access(restricted, change)
        .unwrap();
    ana.until_present_are(restricted, &[]);
    rui.until_present_are(restricted, &[]);
    let is_gone = || rui.device.workspace.case(restricted).is_err();
    if !is_gone() {
        listen(&rui.heard, |_| is_gone().then_some(()));
    }
    rui.announce(restricted, Activity::Typing);
    assert!(rui.device.workspace.presence().unwrap().is_empty());
    assert_eq!(ana.presence(restricted), Presence::default());
}

#[test]
fn whoever_disconnects_is_gone_at_once_and_comes_back_with_what_is_open() {
    let mut server = Server::start();
    let ([ana, mut rui, mia], open, _) = play(&server);
    rui.announce(open, Activity::Open);
    ana.until_present_are(open, &[(&rui, Activity::Open)]);
    let begun = std::time::Instant::now();
    drop(rui.watch.take());
    ana.until_present_are(open, &[]);
    let lasts = Duration::from_millis(casework_protocol::limits::PRESENCE_LASTS_MS);
    assert!(begun.elapsed() < lasts, "it was not for want of a word");
    // Without a connection nothing fails, and nobody is shown.
    rui.announce(open, Activity::Open);
    assert_eq!(rui.presence(open), Presence::default());
    let rui = Watching::begin(rui.device);
    ana.until_present_are(open, &[(&rui, Activity::Open)]);

    // A server that goes away takes all of it along, and has forgotten it when it comes back.
    mia.announce(open, Activity::Open);
    ana.until_present_are(open, &[(&rui, Activity::Open), (&mia, Activity::Open)]);
    server.stop();
    ana.until_present_are(open, &[]);
    mia.device.workspace.leave(open);
    server.start_again();
    for who in [&ana, &rui] {
        who.watch.as_ref().unwrap().hurry();
    }
    ana.until_present_are(open, &[(&rui, Activity::Open)]);
}

#[test]
fn a_flood_costs_the_others_a_word_a_second_and_does_not_stand_in_their_way() {
    let server = Server::start();
    let ([ana, rui, mia], open, restricted) = play(&server);
    let begun = std::time::Instant::now();
    for n in 0..100_000 {
        mia.announce(open, [Activity::Open, Activity::Typing][n % 2]);
    }
    rui.announce(restricted, Activity::Open);
    ana.until_present_are(restricted, &[(&rui, Activity::Open)]);
    ana.until(open, |presence| presence.present.len() == 1);
    let words = ana.heard.try_iter();
    let words = words.filter(
        |heard| matches!(heard, Heard::Changed(changed) if changed.presence.contains(&open)),
    );
    let (words, seconds) = (words.count() as u64, begun.elapsed().as_secs());
    assert!(words <= seconds + 2, "{words} words in {seconds} seconds");
}

#[test]
fn a_program_that_shows_nothing_is_told_nothing() {
    let server = Server::start();
    let ([ana, rui, mia], open, _) = play(&server);
    rui.device.workspace.hear_presence(Hearing::Nobody);
    ana.announce(open, Activity::Open);
    mia.until_present_are(open, &[(&ana, Activity::Open)]);
    rui.device.workspace.glance(open, Duration::from_secs(60));
    assert!(rui.device.workspace.presence().unwrap().is_empty());
    rui.device.workspace.hear_presence(Hearing::Everybody);
    rui.until_present_are(open, &[(&ana, Activity::Open)]);
    assert_eq!(
        mia.presence(open).present.len(),
        1,
        "its glance was not said"
    );
}
