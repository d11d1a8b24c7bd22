//! Bundles that the agent makes: a newcomer takes them instead of every single change.

use std::cell::Cell;
use std::rc::Rc;

use casework::{Newcomer, Workspace};
use casework_engine::case::CaseAction;
use casework_protocol::frame::ClientFrame;
use casework_protocol::ids::DocumentId;
use casework_tests::process::{Premises, text};
use casework_tests::stage::{Stage, Who};

/// Labels of a case that is worth a bundle.
const LABELS: usize = 40;

#[test]
fn a_newcomers_first_sync_takes_the_bundle_that_the_agent_made() {
    let premises = Premises::new();
    let ana = premises.ana();
    let invite = |role: &str| text(&ana.json(&["invite", "--role", role])["link"]);
    let links = [
        invite("operator"),
        invite("agent"),
        invite("operator"),
        invite("operator"),
    ];
    ana.json(&["sync"]);
    let [of_rui, of_bot, of_eva, of_leo] = links;
    let rui = premises.person("rui");
    rui.json(&["join", &of_rui, "--name", "Rui", "--device", "Phone"]);
    let case = rui.complaint("Broken street lamp");
    let labels: Vec<String> = (0..LABELS).map(|n| format!("label {n}")).collect();
    for label in &labels {
        rui.json(&["case", "label", &case, label]);
    }
    rui.json(&["sync"]);
    let first_sync = |link: &str, name: &str| {
        let folder = tempfile::tempdir().unwrap();
        let newcomer = Newcomer {
            member_name: name.into(),
            device_name: "Phone".into(),
        };
        let mut received = 0;
        let link = link.parse().unwrap();
        let workspace = Workspace::join(folder.path(), &link, &newcomer, &mut |progress| {
            received = progress.received;
        });
        let workspace = workspace.unwrap();
        assert_eq!(workspace.cards().unwrap().len(), 1);
        let verified = workspace.verify(&mut |_, _| {}).unwrap();
        assert!(verified.holds());
        received
    };
    // Whoever comes before the agent takes every change.
    let alone = first_sync(&of_eva, "Eva");
    assert!(alone > LABELS as u64, "{alone}");
    let bot = premises.person("bot");
    bot.json(&["join", &of_bot, "--name", "Bot", "--device", "Server room"]);
    bot.json(&["agent", "run", "--once"]);
    let with_bundle = first_sync(&of_leo, "Leo");
    assert!(
        with_bundle < LABELS as u64,
        "{with_bundle} instead of {alone}"
    );
}

/// A case that two people work on, and an agent that looks at it every minute.
struct Watched {
    stage: Stage,
    people: [Who; 2],
    bot: Who,
    case: DocumentId,
    labels: usize,
}

impl Watched {
    fn new(seed: u64) -> Self {
        let mut stage = Stage::new(seed);
        let people = stage.devices(["ana", "rui"]);
        let bot = stage.join("bot", "agent");
        let case = stage.open(people[0], "Broken street lamp");
        stage.settle();
        Self {
            stage,
            people,
            bot,
            case,
            labels: 0,
        }
    }

    fn label(&mut self, times: usize) {
        for n in 0..times {
            self.labels += 1;
            let label = format!("label {}", self.labels);
            let action = CaseAction::AddLabel { label };
            self.stage.act(self.people[n % 2], self.case, action);
        }
    }

    fn let_minutes_pass(&mut self, minutes: u64) {
        for _ in 0..minutes {
            self.stage.settle();
            self.stage.wait_until(self.stage.now_ms() + 61_000);
        }
    }

    /// The log's size when the server's bundle of the case was made.
    fn bundled(&self) -> Option<u64> {
        let log = self.stage.server_log();
        let row = log.bundle(self.stage.workspace(), self.case);
        row.expect("the log can be read").map(|row| row.upto)
    }
}

#[test]
fn an_agent_makes_a_bundle_anew_whenever_a_case_has_doubled_since_the_last() {
    let mut watched = Watched::new(41);
    let mut bundles = Vec::new();
    for round in 0..4 {
        watched.label(20 << round);
        watched.let_minutes_pass(4);
        bundles.push(watched.bundled());
    }
    let grows = bundles.windows(2).all(|pair| pair[0] < pair[1]);
    assert!(bundles[0].is_some() && grows, "{bundles:?}");
    watched.label(2);
    watched.let_minutes_pass(4);
    assert_eq!(watched.bundled(), bundles[3], "two more are not worth one");
}

#[test]
fn a_bundle_that_got_lost_on_its_way_is_offered_again() {
    let mut watched = Watched::new(42);
    watched.label(20);
    let bot = watched.bot;
    let lost = Rc::new(Cell::new(false));
    let seen = lost.clone();
    watched.stage.tamper_up(bot, move |frame| match frame {
        ClientFrame::Piece { .. } => {
            seen.set(true);
            Vec::new()
        }
        other => vec![other],
    });
    while !lost.get() {
        watched.stage.connect();
        if !watched.stage.deliver_one() {
            watched.stage.wait_until(watched.stage.now_ms() + 1_000);
        }
    }
    watched.stage.clear_wire(bot);
    watched.stage.break_link(bot);
    watched.let_minutes_pass(2);
    assert!(watched.bundled().is_some());
}

#[test]
fn a_server_that_lost_its_bundles_gets_them_anew() {
    let mut watched = Watched::new(43);
    let before = watched.stage.back_up_server();
    watched.label(20);
    watched.let_minutes_pass(2);
    assert!(watched.bundled().is_some());
    watched.stage.restore_server(before);
    assert_eq!(watched.bundled(), None);
    watched.let_minutes_pass(3);
    assert!(watched.bundled().is_some());
}
