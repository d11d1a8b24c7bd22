//! The commit message of a change: what was done, to what, why, and what the author had seen.
//!
//! Compact JSON that begins with the citation in its fixed encoding, then `t`, `v`, `do` and the
//! rest in one order; absent keys are left out. Invariant: a message has exactly one text, so
//! reading is strict: whatever this module would write differently is malformed.

use core::fmt;
use core::str::FromStr;

use casework_protocol::citation::Citation;
use casework_protocol::ids::{ChangeHash, MemberId, RevisionId};
use serde::{Deserialize, Serialize};

use super::action::Imported;
use super::cause::Cause;
use super::kind::ActionKind;

/// The version of messages that this program writes.
pub const MESSAGE_VERSION: u64 = 1;
/// Largest distance of a zone from UTC, in minutes: a whole day, more than any zone has.
pub const MAX_ZONE_MIN: u16 = 24 * 60;

/// What a change says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Roster and access version the author saw.
    pub citation: Citation,
    /// The template revision it was judged by; absent in template documents.
    pub revision: Option<RevisionMark>,
    /// What was done.
    pub action: ActionKind,
    /// To what: a field id, task id, comment id, stage id, label, member or place.
    pub on: Option<String>,
    /// The reason given.
    pub why: Option<String>,
    /// The rule that was overridden; never without a reason.
    pub rule: Option<String>,
    /// The author's offset from UTC, in minutes.
    pub zone_min: i16,
    /// Who is claimed to have done this, and when, in the place it was imported from.
    pub imported: Option<Imported>,
    /// The change that this one does again.
    pub redo_of: Option<ChangeHash>,
    /// The automation that did it; absent for what a person did.
    pub cause: Option<Cause>,
    /// The change that this one takes back.
    pub undo_of: Option<ChangeHash>,
}

/// The first sixteen bytes of a revision id, as changes cite it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RevisionMark([u8; 16]);

/// A message that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// The text is not what this format allows. Cause: a foreign or hostile author. Cure: none,
    /// the change is quarantined.
    #[error("the message is malformed ({reason}): {start:?}")]
    Malformed {
        /// What is wrong.
        reason: String,
        /// The first 80 characters of the message.
        start: String,
    },
    /// The message is of a later version. Cure: update; the change waits.
    #[error("the message is of version {0}, which is not known to this version")]
    UnknownVersion(u64),
    /// The action is of a later version. Cure: update; the change waits.
    #[error("the action {0:?} is not known to this version")]
    UnknownAction(String),
}

/// The message after its citation, in the order of its keys.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    t: Option<RevisionMark>,
    v: u64,
    #[serde(rename = "do")]
    action: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    on: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    tz: i16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    im: Option<Claim>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    redo: Option<ChangeHash>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<Cause>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    undo: Option<ChangeHash>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claim {
    who: MemberId,
    at: i64,
    tz: i16,
}

/// What every later version keeps readable.
#[derive(Deserialize)]
struct Probe {
    v: u64,
    #[serde(rename = "do")]
    action: String,
}

impl Message {
    /// The text of the message: the citation's fixed beginning, then compact JSON.
    #[must_use]
    pub fn to_text(&self) -> String {
        let claim = |c: Imported| Claim {
            who: c.who,
            at: c.at_ms,
            tz: c.zone_min,
        };
        let body = Body {
            t: self.revision,
            v: MESSAGE_VERSION,
            action: self.action.name().to_owned(),
            on: self.on.clone(),
            why: self.why.clone(),
            rule: self.rule.clone(),
            tz: self.zone_min,
            im: self.imported.map(claim),
            redo: self.redo_of,
            by: self.cause.clone(),
            undo: self.undo_of,
        };
        let json = serde_json::to_string(&body).expect("texts and numbers always serialise");
        let mut text = self.citation.to_prefix();
        text.push_str(
            json.strip_prefix('{')
                .expect("an object begins with a brace"),
        );
        text
    }

    /// Reads a message.
    ///
    /// # Errors
    /// [`MessageError`]: malformed, or of a version or an action that is not known yet.
    pub fn read(text: &str) -> Result<Self, MessageError> {
        let malformed = |reason: String| MessageError::Malformed {
            reason,
            start: text.chars().take(80).collect(),
        };
        let citation = Citation::read(text).map_err(|error| malformed(error.to_string()))?;
        let rest = text
            .strip_prefix(citation.to_prefix().as_str())
            .ok_or_else(|| malformed("the citation is not canonical".to_owned()))?;
        let json = format!("{{{rest}");
        let message = match read_body(citation, &json) {
            Ok(message) => message,
            Err(reason) => return Err(of_later_version(&json).unwrap_or_else(|| malformed(reason))),
        };
        if message.to_text() != text {
            return Err(malformed("it is not in canonical form".to_owned()));
        }
        Ok(message)
    }
}

impl MessageError {
    /// Whether a later version of this program can read it: the change waits and the case says
    /// "update needed". Otherwise the change is quarantined.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        matches!(self, Self::UnknownVersion(_) | Self::UnknownAction(_))
    }
}

fn read_body(citation: Citation, json: &str) -> Result<Message, String> {
    let body: Body = serde_json::from_str(json).map_err(|error| error.to_string())?;
    if body.v != MESSAGE_VERSION {
        return Err(format!("version {}", body.v));
    }
    let action = body
        .action
        .parse::<ActionKind>()
        .map_err(|error| error.to_string())?;
    let imported = body.im.map(|c| Imported {
        who: c.who,
        at_ms: c.at,
        zone_min: c.tz,
    });
    let zones = [Some(body.tz), imported.map(|claim| claim.zone_min)];
    if let Some(zone) = zones
        .into_iter()
        .flatten()
        .find(|zone| zone.unsigned_abs() > MAX_ZONE_MIN)
    {
        return Err(format!("{zone} minutes are no offset from UTC"));
    }
    if body.rule.is_some() && body.why.as_ref().is_none_or(String::is_empty) {
        return Err("a rule is overridden without a reason".to_owned());
    }
    if let Some(fault) = body.by.as_ref().and_then(Cause::fault) {
        return Err(fault.to_owned());
    }
    if body.by.is_some() && !action.is_of_case() {
        return Err(format!("no automation does {action}"));
    }
    if body.t.is_some() != action.is_of_case() {
        return Err(format!(
            "{action} must cite a revision exactly if it is done to a case"
        ));
    }
    Ok(Message {
        citation,
        revision: body.t,
        action,
        on: body.on,
        why: body.why,
        rule: body.rule,
        zone_min: body.tz,
        imported,
        redo_of: body.redo,
        cause: body.by,
        undo_of: body.undo,
    })
}

fn of_later_version(json: &str) -> Option<MessageError> {
    let probe: Probe = serde_json::from_str(json).ok()?;
    if probe.v != MESSAGE_VERSION {
        return Some(MessageError::UnknownVersion(probe.v));
    }
    probe
        .action
        .parse::<ActionKind>()
        .err()
        .map(|error| MessageError::UnknownAction(error.name))
}

impl RevisionMark {
    /// The mark of a revision.
    #[must_use]
    pub fn of(revision: &RevisionId) -> Self {
        let mut mark = [0; 16];
        mark.copy_from_slice(&revision.as_bytes()[..16]);
        Self(mark)
    }

    /// Whether this revision is the one cited.
    #[must_use]
    pub fn names(&self, revision: &RevisionId) -> bool {
        revision.as_bytes().starts_with(&self.0)
    }
}

impl fmt::Display for RevisionMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        data_encoding::HEXLOWER.encode_display(&self.0).fmt(f)
    }
}

/// A text that is not the mark of a revision. Cure: copy all thirty-two digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not the mark of a revision: it must be 32 lower-case hexadecimal digits")]
pub struct RevisionMarkError {
    /// The first 80 characters of the text.
    pub text: String,
}

impl FromStr for RevisionMark {
    type Err = RevisionMarkError;

    fn from_str(text: &str) -> Result<Self, RevisionMarkError> {
        data_encoding::HEXLOWER
            .decode(text.as_bytes())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or_else(|| RevisionMarkError {
                text: text.chars().take(80).collect(),
            })
    }
}

impl Serialize for RevisionMark {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RevisionMark {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use casework_protocol::citation::CitedVersion;

    use super::*;

    fn message() -> Message {
        Message {
            citation: Citation {
                roster: CitedVersion {
                    version: 12,
                    mark: [0x9f; 8],
                },
                access: CitedVersion {
                    version: 3,
                    mark: [0x77; 8],
                },
            },
            revision: Some(RevisionMark([7; 16])),
            action: ActionKind::StageMove,
            on: Some("review".into()),
            why: None,
            rule: None,
            zone_min: 120,
            imported: None,
            redo_of: None,
            cause: None,
            undo_of: None,
        }
    }

    #[test]
    fn the_text_of_a_message_is_pinned() {
        assert_eq!(
            message().to_text(),
            "{\"w\":\"12:9f9f9f9f9f9f9f9f\",\"a\":\"3:7777777777777777\",\
             \"t\":\"07070707070707070707070707070707\",\"v\":1,\"do\":\"stage.move\",\
             \"on\":\"review\",\"tz\":120}"
        );
    }

    #[test]
    fn a_full_message_reads_back() {
        let full = Message {
            why: Some("the \"client\" asked\n".into()),
            rule: Some("interview first".into()),
            imported: Some(Imported {
                who: MemberId::new([1; 16]),
                at_ms: -5,
                zone_min: -90,
            }),
            redo_of: Some(ChangeHash::new([2; 32])),
            cause: Some(Cause {
                rule: "welcome".into(),
                of: Some(ChangeHash::new([3; 32])),
                key: crate::case::PartId::new([4; 8]),
                step: 2,
                depth: 1,
            }),
            ..message()
        };
        assert_eq!(Message::read(&full.to_text()), Ok(full));
        assert_eq!(Message::read(&message().to_text()), Ok(message()));
    }

    #[test]
    fn a_later_version_or_action_waits_and_is_never_malformed() {
        let text = message().to_text();
        let later = text.replace("\"v\":1,", "\"v\":2,\"new\":[1],");
        assert_eq!(Message::read(&later), Err(MessageError::UnknownVersion(2)));
        let unknown = text.replace("stage.move", "stage.leap");
        let error = Message::read(&unknown).unwrap_err();
        assert_eq!(error, MessageError::UnknownAction("stage.leap".into()));
        assert!(error.is_waiting());
    }

    #[test]
    fn every_departure_from_the_one_text_is_malformed() {
        let text = message().to_text();
        for (from, to) in [
            ("\"v\":1", "\"v\": 1"),
            ("\"tz\":120", "\"tz\":120,\"tz\":120"),
            ("\"tz\":120", "\"tz\":1441"),
            ("\"tz\":120", "\"tz\":120,\"by\":{}"),
            ("\"on\":\"review\"", "\"on\":null"),
            ("\"on\":\"review\"", "\"rule\":\"ask\""),
            ("review", "\\u0072eview"),
            ("\"t\":\"07070707070707070707070707070707\",", ""),
            ("{\"w\"", "{ \"w\""),
            ("}", "} "),
        ] {
            let wrong = text.replacen(from, to, 1);
            assert_ne!(wrong, text);
            let error = Message::read(&wrong).unwrap_err();
            assert!(!error.is_waiting(), "{wrong} {error}");
        }
        assert!(Message::read("").is_err());
    }
}
