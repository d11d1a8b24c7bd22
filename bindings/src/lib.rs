//! The client SDK of Casework: a workspace on this device, kept in step with a server.
//!
//! ```text
//! app ──▶ Workspace ──▶ engine (replica on disk; every call works offline and is durable)
//!  ▲          │
//!  └ Observer └──▶ watch / sync ──▶ WebSocket ──▶ server
//! ```
//! Calls are synchronous and cheap: they read and write the replica. Only [`Workspace::join`],
//! [`Workspace::sync`] and the thread behind [`Workspace::watch`] use the network. Nothing here
//! decides about rights, rules or merging; the engine does.

mod address;
mod barrier;
mod dial;
mod error;
mod key;
mod line;
mod link;
mod moment;
mod notices;
mod observer;
mod progress;
pub mod receipt;
pub mod telling;
mod tls;
mod traffic;
mod wire;
mod workspace;

pub use casework_engine::sync::presence::Witness;
pub use casework_engine::{
    approval, case, clock, inbox, moment as moments, replica, template, value, view,
};
pub use casework_protocol::frame::{Activity, Scope};
pub use casework_protocol::{ids, keys, rights};

pub use casework_engine::replica::{Affected, Impact};
pub use casework_engine::template_document::draft::{Draft, DraftStatus};

pub use casework_engine::automation::Timer;
pub use casework_engine::replica::{
    Acted, AgentTurn, Answer, Drawn, Errand, Finding, FiredRule, Founding, Given, HeldWork,
    InboxAfter, InboxEntry, InboxFilter, InboxPage, Notice, Obstacle, OwnAct, OwnEntry, PastRun,
    Purge, PurgeState, Quarantined, Question, Ran, RanOutcome, Reach, Redone, Retried, RuleReport,
    ServerRow, Standing, Status, TestReport, Verification, Where, Would,
};
pub use casework_engine::sync::Phase;
pub use casework_protocol::access::entry::Principal;
pub use casework_protocol::roster::entry::{InviteFor, MemberKind};

pub use address::DEFAULT_PORT;
pub use error::{Error, ErrorKind};
pub use key::{KeyFile, KeyStore, fresh_key};
pub use link::InviteLink;
pub use moment::{CLOCK_AHEAD, heed_clock_ahead, timestamp, today_at_offset};
pub use observer::{Changed, Ending, Observation, Observer};
pub use progress::{Progress, SyncReport, SyncState};
pub use workspace::access::AccessChange;
pub use workspace::agency::RequestView;
pub use workspace::agreements::Wanted;
pub use workspace::cases::NewCaseRequest;
pub use workspace::contested::{Choice, ContestedPlace, SideView};
pub use workspace::drafts::DraftView;
pub use workspace::editing::{FieldEdit, edit_words};
pub use workspace::export::ExportedCase;
pub use workspace::forms::{FormOffer, RequestMade, RequestTerms, SentForm, SentTo, SubmissionRow};
pub use workspace::hints::Hints;
pub use workspace::imports::{CaseImport, Step, StepAction};
pub use workspace::inbox::QuietView;
pub use workspace::invites::InviteView;
pub use workspace::joining::Newcomer;
pub use workspace::judging::{MoveOffer, Outcome, Verdict};
pub use workspace::parts::file_mark;
pub use workspace::people::{DeviceView, MemberChange, MemberView, RoleView, TeamChange, TeamView};
pub use workspace::presence::{Hearing, Presence};
pub use workspace::reading::{BoardColumn, BoardView, CardPage, ColumnPage, Names};
pub use workspace::rights::{AccessSaid, AccessView, PurgeSaid, Viewer, read_verb};
pub use workspace::templates::{TemplateImport, TemplateView};
pub use workspace::watching::Watch;
pub use workspace::{Enrolment, Info, Workspace};
