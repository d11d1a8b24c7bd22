//! The comments of a case page.

use super::{CasePage, short};
use crate::screen::ink::Tone;
use crate::screen::page::{INDENT, Page};
use crate::screen::words::{fill, origin, plain};

impl CasePage<'_> {
    pub(super) fn comments(&self, page: &mut Page) {
        if self.comments.is_empty() {
            return;
        }
        page.heading("Comments", &self.comments.len().to_string());
        for comment in self.comments {
            let mut marks = Vec::new();
            if comment.external {
                marks.push("external".to_owned());
            }
            if comment.edited.is_some() {
                marks.push("edited".to_owned());
            }
            if let Some(parent) = comment.reply_to {
                marks.push(format!("answers {}", short(parent)));
            }
            let who = page.tone(Tone::Strong, &origin(self.names, &comment.author));
            let id = page.tone(Tone::Quiet, &short(comment.id));
            let marks = page.tone(Tone::Quiet, &marks.join(" · "));
            page.line(format!("{}{id} {who}  {marks}", " ".repeat(INDENT)));
            match &comment.redacted {
                Some(reason) => {
                    let line = format!("redacted: {}", plain(reason));
                    page.line(format!(
                        "{}{}",
                        fill("", INDENT + 5),
                        page.tone(Tone::Quiet, &line)
                    ));
                }
                None => page.text(INDENT + 5, &comment.body),
            }
        }
    }
}
