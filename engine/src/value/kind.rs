//! The types a field can have and the policies by which concurrent values of it merge.
//!
//! Names are part of the template format and of every published revision: they never change.

use core::fmt;

use serde::{Deserialize, Serialize};

/// The type of a field. It can never change once a revision with the field was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FieldType {
    /// One line of text.
    Text,
    /// Prose of several lines.
    LongText,
    /// An exact decimal of up to 28 digits.
    Number,
    /// An exact amount in one currency.
    Money,
    /// A calendar date without a time or zone.
    Date,
    /// A moment with the offset it was written in.
    DateTime,
    /// Yes or no.
    Checkbox,
    /// One of the field's options.
    SingleSelect,
    /// Several of the field's options.
    MultiSelect,
    /// A member of the workspace.
    Member,
    /// A person or organisation involved in the case, with a role.
    Party,
    /// Another case and how this one relates to it.
    CaseLink,
    /// A telephone number.
    Phone,
    /// An e-mail address.
    Email,
    /// A web address.
    Url,
    /// A point on the earth with the accuracy of its measurement.
    Location,
    /// A file. Accepted in templates; values need attachments.
    File,
    /// A signature. Accepted in templates; values need attachments.
    Signature,
    /// A number that concurrent actions add to.
    Counter,
    /// A repeating group: rows of columns.
    Table,
    /// A read-only result. Accepted in templates; nobody sets it.
    Formula,
}

impl FieldType {
    /// Every type, in the order of the documentation.
    pub const ALL: [Self; 21] = [
        Self::Text,
        Self::LongText,
        Self::Number,
        Self::Money,
        Self::Date,
        Self::DateTime,
        Self::Checkbox,
        Self::SingleSelect,
        Self::MultiSelect,
        Self::Member,
        Self::Party,
        Self::CaseLink,
        Self::Phone,
        Self::Email,
        Self::Url,
        Self::Location,
        Self::File,
        Self::Signature,
        Self::Counter,
        Self::Table,
        Self::Formula,
    ];

    /// The name used in templates.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::LongText => "long-text",
            Self::Number => "number",
            Self::Money => "money",
            Self::Date => "date",
            Self::DateTime => "date-time",
            Self::Checkbox => "checkbox",
            Self::SingleSelect => "single-select",
            Self::MultiSelect => "multi-select",
            Self::Member => "member",
            Self::Party => "party",
            Self::CaseLink => "case-link",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Url => "url",
            Self::Location => "location",
            Self::File => "file",
            Self::Signature => "signature",
            Self::Counter => "counter",
            Self::Table => "table",
            Self::Formula => "formula",
        }
    }

    /// What a person writes to give such a value, for messages: "an amount such as 12.50 EUR".
    #[must_use]
    pub const fn expectation(self) -> &'static str {
        match self {
            Self::Text => "one line of text",
            Self::LongText => "text",
            Self::Number => "a number such as 1234.5, without thousands separators",
            Self::Money => "an amount with its currency such as 12.50 EUR",
            Self::Date => "a date such as 2026-03-01",
            Self::DateTime => "a moment with its offset such as 2026-03-01 09:30 +01:00",
            Self::Checkbox => "yes or no",
            Self::SingleSelect => "one of the options",
            Self::MultiSelect => "options separated by commas",
            Self::Member => "a member id of 32 hexadecimal digits",
            Self::Party => "name; role; contact (role and contact may be left out)",
            Self::CaseLink => {
                "a relation and a case id, such as blocks 00112233445566778899aabbccddeeff"
            }
            Self::Phone => "a telephone number such as +351 912 345 678",
            Self::Email => "an e-mail address such as ana@example.org",
            Self::Url => "a web address that starts with http:// or https://",
            Self::Location => {
                "latitude, longitude and perhaps metres of accuracy, such as 38.7223, -9.1393, 12"
            }
            Self::File | Self::Signature => "an attachment, which this version cannot carry",
            Self::Counter => "a whole number to add, such as 3 or -1",
            Self::Table => r#"rows as JSON, such as [{"id":"r1","cells":{"service":"food"}}]"#,
            Self::Formula => "nothing: it is computed",
        }
    }

    /// False for file and signature (this version carries no attachments) and formula.
    #[must_use]
    pub const fn accepts_values(self) -> bool {
        !matches!(self, Self::File | Self::Signature | Self::Formula)
    }

    /// True for the two select types.
    #[must_use]
    pub const fn has_options(self) -> bool {
        matches!(self, Self::SingleSelect | Self::MultiSelect)
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What happens to concurrent values of one field. (Two equal values never conflict.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ConflictPolicy {
    /// Both are kept, a deterministic one is shown, people settle it.
    Contested,
    /// The deterministic winner is shown; the other stays on the timeline.
    Latest,
    /// Deltas are summed.
    Counter,
    /// Adding an option wins over concurrently removing it.
    Set,
    /// Texts merge character by character.
    Text,
}

impl ConflictPolicy {
    /// Every policy.
    pub const ALL: [Self; 5] = [
        Self::Contested,
        Self::Latest,
        Self::Counter,
        Self::Set,
        Self::Text,
    ];

    /// The policy of a field whose template names none.
    #[must_use]
    pub const fn default_for(kind: FieldType) -> Self {
        match kind {
            FieldType::Counter => Self::Counter,
            FieldType::MultiSelect => Self::Set,
            FieldType::Text
            | FieldType::LongText
            | FieldType::Number
            | FieldType::Money
            | FieldType::Date
            | FieldType::DateTime
            | FieldType::Checkbox
            | FieldType::SingleSelect
            | FieldType::Member
            | FieldType::Party
            | FieldType::CaseLink
            | FieldType::Phone
            | FieldType::Email
            | FieldType::Url
            | FieldType::Location
            | FieldType::File
            | FieldType::Signature
            | FieldType::Table
            | FieldType::Formula => Self::Contested,
        }
    }

    /// Whether a field of this type may have this policy. A counter is deltas, so nothing but
    /// summing has a meaning for it.
    #[must_use]
    pub const fn suits(self, kind: FieldType) -> bool {
        match self {
            Self::Contested | Self::Latest => !matches!(kind, FieldType::Counter),
            Self::Counter => matches!(kind, FieldType::Counter),
            Self::Set => matches!(kind, FieldType::MultiSelect),
            Self::Text => matches!(kind, FieldType::Text | FieldType::LongText),
        }
    }

    /// The name used in templates.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Contested => "contested",
            Self::Latest => "latest",
            Self::Counter => "counter",
            Self::Set => "set",
            Self::Text => "text",
        }
    }
}

impl fmt::Display for ConflictPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_and_policy_is_written_in_templates_by_its_name() {
        for kind in FieldType::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        for policy in ConflictPolicy::ALL {
            assert_eq!(serde_json::to_value(policy).unwrap(), policy.name());
        }
    }

    #[test]
    fn the_default_policy_of_every_type_suits_it() {
        for kind in FieldType::ALL {
            assert!(ConflictPolicy::default_for(kind).suits(kind), "{kind}");
        }
    }

    #[test]
    fn special_policies_suit_only_their_types() {
        for kind in FieldType::ALL {
            assert_eq!(
                ConflictPolicy::Set.suits(kind),
                kind == FieldType::MultiSelect
            );
            assert_eq!(
                ConflictPolicy::Counter.suits(kind),
                kind == FieldType::Counter
            );
            assert_eq!(
                ConflictPolicy::Text.suits(kind),
                matches!(kind, FieldType::Text | FieldType::LongText)
            );
        }
    }
}
