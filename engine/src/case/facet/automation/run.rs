//! What one record of an automation is: a notice, a wish for something outside, or the mark of a
//! rule that failed or was stopped; and how it stands.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::AutomationAction;

/// Something outside that a rule wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outward {
    /// What.
    pub kind: OutwardKind,
    /// The hook, program or template.
    pub name: String,
    /// The title of a new case, or nothing.
    pub text: String,
    /// The fields whose values are handed over.
    pub fields: Vec<String>,
    /// The automation's id.
    pub rule: String,
}

/// What can be wanted outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutwardKind {
    /// A web address is called.
    Webhook,
    /// A program is run.
    Command,
    /// Another case is opened and linked.
    OpenCase,
}

/// What a record of the shelf is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunKind {
    /// A notice.
    Notice,
    /// A request.
    Outward(OutwardKind),
    /// A rule that failed.
    Failed,
    /// A rule that was stopped.
    Stopped,
    /// The mark that a rule's time has come.
    Fired,
}

/// How a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunStatus {
    /// For the agent to do; also of what needs nothing more.
    Waiting,
    /// Done.
    Done,
    /// Given up after the last try; can be asked for again.
    Dead,
}

impl AutomationAction {
    /// Whether only an agent says this. That the time of a rule has come is looked at with its rule
    /// and its occasion (`automation/verify.rs`); whoever may keep asks for what was given up again.
    pub(super) fn is_an_agents_word(&self) -> bool {
        match self {
            Self::Claim { .. } | Self::Number { .. } => true,
            Self::Report { status, .. } => *status != RunStatus::Waiting,
            Self::Fire { .. }
            | Self::Notify { .. }
            | Self::Request { .. }
            | Self::Fail { .. }
            | Self::Stop { .. } => false,
        }
    }
}

impl OutwardKind {
    /// The word in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Command => "command",
            Self::OpenCase => "open-case",
        }
    }

    /// Reads the word; `None` for any other.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Webhook, Self::Command, Self::OpenCase];
        all.into_iter().find(|kind| kind.name() == name)
    }
}

impl RunKind {
    /// The word in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Outward(kind) => kind.name(),
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Fired => "fired",
        }
    }

    /// Reads the word; `None` for any other.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "fired" => Some(Self::Fired),
            "notice" => Some(Self::Notice),
            "failed" => Some(Self::Failed),
            "stopped" => Some(Self::Stopped),
            _ => OutwardKind::from_name(name).map(Self::Outward),
        }
    }
}

impl RunStatus {
    /// The word in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }

    /// Reads the word; `None` for any other.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Waiting, Self::Done, Self::Dead];
        all.into_iter().find(|status| status.name() == name)
    }
}

impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for RunKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
