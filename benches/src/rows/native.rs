//! What the surface for other languages costs: the same calls as in Rust, with records made and
//! written into the buffer that crosses the border; and what a phone's replica needs.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use casework::ids::DocumentId;
use casework::view::{Filter, Sorting as SdkSorting};
use casework_native::{
    Action, CaseFilter, CaseImport, NewCase, NewWorkspace, Page, Sorting, UniFfiTag, Workspace,
};
use uniffi::Lower;

use super::folder;
use crate::measure::{Scale, alternate, resident_bytes, timed};
use crate::table::{Aim, Figure, Row};

/// Cases per commit while the workload is made.
const AT_ONCE: usize = 500;
/// How often a call is made per measurement.
const CALLS: u32 = 20;
/// The template of the workload.
const PACKAGE: &str = r#"{"key":"SITE","name":"Inspection","stages":[
    {"id":"open","name":"Open","category":"active"},
    {"id":"done","name":"Done","category":"done"}],
    "fields":[{"id":"site","label":"Site","type":"text","card":true},
    {"id":"note","label":"Note","type":"text"},
    {"id":"visits","label":"Visits","type":"counter"}]}"#;

/// A workspace with cases, and the ids of its template and its cases.
struct Phone {
    workspace: Arc<Workspace>,
    template: String,
    cases: Vec<String>,
}

/// A view of a case and a page of a list, as another language gets them, beside the Rust calls.
///
/// # Panics
/// When the workload cannot be made.
#[must_use]
pub fn native(scale: Scale) -> Vec<Row> {
    let folder = folder();
    let phone = Phone::make(folder.path(), scale.of(10_000, 50));
    let rounds = scale.of(15, 2);
    let sdk = phone.workspace.sdk().expect("it is open");
    let case = phone.worked_on();
    let id = case.parse().expect("an id");
    let view = || lowered(phone.workspace.case_view(&case).expect("it is here"));
    let viewed = alternate(rounds, || calls(view), || calls(|| in_rust(&sdk, id)));
    let template = Some(phone.template.parse().expect("an id"));
    let page = Page { skip: 0, take: 50 };
    let list = || {
        let wanted = (CaseFilter::default(), Sorting::Changed, page);
        let of = Some(phone.template.clone());
        lowered(
            phone
                .workspace
                .list_cases(wanted.0, wanted.1, wanted.2, of)
                .expect("it works"),
        );
    };
    let filter = Filter::default();
    let rust = || {
        let page = sdk.list(template, &filter, SdkSorting::Changed, (0, 50));
        (page.expect("it works"), sdk.names().expect("it works"))
    };
    let listed = alternate(rounds, || timed(list), || timed(rust));
    let cases = phone.cases.len();
    let row = |what: String, (ours, yardstick): (Duration, Duration)| Row {
        what,
        measured: Figure::Time(ours),
        yardstick: ("the same in Rust", Figure::Time(yardstick)),
        aim: Aim::AtMost(2.0),
    };
    vec![
        row(
            format!("a case for another language, {CALLS} times"),
            viewed,
        ),
        row(
            format!("a page of 50 of {cases} cases for another language"),
            listed,
        ),
    ]
}

/// Opening a phone's replica, and the memory of a process that browses it.
///
/// # Panics
/// When the workload cannot be made, or this program cannot be started again.
#[must_use]
pub fn phone(scale: Scale) -> Vec<Row> {
    let folder = folder();
    let cases = scale.of(10_000, 50);
    Phone::make(folder.path(), cases).workspace.shutdown();
    let path = folder.path().to_str().expect("UTF-8").to_owned();
    let open = || {
        let begun = Instant::now();
        let workspace = Workspace::open(path.clone(), None).expect("it was closed well");
        let took = begun.elapsed();
        workspace.shutdown();
        took
    };
    let (opened, again) = alternate(scale.of(9, 2), open, open);
    let program = std::env::current_exe().expect("this program has a file");
    let said = Command::new(program)
        .args(["bench", "--browse"])
        .arg(folder.path())
        .output()
        .expect("this program can be started");
    let bytes: f64 = String::from_utf8_lossy(&said.stdout)
        .trim()
        .parse()
        .expect("a number");
    vec![
        Row {
            what: format!("cold open of {cases} cases"),
            measured: Figure::Time(opened),
            yardstick: ("the same again", Figure::Time(again)),
            aim: Aim::Within(Figure::Time(Duration::from_millis(100))),
        },
        Row {
            what: format!("memory of a process that browses {cases} cases"),
            measured: Figure::Bytes(bytes),
            yardstick: ("nothing", Figure::None),
            aim: Aim::Within(Figure::Bytes(60.0 * 1024.0 * 1024.0)),
        },
    ]
}

/// Browses a workspace as a person with a phone does, and tells the resident memory of this
/// process: the board, ten pages of the list, fifty cases, writing in one of them.
///
/// # Panics
/// When there is no workspace.
pub fn browse(folder: &Path, out: &mut impl Write) {
    let path = folder.to_str().expect("UTF-8").to_owned();
    let workspace = Workspace::open(path, None).expect("there is a workspace");
    let template = workspace.templates().expect("it works").remove(0).id;
    let filter = CaseFilter::default;
    lowered(
        workspace
            .board(&template, filter(), Sorting::Due, 20)
            .expect("it works"),
    );
    let mut first = None;
    for skip in 0..10 {
        let page = Page {
            skip: skip * 50,
            take: 50,
        };
        let page = workspace
            .list_cases(filter(), Sorting::Changed, page, None)
            .expect("it works");
        for card in page.cards.iter().take(5) {
            lowered(workspace.case_view(&card.case_id).expect("it is here"));
            first.get_or_insert_with(|| card.case_id.clone());
        }
    }
    let case = first.expect("there are cases");
    workspace
        .comment(&case, "seen", false)
        .expect("it may be written");
    let bytes = resident_bytes(std::process::id()).expect("Linux tells");
    writeln!(out, "{bytes}").expect("somebody reads");
}

impl Phone {
    fn make(folder: &Path, cases: usize) -> Self {
        let new = NewWorkspace {
            name: "Field office".into(),
            member_name: "Ana".into(),
            device_name: "phone".into(),
        };
        let path = folder.to_str().expect("UTF-8").to_owned();
        let workspace = Workspace::create(path, new, None).expect("the folder is empty");
        let template = workspace.import_template(PACKAGE).expect("it is whole").id;
        let mut ids = Vec::new();
        for start in (0..cases).step_by(AT_ONCE) {
            let some = (start..cases.min(start + AT_ONCE))
                .map(|n| import(&template, n))
                .collect();
            ids.extend(workspace.import_cases(some).expect("they make sense"));
        }
        Self {
            workspace,
            template,
            cases: ids,
        }
    }

    /// A case in which some work was done.
    fn worked_on(&self) -> String {
        let case = self.cases[0].clone();
        for n in 0..20 {
            let task = Action::CreateTask {
                title: format!("Task {n}"),
                assignee: None,
                due: None,
                checklist: vec!["one".into(), "two".into()],
            };
            self.workspace
                .act(&case, task, None)
                .expect("it makes sense");
        }
        case
    }
}

fn import(template: &str, n: usize) -> CaseImport {
    CaseImport {
        new: NewCase {
            template_id: template.to_owned(),
            title: format!("Case {n}"),
            fields: [("site".to_owned(), format!("Site {n}"))].into(),
            stage: None,
            owner: None,
            assignees: Vec::new(),
            number: None,
            restricted: false,
            viewers: Vec::new(),
            overriding: None,
        },
        opened: None,
        steps: Vec::new(),
    }
}

/// What a program in Rust asks to show a case: the view, and what names its parts and people.
fn in_rust(sdk: &casework::Workspace, case: DocumentId) {
    let view = sdk.case(case).expect("it is here");
    let revision = sdk.revision(view.template).expect("it is here");
    let names = sdk.names().expect("it works");
    std::hint::black_box((view, revision, names));
}

fn calls(call: impl Fn()) -> Duration {
    timed(|| (0..CALLS).for_each(|_| call()))
}

/// Writes a record into the buffer that crosses the border.
fn lowered<T: Lower<UniFfiTag>>(record: T) {
    T::lower_into_rust_buffer(record).destroy();
}
