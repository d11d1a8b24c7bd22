//! The pages as a whole: which request shows or does what. Pure: no socket, clock or dice.
//!
//! Order of a POST: is there a ticket of ours; is it here already (a second click gets the same
//! receipt); does the link lead anywhere; is it a person; is it complete; is there patience left;
//! only then the workspace is asked to take it. Whatever is wrong, what was typed is shown again.

use std::sync::{Mutex, PoisonError};

use casework::receipt::{LinkToken, PageNonce};
use casework::template::{Form, Revision, Today};
use jiff::Timestamp;
use jiff::tz::Offset;

use super::answers::{Given, Reading, TICKET, TRAP};
use super::body::Answers;
use super::form_page::{Complaint, Shown, thanks};
use super::language::choose;
use super::limits::{
    FLOOR_MS, LOOKS_PER_MINUTE, MAX_FILL_MS, MAX_PATH_BYTES, MISSES_PER_MINUTE,
    SENDS_PER_LINK_PER_MINUTE, SENDS_PER_MINUTE,
};
use super::office::{Offer, Office, OfficeFault, Sent};
use super::page::{gone, plain};
use super::patience::{Deed, Patience};
use super::settings::Settings;
use super::ticket::{FormKey, Ticket};
use super::visit::{Method, Reply, Visit};
use super::words::{TAGS, Words, words};

/// The pages.
#[derive(Debug)]
pub struct Site {
    pub(super) settings: Settings,
    pub(super) key: FormKey,
    patience: Mutex<Patience>,
}

/// What a path names.
enum Route {
    Link(LinkToken),
    Receipts,
    Additions,
    Robots,
    Nowhere,
}

impl Site {
    /// The pages with these settings.
    #[must_use]
    pub fn new(settings: Settings, key: FormKey) -> Self {
        Self {
            settings,
            key,
            patience: Mutex::default(),
        }
    }

    /// Answers one request.
    pub fn handle(&self, office: &dyn Office, visit: &Visit<'_>) -> Reply {
        let look = (Deed::Look, visit.caller.0);
        if let Err(secs) = self.try_once(look, LOOKS_PER_MINUTE, visit.now_ms) {
            return wait(visit, secs);
        }
        let answer = match (self.route(visit.path), visit.method) {
            (Route::Robots, Method::Get) => return Reply::text("User-agent: *\nDisallow: /\n"),
            (Route::Link(token), Method::Get) => self.show(office, visit, &token),
            (Route::Link(token), Method::Post) => self.take(office, visit, &token),
            (Route::Receipts, Method::Get) => Ok(self.ask(visit, (200, ""), None)),
            (Route::Receipts, Method::Post) => self.follow(office, visit),
            (Route::Additions, Method::Post) => self.add(office, visit),
            (
                Route::Link(_)
                | Route::Receipts
                | Route::Additions
                | Route::Robots
                | Route::Nowhere,
                Method::Get | Method::Post | Method::Other,
            ) => Ok(self.nothing(visit)),
        };
        answer.unwrap_or_else(|fault| unavailable(visit, &fault))
    }

    fn route(&self, path: &str) -> Route {
        if path.len() > MAX_PATH_BYTES {
            return Route::Nowhere;
        }
        let Some(path) = path.strip_prefix(self.settings.base_path.as_str()) else {
            return Route::Nowhere;
        };
        match path {
            "/r" => Route::Receipts,
            "/r/add" => Route::Additions,
            "/robots.txt" => Route::Robots,
            other => other
                .strip_prefix("/f/")
                .and_then(|token| token.parse().ok())
                .map_or(Route::Nowhere, Route::Link),
        }
    }

    /// The form of a link.
    fn show(
        &self,
        office: &dyn Office,
        visit: &Visit<'_>,
        token: &LinkToken,
    ) -> Result<Reply, OfficeFault> {
        if let Err(secs) = self.may_miss(visit) {
            return Ok(wait(visit, secs));
        }
        let offer = office.offer(&token.hash(), visit.now_ms)?;
        let Some((offer, reading)) = offer.as_ref().and_then(|offer| read_for(offer, visit)) else {
            return Ok(self.nothing(visit));
        };
        let ticket = self.fresh(&offer.link, visit);
        let page = Shown {
            offer,
            reading: &reading,
            answers: &Answers::default(),
            problems: &[],
            complaint: None,
            ticket: &ticket,
        };
        Ok(Reply::page(200, reading.texts.language(), page.render()))
    }

    /// A form that was sent.
    fn take(
        &self,
        office: &dyn Office,
        visit: &Visit<'_>,
        token: &LinkToken,
    ) -> Result<Reply, OfficeFault> {
        if let Err(secs) = self.may_miss(visit) {
            return Ok(wait(visit, secs));
        }
        let link = token.hash();
        let Some(answers) = read_body(visit) else {
            return Ok(unreadable(visit));
        };
        let ticket = self.key.read(&link, answers.first(TICKET));
        if let Some(ticket) = ticket
            && let Some(reply) = again(office, visit, (&link, ticket), &self.settings.base_path)?
        {
            return Ok(reply);
        }
        let offer = office.offer(&link, visit.now_ms)?;
        let Some((offer, reading)) = offer.as_ref().and_then(|offer| read_for(offer, visit)) else {
            return Ok(self.nothing(visit));
        };
        let given = reading.look_over(&answers);
        let refusal = self.refusal(visit, ticket, (&answers, &given), &link);
        let (Some(ticket), None) = (ticket, refusal) else {
            let refusal = refusal.unwrap_or((422, Some(Complaint::TooOld)));
            let shown = (&answers, &given);
            return Ok(self.shown_again(visit, (offer, &reading), ticket, (shown, refusal)));
        };
        let receipt = ticket.nonce.receipt();
        let problem = match office.take(sent(offer, &reading, &given, (ticket, visit))) {
            Ok(()) => {
                let page = thanks(&reading, &receipt, &self.settings.base_path);
                return Ok(Reply::page(200, reading.texts.language(), page));
            }
            Err(OfficeFault::Gone) => return Ok(self.nothing(visit)),
            Err(OfficeFault::Refused(_)) => (422, Some(Complaint::Refused)),
            Err(OfficeFault::Unavailable(_)) => (503, Some(Complaint::Unavailable)),
        };
        let shown = (&answers, &given);
        Ok(self.shown_again(visit, (offer, &reading), Some(ticket), (shown, problem)))
    }

    /// Why a form is not taken yet: the status and what is said; `None` when it is.
    fn refusal(
        &self,
        visit: &Visit<'_>,
        ticket: Option<Ticket>,
        (answers, given): (&Answers, &Given),
        link: &str,
    ) -> Option<(u16, Option<Complaint>)> {
        let age = ticket.map(|ticket| visit.now_ms.checked_sub(ticket.made_ms));
        match age {
            None | Some(None) => return Some((422, Some(Complaint::TooOld))),
            Some(Some(age)) if age > MAX_FILL_MS => return Some((422, Some(Complaint::TooOld))),
            Some(Some(age)) if age < self.settings.min_fill_ms => {
                return Some((422, Some(Complaint::TooFast)));
            }
            Some(Some(_)) => {}
        }
        if !answers.first(TRAP).is_empty() {
            return Some((422, Some(Complaint::Trapped)));
        }
        if !given.problems.is_empty() {
            return Some((422, None));
        }
        let by_link = (Deed::SendByLink, short(link));
        let by_caller = (Deed::Send, visit.caller.0);
        let now = visit.now_ms;
        let patient = self
            .try_once(by_caller, SENDS_PER_MINUTE, now)
            .and_then(|()| self.try_once(by_link, SENDS_PER_LINK_PER_MINUTE, now));
        patient.err().map(|_| (429, Some(Complaint::TooOften)))
    }

    /// The form once more, with everything that was typed. The page keeps its nonce, so sending it
    /// twice stays sending it once.
    fn shown_again(
        &self,
        visit: &Visit<'_>,
        (offer, reading): (&Offer, &Reading<'_>),
        ticket: Option<Ticket>,
        ((answers, given), (status, complaint)): ((&Answers, &Given), (u16, Option<Complaint>)),
    ) -> Reply {
        let outlived = complaint == Some(Complaint::TooOld);
        let ticket = match ticket {
            Some(ticket) if !outlived => self.key.issue(&offer.link, ticket),
            Some(ticket) => {
                let made_ms = visit.now_ms;
                self.key.issue(&offer.link, Ticket { made_ms, ..ticket })
            }
            None => self.fresh(&offer.link, visit),
        };
        let page = Shown {
            offer,
            reading,
            answers,
            problems: &given.problems,
            complaint,
            ticket: &ticket,
        };
        let mut reply = Reply::page(status, reading.texts.language(), page.render());
        reply.retry_secs = [429, 503].contains(&status).then_some(60);
        reply
    }

    /// The same page, after the same time, for every link that shows nothing.
    fn nothing(&self, visit: &Visit<'_>) -> Reply {
        self.count_miss(visit);
        let ui = ui_of(visit);
        let mut reply = Reply::page(404, ui.tag, gone(ui.tag));
        reply.floor_ms = FLOOR_MS;
        reply
    }

    pub(super) fn fresh(&self, purpose: &str, visit: &Visit<'_>) -> String {
        let ticket = Ticket {
            nonce: PageNonce::new(visit.dice),
            made_ms: visit.now_ms,
        };
        self.key.issue(purpose, ticket)
    }

    pub(super) fn try_once(
        &self,
        who: (Deed, [u8; 8]),
        per_minute: u32,
        now_ms: u64,
    ) -> Result<(), u32> {
        // Counting goes on whatever became of another request.
        let mut patience = self.patience.lock().unwrap_or_else(PoisonError::into_inner);
        patience.take(who, per_minute, now_ms)
    }

    pub(super) fn may_miss(&self, visit: &Visit<'_>) -> Result<(), u32> {
        let patience = self.patience.lock().unwrap_or_else(PoisonError::into_inner);
        patience.has(
            (Deed::Miss, visit.caller.0),
            MISSES_PER_MINUTE,
            visit.now_ms,
        )
    }

    pub(super) fn count_miss(&self, visit: &Visit<'_>) {
        // With none left the next visit is told to wait.
        let _ = self.try_once(
            (Deed::Miss, visit.caller.0),
            MISSES_PER_MINUTE,
            visit.now_ms,
        );
    }
}

/// A page that was sent before: the same receipt once more.
fn again(
    office: &dyn Office,
    visit: &Visit<'_>,
    (link, ticket): (&str, Ticket),
    base: &str,
) -> Result<Option<Reply>, OfficeFault> {
    let taken = office.taken(ticket.nonce.submission())?;
    let Some(taken) = taken.filter(|taken| taken.link == link) else {
        return Ok(None);
    };
    let Some(form) = taken.revision.form(&taken.form) else {
        return Ok(None);
    };
    let reading = reading(&taken.revision, form, visit);
    let page = thanks(&reading, &ticket.nonce.receipt(), base);
    Ok(Some(Reply::page(200, reading.texts.language(), page)))
}

fn sent(
    offer: &Offer,
    reading: &Reading<'_>,
    given: &Given,
    (ticket, visit): (Ticket, &Visit<'_>),
) -> Sent {
    let consent = reading.texts.consent();
    Sent {
        offer: offer.clone(),
        id: ticket.nonce.submission(),
        answers: given.raw.clone(),
        values: given.values.clone(),
        title: given.title.clone(),
        documents: given.documents.clone(),
        consent: (!consent.is_empty()).then(|| consent.to_owned()),
        receipt: ticket.nonce.receipt().hash(),
        language: reading.texts.language().to_owned(),
        given_ms: visit.now_ms.cast_signed(),
    }
}

fn read_for<'o>(offer: &'o Offer, visit: &Visit<'_>) -> Option<(&'o Offer, Reading<'o>)> {
    let form = offer.form()?;
    Some((offer, reading(&offer.revision, form, visit)))
}

fn reading<'r>(revision: &'r Revision, form: &'r Form, visit: &Visit<'_>) -> Reading<'r> {
    let tags: Vec<&str> = form.tags().collect();
    let asked = asked_language(visit);
    let texts = form.words(choose(&tags, asked.as_deref(), visit.accept_language));
    let offset = Offset::from_seconds(i32::from(visit.zone_min) * 60).unwrap_or(Offset::UTC);
    let now = i64::try_from(visit.now_ms).unwrap_or(i64::MAX);
    let now = Timestamp::from_millisecond(now).unwrap_or(Timestamp::MAX);
    Reading {
        revision,
        form,
        texts,
        ui: words(texts.language()),
        today: Today::at(now, offset),
        zone_min: visit.zone_min,
    }
}

pub(super) fn read_body(visit: &Visit<'_>) -> Option<Answers> {
    let media = visit.content_type.split(';').next().unwrap_or_default();
    let ours = media
        .trim()
        .eq_ignore_ascii_case("application/x-www-form-urlencoded");
    ours.then(|| Answers::read(visit.body).ok()).flatten()
}

pub(super) fn is_fresh(ticket: Ticket, visit: &Visit<'_>) -> bool {
    let age = visit.now_ms.checked_sub(ticket.made_ms);
    age.is_some_and(|age| age <= MAX_FILL_MS)
}

/// The language asked for in the address, if it has the shape of one.
fn asked_language(visit: &Visit<'_>) -> Option<String> {
    let pairs = form_urlencoded::parse(visit.query.as_bytes());
    let mut asked = pairs.filter(|(name, _)| name == "lang");
    asked.next().map(|(_, tag)| tag.into_owned())
}

pub(super) fn ui_of(visit: &Visit<'_>) -> &'static Words {
    let asked = asked_language(visit);
    words(choose(&TAGS, asked.as_deref(), visit.accept_language))
}

pub(super) fn unreadable(visit: &Visit<'_>) -> Reply {
    let ui = ui_of(visit);
    Reply::page(400, ui.tag, plain(ui, ui.gone_title, ui.bad_text))
}

pub(super) fn wait(visit: &Visit<'_>, secs: u32) -> Reply {
    let ui = ui_of(visit);
    let mut reply = Reply::page(429, ui.tag, plain(ui, ui.wait_title, ui.wait));
    reply.retry_secs = Some(secs);
    reply
}

fn unavailable(visit: &Visit<'_>, fault: &OfficeFault) -> Reply {
    let ui = ui_of(visit);
    tracing::warn!(%fault, "a form could not be served");
    let mut reply = Reply::page(503, ui.tag, plain(ui, ui.wait_title, ui.unavailable));
    reply.retry_secs = Some(60);
    reply
}

/// The first bytes of a hash in hexadecimal digits.
fn short(hash: &str) -> [u8; 8] {
    let mut bytes = [0; 8];
    let digits = hash.as_bytes().get(..8).unwrap_or(&[0; 8]);
    bytes.copy_from_slice(digits);
    bytes
}
