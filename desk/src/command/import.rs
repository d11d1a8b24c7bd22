//! `casework import xes`: the plan, the template, the people, then the cases in batches.
//!
//! An import that was interrupted goes on where it was: cases that are here already, by their
//! number, are left out. Each batch is one commit, so no case is ever half imported.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use casework::ids::{DocumentId, MemberId};
use casework::template::{Field, Package};
use casework::{CaseImport, MemberKind, Standing};
use serde_json::{Value, json};

use super::{Desk, json};
use crate::cli::XesArgs;
use crate::fault::Fault;
use crate::import::{Cast, GROUP_FIELD, Script, package, script};
use crate::request::Response;
use crate::screen::import_page;
use crate::xes::{ImportPlan, Limits, Options, Source, XesError};

/// Cases per commit.
const BATCH: usize = 100;
/// Longest key of a template, in letters.
const MAX_KEY_LETTERS: usize = 6;
/// The member that stands for events that name nobody.
const NOBODY: &str = "(nobody named)";

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// Cases imported now.
    pub cases: u64,
    /// Their events.
    pub events: u64,
    /// Cases that were here already.
    pub present: u64,
    /// Events of those.
    pub present_events: u64,
    /// Events that became a comment.
    pub repeated: u64,
    /// Events without a time of their own.
    pub untimed: u64,
    /// People entered as members.
    pub people: u64,
    /// How long the cases took.
    pub took: Duration,
}

/// `casework import xes`.
pub(super) fn xes(desk: &mut Desk<'_>, args: &XesArgs) -> Result<Response, Fault> {
    let source = Source::path(&args.file);
    let options = Options {
        classifier: args.classifier.clone(),
        limits: Limits::default(),
    };
    let plan = ImportPlan::survey(&source, &options, &mut |progress| {
        desk.step("reading the log", progress.read_bytes, progress.total_bytes);
    })?;
    let package = known_or_new(desk, package(&plan, source.name()), args.again)?;
    if args.dry_run {
        let lines = import_page::plan(&plan, &package, desk.screen);
        let json = plan_json(&plan, &package);
        return Ok(Response::new(lines, json));
    }
    let imported = carry_out(desk, (&plan, &source), package.clone(), args)?;
    let complete = imported.cases + imported.present == plan.counts.traces
        && imported.events + imported.present_events == plan.counts.events;
    let lines = import_page::result(&plan, &package, (&imported, complete), desk.screen);
    let mut json = plan_json(&plan, &package);
    if let Some(object) = json.as_object_mut() {
        object.insert("imported".into(), imported_json(&imported, complete));
    }
    let mut response = Response::new(lines, json);
    if !complete || plan.broken.is_some() {
        response.exit = super::status::FOUND_FAULTS;
    }
    Ok(response)
}

fn carry_out(
    desk: &mut Desk<'_>,
    (plan, source): (&ImportPlan, &Source),
    package: Package,
    args: &XesArgs,
) -> Result<Imported, Fault> {
    let key = package.key.clone();
    let has_group = package.fields.iter().any(|field| field.id == GROUP_FIELD);
    let present = if args.again {
        BTreeSet::new()
    } else {
        present(desk, &key)?
    };
    if present.len() as u64 >= plan.counts.traces {
        let message = format!(
            "{} was imported before: all its cases are here",
            source.name()
        );
        return Err(
            Fault::invalid(message).or_try("the same command with --again, for a second copy")
        );
    }
    let template = desk.workspace.import_template(package)?.document();
    let (people, entered) = enter_people(desk, plan)?;
    let nobody = people
        .get(NOBODY)
        .copied()
        .ok_or_else(|| Fault::invalid("nobody is missing"))?;
    let group_field = has_group.then_some(GROUP_FIELD);
    let cast = Cast {
        template,
        key,
        people,
        nobody,
        group_field,
    };
    let mut imported = Imported {
        people: entered,
        ..Imported::default()
    };
    import_cases(desk, (plan, source), (&cast, &present), &mut imported)?;
    Ok(imported)
}

/// The numbers of the cases that are here already.
fn present(desk: &Desk<'_>, key: &str) -> Result<BTreeSet<String>, Fault> {
    let Ok(template) = desk.workspace.find_template(key) else {
        return Ok(BTreeSet::new());
    };
    let cards = desk
        .workspace
        .cards()?
        .into_iter()
        .filter(|card| card.template == template);
    Ok(cards.map(|card| card.number).collect())
}

/// Members for the names of the log; those of an earlier import are used again.
fn enter_people(
    desk: &mut Desk<'_>,
    plan: &ImportPlan,
) -> Result<(BTreeMap<String, MemberId>, u64), Fault> {
    let mut people: BTreeMap<String, MemberId> = desk
        .workspace
        .members()?
        .into_iter()
        .filter(|member| member.kind == MemberKind::Imported)
        .map(|member| (member.name, member.id))
        .collect();
    let names = plan.people.keys().map(String::as_str).chain([NOBODY]);
    let missing: Vec<&str> = names.filter(|name| !people.contains_key(*name)).collect();
    let mut pending = false;
    for (done, name) in missing.iter().enumerate() {
        desk.step("entering people", done as u64, Some(missing.len() as u64));
        let (id, standing) = desk.workspace.add_member(name, MemberKind::Imported, &[])?;
        pending |= standing == Standing::Pending;
        people.insert((*name).to_owned(), id);
    }
    if pending {
        // A case can only name members that the server has taken.
        super::status::synced(desk)?;
    }
    let named = missing.iter().filter(|name| **name != NOBODY);
    Ok((people, named.count() as u64))
}

fn import_cases(
    desk: &mut Desk<'_>,
    (plan, source): (&ImportPlan, &Source),
    (cast, present): (&Cast, &BTreeSet<String>),
    imported: &mut Imported,
) -> Result<(), Fault> {
    let begun = Instant::now();
    let stages = &plan.template.stages;
    let stages = stages
        .iter()
        .map(|stage| (stage.id.clone(), stage.name.clone()))
        .collect();
    let mut batch: Vec<Script> = Vec::with_capacity(BATCH);
    for case in plan.cases(source)? {
        let case = match case {
            Ok(case) => case,
            Err(error @ XesError::Changed { .. }) => return Err(error.into()),
            // The first pass stopped here too; what came before is whole.
            Err(error) if plan.broken.is_none() => return Err(error.into()),
            Err(_) => break,
        };
        let script = script(&case, &stages, cast);
        if script
            .case
            .request
            .number
            .as_ref()
            .is_some_and(|number| present.contains(number))
        {
            imported.present += 1;
            imported.present_events += script.events;
            continue;
        }
        batch.push(script);
        if batch.len() == BATCH {
            commit(desk, &mut batch, imported)?;
            let done = imported.cases + imported.present;
            desk.step("importing cases", done, Some(plan.counts.traces));
        }
    }
    commit(desk, &mut batch, imported)?;
    imported.took = begun.elapsed();
    Ok(())
}

fn commit(desk: &Desk<'_>, batch: &mut Vec<Script>, imported: &mut Imported) -> Result<(), Fault> {
    let mut cases: Vec<CaseImport> = Vec::with_capacity(batch.len());
    let (mut events, mut repeated, mut untimed) = (0, 0, 0);
    for script in batch.drain(..) {
        events += script.events;
        repeated += script.repeated;
        untimed += script.untimed;
        cases.push(script.case);
    }
    if cases.is_empty() {
        return Ok(());
    }
    let opened: Vec<DocumentId> = desk.workspace.import_cases(&cases)?;
    imported.cases += opened.len() as u64;
    imported.events += events;
    imported.repeated += repeated;
    imported.untimed += untimed;
    Ok(())
}

/// The template of an earlier import of this log, grown by what is new in it, or the log's own
/// with a key that no other template has: a template that somebody made is never given a new
/// revision by an import.
fn known_or_new(desk: &Desk<'_>, mut package: Package, again: bool) -> Result<Package, Fault> {
    let templates = desk.workspace.templates()?;
    let plain = package.key.clone();
    let letters = (b'A'..=b'Z').map(|letter| char::from(letter).to_string());
    for ending in [String::new()].into_iter().chain(letters) {
        let stem: String = plain.chars().take(MAX_KEY_LETTERS - ending.len()).collect();
        package.key = format!("{stem}{ending}");
        let known = templates
            .iter()
            .find(|known| known.package.key == package.key);
        let Some(known) = known.map(|known| &known.package) else {
            return Ok(package);
        };
        if holds(known, &package) {
            return Ok(Package::clone(known));
        }
        // A file that was cut and is whole now has more activities and attributes.
        if holds(&package, known) {
            return Ok(package);
        }
        if known.name == package.name && !again {
            let message = format!(
                "template {} has the name of this log and other fields: an import of another \
                 copy, perhaps of one that was cut",
                known.key
            );
            return Err(Fault::invalid(message)
                .or_try("the same command with --again: all of it, beside the earlier cases"));
        }
    }
    Err(Fault::invalid(format!(
        "there is no free template key like {plain}"
    )))
}

/// Whether a package has every stage, field and option of a smaller one of the same name.
fn holds(larger: &Package, smaller: &Package) -> bool {
    let stage = |id: &str| larger.stages.iter().any(|stage| stage.id == id);
    let field = |wanted: &Field| {
        larger.fields.iter().any(|field| {
            let option = |id: &str| field.options.iter().any(|option| option.id == id);
            field.id == wanted.id
                && field.kind == wanted.kind
                && wanted.options.iter().all(|wanted| option(&wanted.id))
        })
    };
    larger.name == smaller.name
        && smaller.stages.iter().all(|wanted| stage(&wanted.id))
        && smaller.fields.iter().all(field)
}

fn plan_json(plan: &ImportPlan, package: &Package) -> Value {
    json!({
        "template": json(package),
        "cases": plan.counts.traces,
        "events": plan.counts.events,
        "attributes": plan.counts.attributes,
        "people": plan.people,
        "groups": plan.groups,
        "classifier": plan.classifier,
        "notes": plan.notes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "broken": plan.broken.as_ref().map(ToString::to_string),
    })
}

fn imported_json(imported: &Imported, complete: bool) -> Value {
    json!({
        "cases": imported.cases,
        "events": imported.events,
        "present": imported.present,
        "present_events": imported.present_events,
        "repeated_as_comments": imported.repeated,
        "without_time": imported.untimed,
        "people": imported.people,
        "took_ms": u64::try_from(imported.took.as_millis()).unwrap_or(u64::MAX),
        "complete": complete,
    })
}
