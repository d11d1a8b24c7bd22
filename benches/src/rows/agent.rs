//! The agent's look at a whole office in which nothing is due.

use std::time::Duration;

use casework_engine::replica::AgentTurn;
use casework_protocol::roster::entry::RosterBody;
use casework_protocol::roster::role;

use super::folder;
use crate::measure::{Scale, alternate, timed};
use crate::table::{Aim, Figure, Row};
use crate::workload::Office;

/// The look that an agent takes at 10,000 numbered cases whenever something arrives, after its first
/// one, beside reading the cards alone.
///
/// # Panics
/// When the workload cannot be made.
#[must_use]
pub fn look(scale: Scale) -> Vec<Row> {
    let folder = folder();
    let cases = scale.of(10_000, 50);
    let mut office = Office::found(&folder.path().join("replica"));
    office.series = "BEN-2023-";
    let now = office.moment();
    let body = RosterBody::ChangeMember {
        member: office.replica.member().expect("the founder is a member"),
        name: None,
        add_roles: vec![role::AGENT.to_owned()],
        remove_roles: Vec::new(),
        active: None,
    };
    let said = office.replica.authorise(body, &now);
    said.expect("an owner may give roles");
    office.open_cases(cases);
    office.acknowledge();
    let look = |office: &mut Office| {
        let now = office.moment();
        let turn = office.replica.agent_turn(&now);
        assert_eq!(turn.expect("the store can be read"), AgentTurn::default());
    };
    let first = timed(|| look(&mut office));
    let office = std::cell::RefCell::new(office);
    let ours = || timed(|| look(&mut office.borrow_mut()));
    let yardstick = || {
        let office = office.borrow();
        timed(|| {
            let cards = office.replica.cards().expect("the store can be read");
            assert_eq!(cards.len(), cases);
        })
    };
    let (ours, yardstick) = alternate(scale.of(9, 2), ours, yardstick);
    let limit = Figure::Time(Duration::from_millis(100));
    vec![
        Row {
            what: format!("an agent's look at {cases} cases, nothing due"),
            measured: Figure::Time(ours),
            yardstick: ("reading their cards", Figure::Time(yardstick)),
            aim: Aim::Within(limit),
        },
        Row {
            what: format!("an agent's first look at {cases} cases"),
            measured: Figure::Time(first),
            yardstick: ("reading their cards", Figure::Time(yardstick)),
            aim: Aim::Told,
        },
    ]
}
