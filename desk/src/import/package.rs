//! The template of an import: the stages and fields of the plan, and nothing that could refuse.

use casework::template::{Category, Choice, Field, Package, Stage};
use casework::value::{ConflictPolicy, FieldType};

use crate::xes::limits::MAX_FIELDS;
use crate::xes::plan::{FieldKind, FieldPlan, ImportPlan, Level, StageCategory, StagePlan};

/// The field that keeps the group an event names.
pub const GROUP_FIELD: &str = "org_group";

/// Most card fields: a card is a card.
const MAX_CARD_FIELDS: usize = 3;
/// Longest help text of a field: the template's own limit is larger.
const MAX_HELP_CHARACTERS: usize = 300;

/// Makes the package of a plan. Every move is free: the log has happened.
#[must_use]
pub fn package(plan: &ImportPlan, source: &str) -> Package {
    let groups = !plan.groups.is_empty();
    let plan = &plan.template;
    let mut package = Package::new(&plan.key, &plan.name);
    package.description = format!("Imported from {source}.")
        .chars()
        .take(500)
        .collect();
    package.stages = plan.stages.iter().map(stage).collect();
    package.fields = plan.fields.iter().map(field).collect();
    let on_cards = package.fields.iter_mut().zip(&plan.fields);
    let on_cards = on_cards.filter(|(_, plan)| {
        plan.level == Level::Trace && matches!(plan.kind, FieldKind::SingleSelect { .. })
    });
    for (field, _) in on_cards.take(MAX_CARD_FIELDS) {
        field.card = true;
    }
    let taken = package.fields.iter().any(|field| field.id == GROUP_FIELD);
    if groups && !taken && package.fields.len() < MAX_FIELDS {
        let mut field = Field::new(GROUP_FIELD, "Group", FieldType::Text);
        field.help = "event attribute org:group".to_owned();
        field.conflict = Some(ConflictPolicy::Latest);
        package.fields.push(field);
    }
    package
}

fn stage(plan: &StagePlan) -> Stage {
    let category = match plan.category {
        StageCategory::Intake => Category::Intake,
        StageCategory::Active => Category::Active,
        StageCategory::Done => Category::Done,
    };
    Stage {
        colour: Some(plan.color.to_owned()),
        ..Stage::new(&plan.id, &plan.name, category)
    }
}

fn field(plan: &FieldPlan) -> Field {
    let kind = match &plan.kind {
        FieldKind::Text => FieldType::Text,
        FieldKind::Number => FieldType::Number,
        FieldKind::Checkbox => FieldType::Checkbox,
        FieldKind::Date => FieldType::Date,
        FieldKind::DateTime => FieldType::DateTime,
        FieldKind::SingleSelect { .. } => FieldType::SingleSelect,
    };
    let mut field = Field::new(&plan.id, &plan.label, kind);
    let level = match plan.level {
        Level::Trace => "case",
        Level::Event => "event",
    };
    let help = format!("{level} attribute {}", plan.source);
    field.help = help
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_HELP_CHARACTERS)
        .collect();
    field.searchable = matches!(kind, FieldType::Text);
    if plan.level == Level::Event {
        // Each event overwrites it: the last one known is what is wanted.
        field.conflict = Some(ConflictPolicy::Latest);
    }
    if let FieldKind::SingleSelect { options } = &plan.kind {
        field.options = options
            .iter()
            .map(|option| Choice::new(&option.id, &option.label))
            .collect();
    }
    field
}
