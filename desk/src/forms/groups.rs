//! Questions that stand in several inputs: choices, amounts, people, tables.

use casework::template::{Choice, Field};
use casework::value::FieldType;
use maud::{Markup, html};

use super::answers::{offered, part_input};
use super::inputs::{Ask, Sheet};
use super::limits::{MAX_RADIOS, TABLE_ROWS};

impl Sheet<'_> {
    /// The inputs of a group.
    pub(super) fn parts(&self, field: &Field, ask: &Ask<'_>) -> Markup {
        match field.kind {
            FieldType::Checkbox => self.yes_or_no(ask),
            FieldType::Money => self.money(field, ask),
            FieldType::Party => self.party(ask),
            FieldType::Table => self.table(field, ask),
            FieldType::MultiSelect => self.choices(field, ask, "checkbox"),
            FieldType::SingleSelect
            | FieldType::Text
            | FieldType::LongText
            | FieldType::Number
            | FieldType::Date
            | FieldType::DateTime
            | FieldType::Member
            | FieldType::CaseLink
            | FieldType::Phone
            | FieldType::Email
            | FieldType::Url
            | FieldType::Location
            | FieldType::File
            | FieldType::Signature
            | FieldType::Counter
            | FieldType::Formula => self.choices(field, ask, "radio"),
        }
    }

    fn choices(&self, field: &Field, ask: &Ask<'_>, kind: &str) -> Markup {
        let chosen = self.answers.all(ask.input);
        let id = |n: usize, option: &Choice| {
            if n == 0 {
                ask.input.to_owned()
            } else {
                part_input(ask.input, &option.id)
            }
        };
        html! {
            @for (n, option) in offered(field).enumerate() {
                label class="choice" {
                    input type=(kind) name=(ask.input) id=(id(n, option)) value=(option.id)
                        checked[chosen.contains(&option.id)];
                    (self.texts().option_label(field, option))
                }
            }
        }
    }

    fn yes_or_no(&self, ask: &Ask<'_>) -> Markup {
        let chosen = self.answers.first(ask.input);
        let ui = self.reading.ui;
        html! {
            @for (id, value, label) in [
                (ask.input.to_owned(), "yes", ui.yes),
                (part_input(ask.input, "no"), "no", ui.no),
            ] {
                label class="choice" {
                    input type="radio" name=(ask.input) id=(id) value=(value)
                        checked[chosen == value];
                    (label)
                }
            }
        }
    }

    fn money(&self, field: &Field, ask: &Ask<'_>) -> Markup {
        let currency = part_input(ask.input, "currency");
        let known = &field.constraints.currencies;
        let chosen = self.answers.first(&currency);
        let amount = Ask { help: "", ..*ask };
        html! {
            div class="pair" {
                div {
                    label for=(ask.input) class="help" { (self.reading.ui.amount) }
                    (self.line(&amount, "text", "decimal"))
                }
                div {
                    label for=(currency) class="help" { (self.reading.ui.currency) }
                    @if known.is_empty() {
                        input type="text" name=(currency) id=(currency) maxlength="3"
                            value=(chosen);
                    } @else {
                        select name=(currency) id=(currency) {
                            @for code in known {
                                option value=(code) selected[code == chosen] { (code) }
                            }
                        }
                    }
                }
            }
        }
    }

    fn party(&self, ask: &Ask<'_>) -> Markup {
        let contact = part_input(ask.input, "contact");
        let parts = [
            (ask.input, self.reading.ui.name),
            (contact.as_str(), self.reading.ui.contact),
        ];
        html! {
            @for (input, label) in parts {
                label for=(input) class="help" { (label) }
                input type="text" name=(input) id=(input) value=(self.answers.first(input));
            }
        }
    }

    fn table(&self, field: &Field, ask: &Ask<'_>) -> Markup {
        html! {
            @for n in 1..=TABLE_ROWS {
                fieldset class="row" {
                    legend { (self.reading.ui.row) " " (n) }
                    @for (at, column) in field.columns.iter().enumerate() {
                        (self.cell(field, column, (ask.input, n, at)))
                    }
                }
            }
        }
    }

    fn cell(&self, field: &Field, column: &Field, place: (&str, usize, usize)) -> Markup {
        let (table, n, at) = place;
        let input = part_input(&part_input(table, &format!("r{n}")), &column.id);
        let ask = Ask {
            input: &input,
            label: self.texts().column_label(field, column),
            help: "",
            required: true,
        };
        html! {
            // Problems of the table lead to its first cell.
            @if n == 1 && at == 0 { span id=(table) tabindex="-1" {} }
            @if is_group(column) {
                (self.group(&ask, &self.parts(column, &ask)))
            } @else {
                label for=(input) class="help" { (ask.label) }
                (self.plain_input(column, &Ask { required: false, ..ask }))
            }
        }
    }
}

/// Whether a field is asked for by several inputs.
pub(super) fn is_group(field: &Field) -> bool {
    match field.kind {
        FieldType::Checkbox
        | FieldType::MultiSelect
        | FieldType::Money
        | FieldType::Party
        | FieldType::Table => true,
        FieldType::SingleSelect => offered(field).count() <= MAX_RADIOS,
        FieldType::Text
        | FieldType::LongText
        | FieldType::Number
        | FieldType::Date
        | FieldType::DateTime
        | FieldType::Member
        | FieldType::CaseLink
        | FieldType::Phone
        | FieldType::Email
        | FieldType::Url
        | FieldType::Location
        | FieldType::File
        | FieldType::Signature
        | FieldType::Counter
        | FieldType::Formula => false,
    }
}
