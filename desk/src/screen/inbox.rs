//! The inbox as people read it: a line for each item, and the digest case by case.

use std::collections::BTreeMap;

use casework::case::Place;
use casework::ids::{DocumentId, MemberId};
use casework::inbox::{Item, ItemKind, due};
use casework::template::Revision;
use casework::{InboxEntry, InboxPage};

use super::Screen;
use super::ink::Tone;
use super::page::Page;
use super::words::{counted, day, fill, here, plain, width};
use casework::Names;

/// Most cases of a digest; the rest is counted.
const MAX_DIGEST_CASES: usize = 20;
/// Columns of the longest kind.
const KIND_COLUMNS: usize = 11;
/// Blanks before what an item says, under its kind.
const SAID_INDENT: usize = 11;
/// Digits of an item's id in lists.
const SHOWN_DIGITS: usize = 6;

/// Turns items into sentences.
pub struct Teller {
    names: Names,
    stages: BTreeMap<(DocumentId, String), String>,
    templates: Vec<DocumentId>,
}

impl Teller {
    /// One that knows these people and no template yet.
    #[must_use]
    pub const fn new(names: Names) -> Self {
        Self {
            names,
            stages: BTreeMap::new(),
            templates: Vec::new(),
        }
    }

    /// Whether it knows a template.
    #[must_use]
    pub fn knows(&self, template: DocumentId) -> bool {
        self.templates.contains(&template)
    }

    /// Learns the names of a template's stages.
    pub fn learn(&mut self, template: DocumentId, revision: &Revision) {
        self.templates.push(template);
        for stage in revision.stages() {
            let key = (template, stage.id.clone());
            self.stages.insert(key, stage.name.clone());
        }
    }

    /// What an item says, in one sentence.
    #[must_use]
    pub fn sentence(&self, entry: &InboxEntry) -> String {
        let item = &entry.item;
        let who = self.who(item.by);
        let about = entry.about.as_deref().map(plain).unwrap_or_default();
        let quoted = if about.is_empty() {
            String::new()
        } else {
            format!(" “{about}”")
        };
        let said = |at: usize| plain(item.detail.get(at).map_or("", String::as_str));
        let mut words = match item.kind {
            ItemKind::Mention => match &item.place {
                Some(Place::Task(_)) => format!("{who} named you in the task{quoted}"),
                _ if about.is_empty() => format!("{who} named you in a comment"),
                _ => format!("{who}: {about}"),
            },
            ItemKind::Assigned => given(&who, &said(0), &quoted),
            ItemKind::Unassigned => taken(&who, &said(0), &quoted),
            ItemKind::Moved => self.moved(entry, &who),
            ItemKind::Contested => self.contested(entry),
            ItemKind::AfterClose => {
                format!("closed and worked on at once: {}", self.both(item))
            }
            ItemKind::InTrash => {
                format!(
                    "put into the trash and worked on at once: {}",
                    self.both(item)
                )
            }
            ItemKind::Purge if item.with.is_some() => {
                format!("purge and legal hold at once: {}", self.both(item))
            }
            ItemKind::Purge if said(0) == "cancelled" => format!("{who} took the purge back"),
            ItemKind::Purge => format!("{who} asked that it be purged"),
            ItemKind::Approval => format!("{who} asks for your approval:{quoted}"),
            ItemKind::Offer => format!("{who} offers you a {}{quoted}", said(0)),
            ItemKind::Answer => answered(&who, (&said(0), &said(1)), &quoted),
            ItemKind::Withdrawn => format!("{who} took the {}{quoted} back", said(0)),
            ItemKind::Notice => said(0),
            ItemKind::Form => format!(
                "a form was {} the case",
                if said(0) == "sent" {
                    "sent to"
                } else {
                    "added to in"
                }
            ),
            ItemKind::Hold => match said(0).as_str() {
                "on hold" => format!("{who} put it on hold"),
                _ => format!("{who} ended a hold"),
            },
            ItemKind::Rule => past_a_rule(&who, &said(0)),
            ItemKind::Overdue if item.place == Some(Place::Due) => {
                format!("due {}: overdue", said(0))
            }
            ItemKind::Overdue => format!("task “{}” was due {}", said(1), said(0)),
            ItemKind::Sla if said(0) == due::BREACHED => format!("{}: too late", said(2)),
            ItemKind::Sla => format!("{}: getting late", said(2)),
            ItemKind::Drawer => format!("your {} could not stand: {}", said(0), said(1)),
            ItemKind::Held => format!("work of {who} waits to be adopted ({})", said(0)),
        };
        if let Some(rule) = &item.rule {
            words.push_str(&format!(" (rule {})", plain(rule)));
        }
        words
    }

    fn who(&self, member: Option<MemberId>) -> String {
        member.map_or_else(|| "somebody".to_owned(), |member| self.names.member(member))
    }

    fn both(&self, item: &Item) -> String {
        format!("{} and {}", self.who(item.by), self.who(item.with))
    }

    fn stage(&self, entry: &InboxEntry, id: &str) -> String {
        let key = entry.template.map(|template| (template, id.to_owned()));
        let name = key.and_then(|key| self.stages.get(&key));
        plain(name.map_or(id, String::as_str))
    }

    fn moved(&self, entry: &InboxEntry, who: &str) -> String {
        match &entry.item.detail[..] {
            [how] if how == "closed" => format!("{who} closed it"),
            [how] if how == "reopened" => format!("{who} reopened it"),
            [from, to] => {
                let (from, to) = (self.stage(entry, from), self.stage(entry, to));
                format!("{who} moved it from {from} to {to}")
            }
            _ => format!("{who} moved it"),
        }
    }

    fn contested(&self, entry: &InboxEntry) -> String {
        let item = &entry.item;
        let both = self.both(item);
        let about = entry.about.as_deref().map(plain);
        match (&item.place, &item.detail[..]) {
            (Some(Place::Stage), [one, other]) => {
                let (one, other) = (self.stage(entry, one), self.stage(entry, other));
                format!("moved to {one} and to {other} at once: {both}")
            }
            (Some(Place::Question(_)), _) => {
                format!("two decisions on “{}”: {both}", about.unwrap_or_default())
            }
            (Some(Place::Record(..)), _) => {
                format!("an offer answered and taken back at once: {both}")
            }
            (Some(place), _) => {
                let place = about.unwrap_or_else(|| plain(&place.to_string()));
                format!("{place} says two things at once: {both}")
            }
            (None, _) => format!("contested: {both}"),
        }
    }
}

fn answered(who: &str, (what, how): (&str, &str), quoted: &str) -> String {
    match (what, how) {
        ("approval", "approve") => format!("{who} approved{quoted}"),
        ("approval", "reject") => format!("{who} rejected{quoted}"),
        ("approval", "return") => format!("{who} returned{quoted} for rework"),
        (_, _) => format!("{who}: your {what}{quoted} {how}"),
    }
}

fn past_a_rule(who: &str, how: &str) -> String {
    match how {
        "" => format!("{who} went past a rule"),
        "newer" => format!("work of {who} breaks a newer rule; it landed all the same"),
        _ => format!("work of {who} breaks a rule; it landed all the same"),
    }
}

fn given(who: &str, what: &str, quoted: &str) -> String {
    match what {
        "owner" => format!("{who} made you the owner"),
        "task" => format!("{who} gave you the task{quoted}"),
        "watcher" => format!("{who} has you watch it"),
        _ => format!("{who} assigned it to you"),
    }
}

fn taken(who: &str, what: &str, quoted: &str) -> String {
    match what {
        "owner" => format!("{who} took the ownership from you"),
        "task" => format!("{who} took the task{quoted} from you"),
        _ => format!("{who} took you off"),
    }
}

/// The items, unread ones marked.
#[must_use]
pub fn list(page: &InboxPage, unread: usize, teller: &Teller, screen: Screen) -> Vec<String> {
    let mut out = Page::new(screen);
    if page.entries.is_empty() {
        out.line(if unread == 0 {
            "Nothing here.".to_owned()
        } else {
            format!("Nothing of that; {unread} unread in all.")
        });
        return out.finish();
    }
    for entry in &page.entries {
        item(entry, teller, &mut out);
    }
    let more = page.next.is_some().then(|| {
        let last = page.entries.last().map(|entry| entry.item.id.to_string());
        let last: String = last
            .unwrap_or_default()
            .chars()
            .take(SHOWN_DIGITS)
            .collect();
        format!(" · older: casework inbox --after {last}")
    });
    let unread = counted(unread as u64, "item is unread", "items are unread");
    let how = if page.entries.iter().any(|entry| !entry.read) {
        " · read: casework inbox read ID, or --all"
    } else {
        ""
    };
    let words = format!("{unread}{how}{}", more.unwrap_or_default());
    out.gap();
    out.toned(Tone::Quiet, &words);
    out.finish()
}

/// One item: what it is and of which case, then what it says and what to do about it.
fn item(entry: &InboxEntry, teller: &Teller, out: &mut Page) {
    let tone = tone(entry);
    let id: String = entry
        .item
        .id
        .to_string()
        .chars()
        .take(SHOWN_DIGITS)
        .collect();
    let mark = match (entry.read, entry.muted) {
        (_, true) => "·",
        (false, false) => "●",
        (true, false) => " ",
    };
    let kind = fill(entry.item.kind.name(), KIND_COLUMNS);
    let case = format!("{} {}", plain(&entry.number), plain(&entry.title));
    let head = [
        out.tone(tone, mark),
        out.tone(Tone::Quiet, &id),
        out.tone(tone, &kind),
        case.trim().to_owned(),
        out.tone(Tone::Quiet, &here(entry.item.at_ms)),
    ];
    out.flow(0, SAID_INDENT, &head.join("  "));
    let said = out.tone(tone, &teller.sentence(entry));
    let Some(next) = next(entry).filter(|_| !entry.read && !entry.muted) else {
        out.flow(SAID_INDENT, 0, &said);
        return;
    };
    let next = out.tone(Tone::Command, &next);
    let beside = format!("{said}  {next}");
    if SAID_INDENT + width(&beside) <= out.screen.width {
        out.flow(SAID_INDENT, 0, &beside);
    } else {
        out.flow(SAID_INDENT, 0, &said);
        out.whole_line(format!("{}{next}", " ".repeat(SAID_INDENT)));
    }
}

/// The command that shows what can be done about an item that waits for somebody.
#[must_use]
pub fn next(entry: &InboxEntry) -> Option<String> {
    let number = || plain(&entry.number);
    match entry.item.kind {
        ItemKind::Contested | ItemKind::AfterClose | ItemKind::InTrash => {
            Some(format!("casework case show {}", number()))
        }
        ItemKind::Rule if !entry.item.detail.is_empty() => {
            Some(format!("casework case show {}", number()))
        }
        ItemKind::Approval | ItemKind::Offer => Some("casework approvals".to_owned()),
        ItemKind::Form => Some(format!("casework form show {}", number())),
        ItemKind::Rule => Some("casework overrides".to_owned()),
        ItemKind::Purge => Some("casework purges".to_owned()),
        ItemKind::Drawer => Some("casework drawer list".to_owned()),
        ItemKind::Held => Some("casework held list".to_owned()),
        ItemKind::Mention
        | ItemKind::Assigned
        | ItemKind::Unassigned
        | ItemKind::Moved
        | ItemKind::Answer
        | ItemKind::Withdrawn
        | ItemKind::Notice
        | ItemKind::Hold
        | ItemKind::Overdue
        | ItemKind::Sla => None,
    }
}

/// How an item is painted.
fn tone(entry: &InboxEntry) -> Tone {
    if entry.read || entry.muted {
        return Tone::Quiet;
    }
    match entry.item.kind {
        ItemKind::Contested
        | ItemKind::AfterClose
        | ItemKind::InTrash
        | ItemKind::Drawer
        | ItemKind::Overdue => Tone::Bad,
        ItemKind::Sla | ItemKind::Purge | ItemKind::Rule | ItemKind::Held => Tone::Warning,
        ItemKind::Mention
        | ItemKind::Assigned
        | ItemKind::Unassigned
        | ItemKind::Moved
        | ItemKind::Approval
        | ItemKind::Offer
        | ItemKind::Answer
        | ItemKind::Withdrawn
        | ItemKind::Notice
        | ItemKind::Form
        | ItemKind::Hold => Tone::Strong,
    }
}

/// The items of each case together, the case with the newest one first.
#[must_use]
pub fn by_case(page: &InboxPage) -> Vec<Vec<&InboxEntry>> {
    let mut order: Vec<DocumentId> = Vec::new();
    let mut cases: BTreeMap<DocumentId, Vec<&InboxEntry>> = BTreeMap::new();
    for entry in &page.entries {
        let case = entry.item.document;
        if !cases.contains_key(&case) {
            order.push(case);
        }
        cases.entry(case).or_default().push(entry);
    }
    order.iter().filter_map(|case| cases.remove(case)).collect()
}

/// Two lines for each case: what happened how often, and the newest of it.
#[must_use]
pub fn digest(page: &InboxPage, teller: &Teller, screen: Screen) -> Vec<String> {
    let mut out = Page::new(screen);
    let cases = by_case(page);
    if cases.is_empty() {
        out.line("Nothing new.");
        return out.finish();
    }
    for entries in cases.iter().take(MAX_DIGEST_CASES) {
        let newest = entries[0];
        let mut counts: BTreeMap<ItemKind, usize> = BTreeMap::new();
        for entry in entries {
            *counts.entry(entry.item.kind).or_default() += 1;
        }
        let counts: Vec<String> = counts
            .iter()
            .map(|(kind, count)| match count {
                1 => kind.name().to_owned(),
                count => format!("{count} × {}", kind.name()),
            })
            .collect();
        let title = format!("{} {}", plain(&newest.number), plain(&newest.title));
        let head = out.tone(Tone::Strong, title.trim());
        let aside = out.tone(Tone::Quiet, &counts.join(", "));
        out.flow(0, 2, &format!("{head}  {aside}"));
        let when = out.tone(Tone::Quiet, &day(newest.item.at_ms));
        out.flow(2, 12, &format!("{when}  {}", teller.sentence(newest)));
    }
    let left = cases.len().saturating_sub(MAX_DIGEST_CASES);
    if left > 0 {
        let left = counted(left as u64, "more case", "more cases");
        out.line(out.tone(Tone::Quiet, &left));
    }
    out.finish()
}
