//! Bundles that the agent makes: a newcomer takes them instead of every single change, and an agent
//! that runs for long makes new ones of what grew.

use std::cell::Cell;
use std::rc::Rc;

use casework::{Newcomer, Workspace};
use casework_engine::case::CaseAction;
use casework_protocol::frame::{ClientFrame, ServerFrame};
use casework_protocol::ids::DocumentId;
use casework_tests::process::{Premises, text};
use casework_tests::stage::{Passing, Stage, Who};

/// Labels of a case that is worth a bundle.
const LABELS: usize = 40;
/// Longer than the pause between two looks for a bundle.
const A_WHILE_MS: u64 = 120_000;

fn label(stage: &mut Stage, who: Who, case: DocumentId, numbers: core::ops::Range<usize>) {
    for n in numbers {
        let label = format!("label {n}");
        stage.act(who, case, CaseAction::AddLabel { label });
    }
}

/// Everybody gets everything; a while later something more wakes whoever looks for bundles.
fn look_again(stage: &mut Stage, who: Who, case: DocumentId) {
    stage.settle();
    let later = stage.now_ms() + A_WHILE_MS;
    stage.wait_until(later);
    let title = format!("Broken street lamp at {later}");
    stage.act(who, case, CaseAction::SetTitle { title });
    stage.settle();
}

/// Counts the bundles that somebody offers.
fn offered(stage: &mut Stage, who: Who) -> Rc<Cell<usize>> {
    let count = Rc::new(Cell::new(0));
    let counting = Rc::clone(&count);
    stage.tamper_up(who, move |frame| {
        if matches!(frame, ClientFrame::Piece { last: true, .. }) {
            counting.set(counting.get() + 1);
        }
        vec![frame]
    });
    count
}

#[test]
fn an_agent_that_stays_connected_makes_bundles_of_what_grew_and_newcomers_take_them() {
    let mut stage = Stage::new(710);
    let [ana, rui] = stage.devices(["ana", "rui"]);
    let agent = stage.join("agent", "agent");
    // The founder may keep too; the agent is to do it.
    stage.cut(ana);
    let made = offered(&mut stage, agent);
    let case = stage.open(rui, "Broken street lamp");
    label(&mut stage, rui, case, 0..LABELS);
    look_again(&mut stage, rui, case);
    assert_eq!(made.get(), 1, "the case is long enough");
    label(&mut stage, rui, case, LABELS..LABELS + 10);
    look_again(&mut stage, rui, case);
    assert_eq!(made.get(), 1, "it has not doubled");
    label(&mut stage, rui, case, LABELS + 10..3 * LABELS);
    look_again(&mut stage, rui, case);
    assert_eq!(made.get(), 2, "it has doubled");

    stage.heal();
    stage.settle();
    let (bundles, runs) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let (counting, running) = (Rc::clone(&bundles), Rc::clone(&runs));
    stage.tamper_newcomer(move |passing| {
        match &passing {
            Passing::Down(ServerFrame::Piece { document, last, .. }) if *document == case => {
                counting.set(counting.get() + usize::from(*last));
            }
            Passing::Down(ServerFrame::Entries { items, .. }) => {
                running.set(running.get() + items.len());
            }
            Passing::Down(_) | Passing::Up(_) => {}
        }
        vec![passing]
    });
    stage.join("eva", "operator");
    assert_eq!(bundles.get(), 1);
    assert!(runs.get() < LABELS, "{} entries came besides", runs.get());
    stage.assert_converged(case);
}

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
