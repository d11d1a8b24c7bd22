//! In which order items may come, and where to go on after them.
//!
//! Log order, from the cursor on. Two things look back: a document that is sent whole (a first
//! sync, one that became visible, one that was fetched), and held runs, handed over when they are
//! released or when somebody becomes able to adopt them.
//! Invariant: the start never passes something that was not sent.

use casework_protocol::frame::{Cursor, Logged, Standing, Start};
use casework_protocol::ids::{DocumentId, EpochId};

/// Where a session stands in the log.
#[derive(Debug)]
pub(super) struct Order {
    epoch: EpochId,
    mode: Mode,
    /// The document that is being sent whole.
    whole: Option<DocumentId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Document by document; `below` is `None` before the first one is complete.
    First { target: u64, below: Option<u64> },
    /// In log order; everything before this position was sent.
    Log { upto: u64 },
}

/// An item, or the position of something announced, out of place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Misplaced {
    pub(super) seq: u64,
    pub(super) expected: &'static str,
}

const fn misplaced(seq: u64, expected: &'static str) -> Misplaced {
    Misplaced { seq, expected }
}

impl Order {
    /// Goes on from a start, in the log of this epoch that now has `size` entries.
    pub(super) fn from_start(start: Start, epoch: EpochId, size: u64) -> Self {
        let mode = match start {
            Start::Nothing => Mode::First {
                target: size,
                below: None,
            },
            Start::Partway { target, below, .. } => Mode::First {
                target,
                below: Some(below),
            },
            Start::At(Cursor { seq, .. }) => Mode::Log { upto: seq },
        };
        Self {
            epoch,
            mode,
            whole: None,
        }
    }

    /// Where a later session goes on.
    pub(super) fn start(&self) -> Start {
        let epoch = self.epoch;
        match self.mode {
            Mode::First { below: None, .. } => Start::Nothing,
            Mode::First {
                target,
                below: Some(below),
            } => Start::Partway {
                epoch,
                target,
                below,
            },
            Mode::Log { upto } => Start::At(Cursor { epoch, seq: upto }),
        }
    }

    pub(super) fn is_first_sync(&self) -> bool {
        matches!(self.mode, Mode::First { .. })
    }

    /// The position before which everything was sent; 0 during a first sync.
    pub(super) fn upto(&self) -> u64 {
        match self.mode {
            Mode::First { .. } => 0,
            Mode::Log { upto } => upto,
        }
    }

    /// A frame of items. `fetched` is the document that was asked for by itself.
    pub(super) fn items(
        &mut self,
        items: &[Logged],
        upto: u64,
        fetched: Option<DocumentId>,
    ) -> Result<(), Misplaced> {
        match self.mode {
            Mode::First { target, .. } if upto < target => items
                .iter()
                .try_for_each(|item| within(item, target, fetched)),
            Mode::First { target, .. } => self.log_items(items, (target, upto), fetched),
            Mode::Log { upto: last } => self.log_items(items, (last, upto), fetched),
        }
    }

    fn log_items(
        &mut self,
        items: &[Logged],
        (last, upto): (u64, u64),
        fetched: Option<DocumentId>,
    ) -> Result<(), Misplaced> {
        let of_fetched = |item: &Logged| fetched.is_some() && item.document() == fetched;
        if upto < last {
            // The answer to a fetch says nothing about the log as a whole.
            return match items.iter().find(|item| !of_fetched(item)) {
                None => Ok(()),
                Some(item) => Err(misplaced(item.seq(), "the log was already further")),
            };
        }
        let mut next = last;
        for item in items {
            let end = end_of(item)?;
            if is_genesis(item) {
                self.whole = item.document();
            }
            let of_whole = self.whole.is_some() && item.document() == self.whole;
            if item.seq() >= next {
                self.whole = self.whole.filter(|_| of_whole);
                next = end;
            } else if !of_whole && !of_fetched(item) && !was_held(item) {
                return Err(misplaced(item.seq(), "everything before was already sent"));
            }
        }
        self.mode = Mode::Log { upto };
        Ok(())
    }

    /// A bundle begins: its document is sent whole.
    pub(super) fn bundle(&mut self, document: DocumentId) {
        self.whole = Some(document);
    }

    /// First sync: a document is complete. They come in descending order of their last position.
    pub(super) fn document(&mut self, last: u64, of_target: u64) -> Result<(), Misplaced> {
        let Mode::First { target, below } = self.mode else {
            return Err(misplaced(last, "no first sync is under way"));
        };
        if of_target != target {
            return Err(misplaced(of_target, "the first sync has another target"));
        }
        if last >= below.unwrap_or(target) {
            return Err(misplaced(last, "documents must come in descending order"));
        }
        self.mode = Mode::First {
            target,
            below: Some(last),
        };
        Ok(())
    }

    /// Everything up to a head of this size was sent.
    pub(super) fn caught_up(&mut self, size: u64) {
        self.mode = Mode::Log { upto: size };
        self.whole = None;
    }
}

/// First sync: items come document by document, but only from before the target.
fn within(item: &Logged, target: u64, fetched: Option<DocumentId>) -> Result<(), Misplaced> {
    let of_fetched = fetched.is_some() && item.document() == fetched;
    if end_of(item)? <= target || of_fetched {
        Ok(())
    } else {
        Err(misplaced(item.seq(), "the first sync ends before it"))
    }
}

fn end_of(item: &Logged) -> Result<u64, Misplaced> {
    if item.is_empty() {
        return Err(misplaced(item.seq(), "every item takes a position"));
    }
    item.seq()
        .checked_add(item.len())
        .ok_or(misplaced(item.seq(), "no log is that long"))
}

/// The first entry of a document: from here on it may be sent whole.
fn is_genesis(item: &Logged) -> bool {
    matches!(
        item,
        Logged::Access {
            document_seq: 0,
            ..
        }
    )
}

fn was_held(item: &Logged) -> bool {
    match item {
        Logged::Run(run) => match run.standing {
            Standing::Held | Standing::Adopted => true,
            Standing::Admitted => false,
        },
        Logged::Access { .. }
        | Logged::Roster { .. }
        | Logged::Withheld { .. }
        | Logged::Purged { .. }
        | Logged::Equivocation { .. } => false,
    }
}
