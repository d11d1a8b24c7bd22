//! The half of the pages for people who come back with a receipt.
//!
//! A number that is not known and one that was mistyped get the same page after the same time.

use casework::receipt::Receipt;

use super::answers::TICKET;
use super::limits::{FLOOR_MS, MAX_ADDITION_BYTES, MAX_ADDITIONS, SENDS_PER_MINUTE};
use super::office::{Office, OfficeFault};
use super::patience::Deed;
use super::receipt_page::{ADDITION, Desk, RECEIPT, Said};
use super::site::{Site, is_fresh, read_body, ui_of, unreadable, wait};
use super::visit::{Reply, Visit};

/// What a ticket of the page that asks for a receipt is for.
const FOR_RECEIPTS: &str = "receipts";

impl Site {
    /// The page that asks for a receipt.
    pub(super) fn ask(
        &self,
        visit: &Visit<'_>,
        (status, typed): (u16, &str),
        why: Option<&str>,
    ) -> Reply {
        let ticket = self.fresh(FOR_RECEIPTS, visit);
        let desk = self.desk(visit, &ticket);
        Reply::page(status, desk.ui.tag, desk.ask(typed, why))
    }

    /// What stands behind a receipt.
    pub(super) fn follow(
        &self,
        office: &dyn Office,
        visit: &Visit<'_>,
    ) -> Result<Reply, OfficeFault> {
        if let Err(secs) = self.may_miss(visit) {
            return Ok(wait(visit, secs));
        }
        let Some(answers) = read_body(visit) else {
            return Ok(unreadable(visit));
        };
        let typed = answers.first(RECEIPT);
        let ui = ui_of(visit);
        let ticket = self.key.read(FOR_RECEIPTS, answers.first(TICKET));
        if !ticket.is_some_and(|ticket| is_fresh(ticket, visit)) {
            return Ok(self.ask(visit, (422, typed), Some(ui.too_old)));
        }
        let found = match typed.parse::<Receipt>() {
            Ok(receipt) => office
                .follow(&receipt.hash())?
                .map(|found| (receipt, found)),
            Err(_) => None,
        };
        let Some((receipt, followed)) = found else {
            return Ok(self.unknown_receipt(visit, typed));
        };
        let ticket = self.fresh(&receipt.hash(), visit);
        let page = self
            .desk(visit, &ticket)
            .show(&receipt, &followed, "", None);
        Ok(Reply::page(200, ui.tag, page))
    }

    /// Adds to what was sent.
    pub(super) fn add(&self, office: &dyn Office, visit: &Visit<'_>) -> Result<Reply, OfficeFault> {
        if let Err(secs) = self.may_miss(visit) {
            return Ok(wait(visit, secs));
        }
        let Some(answers) = read_body(visit) else {
            return Ok(unreadable(visit));
        };
        let ui = ui_of(visit);
        let Ok(receipt) = answers.first(RECEIPT).parse::<Receipt>() else {
            return Ok(self.unknown_receipt(visit, ""));
        };
        let hash = receipt.hash();
        let Some(before) = office.follow(&hash)? else {
            return Ok(self.unknown_receipt(visit, ""));
        };
        let text = answers.first(ADDITION).replace("\r\n", "\n");
        let ticket = self.key.read(&hash, answers.first(TICKET));
        let ticket = ticket.filter(|ticket| is_fresh(*ticket, visit));
        let send = (Deed::Send, visit.caller.0);
        let (said, typed) = match ticket {
            None => (Said::Problem(ui.too_old), text.as_str()),
            Some(_) if text.is_empty() => (Said::Problem(ui.required), ""),
            Some(_) if text.len() > MAX_ADDITION_BYTES => {
                (Said::Problem(ui.too_long), text.as_str())
            }
            Some(_) if before.additions.len() >= MAX_ADDITIONS => {
                (Said::Problem(ui.enough_added), text.as_str())
            }
            Some(ticket) => match self.try_once(send, SENDS_PER_MINUTE, visit.now_ms) {
                Err(_) => (Said::Problem(ui.too_often), text.as_str()),
                Ok(()) => {
                    let id = ticket.nonce.addition();
                    match office.add(&hash, id, &text, visit.now_ms) {
                        Ok(true) => (Said::Done(ui.added), ""),
                        Ok(false) | Err(OfficeFault::Gone) => {
                            return Ok(self.unknown_receipt(visit, ""));
                        }
                        Err(OfficeFault::Refused(_)) => (Said::Problem(ui.refused), text.as_str()),
                        Err(OfficeFault::Unavailable(_)) => {
                            (Said::Problem(ui.unavailable), text.as_str())
                        }
                    }
                }
            },
        };
        let Some(followed) = office.follow(&hash)? else {
            return Ok(self.unknown_receipt(visit, ""));
        };
        let status = if matches!(said, Said::Done(_)) {
            200
        } else {
            422
        };
        let ticket = self.fresh(&hash, visit);
        let desk = self.desk(visit, &ticket);
        let page = desk.show(&receipt, &followed, typed, Some(said));
        Ok(Reply::page(status, ui.tag, page))
    }

    fn unknown_receipt(&self, visit: &Visit<'_>, typed: &str) -> Reply {
        self.count_miss(visit);
        let why = ui_of(visit).receipt_unknown;
        let mut reply = self.ask(visit, (422, typed), Some(why));
        reply.floor_ms = FLOOR_MS;
        reply
    }

    fn desk<'d>(&'d self, visit: &Visit<'_>, ticket: &'d str) -> Desk<'d> {
        Desk {
            ui: ui_of(visit),
            base: &self.settings.base_path,
            ticket,
            zone_min: visit.zone_min,
        }
    }
}
