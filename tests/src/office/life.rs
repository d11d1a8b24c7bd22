//! The lives of cases: per shipped template what happens on its stages, which ways lead on and how
//! often, and what people write. Data in `lives/*.toml`; this file reads it and draws a walk.
//!
//! Pure: the dice are an argument, and the same dice draw the same walk. Without dice the walk is
//! the main road, on which everything that may be done is done.

use std::collections::{BTreeMap, BTreeSet};

use casework_engine::template::{Field, Package, Revision};
use casework_engine::value::FieldType;
use casework_protocol::ids::MemberId;
use jiff::tz::Offset;
use jiff::{Span, Timestamp};
use rand::{Rng, RngExt};
use serde::Deserialize;

/// After so many stages a walk takes the main road, so that it ends.
const MAX_DETOURS: usize = 12;

/// The life of cases of one template.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Life {
    /// The name of the template in the library.
    pub template: String,
    /// Titles; `{field}` stands for the words of that field.
    pub titles: Vec<String>,
    /// What people say about such a case.
    pub talk: Vec<String>,
    /// Tasks that people create beside those of the template.
    #[serde(default)]
    pub errands: Vec<String>,
    /// Labels that people put on.
    #[serde(default)]
    pub labels: Vec<String>,
    /// What fields are filled with.
    pub words: BTreeMap<String, Vec<String>>,
    /// The stages, the first one first.
    pub stops: Vec<Stop>,
}

/// What happens while a case stands in a stage.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    /// The stage.
    pub stage: String,
    /// Fewest and most days.
    #[serde(default)]
    pub days: [u32; 2],
    /// Fields that are filled more often than not, beyond the required ones.
    #[serde(default)]
    pub fields: Vec<String>,
    /// Fewest and most comments.
    #[serde(default)]
    pub comments: [u32; 2],
    /// Fewest and most errands.
    #[serde(default)]
    pub errands: [u32; 2],
    /// Types of documents that are added.
    #[serde(default)]
    pub documents: Vec<String>,
    /// Where it goes on, the main road first; none where a case ends.
    #[serde(default)]
    pub ways: Vec<Way>,
    /// The code it is closed with, where it ends.
    #[serde(default)]
    pub close: Vec<String>,
}

/// A way out of a stage, and what goes with it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Way {
    /// The stage entered.
    pub to: String,
    /// How often, compared with the other ways.
    pub weight: u32,
    /// Fields that are filled with exactly this.
    #[serde(default)]
    pub fill: BTreeMap<String, String>,
    /// Questions and their outcomes.
    #[serde(default)]
    pub decide: Vec<[String; 2]>,
    /// Approvals that are asked for and given.
    #[serde(default)]
    pub approve: Vec<String>,
    /// Why a rule that asks is overridden.
    #[serde(default)]
    pub because: String,
}

/// What one case goes through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walk {
    /// Its title.
    pub title: String,
    /// The words of the fields it is opened with.
    pub opening: BTreeMap<String, String>,
    /// What is done, in order, and on which day after the opening.
    pub deeds: Vec<(u32, Deed)>,
}

/// One thing that is done to a case. In words, `@today`, `@today+N`, `@now` and `@member` stand for
/// what [`spoken`] puts there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// A field is filled with these words.
    Fill {
        /// The field.
        field: String,
        /// The words of its value.
        words: String,
    },
    /// A comment is written.
    Say(String),
    /// A label is put on.
    Label(String),
    /// A task is created.
    Errand(String),
    /// An open task is finished, if there is one.
    FinishTask,
    /// A document of this type is added.
    Document(String),
    /// A question is decided.
    Decide {
        /// The question.
        question: String,
        /// The answer.
        outcome: String,
    },
    /// An approval is asked for and given by all who are asked.
    Approve(String),
    /// The case is moved.
    Move {
        /// The stage entered.
        to: String,
        /// Why, where a rule asks.
        because: String,
    },
    /// The case is closed with this code.
    Close(String),
}

/// Dice, or none: then the first of everything, and as much of it as there may be.
struct Chance<'r, R>(Option<&'r mut R>);

macro_rules! library {
    ($($name:literal)*) => {
        [$((
            include_str!(concat!("../../../desk/templates/", $name, ".toml")),
            include_str!(concat!("lives/", $name, ".toml")),
        )),*]
    };
}

const LIBRARY: [(&str, &str); 12] = library![
    "child-protection" "complaint" "contract-approval" "credit-analysis" "field-inspection"
    "hiring" "information-request" "internal-investigation" "onboarding" "security-incident"
    "service-request" "whistleblower"
];

/// Every shipped template with the life of its cases, in the order of their names.
///
/// # Panics
/// When one of the files cannot be read.
#[must_use]
pub fn library() -> Vec<(Package, Life)> {
    let read = |(package, life): (&str, &str)| {
        let package = Package::from_toml(package).expect("a shipped package can be read");
        let life: Life = toml::from_str(life).unwrap_or_else(|e| panic!("{}: {e}", package.name));
        (package, life)
    };
    LIBRARY.into_iter().map(read).collect()
}

/// The words as somebody writes them on a day: dates, moments and people filled in.
///
/// # Panics
/// When a distance is no number of days.
#[must_use]
pub fn spoken(words: &str, now: Timestamp, member: MemberId) -> String {
    let today = Offset::UTC.to_datetime(now).date();
    let moment = format!("{now:.0}");
    let mut said = words
        .replace("@member", &member.to_string())
        .replace("@now", &moment);
    while let Some(at) = said.find("@today") {
        let rest = &said[at + "@today".len()..];
        let digits = rest.strip_prefix('+').map_or(0, |rest| {
            rest.bytes().take_while(u8::is_ascii_digit).count() + 1
        });
        let days: i64 = rest[..digits].trim_start_matches('+').parse().unwrap_or(0);
        let date = today.saturating_add(Span::new().days(days)).to_string();
        said.replace_range(at..at + "@today".len() + digits, &date);
    }
    said
}

impl Life {
    /// What a case goes through, drawn by the dice.
    ///
    /// # Panics
    /// When the life names what the template does not have.
    pub fn walk(&self, revision: &Revision, dice: &mut impl Rng) -> Walk {
        self.draw(revision, Chance(Some(dice)))
    }

    /// The main road, with everything that may be done on it.
    ///
    /// # Panics
    /// When the life names what the template does not have.
    #[must_use]
    pub fn main_road(&self, revision: &Revision) -> Walk {
        self.draw(revision, Chance::<rand_chacha::ChaCha8Rng>(None))
    }

    fn draw<R: Rng>(&self, revision: &Revision, chance: Chance<'_, R>) -> Walk {
        let stop = &self.stops[0];
        let mut drawing = Drawing {
            life: self,
            revision,
            chance,
            filled: BTreeMap::new(),
            documents: BTreeSet::new(),
            day: 0,
            deeds: Vec::new(),
        };
        for field in revision.missing_required(&stop.stage, |_| false) {
            drawing.choose_words(field);
        }
        let opening = drawing.filled.clone();
        drawing.wander(stop);
        Walk {
            title: drawing.title(),
            opening,
            deeds: drawing.deeds,
        }
    }

    fn stop(&self, stage: &str) -> &Stop {
        let found = self.stops.iter().find(|stop| stop.stage == stage);
        found.unwrap_or_else(|| panic!("{} has no stop {stage}", self.template))
    }
}

struct Drawing<'l, 'r, R> {
    life: &'l Life,
    revision: &'l Revision,
    chance: Chance<'r, R>,
    filled: BTreeMap<String, String>,
    documents: BTreeSet<String>,
    day: u32,
    deeds: Vec<(u32, Deed)>,
}

impl<R: Rng> Drawing<'_, '_, R> {
    fn wander(&mut self, first: &Stop) {
        let mut stage = first.stage.clone();
        for n in 0.. {
            let stop = self.life.stop(&stage).clone();
            self.stay(&stop);
            if stop.ways.is_empty() {
                let code = self.chance.one(&stop.close);
                return self.does(Deed::Close(code));
            }
            let way = if n < MAX_DETOURS {
                self.chance.way(&stop.ways)
            } else {
                stop.ways[0].clone()
            };
            self.go(&stop.stage, &way);
            stage = way.to;
        }
    }

    /// What is done while the case stands there.
    fn stay(&mut self, stop: &Stop) {
        let until = self.day + self.chance.between(stop.days);
        let mut todo = Vec::new();
        for id in &stop.fields {
            if !self.filled.contains_key(id) && self.chance.happens(2, 3) {
                let asked = self.field(id);
                let words = self.choose_words(&asked);
                let field = id.clone();
                todo.push(Deed::Fill { field, words });
            }
        }
        for _ in 0..self.chance.between(stop.comments) {
            todo.push(Deed::Say(self.chance.one(&self.life.talk)));
        }
        if !self.life.errands.is_empty() {
            for _ in 0..self.chance.between(stop.errands) {
                todo.push(Deed::Errand(self.chance.one(&self.life.errands)));
            }
        }
        if !self.life.labels.is_empty() && self.chance.happens(1, 6) {
            todo.push(Deed::Label(self.chance.one(&self.life.labels)));
        }
        for kind in &stop.documents {
            if self.documents.insert(kind.clone()) {
                todo.push(Deed::Document(kind.clone()));
            }
        }
        let tasks = self
            .revision
            .stage(&stop.stage)
            .map_or(0, |s| s.tasks.len());
        for _ in 0..tasks {
            if self.chance.happens(3, 4) {
                todo.push(Deed::FinishTask);
            }
        }
        let (first, count) = (self.day, todo.len().max(1) as u32);
        for (n, deed) in (0..).zip(todo) {
            self.day = first + (until - first) * n / count;
            self.does(deed);
        }
        self.day = until;
    }

    fn go(&mut self, from: &str, way: &Way) {
        for (id, words) in &way.fill {
            if self.filled.get(id) != Some(words) {
                let (field, words) = (id.clone(), words.clone());
                self.filled.insert(id.clone(), words.clone());
                self.does(Deed::Fill { field, words });
            }
        }
        let filled = |id: &str| self.filled.contains_key(id);
        let missing = self.revision.missing_for_move(from, &way.to, filled);
        let missing: Vec<Field> = missing.into_iter().cloned().collect();
        for field in missing {
            let words = self.choose_words(&field);
            let field = field.id;
            self.does(Deed::Fill { field, words });
        }
        for [question, outcome] in way.decide.clone() {
            self.does(Deed::Decide { question, outcome });
        }
        for approval in way.approve.clone() {
            self.does(Deed::Approve(approval));
        }
        let (to, because) = (way.to.clone(), way.because.clone());
        self.does(Deed::Move { to, because });
    }

    fn does(&mut self, deed: Deed) {
        self.deeds.push((self.day, deed));
    }

    fn choose_words(&mut self, field: &Field) -> String {
        let words = match self.life.words.get(&field.id) {
            Some(words) => self.chance.one(words),
            None => self.chance.plain_words(field),
        };
        self.filled.insert(field.id.clone(), words.clone());
        words
    }

    fn title(&mut self) -> String {
        let mut title = self.chance.one(&self.life.titles);
        for (field, words) in &self.filled {
            let name = words.split(';').next().unwrap_or_default();
            title = title.replace(&format!("{{{field}}}"), name);
        }
        title
    }

    fn field(&self, id: &str) -> Field {
        let found = self.revision.field(id);
        found
            .unwrap_or_else(|| panic!("{} has no field {id}", self.life.template))
            .clone()
    }
}

impl<R: Rng> Chance<'_, R> {
    fn one(&mut self, of: &[String]) -> String {
        let index = self
            .0
            .as_mut()
            .map_or(0, |dice| dice.random_range(0..of.len()));
        of[index].clone()
    }

    fn between(&mut self, [least, most]: [u32; 2]) -> u32 {
        let dice = self.0.as_mut();
        dice.map_or(most, |dice| dice.random_range(least..=most))
    }

    /// So many times out of so many.
    fn happens(&mut self, times: u32, of: u32) -> bool {
        let dice = self.0.as_mut();
        dice.is_none_or(|dice| dice.random_ratio(times, of))
    }

    fn way(&mut self, ways: &[Way]) -> Way {
        let Some(dice) = self.0.as_mut() else {
            return ways[0].clone();
        };
        let mut drawn = dice.random_range(0..ways.iter().map(|way| way.weight).sum());
        for way in ways {
            if drawn < way.weight {
                return way.clone();
            }
            drawn -= way.weight;
        }
        ways[0].clone()
    }

    /// Words for a field of which the life says nothing.
    fn plain_words(&mut self, field: &Field) -> String {
        let least = field.constraints.min.as_ref().map(ToString::to_string);
        match field.kind {
            FieldType::SingleSelect | FieldType::MultiSelect => {
                let offered = field.options.iter().filter(|option| !option.disabled);
                let offered: Vec<String> = offered.map(|option| option.id.clone()).collect();
                self.one(&offered)
            }
            FieldType::Checkbox => "yes".to_owned(),
            FieldType::Counter => "1".to_owned(),
            FieldType::Number => least.unwrap_or_else(|| "3".to_owned()),
            FieldType::Date if field.constraints.not_future => "@today".to_owned(),
            FieldType::Date => "@today+30".to_owned(),
            FieldType::DateTime => "@now".to_owned(),
            FieldType::Member => "@member".to_owned(),
            FieldType::Text
            | FieldType::LongText
            | FieldType::Money
            | FieldType::Party
            | FieldType::CaseLink
            | FieldType::Phone
            | FieldType::Email
            | FieldType::Url
            | FieldType::Location
            | FieldType::Table
            | FieldType::File
            | FieldType::Signature
            | FieldType::Formula => panic!("a life has no words for {}", field.id),
        }
    }
}
