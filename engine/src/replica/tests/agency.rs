//! The agent's turn: claims hold by the log, numbers have no gaps, a second agent stands by.

use super::*;
use crate::case::facet::automation::{OutwardKind, RunStatus};
use crate::replica::AgentTurn;

const TEMPLATE: &str = r#"
key = "CO"
name = "Complaint"
unlisted = "free"
stages = [
    { id = "intake", name = "Intake", category = "intake" },
    { id = "closed", name = "Closed", category = "done" },
]
fields = [{ id = "phone", label = "Phone", type = "text" }]

[[automations]]
id = "tell"
name = "Tell the others"
trigger = { on = "field-changed", field = "phone" }
actions = [
    { do = "webhook", hook = "crm", fields = ["phone"] },
    { do = "open-case", template = "CO", title = "After {number}" },
]
"#;

/// Ana with a workspace and two agents, enrolled one after the other.
struct Scene {
    clock: Clock,
    log: Log,
    ana: Replica,
    agents: [Replica; 2],
    template: DocumentId,
}

impl Scene {
    fn new() -> Self {
        let (mut clock, mut log) = (Clock(0), Log::default());
        let mut ana = founder(&mut clock);
        let revision = Package::from_toml(TEMPLATE).unwrap().publish().unwrap();
        let template = ana.open_template(revision, &clock.next()).unwrap().document;
        log.take(&mut ana);
        let first = join(&mut log, &mut ana, &mut clock, 2, "agent");
        let mut agents = [first, join(&mut log, &mut ana, &mut clock, 3, "agent")];
        log.give(&mut agents[0]);
        Self {
            clock,
            log,
            ana,
            agents,
            template,
        }
    }

    fn open(&mut self) -> DocumentId {
        open(&mut self.ana, self.template, &mut self.clock)
    }

    fn turn(&mut self, agent: usize) -> AgentTurn {
        self.agents[agent].agent_turn(&self.clock.next()).unwrap()
    }

    /// Everybody sends and receives.
    fn meet(&mut self) {
        for _ in 0..2 {
            self.log.take(&mut self.ana);
            for agent in &mut self.agents {
                self.log.take(agent);
                self.log.give(agent);
            }
            self.log.give(&mut self.ana);
        }
    }

    fn numbers(&self) -> Vec<String> {
        let cards = self.ana.cards().unwrap();
        let mut numbers: Vec<String> = cards.into_iter().map(|card| card.number).collect();
        numbers.sort();
        numbers
    }
}

#[test]
fn cases_get_numbers_without_gaps_in_the_order_of_their_arrival() {
    let mut scene = Scene::new();
    for _ in 0..3 {
        scene.open();
    }
    scene.meet();
    assert!(scene.turn(1).stands_by);
    assert_eq!(scene.turn(0).claimed, 3);
    assert_eq!(scene.turn(0).claimed, 0, "a claim is made once");
    assert_eq!(scene.turn(0).pending, 3);
    scene.meet();
    assert_eq!(scene.turn(0).numbered, 3);
    scene.meet();
    assert_eq!(scene.turn(0), AgentTurn::default());
    assert_eq!(
        scene.numbers(),
        ["CO-2023-0001", "CO-2023-0002", "CO-2023-0003"]
    );
    scene.open();
    scene.meet();
    scene.turn(0);
    scene.meet();
    scene.turn(0);
    scene.meet();
    assert_eq!(scene.numbers()[3], "CO-2023-0004");
    assert_eq!(scene.ana.status().unwrap().quarantined, 0);
}

#[test]
fn when_the_first_agent_is_revoked_the_second_one_goes_on_where_it_stood() {
    let mut scene = Scene::new();
    let case = scene.open();
    scene.meet();
    scene.turn(0);
    // The claim never leaves the first agent: its device is revoked before.
    let device = scene.agents[0].device();
    let body = RosterBody::RevokeDevice {
        device,
        reason: "lost".into(),
    };
    scene.ana.authorise(body, &scene.clock.next()).unwrap();
    scene.log.take(&mut scene.ana);
    scene.log.give(&mut scene.agents[1]);
    assert_eq!(scene.turn(1).claimed, 1);
    scene.log.take(&mut scene.agents[1]);
    scene.log.give(&mut scene.agents[1]);
    assert_eq!(scene.turn(1).numbered, 1);
    scene.log.take(&mut scene.agents[1]);
    scene.log.give(&mut scene.ana);
    assert_eq!(scene.ana.case(case).unwrap().number, "CO-2023-0001");
}

#[test]
fn an_errand_comes_only_with_a_claim_that_stands_and_goes_when_it_is_reported() {
    let mut scene = Scene::new();
    let case = scene.open();
    act(&mut scene.ana, case, &mut scene.clock, set("phone", "112"));
    scene.meet();
    let turn = scene.turn(0);
    assert_eq!((turn.claimed, turn.errands.len()), (3, 0));
    scene.meet();
    let turn = scene.turn(0);
    assert_eq!((turn.numbered, turn.opened, turn.errands.len()), (1, 1, 1));
    let errand = turn.errands[0].clone();
    assert_eq!(
        (errand.kind, errand.name.as_str()),
        (OutwardKind::Webhook, "crm")
    );
    assert_eq!(errand.fields["phone"], serde_json::json!("112"));
    // Until it is reported it comes again under the same key, after a crash too.
    assert_eq!(scene.turn(0).errands[0].key, errand.key);
    let (agent, moment) = (&mut scene.agents[0], scene.clock.next());
    let at = (errand.document, errand.effect);
    agent.report(at, (RunStatus::Done, "204"), &moment).unwrap();
    assert_eq!(scene.turn(0).errands, []);
    scene.meet();
    let titles: Vec<String> = scene
        .ana
        .cards()
        .unwrap()
        .into_iter()
        .map(|card| card.title)
        .collect();
    assert_eq!(titles.len(), 2);
    assert!(
        titles.iter().any(|title| title.starts_with("After CO-")),
        "{titles:?}"
    );
}
