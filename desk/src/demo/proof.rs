//! The proof at the end of the demo: every signature holds, and both replicas show the same.

use std::collections::BTreeMap;

use casework::Workspace;
use casework::ids::DocumentId;
use casework::view::{CaseView, CommentView};

use super::Narrator;
use super::stage::Stage;
use super::story::Quiet;
use crate::cli::Command;
use crate::command::carry_out;
use crate::fault::Fault;
use crate::request::Request;
use crate::screen::ink::Tone;

/// Verifies both replicas as the command line would, and shows what it says.
pub(super) fn verify(stage: &Stage, narrator: &mut Narrator) -> Result<bool, Fault> {
    let mut holds = true;
    for (name, workspace) in [("Ana", &stage.ana), ("Rui", &stage.rui)] {
        let request = Request::new(Command::Verify, narrator.screen);
        let response = carry_out(workspace, &request, &mut Quiet)?;
        narrator.tell(&format!("On {name}'s replica:"));
        narrator.lines(&response.lines);
        holds &= response.exit == 0;
    }
    Ok(holds)
}

/// Whether Ana and Rui see the same of every case, to the last value, author and reason.
pub(super) fn converged(stage: &Stage, narrator: &mut Narrator) -> Result<bool, Fault> {
    let (ana, rui) = (everything_seen(&stage.ana)?, everything_seen(&stage.rui)?);
    let differing: Vec<String> = ana
        .keys()
        .chain(rui.keys())
        .filter(|case| ana.get(*case) != rui.get(*case))
        .map(|case| case.short())
        .collect();
    let heads = stage.ana.status()?.head_code == stage.rui.status()?.head_code;
    let same = differing.is_empty() && heads;
    if !same {
        let differing = &differing[..differing.len().min(8)];
        let line = format!(
            "different cases: {}; same log head: {heads}",
            differing.join(", ")
        );
        narrator.lines(&[narrator.screen.depth.tone(Tone::Bad, &line)]);
    }
    Ok(same && !ana.is_empty())
}

type Seen = BTreeMap<DocumentId, (CaseView, Vec<CommentView>)>;

fn everything_seen(workspace: &Workspace) -> Result<Seen, Fault> {
    let mut seen = Seen::new();
    for card in workspace.cards()? {
        let case = card.document;
        seen.insert(case, (workspace.case(case)?, workspace.comments(case)?));
    }
    Ok(seen)
}
