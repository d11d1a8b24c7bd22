//! The part of the play that belongs to facets: every action of each, one after the other.
//!
//! Numbers of acts and parts begin at 1,000 here, a hundred for each facet.

use super::{Desk, part};
use crate::case::CaseAction;
use crate::case::facet::attention::AttentionAction;
use crate::case::facet::document::{DocumentAction, FileMark, VersionStatus};

/// Plays all of them.
pub(super) fn play(ana: &mut Desk) {
    documents(ana);
    attention(ana);
}

/// A file that these words are in.
pub(crate) fn file(words: &str) -> FileMark {
    let digest = |byte: u8| format!("{byte:02x}").repeat(32);
    FileMark {
        name: format!("{words}.pdf"),
        sha256: digest(words.len() as u8),
        bytes: words.len() as u64,
        media: "application/pdf".into(),
    }
}

/// Does actions with ids from this number on.
fn does<A: Into<CaseAction>>(desk: &mut Desk, from: u64, actions: impl IntoIterator<Item = A>) {
    for (n, action) in (from..).zip(actions) {
        desk.act(crate::case::Act::new(part(n), action.into()).because("because"));
    }
}

fn documents(ana: &mut Desk) {
    let (document, first, second, third) = (part(1001), part(1002), part(1003), part(1004));
    let (version, name) = (first, "Offer".to_owned());
    let kind = "letter".into();
    let file = file("offer");
    let add = DocumentAction::Add {
        id: document,
        name,
        kind,
        version,
        file,
    };
    let mut rui = ana.copy_to(2);
    does(ana, 1010, [add]);
    let next = |id, words| DocumentAction::AddVersion {
        document,
        id,
        parents: [].into(),
        file: self::file(words),
    };
    rui.merge(ana);
    does(ana, 1020, [next(second, "better offer")]);
    does(&mut rui, 1030, [next(third, "best offer")]);
    ana.merge(&rui);
    let status = VersionStatus::Approved;
    let name = "Offer letter".to_owned();
    does(
        ana,
        1040,
        [
            DocumentAction::Choose {
                document,
                version: second,
                over: [].into(),
            },
            DocumentAction::SetStatus {
                version: second,
                status,
            },
            DocumentAction::Rename { document, name },
            DocumentAction::Withdraw { document },
            DocumentAction::Reinstate { document },
        ],
    );
}

fn attention(ana: &mut Desk) {
    let member = super::member(3);
    let severity = Some("grave".to_owned());
    let watch = AttentionAction::Watch { member };
    let unwatch = AttentionAction::Unwatch { member };
    let severe = AttentionAction::SetSeverity { severity };
    does(ana, 1100, [watch, unwatch, severe]);
}
