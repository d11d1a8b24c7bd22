//! The story: three people work without a network, collide, and come back.

use std::collections::BTreeMap;

use casework::case::facet::document::{DocumentAction, FileMark};
use casework::case::{CaseAction, Closing, Decision};
use casework::ids::DocumentId;
use casework::{Choice, Error, Workspace};

use super::Narrator;
use super::figures::Figures;
use super::proof::{converged, verify};
use super::stage::Stage;
use crate::cli::{BoardArgs, CaseCommand, Command, HeldCommand, ListArgs};
use crate::command::carry_out;
use crate::fault::Fault;
use crate::request::{Progress, Request, Step};
use crate::screen::words::{count, counted};

/// The template whose board is shown.
const BOARD: &str = "CMP";
/// Cards per column on the demo's board.
const BOARD_CARDS: usize = 2;
/// Entries of the timeline that are shown.
const TIMELINE_ENTRIES: usize = 14;

/// How it ended.
pub(super) struct Outcome {
    /// Whether the replicas show the same and everything holds.
    pub(super) converged: bool,
    /// The contested case and its number.
    pub(super) contested: (DocumentId, String),
    /// How many changes were adopted.
    pub(super) adopted: usize,
}

/// Plays the story on a stage where everybody is in step.
pub(super) fn play(
    stage: &mut Stage,
    narrator: &mut Narrator,
    figures: &mut Figures,
) -> Result<Outcome, Fault> {
    narrator.chapter("The board, as all three see it");
    show(&stage.ana, board(), narrator)?;
    collide(stage, narrator)?;
    work_revoked(stage, narrator)?;
    reconnect(stage, narrator, figures)?;
    let number = stage.ana.case(stage.cast.contested)?.number;
    narrator.chapter("Contested: both sides are kept, on every device");
    show(
        &stage.rui,
        case(CaseCommand::Show {
            case: number.clone(),
        }),
        narrator,
    )?;
    settle(stage, narrator, figures)?;
    let adopted = adopt(stage, narrator, figures)?;
    narrator.chapter("The timeline: it cannot be edited, because it is the history");
    let timeline = CaseCommand::Timeline {
        case: number.clone(),
        take: TIMELINE_ENTRIES,
        skip: 0,
    };
    show(&stage.rui, case(timeline), narrator)?;
    narrator.chapter("Verified");
    let verified = verify(stage, narrator)?;
    let converged = converged(stage, narrator)? && verified;
    Ok(Outcome {
        converged,
        contested: (stage.cast.contested, number),
        adopted,
    })
}

/// Ana and Rui work on the same cases without knowing of each other.
fn collide(stage: &Stage, narrator: &mut Narrator) -> Result<(), Fault> {
    narrator.chapter("No network");
    narrator.tell("Everybody works on, each on their own replica.");
    contest(stage, narrator)?;
    let closed = stage.cast.closed;
    narrator.tell(&format!("On “{}”:", title(&stage.ana, closed)?));
    let closing = Closing {
        code: "resolved".into(),
        notes: "Booked and confirmed".into(),
    };
    let decided = |question: &str, outcome: &str| {
        Ok::<_, Fault>(CaseAction::Decide(Decision {
            id: stage.ana.fresh_part()?,
            question: question.into(),
            outcome: outcome.into(),
            rationale: "The refund was promised and not booked.".into(),
            conditions: String::new(),
            supersedes: [].into(),
        }))
    };
    // The template asks for the letter before the case is closed.
    let letter = DocumentAction::Add {
        id: stage.ana.fresh_part()?,
        name: "Our answer".into(),
        kind: "final-response".into(),
        version: stage.ana.fresh_part()?,
        file: FileMark {
            name: "answer.pdf".into(),
            sha256: "5f".repeat(32),
            bytes: 48_213,
            media: "application/pdf".into(),
        },
    };
    for action in [
        decided("verdict", "upheld")?,
        decided("redress", "refund")?,
        letter.into(),
        CaseAction::Move {
            to: "closed".into(),
        },
        CaseAction::Close(closing),
    ] {
        stage.ana.act(closed, action, None, false)?;
    }
    stage.rui.comment(
        closed,
        "He called: the amount is there, the apology is not.",
        true,
    )?;
    points(narrator, &["Ana closes it, while Rui writes a comment"]);
    Ok(())
}

/// Two people do different things to the stage, a field, a counter and a task of one case.
fn contest(stage: &Stage, narrator: &mut Narrator) -> Result<(), Fault> {
    let (ana, rui, case) = (&stage.ana, &stage.rui, stage.cast.contested);
    narrator.tell(&format!("On “{}”:", title(ana, case)?));
    let call = ana.find_task(case, "Call the customer")?;
    let to = |stage: &str| CaseAction::Move {
        to: stage.to_owned(),
    };
    let because = |workspace: &Workspace, action: CaseAction, reason: &str| {
        workspace.act(case, action, Some(reason), false)
    };
    because(
        ana,
        to("quality"),
        "The regulator asked for this one by name",
    )?;
    because(
        rui,
        to("awaiting-customer"),
        "She has to send us the statement",
    )?;
    ana.set_field(
        case,
        "severity",
        "critical",
        Some("A stranger's data left the house"),
    )?;
    rui.set_field(
        case,
        "severity",
        "medium",
        Some("One letter, and it came back"),
    )?;
    let (cancel, finish) = (
        CaseAction::CancelTask { task: call },
        CaseAction::FinishTask { task: call },
    );
    because(ana, cancel, "She wrote that she prefers letters")?;
    because(rui, finish, "Called, she sends the statement on Monday")?;
    ana.set_field(case, "contacts_count", "1", None)?;
    rui.set_field(case, "contacts_count", "2", None)?;
    rui.act(
        case,
        CaseAction::AddLabel {
            label: "data protection".into(),
        },
        None,
        false,
    )?;
    rui.comment(
        case,
        "The loan team printed two statements with one header.",
        false,
    )?;
    points(
        narrator,
        &[
            "Ana moves it to Quality control, Rui to Awaiting customer",
            "Ana makes it critical, Rui medium",
            "Ana cancels the call, Rui makes it",
            "Ana counts one contact, Rui two",
        ],
    );
    Ok(())
}

fn title(workspace: &Workspace, case: DocumentId) -> Result<String, Fault> {
    Ok(workspace.case(case)?.title.value().clone())
}

/// Mia's tablet is revoked while she works on without a network.
fn work_revoked(stage: &Stage, narrator: &mut Narrator) -> Result<(), Fault> {
    let case = stage.cast.revoked;
    narrator.tell(&format!("On “{}”:", title(&stage.mia, case)?));
    let device = stage.mia.info()?.device;
    stage
        .ana
        .revoke_device(device, "Reported lost on the train")?;
    let readings = stage.mia.find_task(case, "Take the readings")?;
    stage.mia.set_field(
        case,
        "readings",
        READINGS,
        Some("Measured at all three fans"),
    )?;
    stage
        .mia
        .act(case, CaseAction::FinishTask { task: readings }, None, false)?;
    stage.mia.set_field(case, "defects", "2", None)?;
    let decision = Decision {
        id: stage.mia.fresh_part()?,
        question: "permission".into(),
        outcome: "limited".into(),
        rationale: "Fan 3 runs hot; the others may run.".into(),
        conditions: "Fan 3 stays off until the bearing is changed.".into(),
        supersedes: [].into(),
    };
    stage
        .mia
        .act(case, CaseAction::Decide(decision), None, false)?;
    points(
        narrator,
        &[
            "Ana hears that Mia's tablet was lost on the train and revokes it",
            "Mia has it with her in the tunnel: she takes readings and decides",
        ],
    );
    Ok(())
}

/// The readings that Mia takes.
const READINGS: &str = r#"[{"id":"f1","cells":{"point":"Fan 1","value":"41.5","unit":"celsius"}},{"id":"f2","cells":{"point":"Fan 2","value":"43.0","unit":"celsius"}},{"id":"f3","cells":{"point":"Fan 3","value":"88.5","unit":"celsius"}}]"#;

fn reconnect(stage: &Stage, narrator: &mut Narrator, figures: &mut Figures) -> Result<(), Fault> {
    narrator.chapter("The network is back");
    for (name, workspace) in stage.people() {
        match workspace.sync(&mut |_| {}) {
            Ok(report) => {
                let received = counted(report.received, "entry", "entries");
                let sent = count(report.pushed, "change");
                let held = match report.held {
                    0 => String::new(),
                    held => format!("; {} held for a decision", count(held as u64, "change")),
                };
                narrator.tell(&format!(
                    "{name} sends {sent} and receives {received}{held}."
                ));
                figures.synced(name, report);
            }
            // A revoked device is let go after its work was taken.
            Err(Error::Denied(why)) => {
                let kept = counted(workspace.drawer()?.len() as u64, "change", "changes");
                narrator.tell(&format!(
                    "{name} hands in {kept}, which the server holds for a decision, and is told: \
                     “{why}”. Nothing of hers is thrown away."
                ));
            }
            Err(error) => return Err(error.into()),
        }
    }
    both_in_step(stage, figures)
}

/// Ana and Rui sync until neither has anything new for the other.
fn both_in_step(stage: &Stage, figures: &mut Figures) -> Result<(), Fault> {
    for (name, workspace) in [
        ("Ana", &stage.ana),
        ("Rui", &stage.rui),
        ("Ana", &stage.ana),
    ] {
        let report = workspace.sync(&mut |_| {})?;
        figures.nothing_new(&report);
        figures.synced(name, report);
    }
    Ok(())
}

/// Ana settles what is contested, each with a reason.
fn settle(stage: &Stage, narrator: &mut Narrator, figures: &mut Figures) -> Result<(), Fault> {
    narrator.chapter("Settled, with a reason");
    let case = stage.cast.contested;
    let wanted: BTreeMap<&str, (&str, &str)> = [
        (
            "stage",
            (
                "Quality control",
                "The regulator waits; the customer can write meanwhile",
            ),
        ),
        (
            "field/severity",
            ("Critical", "Another customer's balance was disclosed"),
        ),
        ("status", ("done", "Rui did speak to her")),
    ]
    .into();
    for place in stage.ana.contested(case)? {
        let name = place.place.to_string();
        let known = wanted
            .iter()
            .find(|(end, _)| name == **end || name.ends_with(&format!("/{end}")));
        let Some((_, (side, reason))) = known else {
            continue;
        };
        let index = place
            .sides
            .iter()
            .position(|one| one.words == *side)
            .unwrap_or_default();
        stage.ana.settle(
            case,
            &place.place,
            &Choice::Side(index),
            (Some(reason), false),
        )?;
        narrator.tell(&format!("Ana: {} → {side}, “{reason}”.", place.label));
    }
    both_in_step(stage, figures)?;
    let number = stage.ana.case(case)?.number;
    let list = ListArgs {
        search: number,
        ..everything()
    };
    narrator.tell("On Rui's tablet:");
    show(&stage.rui, Command::List(list), narrator)
}

/// Ana looks at what is held and adopts it.
fn adopt(stage: &Stage, narrator: &mut Narrator, figures: &mut Figures) -> Result<usize, Fault> {
    narrator.chapter("Held: the work of a revoked device waits for a decision");
    show(&stage.ana, Command::Held(HeldCommand::List), narrator)?;
    let case = stage.cast.revoked;
    if stage.ana.held()?.iter().all(|held| held.document != case) {
        return Ok(0);
    }
    let reason = "Mia was on site; the tablet was never lost";
    let (adopted, _) = stage.ana.adopt(case, reason)?;
    both_in_step(stage, figures)?;
    let changes = count(adopted as u64, "change");
    narrator.tell(&format!(
        "Ana adopts {changes}: “{reason}”. On Rui's tablet, after a sync:"
    ));
    let number = stage.rui.case(case)?.number;
    narrator.lines(&[String::new()]);
    show(
        &stage.rui,
        self::case(CaseCommand::Show { case: number }),
        narrator,
    )?;
    Ok(adopted)
}

/// Carries out a command as the command line would, and shows its answer.
fn show(workspace: &Workspace, command: Command, narrator: &mut Narrator) -> Result<(), Fault> {
    let request = Request::new(command, narrator.screen);
    let response = carry_out(workspace, &request, &mut Quiet)?;
    narrator.lines(&response.lines);
    Ok(())
}

fn points(narrator: &mut Narrator, points: &[&str]) {
    let lines: Vec<String> = points.iter().map(|point| format!("  · {point}")).collect();
    narrator.lines(&lines);
}

const fn case(command: CaseCommand) -> Command {
    Command::Case(command)
}

fn board() -> Command {
    Command::Board(BoardArgs {
        board: Some(BOARD.to_owned()),
        cards: BOARD_CARDS,
        empty: false,
        filter: everything(),
    })
}

fn everything() -> ListArgs {
    ListArgs {
        limit: usize::MAX,
        ..ListArgs::default()
    }
}

pub(super) struct Quiet;

impl Progress for Quiet {
    fn step(&mut self, _: Step) {}
}
