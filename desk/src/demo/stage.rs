//! The stage: a server, three people on three replicas, templates and sample cases.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use casework::ids::DocumentId;
use casework::{Founding, InviteFor, Newcomer, Workspace};

use super::Narrator;
use super::figures::Figures;
use super::sample;
use super::server::Server;
use crate::command::templates;
use crate::fault::Fault;
use crate::screen::words::{count, lasting};

/// How long the demo's invites are good for.
const INVITE_LASTS: Duration = Duration::from_secs(24 * 60 * 60);
/// The templates of the demo.
const TEMPLATES: [&str; 2] = ["complaint", "field-inspection"];

/// Who plays.
pub(super) struct Stage {
    /// When the server stood; building it once is no part of the play.
    pub(super) begun: Instant,
    /// Where everything lies.
    pub(super) folder: PathBuf,
    /// The relay.
    pub(super) server: Server,
    /// The owner.
    pub(super) ana: Workspace,
    /// An operator.
    pub(super) rui: Workspace,
    /// An operator who loses her tablet.
    pub(super) mia: Workspace,
    /// The cases the story is about.
    pub(super) cast: Cast,
}

/// The cases the story is about.
pub(super) struct Cast {
    /// Moved, filled and called about by two people at once.
    pub(super) contested: DocumentId,
    /// Closed by one while the other writes a comment.
    pub(super) closed: DocumentId,
    /// Worked on by somebody whose device was revoked.
    pub(super) revoked: DocumentId,
}

impl Stage {
    /// Founds the workspace, lets the others in, and opens the cases.
    pub(super) fn build(
        folder: &Path,
        narrator: &mut Narrator,
        figures: &mut Figures,
    ) -> Result<Self, Fault> {
        narrator.chapter("The stage");
        let server = Server::start(&folder.join("server"), &mut |line| narrator.tell(line))?;
        let curtain = Instant::now();
        narrator.tell(&format!(
            "A server listens on {}. It will store and order signed changes that it cannot read.",
            server.url
        ));
        let ana = found(folder, &server, figures)?;
        let rui = join(&ana, folder, "Rui", figures)?;
        let mia = join(&ana, folder, "Mia", figures)?;
        figures.synced("Ana", ana.sync(&mut |_| {})?);
        narrator.tell(
            "Ana founded “Customer care” on her laptop; Rui and Mia joined with an invite link, \
             each with a key made on their own device.",
        );
        let begun = Instant::now();
        let (cast, cases, changes) = open_cases(&ana)?;
        let took = begun.elapsed();
        let words = format!(
            "Ana took two templates from the library and opened {} in {}: {}, each signed and \
             durable before the call returned.",
            count(cases, "case"),
            lasting(took),
            count(changes, "change")
        );
        narrator.tell(&words);
        let stage = Self {
            begun: curtain,
            folder: folder.to_owned(),
            server,
            ana,
            rui,
            mia,
            cast,
        };
        for (name, workspace) in stage.people() {
            let report = workspace.sync(&mut |_| {})?;
            if name == "Rui" {
                figures.first_sync(cases, &report);
            }
            figures.synced(name, report);
        }
        Ok(stage)
    }

    /// Everybody with their replica.
    pub(super) fn people(&self) -> [(&'static str, &Workspace); 3] {
        [("Ana", &self.ana), ("Rui", &self.rui), ("Mia", &self.mia)]
    }
}

fn found(folder: &Path, server: &Server, figures: &mut Figures) -> Result<Workspace, Fault> {
    let founding = Founding {
        workspace_name: "Customer care".to_owned(),
        member_name: "Ana".to_owned(),
        device_name: "Ana's laptop".to_owned(),
    };
    let ana = Workspace::found(&folder.join("ana"), &founding)?;
    ana.set_server(&server.url, None)?;
    figures.synced("Ana", ana.sync(&mut |_| {})?);
    for name in TEMPLATES {
        let toml = templates::from_library(name)
            .ok_or_else(|| Fault::invalid(format!("the library has no template {name:?}")))?;
        ana.import_template(templates::read(Path::new(name), toml)?)?;
    }
    Ok(ana)
}

fn join(
    ana: &Workspace,
    folder: &Path,
    name: &'static str,
    figures: &mut Figures,
) -> Result<Workspace, Fault> {
    let gives = InviteFor::Member {
        roles: vec!["operator".to_owned()],
    };
    let link = ana.invite(gives, INVITE_LASTS, 1)?;
    figures.synced("Ana", ana.sync(&mut |_| {})?);
    let newcomer = Newcomer {
        member_name: name.to_owned(),
        device_name: format!("{name}'s tablet"),
    };
    Ok(Workspace::join(
        &folder.join(name.to_lowercase()),
        &link,
        &newcomer,
        &mut |_| {},
    )?)
}

/// Opens the samples and the cases of the story.
fn open_cases(ana: &Workspace) -> Result<(Cast, u64, u64), Fault> {
    let samples = sample::samples()?;
    let (mut cases, mut changes) = (0, 0);
    let mut open = |sample: &sample::Sample| -> Result<DocumentId, Fault> {
        let (case, more) = sample::open(ana, sample)?;
        cases += 1;
        changes += more;
        Ok(case)
    };
    for sample in &samples {
        open(sample)?;
    }
    let [contested, closed, revoked] = sample::protagonists()?;
    let cast = Cast {
        contested: open(&contested)?,
        closed: open(&closed)?,
        revoked: open(&revoked)?,
    };
    Ok((cast, cases, changes))
}
