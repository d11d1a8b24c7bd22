//! The workspace behind the pages, on the SDK.
//!
//! What is looked up by hash (links, receipts, pages that were sent) is an index in memory over
//! the cases of this device, read at the start and kept up by [`Rooms::learn`]. The cases are the
//! only truth: after a crash between commit and answer, the page that is sent again is found.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use casework::case::PartId;
use casework::case::facet::form::ReviewState;
use casework::ids::{DeviceId, DocumentId};
use casework::template::{FormKind, Status};
use casework::view::{CaseView, LinkState, SubmissionView};
use casework::{Changed, Error, ErrorKind, Observer, SentForm, SentTo, Workspace};

use super::limits::MAX_ANSWERS;
use super::links::Links;
use super::office::{Followed, Offer, Office, OfficeFault, Sent, Stand, Taken, Target};
use crate::fault::Fault;

/// How long a link that leads nowhere waits for what changed just now to be learnt.
const LEARNING: Duration = Duration::from_millis(500);

/// A workspace whose forms are served.
pub struct Rooms {
    workspace: Workspace,
    device: DeviceId,
    links: Links,
    index: Mutex<Index>,
    /// Held while something is added: two clicks at once add one thing.
    adding: Mutex<()>,
}

/// Where things lie that are named by hashes.
#[derive(Debug, Default)]
struct Index {
    submissions: BTreeMap<PartId, DocumentId>,
    receipts: BTreeMap<String, (DocumentId, PartId)>,
    requests: BTreeMap<String, (DocumentId, PartId)>,
    by_link: BTreeMap<String, BTreeSet<PartId>>,
}

impl Rooms {
    /// Reads the index of a workspace.
    ///
    /// # Errors
    /// [`Fault`] when the store fails.
    pub fn open(workspace: &Workspace) -> Result<Self, Fault> {
        let rooms = Self {
            workspace: workspace.clone(),
            device: workspace.info()?.device,
            links: Links::in_folder(workspace.folder()),
            index: Mutex::default(),
            adding: Mutex::default(),
        };
        rooms.learn_everything()?;
        Ok(rooms)
    }

    /// Takes what changed in a case into the index. Nothing is ever taken out: what is gone from
    /// the case is looked for there and not found.
    pub fn learn(&self, case: DocumentId) {
        // A case that cannot be read now is learnt when it changes again.
        if let Ok(view) = self.workspace.case(case) {
            self.index().learn(&view);
        }
    }

    fn offer_known(&self, link: &str, now_ms: u64) -> Result<Option<Offer>, OfficeFault> {
        let (request, used) = {
            let index = self.index();
            (index.requests.get(link).copied(), index.used(link))
        };
        match request {
            Some(request) => self.asked(request, link, now_ms),
            None => self.intake(link, now_ms, used),
        }
    }

    /// How many submissions came by a link.
    #[must_use]
    pub fn used(&self, link: &str) -> usize {
        self.index().used(link)
    }

    fn learn_everything(&self) -> Result<(), Fault> {
        for card in self.workspace.cards()? {
            if card.submissions > 0 || card.form_requests > 0 {
                self.learn(card.document);
            }
        }
        Ok(())
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        // An entry is one insertion: whatever ended another thread left the index whole.
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn intake(&self, link: &str, now_ms: u64, used: usize) -> Result<Option<Offer>, OfficeFault> {
        let found = self.links.find(link).map_err(down)?;
        let Some(found) = found else { return Ok(None) };
        if !found.is_served_by(self.device)
            || found.state(now_ms.cast_signed(), used) != LinkState::Open
        {
            return Ok(None);
        }
        let Ok(revision) = self.workspace.revision(found.template) else {
            return Ok(None);
        };
        let open = revision.package().status == Status::Open;
        let form = revision.form(&found.form);
        let offered = form.is_some_and(|form| form.kind == FormKind::Intake);
        Ok((open && offered).then(|| Offer {
            revision,
            form: found.form,
            link: link.to_owned(),
            target: Target::Intake(found.template),
            note: String::new(),
        }))
    }

    fn asked(
        &self,
        (case, request): (DocumentId, PartId),
        link: &str,
        now_ms: u64,
    ) -> Result<Option<Offer>, OfficeFault> {
        let Some(view) = self.view(case)? else {
            return Ok(None);
        };
        let asked = view.facets.forms.requests.get(&request);
        let Some(asked) = asked.filter(|asked| asked.token == link) else {
            return Ok(None);
        };
        let open = asked.state(now_ms.cast_signed()) == LinkState::Open;
        if !open || asked.answers >= MAX_ANSWERS || view.closed.value().is_some() {
            return Ok(None);
        }
        let Ok(revision) = self.workspace.revision(view.template) else {
            return Ok(None);
        };
        let form = revision.form(&asked.form);
        let offered = form.is_some_and(|form| form.kind == FormKind::Request);
        Ok(offered.then(|| Offer {
            form: asked.form.clone(),
            revision: revision.clone(),
            link: link.to_owned(),
            target: Target::Request { case, request },
            note: asked.note.clone(),
        }))
    }

    /// A case; `None` if it is not here any more.
    fn view(&self, case: DocumentId) -> Result<Option<CaseView>, OfficeFault> {
        match self.workspace.case(case) {
            Ok(view) => Ok(Some(view)),
            Err(error) if error.kind() == ErrorKind::Unavailable => Err(down(error)),
            Err(_) => Ok(None),
        }
    }

    fn by_receipt(
        &self,
        receipt: &str,
    ) -> Result<Option<(CaseView, PartId, SubmissionView)>, OfficeFault> {
        let found = self.index().receipts.get(receipt).copied();
        let Some((case, id)) = found else {
            return Ok(None);
        };
        let Some(view) = self.view(case)? else {
            return Ok(None);
        };
        let submission = view.facets.forms.submissions.get(&id).cloned();
        Ok(submission
            .filter(|submission| submission.receipt == receipt)
            .map(|submission| (view, id, submission)))
    }

    /// How a submission stands, as far as its sender may know. Spam learns nothing.
    fn stand(&self, view: &CaseView, submission: &SubmissionView) -> Stand {
        let revision = self.workspace.revision(view.template).ok();
        let stage = revision
            .as_ref()
            .and_then(|revision| revision.stage(view.stage.value()));
        let done = view.closed.value().is_some() || stage.is_some_and(|s| s.category.is_final());
        match submission.review.value() {
            ReviewState::Spam => Stand::Received,
            ReviewState::Rejected => Stand::Closed,
            _ if done => Stand::Closed,
            ReviewState::New => Stand::Received,
            ReviewState::Accepted => Stand::InWork,
            ReviewState::NeedsAnswer => Stand::NeedsAnswer,
        }
    }
}

impl Office for Rooms {
    fn offer(&self, link: &str, now_ms: u64) -> Result<Option<Offer>, OfficeFault> {
        if let Some(offer) = self.offer_known(link, now_ms)? {
            return Ok(Some(offer));
        }
        // It may have been made a moment ago, and not have been learnt yet.
        self.workspace.wait_until_told(LEARNING);
        self.offer_known(link, now_ms)
    }

    fn taken(&self, submission: PartId) -> Result<Option<Taken>, OfficeFault> {
        let case = self.index().submissions.get(&submission).copied();
        let Some(case) = case else { return Ok(None) };
        let Some(view) = self.view(case)? else {
            return Ok(None);
        };
        let found = view.facets.forms.submissions.get(&submission);
        let revision = self.workspace.revision(view.template);
        Ok(found.zip(revision.ok()).map(|(found, revision)| Taken {
            revision,
            form: found.form.clone(),
            link: found.link.clone(),
        }))
    }

    fn take(&self, sent: Sent) -> Result<(), OfficeFault> {
        // One after the other: two clicks at once, and two people at a link for one.
        let mut index = self.index();
        if index.submissions.contains_key(&sent.id) {
            return Ok(());
        }
        let link = sent.offer.link.clone();
        let now_ms = sent.given_ms.cast_unsigned();
        let open = match sent.offer.target {
            Target::Intake(_) => self.intake(&link, now_ms, index.used(&link))?,
            Target::Request { case, request } => self.asked((case, request), &link, now_ms)?,
        };
        if open.is_none() {
            return Err(OfficeFault::Gone);
        }
        let case = self.workspace.take_form(&form_of(sent)).map_err(refused)?;
        if let Some(view) = self.view(case)? {
            index.learn(&view);
        }
        Ok(())
    }

    fn follow(&self, receipt: &str) -> Result<Option<Followed>, OfficeFault> {
        let Some((view, id, submission)) = self.by_receipt(receipt)? else {
            return Ok(None);
        };
        let comments = self.workspace.comments(view.document).map_err(refused)?;
        let told = view.facets.forms.told(id, &comments).into_iter();
        let additions = submission.additions.iter();
        Ok(Some(Followed {
            stand: self.stand(&view, &submission),
            given_ms: submission.given_ms,
            comments: told
                .map(|comment| (comment.author.claimed_ms, comment.body.clone()))
                .collect(),
            additions: additions
                .map(|addition| (addition.given_ms, addition.text.clone()))
                .collect(),
        }))
    }

    fn add(&self, receipt: &str, id: PartId, text: &str, now_ms: u64) -> Result<bool, OfficeFault> {
        let _one_by_one = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((view, submission, found)) = self.by_receipt(receipt)? else {
            return Ok(false);
        };
        if found.additions.iter().any(|addition| addition.id == id) {
            return Ok(true);
        }
        let place = (view.document, submission);
        let added = self
            .workspace
            .add_to_submission(place, id, text, now_ms.cast_signed());
        added.map(|_| true).map_err(refused)
    }
}

impl Observer for Rooms {
    fn changed(&self, changed: &Changed) {
        if changed.everything {
            // What could not be read is learnt when it changes again.
            let _ = self.learn_everything();
        }
        for case in &changed.documents {
            self.learn(*case);
        }
    }
}

impl core::fmt::Debug for Rooms {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Rooms").finish_non_exhaustive()
    }
}

impl Index {
    fn learn(&mut self, view: &CaseView) {
        let case = view.document;
        for (id, request) in &view.facets.forms.requests {
            self.requests.insert(request.token.clone(), (case, *id));
        }
        for (id, submission) in &view.facets.forms.submissions {
            self.submissions.insert(*id, case);
            self.receipts
                .insert(submission.receipt.clone(), (case, *id));
            let by_link = self.by_link.entry(submission.link.clone()).or_default();
            by_link.insert(*id);
        }
    }

    fn used(&self, link: &str) -> usize {
        self.by_link.get(link).map_or(0, BTreeSet::len)
    }
}

fn form_of(sent: Sent) -> SentForm {
    SentForm {
        id: sent.id,
        to: match sent.offer.target {
            Target::Intake(template) => SentTo::Intake(template),
            Target::Request { case, request } => SentTo::Request { case, request },
        },
        form: sent.offer.form,
        link: sent.offer.link,
        title: sent.title,
        answers: sent.answers,
        values: sent.values,
        documents: sent.documents,
        consent: sent.consent,
        receipt: sent.receipt,
        language: sent.language,
        given_ms: sent.given_ms,
    }
}

fn down(error: impl core::fmt::Display) -> OfficeFault {
    OfficeFault::Unavailable(error.to_string())
}

fn refused(error: Error) -> OfficeFault {
    match error.kind() {
        ErrorKind::Invalid | ErrorKind::Denied => OfficeFault::Refused(error.to_string()),
        ErrorKind::Unavailable | ErrorKind::Corrupt | ErrorKind::Internal => down(error),
    }
}
