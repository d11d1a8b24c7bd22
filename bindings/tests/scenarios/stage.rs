//! The stage: a server that can be stopped and started again, and devices with folders.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use casework::template::{Category, Choice, Field, Package, Stage as TemplateStage};
use casework::value::FieldType;
use casework::view::{CaseView, CommentView};
use casework::{
    Error, Founding, InviteFor, InviteLink, NewCaseRequest, Newcomer, SyncReport, Workspace, ids,
};
use casework_sync_server::serve::{Running, ServeConfig, Store, Tls, start};
use ids::DocumentId;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A server in this process.
pub(crate) struct Server {
    runtime: Runtime,
    running: Option<Running>,
    folder: TempDir,
    addr: SocketAddr,
    tls: Tls,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_by(Tls::Off)
    }

    pub(crate) fn start_by(tls: Tls) -> Self {
        let runtime = Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let addr = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server = Self {
            runtime,
            running: None,
            folder,
            addr,
            tls,
        };
        server.start_again();
        server
    }

    pub(crate) fn start_again(&mut self) {
        let config = ServeConfig {
            listen: self.addr,
            tls: self.tls.clone(),
            ..ServeConfig::on_loopback(Store::Folder(self.folder.path().to_owned()))
        };
        let running = self.runtime.block_on(start(config)).unwrap();
        self.addr = running.addr();
        self.running = Some(running);
    }

    pub(crate) fn stop(&mut self) {
        let running = self.running.take().expect("the server runs");
        self.runtime.block_on(running.shutdown());
    }

    pub(crate) fn url(&self) -> String {
        self.running().url()
    }

    pub(crate) fn running(&self) -> &Running {
        self.running.as_ref().expect("the server runs")
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        &self.runtime
    }
}

/// A device: a workspace in a folder of its own.
pub(crate) struct Device {
    pub(crate) workspace: Workspace,
    folder: TempDir,
}

impl Device {
    /// A founder, offline.
    pub(crate) fn founder(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let founding = Founding {
            workspace_name: "Field office".into(),
            member_name: name.into(),
            device_name: "laptop".into(),
        };
        let workspace = Workspace::found(folder.path(), &founding).unwrap();
        Self { workspace, folder }
    }

    /// A founder with a template, whose workspace is on the server.
    pub(crate) fn host(name: &str, server: &Server) -> Self {
        let device = Self::founder(name);
        device.workspace.import_template(complaint()).unwrap();
        device.workspace.set_server(&server.url(), None).unwrap();
        device.sync();
        device
    }

    /// Another member, joined by an invite of this device.
    pub(crate) fn invite(&self, name: &str, role: &str) -> Self {
        Self::join(&self.link(role), name)
    }

    pub(crate) fn link(&self, role: &str) -> InviteLink {
        let gives = InviteFor::Member {
            roles: vec![role.into()],
        };
        let link = self
            .workspace
            .invite(gives, Duration::from_secs(3600), 1)
            .unwrap();
        self.sync();
        link
    }

    pub(crate) fn join(link: &InviteLink, name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::join(folder.path(), link, &newcomer(name), &mut |_| {}).unwrap();
        Self { workspace, folder }
    }

    /// Closes the workspace and opens it again.
    pub(crate) fn restart(self) -> Self {
        let Self { workspace, folder } = self;
        drop(workspace);
        let workspace = Workspace::open(folder.path()).unwrap();
        Self { workspace, folder }
    }

    /// The same, with something done to the folder in between.
    pub(crate) fn restart_with(self, meanwhile: impl FnOnce(&Path)) -> Self {
        let Self { workspace, folder } = self;
        drop(workspace);
        meanwhile(folder.path());
        let workspace = Workspace::open(folder.path()).unwrap();
        Self { workspace, folder }
    }

    /// Gives a field a value, in words.
    pub(crate) fn set(&self, case: DocumentId, field: &str, words: &str) -> Result<(), Error> {
        self.workspace
            .set_field(case, field, words, None)
            .map(|_| ())
    }

    /// Closes the workspace; its folder stays as long as what is answered.
    pub(crate) fn close(self) -> TempDir {
        self.folder
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    pub(crate) fn sync(&self) -> SyncReport {
        self.workspace.sync(&mut |_| {}).unwrap()
    }

    pub(crate) fn open_case(&self, title: &str) -> DocumentId {
        let template = self.workspace.find_template("CO").unwrap();
        let request = NewCaseRequest::new(template, title);
        self.workspace.open_case(&request).unwrap().document
    }

    pub(crate) fn stage_of(&self, case: DocumentId) -> String {
        self.workspace.case(case).unwrap().stage.value().clone()
    }

    /// Everything that must be the same on every device.
    pub(crate) fn seen(&self, case: DocumentId) -> (CaseView, Vec<CommentView>) {
        (
            self.workspace.case(case).unwrap(),
            self.workspace.comments(case).unwrap(),
        )
    }
}

pub(crate) fn newcomer(name: &str) -> Newcomer {
    Newcomer {
        member_name: name.into(),
        device_name: "phone".into(),
    }
}

/// Syncs until nobody has anything new: twice is enough, for the first round sends everything.
pub(crate) fn settle(devices: &[&Device]) {
    for _ in 0..2 {
        for device in devices {
            device.sync();
        }
    }
}

pub(crate) fn assert_converged(case: DocumentId, devices: &[&Device]) {
    let first = devices[0].seen(case);
    for device in &devices[1..] {
        assert_eq!(device.seen(case), first);
    }
}

/// A template with a field of each policy.
pub(crate) fn complaint() -> Package {
    let mut package = Package::new("CO", "Complaint");
    package.stages = vec![
        TemplateStage::new("intake", "Intake", Category::Intake),
        TemplateStage::new("review", "Review", Category::Active),
        TemplateStage::new("answer", "Awaiting customer", Category::Waiting),
        TemplateStage::new("closed", "Closed", Category::Done),
    ];
    let topics = [("noise", "Noise"), ("smell", "Smell"), ("light", "Light")];
    package.fields = vec![
        Field {
            card: true,
            ..Field::new("phone", "Phone", FieldType::Text)
        },
        Field::new("visits", "Visits", FieldType::Counter),
        Field {
            options: topics.map(|(id, label)| Choice::new(id, label)).to_vec(),
            ..Field::new("topics", "Topics", FieldType::MultiSelect)
        },
        Field::new("handler", "Handler", FieldType::Member),
    ];
    package
}
