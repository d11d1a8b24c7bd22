//! What people call what an item is about, as the case is now: redacted words are not shown here
//! either.

use casework_protocol::ids::DocumentId;

use crate::case::{PartId, Place, Shelf};
use crate::inbox::Item;
use crate::replica::tables::Table;
use crate::replica::{Replica, ReplicaFault};
use crate::view::{CaseView, CommentView};

/// Longest excerpt of a text, in characters: a line or two.
const MAX_ABOUT: usize = 160;

impl Replica {
    /// What people call what an item is about.
    pub(super) fn about(&mut self, item: &Item) -> Result<Option<String>, ReplicaFault> {
        let Some(place) = &item.place else {
            return Ok(None);
        };
        if let Place::Comment(id) = place {
            return self.comment_text(item.document, *id);
        }
        if let Place::Question(question) = place {
            return Ok(Some(excerpt(question)));
        }
        let Some(view) = self.stored_view(item.document)? else {
            return Ok(None);
        };
        let revision = self.current_revision(view.template);
        let field = |id: &str| Some(revision.as_ref()?.field(id)?.label.clone());
        let name = if let Place::Task(id) | Place::TaskPart(id, _) = place {
            view.tasks.get(id).map(|task| task.title.value().clone())
        } else if let Place::Field(id) = place {
            field(id).or_else(|| Some(id.clone()))
        } else if let Place::Record(shelf, key) = place {
            record_name(&view, *shelf, key)
        } else {
            None
        };
        Ok(name.as_deref().map(excerpt))
    }

    fn comment_text(
        &self,
        document: DocumentId,
        id: PartId,
    ) -> Result<Option<String>, ReplicaFault> {
        let (mut found, ending) = (None, id.to_string());
        self.store
            .scan(Table::Comments, document.as_bytes(), |key, value| {
                if key.ends_with(ending.as_bytes()) {
                    found = CommentView::from_stored(value).ok();
                }
                Ok(found.is_none())
            })?;
        let shown = found.filter(|comment| comment.redacted.is_none());
        Ok(shown.map(|comment| excerpt(&comment.body)))
    }
}

fn record_name(view: &CaseView, shelf: Shelf, key: &str) -> Option<String> {
    let id: PartId = key.parse().ok()?;
    let facets = &view.facets;
    if shelf == Shelf::Approvals {
        let (_, approval) = facets
            .approvals
            .in_order()
            .into_iter()
            .find(|(at, _)| *at == id)?;
        return Some(approval.label.clone());
    }
    if shelf == Shelf::Referrals {
        return Some(facets.referrals.0.get(&id)?.service.clone());
    }
    None
}

/// The beginning of a text, on one line.
fn excerpt(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MAX_ABOUT {
        return line;
    }
    let cut: String = line.chars().take(MAX_ABOUT - 1).collect();
    format!("{}…", cut.trim_end())
}
