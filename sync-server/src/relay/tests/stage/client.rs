//! One connection of a device, driven by hand.

use casework_protocol::frame::handshake::{check_welcome, prove};
use casework_protocol::frame::{
    Channel, ClientFrame, Cursor, Hello, Scope, ServerFrame, Start, VERSION, decode,
};
use casework_protocol::ids::WorkspaceId;
use casework_protocol::keys::SecretKey;
use casework_protocol::log::SignedHead;

use super::{Stage, key, server_key};
use crate::relay::{Output, Session, reading};

/// One connection of a device.
pub(crate) struct Client {
    pub(crate) session: Session,
    stage_workspace: WorkspaceId,
    /// Frames that were answered at once.
    sent: Vec<ServerFrame>,
    pub(crate) closed: bool,
}

impl Client {
    pub(super) fn connect(stage: &Stage, n: u8, invite: Option<&SecretKey>) -> Self {
        Self::connect_speaking(stage, n, invite, VERSION)
    }

    /// A program of that time.
    pub(super) fn connect_speaking(
        stage: &Stage,
        n: u8,
        invite: Option<&SecretKey>,
        version: u16,
    ) -> Self {
        let mut this = Self {
            session: Session::new([9; 16]),
            stage_workspace: stage.workspace,
            sent: Vec::new(),
            closed: false,
        };
        let hello = Hello {
            version,
            workspace: stage.workspace,
            nonce: [n; 16],
        };
        this.say(stage, ClientFrame::Hello(hello.clone()));
        let Some(ServerFrame::Welcome(welcome)) = this.sent.pop() else {
            panic!("no welcome")
        };
        assert_eq!(
            check_welcome(&hello, Channel::Plain, &welcome),
            Ok(server_key().server())
        );
        let proof = prove(&hello, Channel::Plain, &welcome, &key(n), invite);
        this.say(stage, ClientFrame::Prove(proof));
        this
    }

    /// Says a frame; requests are served at once.
    pub(crate) fn say(&mut self, stage: &Stage, frame: ClientFrame) {
        let outputs = self.session.handle(&stage.relay, stage.now, frame);
        self.act(stage, outputs);
    }

    fn act(&mut self, stage: &Stage, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Send(bytes) => self.sent.push(decode(&bytes).unwrap()),
                Output::Submit(request) => {
                    assert_eq!(request.workspace, self.stage_workspace);
                    let reply = stage.relay.serve(stage.now, *request).unwrap();
                    let outputs = self.session.replied(&stage.relay, reply);
                    self.act(stage, outputs);
                }
                Output::Close(_) => self.closed = true,
            }
        }
    }

    pub(crate) fn resume(
        &mut self,
        stage: &Stage,
        start: Start,
        head: Option<&SignedHead>,
        scope: Scope,
    ) {
        let (head, credit) = (head.cloned(), u64::MAX);
        self.say(
            stage,
            ClientFrame::Resume {
                start,
                head,
                scope,
                credit,
            },
        );
    }

    pub(crate) fn resume_at(&mut self, stage: &Stage, seq: u64) {
        let epoch = reading(&stage.shared()).epoch();
        self.resume(stage, Start::At(Cursor { epoch, seq }), None, Scope::All);
    }

    /// At most so many frames of what the session has to say.
    pub(crate) fn next(&mut self, stage: &Stage, most: usize) -> Vec<ServerFrame> {
        let mut frames = std::mem::take(&mut self.sent);
        while frames.len() < most {
            match self.session.poll(&stage.relay).unwrap() {
                Some(Output::Send(bytes)) => frames.push(decode(&bytes).unwrap()),
                Some(Output::Close(_)) => {
                    self.closed = true;
                    break;
                }
                Some(Output::Submit(_)) | None => break,
            }
        }
        frames
    }

    /// The next thing that it is told of who is present.
    pub(crate) fn told(&mut self, stage: &Stage) -> Option<ServerFrame> {
        match self.session.tell(&stage.relay) {
            Some(Output::Send(bytes)) => Some(decode(&bytes).unwrap()),
            Some(Output::Submit(_) | Output::Close(_)) | None => None,
        }
    }

    pub(crate) fn drain(&mut self, stage: &Stage) -> Vec<ServerFrame> {
        self.next(stage, usize::MAX)
    }
}
