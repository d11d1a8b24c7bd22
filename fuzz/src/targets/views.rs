//! Stored views, cards and comments: what a replica reads back from its own disk.
//!
//! Input: a byte that says what, then the row. A damaged disk must cost one row its reading anew:
//! what is read can be shown without a panic and is stored again as the same.

use casework_engine::view::{
    Breaches, Card, CaseView, CommentView, Sorting, StoredCardError, StoredCommentError,
    StoredViewError, ViewContext, list, read, read_comments,
};
use casework_protocol::ids::DeviceId;
use rand_chacha::ChaCha8Rng;

use crate::casebook::{CASE, book, device, member};
use crate::mutate::mutate_bytes;
use crate::outcome::Outcome;

/// A row that was read.
#[derive(Debug)]
pub enum Row {
    /// A case.
    Case(Box<CaseView>),
    /// A card.
    Card(Box<Card>),
    /// A comment.
    Comment(Box<CommentView>),
}

/// Why a row is none.
#[derive(Debug)]
pub enum Unread {
    /// Not a case.
    Case(StoredViewError),
    /// Not a card.
    Card(StoredCardError),
    /// Not a comment.
    Comment(StoredCommentError),
}

/// Runs one input.
///
/// # Panics
/// When a promise is broken.
#[must_use]
pub fn run(data: &[u8]) -> Outcome {
    match first(data) {
        Err(error) => Outcome::refused(&error),
        Ok(Row::Case(view)) => {
            show(&view);
            assert_eq!(
                CaseView::from_stored(&view.to_stored()).as_ref(),
                Ok(&*view)
            );
            Outcome::accepted(&"").within("Case")
        }
        Ok(Row::Card(card)) => {
            assert!(list([&*card], &Default::default(), Sorting::Changed).len() <= 1);
            assert_eq!(
                card.badges.iter().count() > 0,
                card.badges != Default::default()
            );
            assert_eq!(Card::from_stored(&card.to_stored()).as_ref(), Ok(&*card));
            Outcome::accepted(&"").within("Card")
        }
        Ok(Row::Comment(comment)) => {
            assert_eq!(
                CommentView::from_stored(&comment.to_stored()).as_ref(),
                Ok(&*comment)
            );
            Outcome::accepted(&"").within("Comment")
        }
    }
}

/// The first check alone: decoding.
///
/// # Errors
/// What the row is not.
pub fn first(data: &[u8]) -> Result<Row, Unread> {
    let (what, bytes) = data.split_first().unwrap_or((&0, &[]));
    match what % 3 {
        0 => CaseView::from_stored(bytes)
            .map(|view| Row::Case(view.into()))
            .map_err(Unread::Case),
        1 => Card::from_stored(bytes)
            .map(|card| Row::Card(card.into()))
            .map_err(Unread::Card),
        _ => CommentView::from_stored(bytes)
            .map(|comment| Row::Comment(comment.into()))
            .map_err(Unread::Comment),
    }
}

/// Asks a view everything that a case page asks.
fn show(view: &CaseView) {
    let revision = book().revision();
    let card = Card::of(view, Some(revision));
    assert_eq!(Card::of(view, None).number, card.number);
    assert_eq!(card.closed.is_some(), view.is_closed());
    let _ = (view.stage_entered_ms(), view.comments());
    assert_eq!(view.tasks_in_order().len(), view.tasks.len());
    for (id, field) in &view.fields {
        if let Some(known) = revision.field(id) {
            let _ = (
                field.content(known),
                field.is_contested(known.policy()),
                field.is_filled(),
            );
        }
    }
    for side in view.title.sides() {
        assert!(!view.origins.get(side.by).change.to_string().is_empty());
    }
}

/// The book's case as every replica stores it.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let book = book();
    let members = |found: DeviceId| (1..4).find(|n| device(*n) == found).map(member);
    let (revision, breaches) = (Some(&**book.revision()), Breaches::new());
    let context = ViewContext {
        document: CASE,
        members: &members,
        revision,
        breaches: &breaches,
    };
    let view = read(book.whole(), &context).expect("the book's case is a case");
    let mut rows = vec![
        [&[0][..], &view.to_stored()].concat(),
        [&[1][..], &Card::of(&view, revision).to_stored()].concat(),
    ];
    for comment in read_comments(book.whole(), &context) {
        rows.push([&[2][..], &comment.to_stored()].concat());
    }
    rows
}

/// Alters any bytes.
pub fn mutate(data: &mut Vec<u8>, other: &[u8], dice: &mut ChaCha8Rng) {
    mutate_bytes(data, other, dice);
}
