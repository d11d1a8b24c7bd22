//! From the body of a POST to what was answered: as it was given, as words for the fields, and what
//! is to be corrected.
//!
//! ```text
//! body ──read──▶ Answers ──look_over──▶ Given { values, problems, … }
//! ```
//! A value is judged exactly as the command line would: [`FieldValue::parse`], then the field's
//! constraints. Nothing here is stored.

use std::collections::BTreeMap;

use casework::template::{Choice, Field, Form, FormWords, Revision, Today};
use casework::value::{FieldError, FieldType, FieldValue, Row, Scalar};

use super::body::Answers;
use super::limits::{MAX_DOCUMENT_NAME_BYTES, TABLE_ROWS};
use super::words::Words;

/// Longest title that an answer gives, in bytes: one line on a board.
const MAX_TITLE_BYTES: usize = 200;
/// The input that people do not see and programs fill in.
pub(super) const TRAP: &str = "website";
/// The input with the ticket.
pub(super) const TICKET: &str = "ticket";
/// The input with the consent.
pub(super) const CONSENT: &str = "consent";
/// The input with the names of documents.
pub(super) const DOCUMENTS: &str = "documents";

/// What was answered.
#[derive(Debug, Default)]
pub(super) struct Given {
    /// The answers by input, as they were given.
    pub(super) raw: BTreeMap<String, Vec<String>>,
    /// Field → value in words.
    pub(super) values: BTreeMap<String, String>,
    /// The title for an opened case.
    pub(super) title: String,
    /// Names of documents.
    pub(super) documents: Vec<String>,
    /// What is to be corrected, in the order of the page.
    pub(super) problems: Vec<Problem>,
}

/// One thing to be corrected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    /// The id of the input.
    pub(super) input: String,
    /// How the form calls it.
    pub(super) label: String,
    /// What to do.
    pub(super) text: String,
}

/// Whoever reads answers: the form in the reader's language, and the day it is.
pub(super) struct Reading<'r> {
    pub(super) revision: &'r Revision,
    pub(super) form: &'r Form,
    pub(super) texts: FormWords<'r>,
    pub(super) ui: &'static Words,
    pub(super) today: Today,
    /// Offset from UTC, in minutes east, of times without one.
    pub(super) zone_min: i16,
}

/// The name of a field's input.
pub(super) fn field_input(id: &str) -> String {
    format!("f.{id}")
}

/// The name of a question's input.
pub(super) fn question_input(id: &str) -> String {
    format!("q.{id}")
}

/// The name of a part of an input: the currency of an amount, the contact of a person, a cell.
pub(super) fn part_input(input: &str, part: &str) -> String {
    format!("{input}.{part}")
}

impl Reading<'_> {
    /// Looks every answer over.
    pub(super) fn look_over(&self, answers: &Answers) -> Given {
        let mut given = Given::default();
        self.read_fields(answers, &mut given);
        self.read_questions(answers, &mut given);
        self.read_documents(answers, &mut given);
        if !self.texts.consent().is_empty() && answers.first(CONSENT) != "yes" {
            given.problems.push(Problem {
                input: CONSENT.to_owned(),
                label: self.ui.agree.to_owned(),
                text: self.ui.must_agree.to_owned(),
            });
        }
        if given.title.is_empty() {
            given.title = cut(&self.form.title);
        }
        given
    }

    fn read_fields(&self, answers: &Answers, given: &mut Given) {
        for asked in &self.form.fields {
            let Some(field) = self.revision.field(&asked.field) else {
                continue;
            };
            let input = field_input(&field.id);
            answers.keep_raw(&input, &mut given.raw);
            let problem = match self.words_of(field, &input, answers) {
                None => asked.required.then(|| self.ui.required.to_owned()),
                Some(words) => match self.judge(field, &words) {
                    Ok(value) => {
                        if field.id == self.form.title_from {
                            given.title = title(field, &value);
                        }
                        given.values.insert(field.id.clone(), words);
                        None
                    }
                    Err(error) => Some(self.cure(field, &error)),
                },
            };
            given.problems.extend(problem.map(|text| Problem {
                input,
                label: self.texts.field_label(asked, field).to_owned(),
                text,
            }));
        }
    }

    fn read_questions(&self, answers: &Answers, given: &mut Given) {
        for question in &self.form.questions {
            let input = question_input(&question.id);
            answers.keep_raw(&input, &mut given.raw);
            let answer = answers.first(&input);
            let problem = if answer.is_empty() {
                question.required.then_some(self.ui.required)
            } else {
                let broken = question.short && answer.contains(['\n', '\r']);
                broken.then_some(self.ui.bad_text)
            };
            given.problems.extend(problem.map(|text| Problem {
                input,
                label: self.texts.question_label(question).to_owned(),
                text: text.to_owned(),
            }));
        }
    }

    fn read_documents(&self, answers: &Answers, given: &mut Given) {
        let most = self.form.attachments as usize;
        if most == 0 {
            return;
        }
        let lines = answers.first(DOCUMENTS).lines().map(str::trim);
        given.documents = lines
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect();
        let long = |name: &String| name.len() > MAX_DOCUMENT_NAME_BYTES;
        let text = if given.documents.len() > most {
            format!("{} ({most})", self.ui.too_many_documents)
        } else if given.documents.iter().any(long) {
            self.ui.too_long.to_owned()
        } else {
            return;
        };
        given.problems.push(Problem {
            input: DOCUMENTS.to_owned(),
            label: self.ui.documents.to_owned(),
            text,
        });
    }

    fn judge(&self, field: &Field, words: &str) -> Result<FieldValue, FieldError> {
        let value = FieldValue::parse(field, words)?;
        field.check(&value, &self.today)?;
        Ok(value)
    }

    /// What was answered for a field in the words that [`FieldValue::parse`] reads; `None` when
    /// nothing was.
    fn words_of(&self, field: &Field, input: &str, answers: &Answers) -> Option<String> {
        let one = answers.first(input);
        let given = |words: &str| (!words.is_empty()).then(|| words.to_owned());
        match field.kind {
            FieldType::Number => given(&self.decimal(one)),
            FieldType::Money => {
                let currency = answers.first(&part_input(input, "currency"));
                let amount = self.decimal(one);
                (!amount.is_empty()).then(|| format!("{amount} {currency}").trim().to_owned())
            }
            FieldType::DateTime => given(&self.moment(one)),
            FieldType::MultiSelect => {
                let chosen = answers.all(input).iter().filter(|id| !id.is_empty());
                given(&chosen.cloned().collect::<Vec<_>>().join("; "))
            }
            FieldType::Party => {
                // Semicolons separate the parts of a party.
                let contact = answers.first(&part_input(input, "contact"));
                let [name, contact] = [one, contact].map(|part| part.replace(';', ","));
                let nothing = name.is_empty() && contact.is_empty();
                (!nothing).then(|| format!("{name}; ; {contact}"))
            }
            FieldType::Table => self.table(field, input, answers),
            FieldType::LongText => given(&one.replace("\r\n", "\n").replace('\r', "\n")),
            FieldType::Text
            | FieldType::Date
            | FieldType::Checkbox
            | FieldType::SingleSelect
            | FieldType::Member
            | FieldType::CaseLink
            | FieldType::Phone
            | FieldType::Email
            | FieldType::Url
            | FieldType::Location
            | FieldType::File
            | FieldType::Signature
            | FieldType::Counter
            | FieldType::Formula => given(one),
        }
    }

    /// Where people write a comma before the decimals, one comma is that.
    fn decimal(&self, text: &str) -> String {
        let one_comma = text.matches(',').count() == 1 && !text.contains('.');
        if self.ui.tag != "en" && one_comma {
            return text.replace(',', ".");
        }
        text.to_owned()
    }

    /// `2026-03-01T09:30` with the offset of the place that serves the form.
    fn moment(&self, text: &str) -> String {
        let bare = text.len() <= 19 && text.contains('T');
        if !bare {
            return text.to_owned();
        }
        let minutes = self.zone_min.unsigned_abs();
        let sign = if self.zone_min < 0 { '-' } else { '+' };
        format!("{text}{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }

    fn table(&self, field: &Field, input: &str, answers: &Answers) -> Option<String> {
        let mut rows = Vec::new();
        for n in 1..=TABLE_ROWS {
            let id = format!("r{n}");
            let row = part_input(input, &id);
            let cells: BTreeMap<String, Scalar> = field
                .columns
                .iter()
                .filter_map(|column| {
                    let cell = self.words_of(column, &part_input(&row, &column.id), answers)?;
                    Some((column.id.clone(), Scalar::Text(cell)))
                })
                .collect();
            if !cells.is_empty() {
                rows.push(Row { id, cells });
            }
        }
        (!rows.is_empty()).then(|| serde_json::to_string(&rows).unwrap_or_default())
    }

    /// What to do about a value that is not taken, in the reader's language.
    fn cure(&self, field: &Field, error: &FieldError) -> String {
        let ui = self.ui;
        match error {
            FieldError::OutOfBounds { side, bound, .. } => {
                let words = if *side == "below" {
                    ui.too_small
                } else {
                    ui.too_large
                };
                format!("{words} {bound}")
            }
            FieldError::PatternMismatch { message, .. } => message.clone(),
            FieldError::InFuture { .. } => ui.in_future.to_owned(),
            FieldError::TooManyChars { max, .. } => format!("{} {max}", ui.too_many_letters),
            FieldError::Cell { row, problem, .. } => {
                let column = field.columns.iter().find(|one| problem_is_of(problem, one));
                let column = column.unwrap_or(field);
                let number = row.trim_start_matches('r');
                format!("{} {number}: {}", ui.row, self.cure(column, problem))
            }
            FieldError::Value { .. }
            | FieldError::OtherType { .. }
            | FieldError::UnknownOption { .. }
            | FieldError::DisabledOption { .. }
            | FieldError::OtherCurrency { .. }
            | FieldError::UnknownRelation { .. }
            | FieldError::UnknownColumn { .. }
            | FieldError::BrokenConstraint { .. }
            | _ => expectation(ui, field.kind).to_owned(),
        }
    }
}

/// Whether a problem names this column.
fn problem_is_of(problem: &FieldError, column: &Field) -> bool {
    problem
        .to_string()
        .starts_with(&format!("{}:", column.label))
}

fn expectation(ui: &Words, kind: FieldType) -> &'static str {
    match kind {
        FieldType::Number | FieldType::Counter => ui.bad_number,
        FieldType::Money => ui.bad_money,
        FieldType::Date => ui.bad_date,
        FieldType::DateTime => ui.bad_moment,
        FieldType::Checkbox | FieldType::SingleSelect | FieldType::MultiSelect => ui.bad_choice,
        FieldType::Phone => ui.bad_phone,
        FieldType::Email => ui.bad_email,
        FieldType::Url => ui.bad_url,
        FieldType::Location => ui.bad_place,
        FieldType::Text
        | FieldType::LongText
        | FieldType::Member
        | FieldType::Party
        | FieldType::CaseLink
        | FieldType::File
        | FieldType::Signature
        | FieldType::Table
        | FieldType::Formula => ui.bad_text,
    }
}

fn title(field: &Field, value: &FieldValue) -> String {
    let words = if let FieldValue::Party(party) = value {
        party.name().to_owned()
    } else {
        value.words(field)
    };
    cut(words.lines().next().unwrap_or_default())
}

fn cut(text: &str) -> String {
    let text = text.trim();
    let mut end = text.len().min(MAX_TITLE_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].trim_end().to_owned()
}

/// The options that are offered, in their order.
pub(super) fn offered(field: &Field) -> impl Iterator<Item = &Choice> {
    field.options.iter().filter(|option| !option.disabled)
}
