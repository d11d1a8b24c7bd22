//! What came back: answers and frames, read.

use casework_protocol::frame::{Answer, Logged, Placed, RefusedBecause, ServerFrame};

/// The items in these frames, in order.
pub(crate) fn items(frames: &[ServerFrame]) -> Vec<Logged> {
    frames
        .iter()
        .filter_map(|frame| match frame {
            ServerFrame::Entries { items, .. } => Some(items.clone()),
            _ => None,
        })
        .flatten()
        .collect()
}

/// The positions of the items in these frames.
pub(crate) fn seqs(frames: &[ServerFrame]) -> Vec<u64> {
    items(frames).iter().map(Logged::seq).collect()
}

pub(crate) fn place(seq: u64, document_seq: u64, after_ms: u64) -> Answer {
    let received_ms = 1_000 + after_ms;
    Answer::Placed(vec![Placed {
        seq,
        received_ms,
        held: false,
        document_seq,
    }])
}

pub(crate) fn is_placed(answer: &Answer) -> bool {
    matches!(answer, Answer::Placed(places) if places.iter().all(|place| !place.held))
}

pub(crate) fn is_held(answer: &Answer) -> bool {
    matches!(answer, Answer::Placed(places) if places.iter().all(|place| place.held))
}

pub(crate) fn because(answer: &Answer) -> RefusedBecause {
    match answer {
        Answer::Refused(because, _) => *because,
        other => panic!("{other:?}"),
    }
}
