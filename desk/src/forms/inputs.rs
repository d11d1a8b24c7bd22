//! The inputs of a form: one question with its label, help, problem and what was answered before.
//!
//! Whatever stands in more than one input is a fieldset with a legend. Every input is tied to its
//! help and its problem, so that whoever hears the page hears them with it.

use casework::template::{Field, FormField, FormWords, Question};
use casework::value::{FieldType, Scalar};
use maud::{Markup, html};

use super::answers::{CONSENT, DOCUMENTS, Problem, field_input, offered};
use super::answers::{Reading, question_input};
use super::body::Answers;
use super::groups::is_group;
use super::page::paragraphs;

/// A form that is shown, with what was answered before.
pub(super) struct Sheet<'s> {
    pub(super) reading: &'s Reading<'s>,
    pub(super) answers: &'s Answers,
    pub(super) problems: &'s [Problem],
}

/// One question as it is shown.
pub(super) struct Ask<'a> {
    pub(super) input: &'a str,
    pub(super) label: &'a str,
    pub(super) help: &'a str,
    pub(super) required: bool,
}

impl Sheet<'_> {
    /// Everything that is asked, in order.
    pub(super) fn inputs(&self) -> Markup {
        let form = self.reading.form;
        html! {
            @for asked in &form.fields {
                @if let Some(field) = self.reading.revision.field(&asked.field) {
                    (self.field(asked, field))
                }
            }
            @for question in &form.questions { (self.question(question)) }
            @if form.attachments > 0 { (self.documents()) }
            @if !self.texts().consent().is_empty() { (self.consent()) }
        }
    }

    pub(super) fn texts(&self) -> FormWords<'_> {
        self.reading.texts
    }

    fn field(&self, asked: &FormField, field: &Field) -> Markup {
        let input = field_input(&field.id);
        let help = match (self.texts().field_help(asked, field), field.kind) {
            ("", FieldType::Location) => self.reading.ui.place_help,
            (help, _) => help,
        };
        let ask = Ask {
            input: &input,
            label: self.texts().field_label(asked, field),
            help,
            required: asked.required,
        };
        if is_group(field) {
            self.group(&ask, &self.parts(field, &ask))
        } else {
            self.single(&ask, &self.plain_input(field, &ask))
        }
    }

    fn question(&self, question: &Question) -> Markup {
        let input = question_input(&question.id);
        let ask = Ask {
            input: &input,
            label: self.texts().question_label(question),
            help: self.texts().question_help(question),
            required: question.required,
        };
        let inner = if question.short {
            self.line(&ask, "text", "")
        } else {
            self.prose(&ask)
        };
        self.single(&ask, &inner)
    }

    fn documents(&self) -> Markup {
        let ask = Ask {
            input: DOCUMENTS,
            label: self.reading.ui.documents,
            help: self.reading.ui.documents_help,
            required: false,
        };
        self.single(&ask, &self.prose(&ask))
    }

    fn consent(&self) -> Markup {
        let problem = self.problem(CONSENT);
        html! {
            div class=(class_of(problem)) {
                (paragraphs(self.texts().consent()))
                (self.error(CONSENT, problem))
                label class="choice" {
                    input type="checkbox" name=(CONSENT) id=(CONSENT) value="yes" required
                        checked[self.answers.first(CONSENT) == "yes"]
                        aria-invalid=[problem.map(|_| "true")]
                        aria-describedby=[problem.map(|_| error_id(CONSENT))];
                    (self.reading.ui.agree)
                }
            }
        }
    }

    /// A question with one input.
    fn single(&self, ask: &Ask<'_>, inner: &Markup) -> Markup {
        let problem = self.problem(ask.input);
        html! {
            div class=(class_of(problem)) {
                label for=(ask.input) { (ask.label) (self.optional(ask)) }
                (help(ask))
                (self.error(ask.input, problem))
                (inner)
            }
        }
    }

    /// A question with several inputs. The first one bears the id that problems lead to.
    pub(super) fn group(&self, ask: &Ask<'_>, inner: &Markup) -> Markup {
        let problem = self.problem(ask.input);
        html! {
            fieldset class=(class_of(problem)) aria-describedby=[described_by(ask, problem)] {
                legend { (ask.label) (self.optional(ask)) }
                (help(ask))
                (self.error(ask.input, problem))
                (inner)
            }
        }
    }

    fn optional(&self, ask: &Ask<'_>) -> Markup {
        html! {
            @if !ask.required { " " span class="note" { "(" (self.reading.ui.optional) ")" } }
        }
    }

    fn error(&self, input: &str, problem: Option<&Problem>) -> Markup {
        html! {
            @if let Some(problem) = problem {
                span class="error" id=(error_id(input)) {
                    (self.reading.ui.error_prefix) " " (problem.text)
                }
            }
        }
    }

    fn problem(&self, input: &str) -> Option<&Problem> {
        self.problems.iter().find(|problem| problem.input == input)
    }

    pub(super) fn plain_input(&self, field: &Field, ask: &Ask<'_>) -> Markup {
        match field.kind {
            FieldType::LongText => self.prose(ask),
            FieldType::SingleSelect => self.select(field, ask),
            FieldType::Number => self.line(ask, "text", "decimal"),
            FieldType::Date => self.date(field, ask),
            FieldType::DateTime => self.line(ask, "datetime-local", ""),
            FieldType::Phone => self.line(ask, "tel", "tel"),
            FieldType::Email => self.line(ask, "email", "email"),
            FieldType::Url => self.line(ask, "url", "url"),
            FieldType::Text
            | FieldType::Money
            | FieldType::Checkbox
            | FieldType::MultiSelect
            | FieldType::Member
            | FieldType::Party
            | FieldType::CaseLink
            | FieldType::Location
            | FieldType::File
            | FieldType::Signature
            | FieldType::Counter
            | FieldType::Table
            | FieldType::Formula => self.line(ask, "text", ""),
        }
    }

    /// One line. `mode` is the keyboard that a telephone shows.
    pub(super) fn line(&self, ask: &Ask<'_>, kind: &str, mode: &str) -> Markup {
        let problem = self.problem(ask.input);
        let mode = Some(mode).filter(|mode| !mode.is_empty());
        html! {
            input type=(kind) name=(ask.input) id=(ask.input) inputmode=[mode]
                value=(self.answers.first(ask.input)) required[ask.required]
                aria-invalid=[problem.map(|_| "true")]
                aria-describedby=[described_by(ask, problem)];
        }
    }

    fn prose(&self, ask: &Ask<'_>) -> Markup {
        let problem = self.problem(ask.input);
        html! {
            textarea name=(ask.input) id=(ask.input) rows="6" required[ask.required]
                aria-invalid=[problem.map(|_| "true")]
                aria-describedby=[described_by(ask, problem)] {
                // A browser drops the first line end inside.
                "\n" (self.answers.first(ask.input))
            }
        }
    }

    fn date(&self, field: &Field, ask: &Ask<'_>) -> Markup {
        let bound = |bound: &Option<Scalar>| bound.as_ref().map(ToString::to_string);
        let today = field
            .constraints
            .not_future
            .then(|| self.reading.today.date.to_string());
        let problem = self.problem(ask.input);
        html! {
            input type="date" name=(ask.input) id=(ask.input)
                min=[bound(&field.constraints.min)] max=[bound(&field.constraints.max).or(today)]
                value=(self.answers.first(ask.input)) required[ask.required]
                aria-invalid=[problem.map(|_| "true")]
                aria-describedby=[described_by(ask, problem)];
        }
    }

    fn select(&self, field: &Field, ask: &Ask<'_>) -> Markup {
        let chosen = self.answers.first(ask.input);
        let problem = self.problem(ask.input);
        html! {
            select name=(ask.input) id=(ask.input) required[ask.required]
                aria-invalid=[problem.map(|_| "true")]
                aria-describedby=[described_by(ask, problem)] {
                option value="" { (self.reading.ui.choose_one) }
                @for option in offered(field) {
                    option value=(option.id) selected[option.id == chosen] {
                        (self.texts().option_label(field, option))
                    }
                }
            }
        }
    }
}

fn class_of(problem: Option<&Problem>) -> &'static str {
    if problem.is_some() {
        "ask wrong"
    } else {
        "ask"
    }
}

fn help(ask: &Ask<'_>) -> Markup {
    html! {
        @if !ask.help.is_empty() { span class="help" id=(help_id(ask.input)) { (ask.help) } }
    }
}

fn described_by(ask: &Ask<'_>, problem: Option<&Problem>) -> Option<String> {
    let help = (!ask.help.is_empty()).then(|| help_id(ask.input));
    let error = problem.map(|_| error_id(ask.input));
    match (help, error) {
        (Some(help), Some(error)) => Some(format!("{help} {error}")),
        (help, error) => help.or(error),
    }
}

fn help_id(input: &str) -> String {
    format!("{input}-help")
}

fn error_id(input: &str) -> String {
    format!("{input}-error")
}
