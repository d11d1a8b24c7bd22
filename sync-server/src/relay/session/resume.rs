//! Resuming: how the log relates to what the device saw, and where it goes on.

use casework_protocol::frame::{Continuity, Cursor, ErrorCode, Scope, ServerFrame, Start};
use casework_protocol::limits::MAX_LISTED_DOCUMENTS;
use casework_protocol::log::{LogHead, NodeHash, SignedHead, VerifiedHead, sign_head};

use super::ready::{Following, Outputs, Ready, revoked};
use super::{Fatal, Output, Rank, enrolled_rank, error, send};
use crate::log::LogError;
use crate::relay::absent::Lost;
use crate::relay::follow::{Follower, RosterFollower, Viewer};
use crate::relay::{Ask, Relay, Shared, Workspace, reading, writing};

/// What a device resumes with.
pub(super) struct Wish {
    pub(super) start: Start,
    pub(super) head: Option<SignedHead>,
    pub(super) scope: Scope,
    pub(super) credit: u64,
}

impl Ready {
    pub(super) fn resume(&mut self, relay: &Relay, now_ms: u64, wish: Wish) -> Outputs {
        let Wish {
            start,
            head,
            scope,
            credit,
        } = wish;
        check_scope(&scope)?;
        self.forget_told();
        let shown = head.and_then(|head| relay.key().verify(head, self.workspace).ok());
        let Some(shared) = self.shared(relay) else {
            return Ok(self.resume_absent(relay, shown));
        };
        let mut outputs = self.compare(&shared, now_ms, shown.as_ref());
        let workspace = reading(&shared);
        // The workspace, or this device's enrolment, may have been brought back since the handshake.
        if matches!(self.rank, Rank::Founder | Rank::Stranger) {
            self.rank = enrolled_rank(workspace.roster().head(), self.device);
        }
        let continuity = match shown.map(|shown| workspace.continuity(&shown)).transpose() {
            Ok(continuity) => continuity.unwrap_or(Continuity::First),
            Err(problem) => return Ok(unreadable(relay, &problem)),
        };
        if self.rank == Rank::Stranger {
            return match continuity {
                Continuity::Behind { .. } => {
                    outputs.insert(0, resumed(&workspace, continuity, (0, 0)));
                    Ok(outputs)
                }
                Continuity::First | Continuity::Extends(_) | Continuity::NewEpoch { .. } => Err(
                    Fatal::new(ErrorCode::NotEnrolled, "the device is not enrolled"),
                ),
            };
        }
        let expected = match self.follow(&workspace, start, scope, credit) {
            Ok(expected) => expected,
            Err(problem) => return Ok(unreadable(relay, &problem)),
        };
        outputs.insert(0, resumed(&workspace, continuity, expected));
        if self.rank == Rank::Parting {
            outputs.push(revoked());
        }
        Ok(outputs)
    }

    /// When the device shows a head that the log has not reached, nothing new is taken any more.
    fn compare(&self, shared: &Shared, now_ms: u64, shown: Option<&VerifiedHead>) -> Vec<Output> {
        let Some(shown) = shown else {
            return Vec::new();
        };
        let behind = matches!(
            reading(shared).continuity(shown),
            Ok(Continuity::Behind { .. })
        );
        if !behind || writing(shared).recover(now_ms, shown).is_err() {
            return Vec::new();
        }
        vec![self.request(Ask::Recover(shown.clone()))]
    }

    /// The workspace is not here. A head of this server says that it was.
    fn resume_absent(&self, relay: &Relay, shown: Option<VerifiedHead>) -> Vec<Output> {
        let unknown = || {
            let detail = "this server does not have the workspace; its founder may push the roster";
            vec![error(ErrorCode::UnknownWorkspace, detail)]
        };
        let Some(shown) = shown else { return unknown() };
        let (head, continuity) = match relay.absent.get(self.workspace) {
            Some(Lost::GivenUp { epoch, .. }) if epoch == shown.head().epoch => return unknown(),
            Some(Lost::GivenUp { head, .. }) => {
                let from = shown.head().epoch;
                let head = relay.key().renew(*head, self.workspace);
                (head, Continuity::NewEpoch { from, common: 0 })
            }
            Some(Lost::Waiting) | None => {
                let head = LogHead {
                    size: 0,
                    root: NodeHash::empty_root(),
                    ..*shown.head()
                };
                let behind = Continuity::Behind {
                    common: 0,
                    recovering: true,
                };
                (sign_head(relay.key(), head), behind)
            }
        };
        let waits = matches!(continuity, Continuity::Behind { .. });
        let mut outputs = vec![send(&ServerFrame::Resumed {
            head,
            continuity,
            entries: 0,
            bundles: 0,
        })];
        if waits {
            outputs.push(self.request(Ask::Recover(shown)));
        }
        outputs
    }

    fn follow(
        &mut self,
        workspace: &Workspace,
        start: Start,
        scope: Scope,
        credit: u64,
    ) -> Result<(u64, u64), LogError> {
        let roster = workspace.roster().head();
        let member = roster
            .member_of(self.device)
            .filter(|_| self.rank == Rank::Member);
        let Some(member) = member else {
            self.following = Following::Roster(RosterFollower::from(1, workspace.size(), credit));
            return Ok((roster.version(), 0));
        };
        let viewer = Viewer::new(self.device, member, scope);
        let epoch = workspace.epoch();
        let size = workspace.size();
        let (target, below) = match start {
            Start::At(cursor) => match workspace.position_of(cursor) {
                Some(position) => {
                    let follower = Follower::at(viewer, workspace, position, credit);
                    return Ok(self.begin(workspace, follower));
                }
                None => (size, u64::MAX),
            },
            Start::Partway {
                epoch: of,
                target,
                below,
            } if of == epoch && target <= size => (target, below),
            Start::Nothing | Start::Partway { .. } => (size, u64::MAX),
        };
        let follower = Follower::first(viewer, workspace, (target, below), credit)?;
        Ok(self.begin(workspace, follower))
    }

    /// Begins to follow; how many entries and bundles are expected.
    fn begin(&mut self, workspace: &Workspace, follower: Follower) -> (u64, u64) {
        let expected = follower.expected(workspace);
        self.following = Following::Everything(Box::new(follower));
        expected
    }
}

impl Workspace {
    /// Where a device with this cursor goes on; `None` when the cursor says nothing here.
    fn position_of(&self, cursor: Cursor) -> Option<u64> {
        if cursor.epoch == self.epoch() {
            // Beyond the end it waits until what was lost is back.
            let lost = self.recovery().is_some();
            return Some(if lost {
                cursor.seq
            } else {
                cursor.seq.min(self.size())
            });
        }
        let ended = self.ended(cursor.epoch)?;
        Some(cursor.seq.min(ended))
    }
}

/// The log cannot be read: the device comes again.
fn unreadable(relay: &Relay, problem: &LogError) -> Vec<Output> {
    relay.note(problem);
    vec![error(ErrorCode::Internal, &problem.to_string())]
}

fn check_scope(scope: &Scope) -> Result<(), Fatal> {
    let listed = match scope {
        Scope::All | Scope::Mine | Scope::Team => 0,
        Scope::Templates(list) | Scope::Listed(list) => list.len(),
    };
    let fits = listed <= MAX_LISTED_DOCUMENTS;
    fits.then_some(())
        .ok_or_else(|| Fatal::new(ErrorCode::TooMuch, "too many documents listed"))
}

fn resumed(workspace: &Workspace, continuity: Continuity, expected: (u64, u64)) -> Output {
    let (entries, bundles) = expected;
    send(&ServerFrame::Resumed {
        head: workspace.head().clone(),
        continuity,
        entries,
        bundles,
    })
}
