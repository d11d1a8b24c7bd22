//! How large a template may be, each bound with its reason. One place for each fact.

use casework_protocol::limits::{MAX_NAME_BYTES, MAX_TEXT_BYTES};

/// Longest TOML or JSON file that is read, in bytes: four times the largest package, for comments
/// and indentation.
pub const MAX_SOURCE_BYTES: usize = 4 * MAX_PACKAGE_BYTES;
/// Longest canonical package, in bytes. A publish carries its whole package as one text of one
/// change.
pub const MAX_PACKAGE_BYTES: usize = MAX_TEXT_BYTES;
/// Most stages. A board shows a dozen; processes mined from logs have up to a hundred.
pub const MAX_STAGES: usize = 200;
/// Most fields. Opening a case with all of them must fit into one change.
pub const MAX_FIELDS: usize = 500;
/// Most options of one select: the municipalities of a country, not its streets.
pub const MAX_OPTIONS: usize = 1_000;
/// Most columns of one table.
pub const MAX_COLUMNS: usize = 50;
/// Most listed transitions. Beyond this, freedom of movement is easier to read than a list.
pub const MAX_TRANSITIONS: usize = 2_000;
/// Most rules of one transition, stage or field: a person reads every one of them before acting.
pub const MAX_RULES: usize = 20;
/// Most decision types, and most resolutions.
pub const MAX_DECISION_TYPES: usize = 100;
/// Most outcomes of one decision type.
pub const MAX_OUTCOMES: usize = 100;
/// Most tasks or required documents named by one stage.
pub const MAX_STAGE_TASKS: usize = 100;
/// Most lines in the checklist of a task that a stage creates: what a person does in one go.
pub const MAX_CHECKLIST: usize = 100;
/// Most roles that may work on a case in one stage.
pub const MAX_EDIT_ROLES: usize = 50;
/// Most groups of a condition, and most tests of one group: what a person can still read.
pub const MAX_TESTS: usize = 20;
/// Most values that one test compares with.
pub const MAX_TEST_VALUES: usize = 100;
/// Farthest that a relative date lies from today, in its own unit (`today+5d`): a century of days.
pub const MAX_DISTANCE: u32 = 36_600;
/// Most kinds of approval.
pub const MAX_APPROVAL_TYPES: usize = 100;
/// Most approvers that one question names. More people than this are a role or a team.
pub const MAX_APPROVERS: usize = 50;
/// Most thresholds of one kind of approval.
pub const MAX_THRESHOLDS: usize = 20;
/// Most currencies that one field may list.
pub const MAX_CURRENCIES: usize = 200;
/// Longest name or label, in bytes: what fits on a card and in a table head.
pub const MAX_LABEL_BYTES: usize = MAX_NAME_BYTES;
/// Longest description, help or rule message, in bytes: a paragraph.
pub const MAX_PROSE_BYTES: usize = 4_000;
/// Shortest and longest key of case numbers, in letters: `HR` to `CREDIT`.
pub const KEY_LETTERS: core::ops::RangeInclusive<usize> = 2..=6;

/// Most patterns in one template, columns included. Compiling one within the bounds below may take
/// several milliseconds, and every replica does it for every revision it receives.
pub const MAX_PATTERNS: usize = 50;
/// Longest pattern, in bytes.
pub const MAX_PATTERN_BYTES: usize = 500;
/// Most memory a compiled pattern may take, in bytes. With [`MAX_MATCHED_BYTES`] it bounds the time
/// of one match, which grows with the product of the two.
pub const MAX_PATTERN_PROGRAM_BYTES: usize = 1024 * 1024;
/// Deepest nesting inside a pattern.
pub const MAX_PATTERN_NESTING: u32 = 50;
/// Longest text that is matched against a pattern, in bytes. Patterns are for identifiers; a longer
/// text does not match.
pub const MAX_MATCHED_BYTES: usize = 1024;

/// Most forms of one template.
pub const MAX_FORMS: usize = 50;
/// Most fields that one form asks for: nobody answers more in one sitting.
pub const MAX_FORM_FIELDS: usize = 100;
/// Most questions of a form's own.
pub const MAX_FORM_QUESTIONS: usize = 50;
/// Most documents that a person may name in one submission.
pub const MAX_FORM_ATTACHMENTS: usize = 20;
/// Most labels that a form puts on the case it opens.
pub const MAX_FORM_LABELS: usize = 20;
/// Most languages of one form beside its own: the official ones of the European Union.
pub const MAX_FORM_LANGUAGES: usize = 24;
/// Longest time that a link to a form may be good for, in days: ten years.
pub const MAX_FORM_DAYS: u32 = 3_650;
/// Most stages, fields or options of earlier revisions that are mapped, each, beyond as many as
/// there may be at once: what a template sheds in years of use.
pub const MAX_MAPPINGS: usize = 1_000;
/// Most revisions that one publish supersedes: as many offices published at once.
pub const MAX_SUPERSEDED: usize = 64;
/// Most parts that one action changes in a draft: a template that is imported over another one.
pub const MAX_EDITS: usize = 2_000;
/// Longest path of a part, in bytes: the ids on it.
pub const MAX_PATH_BYTES: usize = 500;
/// Most automations of one template. Each one that waits for an event is asked on every such act.
pub const MAX_AUTOMATIONS: usize = 200;
/// Most actions of one automation, and most tasks that one action creates.
pub const MAX_AUTOMATION_ACTIONS: usize = 50;
/// Most people or groups that one notice names.
pub const MAX_NOTIFIED: usize = 50;
/// Most lines of the checklist of a task that an automation creates.
pub const MAX_CHECKLIST_ITEMS: usize = 100;

/// Most kinds of document in one template: a filing plan, not an archive.
pub const MAX_DOCUMENT_TYPES: usize = 200;
/// Most roles of parties in one template.
pub const MAX_PARTY_ROLES: usize = 100;
