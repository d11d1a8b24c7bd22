//! What was done about transfers, referrals and holds, in sentences.

use casework_engine::approval::Seat;
use casework_engine::case::facet::handover::TransferKind;
use casework_engine::case::facet::hold::HoldKind;
use casework_engine::case::facet::referral::ReferralKind;
use casework_engine::view::TimelineEntry;

use super::subject;
use crate::telling::{Teller, plain, quoted};

pub(super) fn transfer(teller: &Teller<'_>, kind: TransferKind, entry: &TimelineEntry) -> String {
    let seat = |text: &str| match text.parse::<Seat>() {
        Ok(to) => teller.glossary.seat(&to),
        Err(_) => plain(text),
    };
    let to = match entry.after.first().and_then(|to| to.as_text()) {
        Some(text) if kind == TransferKind::Offer => seat(text),
        Some(_) | None => entry.subject.as_deref().map_or_else(String::new, seat),
    };
    match kind {
        TransferKind::Offer => format!("case offered to {to}"),
        TransferKind::Accept => "transfer accepted: now the owner".to_owned(),
        TransferKind::Decline => format!("transfer to {to} declined"),
        TransferKind::Withdraw => format!("transfer to {to} withdrawn"),
    }
}

pub(super) fn referral(kind: ReferralKind, entry: &TimelineEntry) -> String {
    match kind {
        ReferralKind::Make => format!("referred for {}", quoted(&entry.after)),
        ReferralKind::Accept => format!("referral {} accepted", subject(entry)),
        ReferralKind::Decline => format!("referral {} declined", subject(entry)),
        ReferralKind::Complete => {
            format!(
                "referral {} completed: {}",
                subject(entry),
                quoted(&entry.after)
            )
        }
        ReferralKind::Withdraw => format!("referral {} withdrawn", subject(entry)),
    }
}

pub(super) fn hold(kind: HoldKind, entry: &TimelineEntry) -> String {
    match kind {
        HoldKind::Start => format!("on hold: {}", quoted(&entry.after)),
        HoldKind::End => format!("hold {} ended", subject(entry)),
    }
}
