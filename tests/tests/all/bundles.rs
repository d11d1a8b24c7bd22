//! Bundles that the agent makes: a newcomer takes them instead of every single change.

use casework::{Newcomer, Workspace};
use casework_tests::process::{Premises, text};

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
