//! Final numbers: claimed in the order in which the log took the cases, gap-free per series.

use std::collections::BTreeSet;

use super::claims::{Desk, Watch};
use super::{AgentTurn, NUMBER};
use crate::automation::numbering::{NumberClaim, is_provisional, next_free, series, settle};
use crate::case::facet::automation::AutomationAction;
use crate::case::{Act, PartId};
use crate::moment::Moment;
use crate::replica::rows::Arrived;
use crate::replica::{Replica, ReplicaFault};

impl Replica {
    pub(super) fn number_cases(
        &mut self,
        turn: &mut AgentTurn,
        (desks, taken): (&[Desk], BTreeSet<String>),
        watch: &Watch,
        next: &mut impl FnMut() -> Moment,
    ) -> Result<(), ReplicaFault> {
        let (mut settled, mut used, mut pending) = (Vec::new(), taken.clone(), BTreeSet::new());
        for desk in desks {
            let document = desk.view.document;
            for (claim, number) in desk.claims(NUMBER, &watch.agents) {
                used.insert(number.to_owned());
                match desk.position(claim) {
                    Some(position) if position < watch.read_upto => settled.push(NumberClaim {
                        position,
                        document,
                        number: number.to_owned(),
                    }),
                    Some(_) | None => {
                        pending.insert(document);
                    }
                }
            }
        }
        let holders = settle(&taken, settled);
        // What a claim lost is free again.
        used.retain(|number| {
            taken.contains(number)
                || holders.values().any(|held| held == number)
                || !pending.is_empty()
        });
        let mut waiting: Vec<(Arrived, &Desk)> = desks
            .iter()
            .filter(|desk| is_provisional(&desk.view.number))
            .filter_map(|desk| {
                let opened = desk.view.origins.get(desk.view.opened).change;
                Some((*desk.arrived.get(&opened)?, desk))
            })
            .collect();
        waiting.sort_by_key(|(arrived, desk)| (arrived.seq, desk.view.document));
        for (arrived, desk) in waiting {
            let document = desk.view.document;
            if let Some(number) = holders.get(&document) {
                let moment = next();
                let id = PartId::derive(&moment.derive("number"), 0);
                let number = number.clone();
                let action = AutomationAction::Number { number };
                let given = self.act(document, Act::new(id, action.into()), &moment);
                turn.numbered += usize::from(given.is_ok());
                turn.excuse(&desk.view.number, given.map(|_| ()))?;
            } else if pending.contains(&document) {
                turn.pending += 1;
            } else if let Some(revision) = self.current_revision(desk.view.template) {
                let series = series(&revision.package().key, arrived.received_ms);
                let number = next_free(&series, &used);
                let claimed = self.claim(document, format!("{NUMBER}{number}"), &next());
                if claimed.is_ok() {
                    used.insert(number);
                    turn.claimed += 1;
                }
                turn.excuse(&desk.view.number, claimed)?;
            }
        }
        Ok(())
    }
}
