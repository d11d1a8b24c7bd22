//! Where everything lies in a case document: every key name, built and split in one place.
//!
//! The root map holds scalars and maps. All maps are created by the change that opens the case, or
//! two devices would create two and one would disappear. See DOMAIN §3 and §4.

use core::fmt;
use core::str::FromStr;

use super::part::PartId;

/// Root scalar: always [`CASE_KIND`].
pub const KIND: &str = "kind";
/// Root scalar: always [`CASE_VERSION`].
pub const VERSION: &str = "v";
/// Root scalar: the template's document id in hexadecimal digits.
pub const TEMPLATE: &str = "template";
/// Root scalar: the number people know the case by.
pub const NUMBER: &str = "number";
/// Root scalar: the title.
pub const TITLE: &str = "title";
/// Root scalar: the id of the stage.
pub const STAGE: &str = "stage";
/// Root scalar: the owner's member id in hexadecimal digits, or null.
pub const OWNER: &str = "owner";
/// Root scalar: the priority, or null.
pub const PRIORITY: &str = "priority";
/// Root scalar: the severity, or null.
pub const SEVERITY: &str = "severity";
/// Root scalar: the due date `YYYY-MM-DD`, or null.
pub const DUE: &str = "due";
/// Root scalar: null, or the compact JSON of [`super::action::Closing`] as one atomic value.
pub const CLOSED: &str = "closed";

/// The value of [`KIND`].
pub const CASE_KIND: &str = "case";
/// The value of [`VERSION`].
pub const CASE_VERSION: i64 = 1;

/// Map: field id → one scalar.
pub const FIELDS: &str = "fields";
/// Map: `<field>/<option>` → true.
pub const SETS: &str = "sets";
/// Map: `<field>/<action id>` → integer; the value of the field is the sum.
pub const COUNTS: &str = "counts";
/// Map: field id → text object, created on first use, so there may be several: read them all, in
/// the order of their ops.
pub const TEXTS: &str = "texts";
/// Map: label → true.
pub const LABELS: &str = "labels";
/// Map: [`taken_label_key`] or [`taken_option_key`] → the action that took it away last. Without it
/// nothing would tell a label that is put on again from one that is put on.
pub const TAKEN: &str = "taken";
/// Map: member id → true.
pub const ASSIGNEES: &str = "assignees";
/// Map: member id → true.
pub const WATCHERS: &str = "watchers";
/// Map: task id → map.
pub const TASKS: &str = "tasks";
/// Map: first digit of the comment id → map of [`CommentKey`] → body.
pub const COMMENTS: &str = "comments";
/// Map: decision id → map.
pub const DECISIONS: &str = "decisions";
/// Map: action id → compact JSON of [`super::action::Override`].
pub const OVERRIDES: &str = "overrides";
/// Map: `comment/<id>`, `field/<id>`, `document/<id>` or `party/<id>` → reason.
pub const REDACTED: &str = "redacted";

/// Map: document id → record; see [`super::facet::document`].
pub const DOCUMENTS: &str = "documents";
/// Map: version id → record; see [`super::facet::document`].
pub const VERSIONS: &str = "versions";
/// Map: approval id → record; see [`super::facet::approval`].
pub const APPROVALS: &str = "approvals";
/// Map: transfer id → record; see [`super::facet::handover`].
pub const TRANSFERS: &str = "transfers";
/// Map: referral id → record; see [`super::facet::referral`].
pub const REFERRALS: &str = "referrals";
/// Map: hold id → record; see [`super::facet::hold`].
pub const HOLDS: &str = "holds";

/// Map: effect of a rule → map: notices, requests to the agent, rules that failed.
pub const RUNS: &str = "runs";
/// Map: claim id → map: what agents took on.
pub const CLAIMS: &str = "claims";

/// Map: member id → day of the last reading; see [`super::facet::reading`].
pub const READS: &str = "reads";
/// Map: party id → record; see [`super::facet::party`].
pub const PARTIES: &str = "parties";
/// Map: `<relation>:<case>` → true; see [`super::facet::link`].
pub const LINKS: &str = "links";
/// Map: name → value; see [`super::facet::keeping`].
pub const MARKS: &str = "marks";
/// Map: flag → true; see [`super::facet::keeping`].
pub const FLAGS: &str = "flags";
/// Map: action id → the closing that was taken back, as it lay at [`CLOSED`].
pub const REOPENINGS: &str = "reopenings";

/// Map: request id → record; see [`super::facet::form`].
pub const FORM_REQUESTS: &str = "form_requests";
/// Map: submission id → record; see [`super::facet::form`].
pub const SUBMISSIONS: &str = "submissions";
/// Map: addition id → record; see [`super::facet::form`].
pub const ADDITIONS: &str = "additions";

/// The root scalars in the order in which the opening change writes them.
pub const ROOT_SCALARS: [&str; 11] = [
    KIND, VERSION, TEMPLATE, NUMBER, TITLE, STAGE, OWNER, PRIORITY, SEVERITY, DUE, CLOSED,
];
/// The maps in the order in which the opening change creates them. The sixteen maps of comments
/// follow them.
pub const MAPS: [&str; 30] = [
    FIELDS,
    SETS,
    COUNTS,
    TEXTS,
    LABELS,
    ASSIGNEES,
    WATCHERS,
    TASKS,
    COMMENTS,
    DECISIONS,
    OVERRIDES,
    REDACTED,
    DOCUMENTS,
    VERSIONS,
    APPROVALS,
    TRANSFERS,
    REFERRALS,
    HOLDS,
    RUNS,
    CLAIMS,
    READS,
    PARTIES,
    LINKS,
    MARKS,
    FLAGS,
    REOPENINGS,
    FORM_REQUESTS,
    SUBMISSIONS,
    ADDITIONS,
    TAKEN,
];
/// The keys of the maps of comments.
pub const BUCKETS: [&str; 16] = [
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f",
];

/// Task: its title.
pub const TASK_TITLE: &str = "title";
/// Task: member id of the assignee, or null.
pub const TASK_ASSIGNEE: &str = "assignee";
/// Task: due date, or null.
pub const TASK_DUE: &str = "due";
/// Key of a task: how it repeats, or null; absent while nobody said.
pub const TASK_REPEAT: &str = "repeat";
/// Task: one of the three texts below.
pub const TASK_STATUS: &str = "status";
/// Status of a task that is to be done.
pub const TASK_OPEN: &str = "open";
/// Status of a task that was done.
pub const TASK_DONE: &str = "done";
/// Status of a task that was cancelled.
pub const TASK_CANCELLED: &str = "cancelled";

/// Decision: what was asked.
pub const DECISION_QUESTION: &str = "question";
/// Decision: what was answered.
pub const DECISION_OUTCOME: &str = "outcome";
/// Decision: why.
pub const DECISION_RATIONALE: &str = "rationale";
/// Decision: under which conditions.
pub const DECISION_CONDITIONS: &str = "conditions";
/// Decision: ids of the decisions it supersedes, ascending, separated by one space.
pub const DECISION_SUPERSEDES: &str = "supersedes";

/// The key of a label in [`TAKEN`].
#[must_use]
pub fn taken_label_key(label: &str) -> String {
    format!("label/{label}")
}

/// The key of an option in [`TAKEN`]; `option` is its [`option_key`].
#[must_use]
pub fn taken_option_key(option: &str) -> String {
    format!("option/{option}")
}

/// The key of one option of a multi select in [`SETS`].
#[must_use]
pub fn option_key(field: &str, option: &str) -> String {
    format!("{field}/{option}")
}

/// Field and option of a key of [`SETS`].
#[must_use]
pub fn split_option_key(key: &str) -> Option<(&str, &str)> {
    key.split_once('/')
}

/// The key of one step of a counter in [`COUNTS`].
#[must_use]
pub fn count_key(field: &str, action: PartId) -> String {
    format!("{field}/{action}")
}

/// Field and action of a key of [`COUNTS`].
#[must_use]
pub fn split_count_key(key: &str) -> Option<(&str, PartId)> {
    let (field, action) = key.split_once('/')?;
    Some((field, action.parse().ok()?))
}

/// The key of a comment's redaction in [`REDACTED`].
#[must_use]
pub fn redacted_comment_key(comment: PartId) -> String {
    format!("comment/{comment}")
}

/// The key of a field's redaction in [`REDACTED`].
#[must_use]
pub fn redacted_field_key(field: &str) -> String {
    format!("field/{field}")
}

/// The field that a key of [`REDACTED`] hides, if it hides one.
#[must_use]
pub fn split_redacted_field_key(key: &str) -> Option<&str> {
    key.strip_prefix("field/")
}

/// The key of a comment in its map: what never changes about it lies here, so that an edit cannot
/// change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommentKey {
    /// The comment.
    pub id: PartId,
    /// Written for people outside the team.
    pub external: bool,
    /// The comment it answers.
    pub reply_to: Option<PartId>,
}

impl CommentKey {
    /// The key of the map it lies in, one of [`BUCKETS`].
    #[must_use]
    pub fn bucket(&self) -> &'static str {
        BUCKETS[self.id.bucket()]
    }
}

impl fmt::Display for CommentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.id, if self.external { "e" } else { "i" })?;
        match self.reply_to {
            Some(parent) => write!(f, "/{parent}"),
            None => Ok(()),
        }
    }
}

/// A key that no comment can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key:?} is not the key of a comment")]
pub struct CommentKeyError {
    /// The first 80 characters of the key.
    pub key: String,
}

impl FromStr for CommentKey {
    type Err = CommentKeyError;

    fn from_str(key: &str) -> Result<Self, CommentKeyError> {
        let read = || {
            let mut parts = key.split('/');
            let id = parts.next()?.parse().ok()?;
            let external = match parts.next()? {
                "i" => false,
                "e" => true,
                _ => return None,
            };
            let reply_to = match parts.next() {
                Some(parent) => Some(parent.parse().ok()?),
                None => None,
            };
            parts.next().is_none().then_some(Self {
                id,
                external,
                reply_to,
            })
        };
        read().ok_or_else(|| CommentKeyError {
            key: key.chars().take(80).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_split_into_what_they_were_built_from() {
        let id = PartId::new([0xab, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(
            split_option_key(&option_key("skills", "rust")),
            Some(("skills", "rust"))
        );
        assert_eq!(
            split_count_key(&count_key("visits", id)),
            Some(("visits", id))
        );
        for (external, reply_to) in [(true, None), (false, Some(PartId::new([1; 8])))] {
            let key = CommentKey {
                id,
                external,
                reply_to,
            };
            assert_eq!(key.to_string().parse(), Ok(key));
            assert_eq!(key.bucket(), "a");
        }
    }

    #[test]
    fn a_key_with_more_or_other_parts_is_no_comment() {
        let id = "ab00000000000001";
        for key in [
            String::new(),
            id.to_owned(),
            format!("{id}/x"),
            format!("{id}/i/"),
            format!("{id}/i/{id}/{id}"),
            format!("{}/i", id.to_uppercase()),
        ] {
            assert!(key.parse::<CommentKey>().is_err(), "{key}");
        }
    }
}
