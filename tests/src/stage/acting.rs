//! Acting on stage: everything that is done is kept as a deed, for the oracle.
//!
//! What the rules of a template and the taking back of deeds wrote is read from the changes; what
//! people asked for is what they asked for.

use std::collections::{BTreeMap, BTreeSet};

use automerge::Automerge;
use casework_engine::case::{Act, CaseAction, Opening, PartId, act_of};
use casework_engine::moment::Moment;
use casework_engine::replica::{Acted, NewCase, ReplicaFault};
use casework_protocol::ids::{ChangeHash, DocumentId};
use casework_protocol::roster::entry::RosterBody;

use super::{Stage, Who};

/// What somebody did, as the stage saw it: for the oracle.
#[derive(Debug, Clone)]
pub struct Deed {
    /// Who.
    pub who: Who,
    /// The case.
    pub case: DocumentId,
    /// The id of the act; zero for what is read from a change that does not say it.
    pub id: PartId,
    /// What.
    pub action: CaseAction,
}

impl Stage {
    /// Somebody gives a member roles and takes others away.
    ///
    /// # Panics
    /// When the roster refuses it.
    pub fn change_roles(&mut self, by: Who, who: Who, add: &[&str], remove: &[&str]) {
        let roles = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        let body = RosterBody::ChangeMember {
            member: self.member(who),
            name: None,
            add_roles: roles(add),
            remove_roles: roles(remove),
            active: None,
        };
        self.authorise(by, body);
    }

    /// Opens a case.
    ///
    /// # Panics
    /// When it is refused.
    pub fn open(&mut self, who: Who, title: &str) -> DocumentId {
        self.try_open(who, title, false)
            .expect("the case opens")
            .document
    }

    /// Opens a case, restricted or not.
    ///
    /// # Errors
    /// As the replica says.
    pub fn try_open(
        &mut self,
        who: Who,
        title: &str,
        restricted: bool,
    ) -> Result<Acted, ReplicaFault> {
        let moment = self.moment_of(who);
        let opening = Opening {
            template: self.template.expect("somebody is on stage"),
            title: title.to_owned(),
            number: format!("CO-~{:04}", self.drawn),
            stage: "intake".to_owned(),
            fields: BTreeMap::new(),
            owner: None,
            assignees: BTreeSet::new(),
        };
        let action = CaseAction::Open(opening.clone());
        let case = NewCase {
            opening,
            imported: None,
            restricted,
            viewers: Vec::new(),
            overriding: None,
        };
        let acted = self.replica(who).open_case(case, &moment)?;
        self.note(who, &acted, (PartId::new([0; 8]), action));
        Ok(acted)
    }

    /// Does something to a case.
    ///
    /// # Panics
    /// When it is refused.
    pub fn act(&mut self, who: Who, case: DocumentId, action: CaseAction) -> ChangeHash {
        self.try_act(who, case, action)
            .expect("the action is possible")
            .change
    }

    /// Does something to a case, or hears why not.
    ///
    /// # Errors
    /// As the replica says.
    pub fn try_act(
        &mut self,
        who: Who,
        case: DocumentId,
        action: CaseAction,
    ) -> Result<Acted, ReplicaFault> {
        let moment = self.moment_of(who);
        let id = PartId::derive(&moment.derive("act"), 0);
        let mut act = Act::new(id, action.clone());
        act.reason = Some("because".to_owned());
        act.override_rule = true;
        let acted = self.replica(who).act(case, act, &moment)?;
        self.note(who, &acted, (id, action));
        Ok(acted)
    }

    /// Takes back what somebody did last, or hears why not.
    ///
    /// # Errors
    /// As the replica says.
    pub fn try_undo(&mut self, who: Who, case: DocumentId) -> Result<(), ReplicaFault> {
        let moment = self.moment_of(who);
        let reason = Some("a mistake");
        self.replica(who).undo(case, (1, reason), &moment)?;
        self.note_unknown(who, case);
        Ok(())
    }

    /// Looks at a case, where its template wants that written down.
    ///
    /// # Errors
    /// As the replica says.
    pub fn try_read(&mut self, who: Who, case: DocumentId) -> Result<bool, ReplicaFault> {
        let moment = self.moment_of(who);
        let noted = self.replica(who).note_reading(case, &moment)?;
        if noted {
            self.note_unknown(who, case);
        }
        Ok(noted)
    }

    /// From now on somebody's clock is so much ahead of everybody's, or behind.
    pub fn set_clock_off(&mut self, who: Who, off_ms: i64) {
        self.actors[who.0].clock_off_ms = off_ms;
    }

    /// A fresh moment by somebody's own clock.
    pub fn moment_of(&mut self, who: Who) -> Moment {
        let moment = self.moment();
        let off_ms = self.actors[who.0].clock_off_ms;
        Moment {
            now_ms: moment.now_ms.saturating_add_signed(off_ms),
            ..moment
        }
    }

    fn note(&mut self, who: Who, acted: &Acted, (id, action): (PartId, CaseAction)) {
        let case = acted.document;
        let deed = Deed {
            who,
            case,
            id,
            action,
        };
        // Finishing a task that repeats begins the next one: only the change says which.
        let finishes = matches!(deed.action, CaseAction::FinishTask { .. });
        if !finishes {
            self.deeds.insert(acted.change, deed);
        }
        if finishes || !acted.effects.is_empty() {
            self.note_unknown(who, case);
        }
    }

    /// Notes what this device has just written to a case beyond what was asked of it.
    fn note_unknown(&mut self, who: Who, case: DocumentId) {
        let saved = self.replica(who).export(case);
        let saved = saved.expect("the case is on the device that acted");
        let document = Automerge::load(&saved).expect("an export loads anywhere");
        for change in document.get_changes(&[]) {
            let hash = ChangeHash::new(change.hash().0);
            self.deeds.entry(hash).or_insert_with(|| {
                let act = act_of(&document, &change).expect("an honest change is an act");
                let (id, action) = (act.id, act.action);
                Deed {
                    who,
                    case,
                    id,
                    action,
                }
            });
        }
    }
}
