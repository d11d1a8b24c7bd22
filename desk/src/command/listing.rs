//! `casework list` and `casework board`.

use std::collections::BTreeSet;

use casework::ids::{DocumentId, MemberId};
use casework::template::Today;
use casework::view::{Badge, Card, Filter, Kept, Sorting, is_overdue, list as wanted};
use serde_json::{Value, json};

use super::{Desk, json};
use crate::cli::{BoardArgs, ListArgs, SortBy};
use crate::fault::Fault;
use crate::request::Response;
use crate::screen::board;
use crate::screen::ink::Tone;
use crate::screen::lists;
use crate::screen::page::Page;
use crate::screen::words::{count, plain};
use casework::Names;

/// `casework list`.
pub(super) fn list(desk: &Desk<'_>, args: &ListArgs) -> Result<Response, Fault> {
    let template = args
        .template
        .as_ref()
        .map(|text| desk.template(text))
        .transpose()?;
    let cards = chosen(desk, args, template)?;
    let names = desk.names()?;
    let stages = stages(desk, &cards)?;
    let from = args.skip.min(cards.len());
    let shown = &cards[from..cards.len().min(from.saturating_add(args.limit))];
    let mut lines = lists::cases((shown, now_ms()), &names, &stages, desk.screen);
    let after = cards.len() - from - shown.len();
    if after > 0 {
        lines.push(format!(
            "and {} (--skip {}, or --limit {})",
            count(after as u64, "more case"),
            from + shown.len(),
            cards.len()
        ));
    }
    if shown.is_empty() {
        lines = vec![match cards.len() as u64 {
            0 => "No cases.".to_owned(),
            all => format!("No more cases: there are {all}, and --skip leaves out {from}."),
        }];
    }
    let json = json!({
        "total": cards.len(),
        "cases": shown.iter().map(|card| card_json(card, &names)).collect::<Vec<_>>(),
    });
    Ok(Response::new(lines, json))
}

/// `casework board`.
pub(super) fn board(desk: &Desk<'_>, args: &BoardArgs) -> Result<Response, Fault> {
    let named = args.board.as_ref().or(args.filter.template.as_ref());
    let all = desk.workspace.templates()?;
    let templates: Vec<DocumentId> = match named {
        Some(text) => vec![desk.template(text)?],
        None => all.iter().map(|template| template.document).collect(),
    };
    let names = desk.names()?;
    let (mut page, mut boards) = (Page::new(desk.screen), Vec::new());
    for template in templates {
        let cards = chosen(desk, &args.filter, Some(template))?;
        if cards.is_empty() && named.is_none() {
            continue;
        }
        boards.push(one_board(
            desk,
            (template, &cards),
            args,
            (&names, &mut page),
        )?);
    }
    if boards.is_empty() {
        page.line("No cases yet. Try: casework case open TEMPLATE \"A title\"");
    }
    Ok(Response::new(page.finish(), json!({ "boards": boards })))
}

fn one_board(
    desk: &Desk<'_>,
    (template, cards): (DocumentId, &[Card]),
    args: &BoardArgs,
    (names, page): (&Names, &mut Page),
) -> Result<Value, Fault> {
    let revision = desk.workspace.revision(template)?;
    let filter = Filter::default();
    let made = casework::view::Board::of(&revision, cards, &filter, sorting(args.filter.sort));
    let heading = format!(
        "{} {}",
        revision.package().key,
        count(made.len() as u64, "case")
    );
    page.heading(&heading, &plain(&revision.package().name));
    let (mut columns, mut empty, mut json_columns) = (Vec::new(), Vec::new(), Vec::new());
    for column in &made.columns {
        json_columns.push(json!({
            "stage": column.stage,
            "name": column.name,
            "category": column.category,
            "total": column.cards.len(),
            "cases": column.cards.iter().map(|card| card_json(card, names)).collect::<Vec<_>>(),
        }));
        if column.cards.is_empty() && !args.empty {
            empty.push(plain(column.name));
            continue;
        }
        columns.push(board::Column {
            name: column.name.to_owned(),
            colour: column.colour.to_owned(),
            total: column.cards.len() as u64,
            cards: column
                .cards
                .iter()
                .take(args.cards)
                .map(|card| drawn(card, names))
                .collect(),
        });
    }
    page.lines(board::lines(&columns, desk.screen));
    if !empty.is_empty() {
        let line = format!("empty: {}", empty.join(", "));
        page.gap();
        page.toned(Tone::Quiet, &line);
    }
    Ok(json!({
        "template": template,
        "key": revision.package().key,
        "name": revision.package().name,
        "total": made.len(),
        "columns": json_columns,
    }))
}

/// A card as the board draws it.
fn drawn(card: &Card, names: &Names) -> board::Card {
    let mut people = Vec::new();
    people.extend(card.owner.map(|owner| names.member(owner)));
    let others = card
        .assignees
        .iter()
        .filter(|member| Some(**member) != card.owner);
    people.extend(others.map(|member| names.member(*member)));
    let mut about = vec![people.join(", ")];
    about.extend(card.due.as_ref().map(|due| format!("due {due}")));
    if card.tasks.1 > 0 {
        about.push(format!("tasks {}/{}", card.tasks.0, card.tasks.1));
    }
    if card.comments > 0 {
        about.push(count(card.comments, "comment"));
    }
    about.retain(|part| !part.is_empty());
    // The template's first card fields; the title says the rest.
    let fields: Vec<String> = card
        .fields
        .iter()
        .map(|field| lists::words(field, names))
        .filter(|words| !card.title.contains(words.as_str()))
        .collect();
    let mut more = vec![fields.join(" · "), about.join(" · ")];
    if !card.labels.is_empty() {
        let labels: Vec<String> = card
            .labels
            .iter()
            .map(|label| format!("#{label}"))
            .collect();
        more.push(labels.join(" "));
    }
    more.retain(|line| !line.is_empty());
    board::Card {
        number: card.number.clone(),
        badges: lists::badges(card, now_ms()),
        title: card.title.clone(),
        more,
    }
}

/// The cards that the arguments ask for, in their order.
fn chosen(
    desk: &Desk<'_>,
    args: &ListArgs,
    template: Option<DocumentId>,
) -> Result<Vec<Card>, Fault> {
    let mut cards = desk.workspace.cards()?;
    if let Some(template) = template {
        cards.retain(|card| card.template == template);
    }
    if let Some(text) = &args.stage {
        let templates: BTreeSet<DocumentId> = cards.iter().map(|card| card.template).collect();
        let mut stages = BTreeSet::new();
        for template in templates {
            if let Ok(stage) = desk.workspace.find_stage(template, text) {
                stages.insert((template, stage));
            }
        }
        if stages.is_empty() {
            return Err(Fault::invalid(format!("no template has a stage {text:?}"))
                .or_try("casework template show TEMPLATE"));
        }
        cards.retain(|card| stages.contains(&(card.template, card.stage.clone())));
    }
    let filter = filter(desk, args)?;
    Ok(wanted(&cards, &filter, sorting(args.sort))
        .into_iter()
        .cloned()
        .collect())
}

fn filter(desk: &Desk<'_>, args: &ListArgs) -> Result<Filter, Fault> {
    let mut people: Option<BTreeSet<MemberId>> = None;
    if args.mine {
        people.get_or_insert_default().insert(desk.member("me")?);
    }
    if let Some(member) = &args.member {
        people.get_or_insert_default().insert(desk.member(member)?);
    }
    if let Some(key) = &args.team {
        let teams = desk.workspace.teams()?;
        let team = teams
            .iter()
            .find(|team| team.key == *key || team.name == *key);
        let team = team.ok_or_else(|| {
            Fault::invalid(format!("no team is called {key:?}")).or_try("casework team list")
        })?;
        people.get_or_insert_default().extend(&team.members);
    }
    let mut badges = BTreeSet::new();
    if args.contested {
        badges.insert(Badge::Contested);
    }
    if args.unsynced {
        badges.insert(Badge::Unsynced);
    }
    if args.flagged {
        badges.insert(Badge::Flagged);
    }
    Ok(Filter {
        people,
        unassigned: args.unassigned,
        labels: args.labels.iter().cloned().collect(),
        text: args.search.clone(),
        categories: None,
        badges,
        overdue_on: args.overdue.then(today),
        sla: (!args.sla.is_empty()).then(|| (args.sla.iter().copied().collect(), now_ms())),
        unfinished: args.open,
        kept: kept(args),
    })
}

/// The places that are looked into, if it is not only what is in use.
fn kept(args: &ListArgs) -> Option<BTreeSet<Kept>> {
    if args.trash {
        Some([Kept::Trash].into())
    } else {
        let both = [Kept::InUse, Kept::Archived];
        args.archived.then(|| both.into())
    }
}

const fn sorting(sort: SortBy) -> Sorting {
    match sort {
        SortBy::Changed => Sorting::Changed,
        SortBy::Opened => Sorting::Opened,
        SortBy::Entered => Sorting::Entered,
        SortBy::Due => Sorting::Due,
        SortBy::Clock => Sorting::Clock,
        SortBy::Number => Sorting::Number,
        SortBy::Title => Sorting::Title,
    }
}

fn today() -> Today {
    let now = casework::timestamp().to_zoned(jiff::tz::TimeZone::system());
    Today::at(now.timestamp(), now.offset())
}

fn now_ms() -> i64 {
    casework::timestamp().as_millisecond()
}

/// The names and colours of the stages that cards stand in.
fn stages(desk: &Desk<'_>, cards: &[Card]) -> Result<lists::Stages, Fault> {
    let mut stages = lists::Stages::new();
    let templates: BTreeSet<DocumentId> = cards.iter().map(|card| card.template).collect();
    for template in templates {
        // A case whose template has not arrived is listed with its stage's id.
        let Ok(revision) = desk.workspace.revision(template) else {
            continue;
        };
        for stage in revision.stages() {
            let shown = (plain(&stage.name), stage.colour().to_owned());
            stages.insert((template, stage.id.clone()), shown);
        }
    }
    Ok(stages)
}

/// A card for programs, with the names of its people.
fn card_json(card: &Card, names: &Names) -> Value {
    let mut json = json(card);
    if let Some(object) = json.as_object_mut() {
        object.insert(
            "owner_name".into(),
            json!(card.owner.map(|owner| names.member(owner))),
        );
        object.insert("sla".into(), json!(card.sla(now_ms())));
        object.insert("overdue".into(), json!(is_overdue(card, &today())));
    }
    json
}
