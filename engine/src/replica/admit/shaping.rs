//! Whether the operations of a received change are those of its action, by kind of document.

use std::sync::Arc;

use automerge::Change;
use casework_protocol::access::entry::DocumentKind;

use crate::case::{Batch, RevisionMark, ShapeError, Shaped, shape_case};
use crate::personal::shape_personal;
use crate::replica::admission::Incoming;
use crate::replica::document::guarded;
use crate::replica::rows::Aside;
use crate::template::Revision;
use crate::template_document::shape_template;

/// Checks that the operations are exactly those of the action that the message names.
pub(in crate::replica) fn shape(
    batch: &Batch<'_>,
    incoming: &Incoming,
    kind: DocumentKind,
    revisions: &dyn Fn(RevisionMark) -> Option<Arc<Revision>>,
) -> Result<Shaped, Aside> {
    let change = Change::from_bytes(incoming.change.bytes().to_vec())
        .map_err(|error| Aside::Quarantined(error.to_string()))?;
    let shaped = guarded(|| match kind {
        DocumentKind::Case => shape_case(batch, change, revisions),
        DocumentKind::Template => shape_template(batch, change),
        DocumentKind::Personal => shape_personal(batch, change),
    });
    match shaped {
        Ok(Ok(shaped)) => Ok(shaped),
        Ok(Err(error)) => Err(misshapen(&error)),
        Err(panic) => Err(Aside::Quarantined(panic)),
    }
}

fn misshapen(error: &ShapeError) -> Aside {
    if error.is_waiting() {
        Aside::Waiting(error.to_string())
    } else {
        Aside::Quarantined(error.to_string())
    }
}
