//! Acting on cases. Every call is one commit: what it did is durable and signed when it returns.

use casework::case::{Act, PartId};

use crate::action::Action;
use crate::conflicts::Settlement;
use crate::error::CaseworkError;
use crate::text::{read, read_all, read_some};
use crate::workspace::Workspace;

/// What an action did.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Acted {
    /// The case.
    pub case_id: String,
    /// The change: its entry in the timeline, by which its state can be asked for.
    pub change_id: String,
    /// The part that it made: a comment, a task, an item, a document…
    pub made: Option<String>,
    /// What rules had to say.
    pub warnings: Vec<String>,
    /// What automations did about it, in words.
    pub effects: Vec<String>,
}

/// What a case is opened with.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct NewCase {
    /// The template's id.
    pub template_id: String,
    /// One line.
    pub title: String,
    /// Field (id or label) → value as people write it.
    #[uniffi(default)]
    pub fields: std::collections::HashMap<String, String>,
    /// The stage by id or name; nothing is the template's first.
    #[uniffi(default = None)]
    pub stage: Option<String>,
    /// The owner's member id.
    #[uniffi(default = None)]
    pub owner: Option<String>,
    /// Member ids of the assignees.
    #[uniffi(default = [])]
    pub assignees: Vec<String>,
    /// The number it has elsewhere; nothing makes a provisional one.
    #[uniffi(default = None)]
    pub number: Option<String>,
    /// Only for those named: owner, assignees, viewers and the opener.
    #[uniffi(default = false)]
    pub restricted: bool,
    /// Who sees it besides: member ids, `team:KEY`, `role:KEY`.
    #[uniffi(default = [])]
    pub viewers: Vec<String>,
    /// Go through rules that ask before a case is opened so, for this reason.
    #[uniffi(default = None)]
    pub overriding: Option<String>,
}

/// What can be said about an action.
#[derive(Debug, Clone, Default, PartialEq, Eq, uniffi::Record)]
pub struct ActOptions {
    /// Why.
    #[uniffi(default = None)]
    pub reason: Option<String>,
    /// Go through a rule that asks; needs a reason.
    #[uniffi(default = false)]
    pub override_rule: bool,
}

#[uniffi::export]
impl Workspace {
    /// Opens a case.
    ///
    /// # Errors
    /// `Invalid` for what makes no sense here or breaks a rule (the text says the way out);
    /// `Unchanged` when it is so already; `Asks` for a reason; `Denied` without the right; `Corrupt` for a quarantined
    /// case; `Unavailable` when the store fails; `Closed`. Nothing was done then.
    pub fn open_case(&self, new: NewCase) -> Result<Acted, CaseworkError> {
        let sdk = self.sdk()?;
        let request = request(&sdk, new)?;
        Ok(told(sdk.open_case(&request)?, None))
    }

    /// Does one thing to a case.
    ///
    /// # Errors
    /// `Invalid` for what makes no sense here or breaks a rule (the text says the way out);
    /// `Unchanged` when it is so already; `Asks` for a reason; `Denied` without the right; `Corrupt` for a quarantined
    /// case; `Unavailable` when the store fails; `Closed`. Nothing was done then.
    #[uniffi::method(default(options = None))]
    pub fn act(
        &self,
        case_id: &str,
        action: Action,
        options: Option<ActOptions>,
    ) -> Result<Acted, CaseworkError> {
        let sdk = self.sdk()?;
        let options = options.unwrap_or_default();
        let (action, made) = action.ready(&mut || Ok(sdk.fresh_part()?))?;
        let reason = options.reason.as_deref();
        let acted = sdk.act(read(case_id)?, action, reason, options.override_rule)?;
        Ok(told(acted, made))
    }

    /// Does several things to a case in one commit: all of them, or none. What the options say
    /// goes for each.
    ///
    /// # Errors
    /// `Invalid` for what makes no sense here or breaks a rule (the text says the way out);
    /// `Unchanged` when it is so already; `Asks` for a reason; `Denied` without the right; `Corrupt` for a quarantined
    /// case; `Unavailable` when the store fails; `Closed`. Nothing was done then.
    /// `Invalid`, too, when one of several is so already.
    #[uniffi::method(default(options = None))]
    pub fn act_together(
        &self,
        case_id: &str,
        actions: Vec<Action>,
        options: Option<ActOptions>,
    ) -> Result<Vec<Acted>, CaseworkError> {
        let sdk = self.sdk()?;
        let options = options.unwrap_or_default();
        let mut ready = Vec::with_capacity(actions.len());
        let mut made = Vec::with_capacity(actions.len());
        for action in actions {
            let (action, part) = action.ready(&mut || Ok(sdk.fresh_part()?))?;
            ready.push(action);
            made.push(part);
        }
        let why = (options.reason.as_deref(), options.override_rule);
        let acted = sdk.act_together(read(case_id)?, ready, why.0, why.1)?;
        Ok(acted
            .into_iter()
            .zip(made)
            .map(|(acted, part)| told(acted, part))
            .collect())
    }

    /// Gives a field (id or label) what a person would write: `12.5`, `tomorrow` is not a date but
    /// `2026-03-01` is, names of options and members. A set, a counter and prose take several
    /// changes where they need them.
    ///
    /// # Errors
    /// `Invalid` for what makes no sense here or breaks a rule (the text says the way out);
    /// `Unchanged` when it is so already; `Asks` for a reason; `Denied` without the right; `Corrupt` for a quarantined
    /// case; `Unavailable` when the store fails; `Closed`. Nothing was done then.
    #[uniffi::method(default(reason = None))]
    pub fn set_field(
        &self,
        case_id: &str,
        field: &str,
        words: &str,
        reason: Option<String>,
    ) -> Result<Vec<Acted>, CaseworkError> {
        let acted = self
            .sdk()?
            .set_field(read(case_id)?, field, words, reason.as_deref())?;
        Ok(all_told(acted))
    }

    /// Takes a field's value away.
    ///
    /// # Errors
    /// `Invalid` for what makes no sense here or breaks a rule (the text says the way out);
    /// `Unchanged` when it is so already; `Asks` for a reason; `Denied` without the right; `Corrupt` for a quarantined
    /// case; `Unavailable` when the store fails; `Closed`. Nothing was done then.
    #[uniffi::method(default(reason = None))]
    pub fn clear_field(
        &self,
        case_id: &str,
        field: &str,
        reason: Option<String>,
    ) -> Result<Vec<Acted>, CaseworkError> {
        let acted = self
            .sdk()?
            .clear_field(read(case_id)?, field, reason.as_deref())?;
        Ok(all_told(acted))
    }

    /// The same as setting, through a rule that asks.
    ///
    /// # Errors
    /// `Invalid` for what makes no sense here or breaks a rule (the text says the way out);
    /// `Unchanged` when it is so already; `Asks` for a reason; `Denied` without the right; `Corrupt` for a quarantined
    /// case; `Unavailable` when the store fails; `Closed`. Nothing was done then.
    pub fn override_field(
        &self,
        case_id: &str,
        field: &str,
        words: &str,
        reason: &str,
    ) -> Result<Vec<Acted>, CaseworkError> {
        let acted = self
            .sdk()?
            .override_field(read(case_id)?, field, words, reason)?;
        Ok(all_told(acted))
    }

    /// The same as clearing, through a rule that asks.
    ///
    /// # Errors
    /// `Invalid` for what makes no sense here or breaks a rule (the text says the way out);
    /// `Unchanged` when it is so already; `Asks` for a reason; `Denied` without the right; `Corrupt` for a quarantined
    /// case; `Unavailable` when the store fails; `Closed`. Nothing was done then.
    pub fn override_clearing(
        &self,
        case_id: &str,
        field: &str,
        reason: &str,
    ) -> Result<Vec<Acted>, CaseworkError> {
        let acted = self
            .sdk()?
            .override_clearing(read(case_id)?, field, reason)?;
        Ok(all_told(acted))
    }

    /// Writes a comment. Answers its id.
    ///
    /// # Errors
    /// `Invalid` for what makes no sense here or breaks a rule (the text says the way out);
    /// `Unchanged` when it is so already; `Asks` for a reason; `Denied` without the right; `Corrupt` for a quarantined
    /// case; `Unavailable` when the store fails; `Closed`. Nothing was done then.
    #[uniffi::method(default(external = false))]
    pub fn comment(
        &self,
        case_id: &str,
        body: &str,
        external: bool,
    ) -> Result<String, CaseworkError> {
        Ok(self
            .sdk()?
            .comment(read(case_id)?, body, external)?
            .to_string())
    }

    /// Takes back the last things that one did to a case, newest first, in one commit. With a
    /// reason it goes through a rule that asks.
    ///
    /// # Errors
    /// `Invalid` for what makes no sense here or breaks a rule (the text says the way out);
    /// `Unchanged` when it is so already; `Asks` for a reason; `Denied` without the right; `Corrupt` for a quarantined
    /// case; `Unavailable` when the store fails; `Closed`. Nothing was done then. `Invalid` also when nothing is left to be
    /// taken back, or somebody built on it.
    #[uniffi::method(default(steps = 1, reason = None))]
    pub fn undo(
        &self,
        case_id: &str,
        steps: u32,
        reason: Option<String>,
    ) -> Result<Vec<Acted>, CaseworkError> {
        let undone = self.sdk()?.undo(read(case_id)?, steps, reason.as_deref())?;
        Ok(all_told(undone.into_iter().map(|(_, acted)| acted)))
    }

    /// Settles a contested place, as [`Workspace::conflicts`] names it, on one of its sides or
    /// their values.
    ///
    /// # Errors
    /// `Invalid` for what makes no sense here or breaks a rule (the text says the way out);
    /// `Unchanged` when it is so already; `Asks` for a reason; `Denied` without the right; `Corrupt` for a quarantined
    /// case; `Unavailable` when the store fails; `Closed`. Nothing was done then. `Invalid` also when the place is not
    /// contested or has no such side.
    #[uniffi::method(default(options = None))]
    pub fn settle(
        &self,
        case_id: &str,
        place: &str,
        on: Settlement,
        options: Option<ActOptions>,
    ) -> Result<Acted, CaseworkError> {
        let (case, place) = (read(case_id)?, read(place)?);
        let (on, options) = (on.read()?, options.unwrap_or_default());
        let why = (options.reason.as_deref(), options.override_rule);
        let acted = self.sdk()?.settle(case, &place, &on, why)?;
        Ok(told(acted, None))
    }
}

pub(crate) fn told(acted: casework::Acted, made: Option<PartId>) -> Acted {
    Acted {
        case_id: acted.document.to_string(),
        change_id: acted.change.to_string(),
        made: made.map(|part| part.to_string()),
        warnings: acted.warnings,
        effects: acted.effects.iter().map(effect).collect(),
    }
}

pub(crate) fn all_told(acted: impl IntoIterator<Item = casework::Acted>) -> Vec<Acted> {
    acted.into_iter().map(|acted| told(acted, None)).collect()
}

fn effect(ran: &casework::Ran) -> String {
    let what = ran
        .action
        .as_ref()
        .map_or("", |action| action.kind().name());
    match &ran.outcome {
        casework::RanOutcome::Done => format!("{}: {what}", ran.name),
        casework::RanOutcome::Idle => format!("{}: nothing to do", ran.name),
        casework::RanOutcome::Failed(why) => format!("{}: failed: {why}", ran.name),
        casework::RanOutcome::Stopped(why) => format!("{}: stopped: {why}", ran.name),
    }
}

/// A request in the words of the SDK.
pub(crate) fn request(
    sdk: &casework::Workspace,
    new: NewCase,
) -> Result<casework::NewCaseRequest, CaseworkError> {
    let viewers: Result<_, _> = new
        .viewers
        .iter()
        .map(|who| sdk.find_principal(who))
        .collect();
    Ok(casework::NewCaseRequest {
        template: Some(read(&new.template_id)?),
        title: new.title,
        number: new.number,
        stage: new.stage,
        fields: new.fields.into_iter().collect(),
        owner: read_some(new.owner.as_deref())?,
        assignees: read_all::<casework::ids::MemberId, _>(&new.assignees)?,
        imported: None,
        restricted: new.restricted,
        viewers: viewers?,
        overriding: new.overriding,
    })
}

/// An act with everything that can be said about it.
pub(crate) fn act(sdk: &casework::Workspace, action: Action) -> Result<Act, CaseworkError> {
    let (action, _) = action.ready(&mut || Ok(sdk.fresh_part()?))?;
    Ok(Act::new(sdk.fresh_part()?, action))
}
