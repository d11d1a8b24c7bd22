//! A week of one office: twelve templates, forty people, five thousand cases and two hundred
//! thousand actions, half of them done offline, played from one seed and scaled down at will.
//!
//! Everybody has a device with the cases of their own department and syncs when they are at a
//! desk; meanwhile people change roles, devices crash and are lost, cases are restricted and
//! templates published. At the end the invariants are checked and the cost is told.

mod day;
mod desk;
mod evening;
pub mod life;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use casework_engine::case::Opening;
use casework_engine::replica::NewCase;
use casework_engine::template::Package;
use casework_protocol::frame::Scope;
use casework_protocol::ids::{ChangeHash, DocumentId};

use crate::stage::{Stage, Who};

pub use evening::Cost;

/// The templates that ship with the program, as its users edit them.
const TEMPLATES: [&str; 12] = [
    include_str!("../../desk/templates/child-protection.toml"),
    include_str!("../../desk/templates/complaint.toml"),
    include_str!("../../desk/templates/contract-approval.toml"),
    include_str!("../../desk/templates/credit-analysis.toml"),
    include_str!("../../desk/templates/field-inspection.toml"),
    include_str!("../../desk/templates/hiring.toml"),
    include_str!("../../desk/templates/information-request.toml"),
    include_str!("../../desk/templates/internal-investigation.toml"),
    include_str!("../../desk/templates/onboarding.toml"),
    include_str!("../../desk/templates/security-incident.toml"),
    include_str!("../../desk/templates/service-request.toml"),
    include_str!("../../desk/templates/whistleblower.toml"),
];
/// Departments; each works on its own share of the templates.
const DEPARTMENTS: usize = 6;
/// The roles people join with, one after the other.
const ROLES: [&str; 5] = ["operator", "manager", "operator", "contributor", "operator"];
/// So often people try to do something, at most, for one thing that can be done.
const MOST_TRIES: usize = 8;
/// One form comes in for about so many actions.
const FORM_EVERY: usize = 400;
/// Days of the week.
const DAYS: usize = 5;

/// How much of the week is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// People, the founder included.
    pub people: usize,
    /// Cases that are opened.
    pub cases: usize,
    /// Actions besides opening them.
    pub actions: usize,
}

impl Size {
    /// The week at a scale from just above 0 to 1. Fewer cases are worked on by fewer people, and
    /// never by fewer than one in each department.
    #[must_use]
    pub fn scaled(scale: f64) -> Self {
        let share = |whole: f64, least: usize, scale: f64| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a part of a small positive number"
            )]
            let part = (whole * scale).round() as usize;
            part.max(least)
        };
        let scale = scale.clamp(0.0, 1.0);
        Self {
            people: share(40.0, DEPARTMENTS + 1, scale.sqrt()),
            cases: share(5_000.0, 8, scale),
            actions: share(200_000.0, 200, scale),
        }
    }
}

/// Plays the week.
///
/// # Panics
/// When an invariant does not hold; the message names the seed.
#[must_use]
pub fn play(seed: u64, size: Size) -> Cost {
    play_telling(seed, size, &mut |_| {})
}

/// As [`play`]; says after every evening how far it has come.
///
/// # Panics
/// As [`play`].
#[must_use]
pub fn play_telling(seed: u64, size: Size, tell: &mut dyn FnMut(&str)) -> Cost {
    let mut office = Office::open(seed, size);
    for day in 0..DAYS {
        office.day(day);
        let (done, all) = (office.tally.acted, size.actions);
        tell(&format!(
            "day {} of {DAYS}: {done} of {all} actions",
            day + 1
        ));
    }
    tell("every evening is over; checking what everybody has");
    office.close()
}

/// Somebody at work.
struct Person {
    who: Who,
    department: usize,
    /// Works without a network until the end of the day.
    outside: bool,
}

/// The office.
struct Office {
    stage: Stage,
    size: Size,
    people: Vec<Person>,
    /// Template → its department.
    templates: Vec<(DocumentId, usize)>,
    /// The device that serves the forms.
    intake: Option<Who>,
    /// The cases of each department.
    cases: Vec<Vec<DocumentId>>,
    /// What was done, and by whom: it must never be lost.
    done: BTreeMap<ChangeHash, (Who, DocumentId)>,
    tally: Tally,
}

/// What was counted on the way.
#[derive(Debug, Default)]
struct Tally {
    acted: usize,
    offline: usize,
    refused: usize,
    /// Cases that could not be opened, by what was said.
    unopened: BTreeMap<String, usize>,
    denied: usize,
    /// Forms that strangers sent in.
    submitted: usize,
    /// Things that were taken back.
    undone: usize,
    /// Readings that were written down.
    readings: usize,
    /// What was done to documents, parties, agreements and the like.
    facets: usize,
    /// Changes that rules of templates made.
    effects: usize,
    acting: Duration,
    syncing: Duration,
    bytes_up: u64,
    bytes_down: u64,
    saved_bytes: u64,
    change_bytes: u64,
    changes: u64,
    /// Devices that were lost: what they had not sent stays on them.
    lost: Vec<Who>,
}

impl Office {
    fn open(seed: u64, size: Size) -> Self {
        let mut stage = Stage::new(seed);
        let [founder] = stage.devices(["founder"]);
        let mut templates = Vec::new();
        for (n, source) in TEMPLATES.iter().enumerate() {
            let package = Package::from_toml(source).expect("a shipped template can be read");
            let revision = package.publish().expect("a shipped template has no fault");
            let moment = stage.moment();
            let opened = stage.replica(founder).open_template(revision, &moment);
            let document = opened.expect("a founder may publish").document;
            templates.push((document, n % DEPARTMENTS));
        }
        stage.settle();
        let mut office = Self {
            stage,
            size,
            people: vec![Person {
                who: founder,
                department: 0,
                outside: false,
            }],
            templates,
            intake: None,
            cases: vec![Vec::new(); DEPARTMENTS],
            done: BTreeMap::new(),
            tally: Tally::default(),
        };
        for n in 1..size.people {
            office.hire(n);
        }
        let intake = office.stage.join("front door", "intake");
        office.intake = Some(intake);
        office.people.push(Person {
            who: intake,
            department: 0,
            outside: false,
        });
        for who in office.everybody() {
            office.stage.cut(who);
        }
        office
    }

    /// Somebody joins; their device takes the cases of their department.
    fn hire(&mut self, n: usize) {
        let who = self
            .stage
            .join(&format!("person {n}"), ROLES[n % ROLES.len()]);
        let department = n % DEPARTMENTS;
        let of_department = self.templates.iter().filter(|(_, of)| *of == department);
        let scope = Scope::Templates(of_department.map(|(id, _)| *id).collect());
        let set = self.stage.replica(who).set_scope(&scope);
        set.expect("the disk takes it");
        self.people.push(Person {
            who,
            department,
            outside: false,
        });
        self.stage.cut(who);
    }

    fn everybody(&self) -> Vec<Who> {
        self.people.iter().map(|person| person.who).collect()
    }

    fn dice(&mut self, sides: usize) -> usize {
        self.stage.dice(sides)
    }

    /// One day: half of the people are outside until the evening, the others sync now and then.
    fn day(&mut self, day: usize) {
        for n in 0..self.people.len() {
            self.people[n].outside = n > 0 && (n + day).is_multiple_of(2);
        }
        let of_day = |whole: usize| whole * (day + 1) / DAYS - whole * day / DAYS;
        let (cases, actions) = (of_day(self.size.cases), of_day(self.size.actions));
        if day == 0 {
            // There is something to do on the first morning.
            (0..DEPARTMENTS).for_each(|_| self.open_case());
        }
        let (before, mut opened) = (self.tally.acted, 0);
        for _ in 0..actions * MOST_TRIES {
            let done = self.tally.acted - before;
            if done >= actions {
                break;
            }
            if opened * actions < done * cases {
                self.open_case();
                opened += 1;
            }
            if self.dice(actions.max(2) / 2 + 1) == 0 {
                self.disturb();
            }
            if self.dice(FORM_EVERY) == 0 {
                self.front_door();
            }
            let n = self.somebody();
            self.work(n);
            if !self.people[n].outside && self.dice(12) == 0 {
                self.sync(n);
            }
        }
        self.disturb();
        // The evening: everybody comes back, and hears of what the others brought.
        for _ in 0..2 {
            (0..self.people.len()).for_each(|n| self.sync(n));
        }
    }

    /// Somebody, as often one of those outside as one of those at their desks.
    fn somebody(&mut self) -> usize {
        let outside = self.dice(2) == 0;
        let people = self.people.iter().enumerate();
        let there = people.filter(|(_, person)| person.outside == outside);
        let there: Vec<usize> = there.map(|(n, _)| n).collect();
        match there.len() {
            0 => self.dice(self.people.len()),
            _ => there[self.dice(there.len())],
        }
    }

    fn open_case(&mut self) {
        let n = self.dice(self.people.len());
        let (who, department) = (self.people[n].who, self.people[n].department);
        let mut own: Vec<DocumentId> = Vec::new();
        own.extend(
            self.templates
                .iter()
                .filter(|(_, of)| *of == department)
                .map(|(id, _)| *id),
        );
        let template = own[self.stage.dice(own.len())];
        let Some(revision) = self.stage.replica(who).current_revision(template) else {
            return;
        };
        let moment = self.stage.moment();
        let number = self.done.len();
        let opening = Opening {
            template,
            title: format!("{} {number}", revision.package().name),
            number: format!("{}-~{number:05}", revision.package().key),
            stage: revision.stages()[0].id.clone(),
            fields: self.first_fields(who, &revision),
            owner: None,
            assignees: std::collections::BTreeSet::new(),
        };
        let restricted = self.stage.dice(40) == 0;
        let case = NewCase {
            opening,
            imported: None,
            restricted,
            viewers: Vec::new(),
            overriding: None,
        };
        match self.stage.replica(who).open_case(case, &moment) {
            Ok(opened) => {
                self.done.insert(opened.change, (who, opened.document));
                self.cases[department].push(opened.document);
            }
            // What a rule of the template asks for at the door and nobody can make up.
            Err(fault) => *self.tally.unopened.entry(fault.to_string()).or_default() += 1,
        }
    }

    fn sync(&mut self, n: usize) {
        let began = Instant::now();
        let (up, down) = self.stage.sync_one(self.people[n].who);
        self.tally.syncing += began.elapsed();
        self.tally.bytes_up += up;
        self.tally.bytes_down += down;
    }
}
