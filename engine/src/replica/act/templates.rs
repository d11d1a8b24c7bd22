//! Acting on templates in a batch: opening one, drafting, publishing.

use casework_protocol::access::entry::{AccessBody, DocumentKind};
use casework_protocol::ids::DocumentId;

use super::{Acted, Batch, unwritten};
use crate::case::{Needed, Past, change_hash};
use crate::moment::Moment;
use crate::replica::ReplicaFault;
use crate::replica::asked::OwnAct;
use crate::template::Revision;
use crate::template_document::{
    self, CheckedTemplate, TemplateAct, TemplateAction, check_template_act, write_template,
};

impl Batch<'_> {
    /// Opens a template with its first revision.
    ///
    /// # Errors
    /// As [`Replica::act`].
    pub fn open_template(
        &mut self,
        revision: Revision,
        moment: &Moment,
    ) -> Result<Acted, ReplicaFault> {
        let id = self.found(
            AccessBody::Genesis {
                kind: DocumentKind::Template,
                template: None,
                principals: Vec::new(),
                restricted: false,
                nonce: moment.nonce("document").to_vec(),
            },
            moment,
        )?;
        let action = TemplateAction::Open(revision.into());
        let act = TemplateAct {
            action,
            reason: None,
            redo_of: None,
        };
        self.act_on_template(id, act, moment)
    }

    /// Does one thing to a template.
    ///
    /// # Errors
    /// As [`Replica::act`].
    pub fn act_on_template(
        &mut self,
        id: DocumentId,
        act: TemplateAct,
        moment: &Moment,
    ) -> Result<Acted, ReplicaFault> {
        let member = self.me()?;
        self.reach(id)?;
        let (act, checked): (TemplateAct, CheckedTemplate) = {
            let past = Past::now(&self.steps[&id].document.automerge);
            let act = template_document::superseding(&past, act)?;
            (act.clone(), check_template_act(&past, act)?)
        };
        let verb = casework_protocol::rights::Verb::Publish;
        let needed = Needed {
            verb,
            stage: None,
            field: None,
            seats: Vec::new(),
            works_in: None,
        };
        self.allow(id, member, (&[needed], None))?;
        let stamp = self.stamp(id, None, moment)?;
        let step = self.begin(id, moment);
        let hash =
            write_template(&mut step.document.automerge, &checked, &stamp).map_err(unwritten)?;
        let hash = change_hash(&hash);
        self.seal(id, hash, &OwnAct::Template(act), moment)?;
        let automerge = &self.steps[&id].document.automerge;
        self.replica
            .read_revisions(&mut self.writes, automerge, id)?;
        Ok(Acted {
            document: id,
            change: hash,
            warnings: Vec::new(),
            effects: Vec::new(),
        })
    }
}
