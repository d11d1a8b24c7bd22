//! Reading: cases, comments, timelines, cards, boards and lists. Cheap: nothing here opens a
//! document except the timeline.

use std::collections::BTreeMap;

use casework_engine::template::Category;
use casework_engine::view::{
    Board, Card, CaseView, CommentView, Filter, Gathering, Sorting, TimelineEntry, TimelinePage,
    columns,
};
use casework_protocol::ids::{DeviceId, DocumentId, MemberId};
use serde::Serialize;

use super::Workspace;
use crate::error::Error;
use crate::telling::plain;

/// A board: the cards of one template by stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BoardView {
    /// The template.
    pub template: DocumentId,
    /// Its name.
    pub name: String,
    /// One column per stage, in order; one for unknown stages last, if there are any.
    pub columns: Vec<BoardColumn>,
}

/// A column of a board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BoardColumn {
    /// The stage; `None` for cards whose stage the template does not know.
    pub stage: Option<String>,
    /// What people call it.
    pub name: String,
    /// `#rrggbb`.
    pub colour: String,
    /// What standing here means.
    pub category: Option<Category>,
    /// The cards, sorted.
    pub cards: Vec<Card>,
}

/// A column of a board with a part of its cards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnPage {
    /// How many cards the whole column has.
    pub total: usize,
    /// The column with those of the page.
    pub column: BoardColumn,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CardPage {
    /// How many cards the whole list has.
    pub total: usize,
    /// Those of the page.
    pub cards: Vec<Card>,
}

/// Reading.
///
/// Errors of all that follow: [`Error::Invalid`] for what is not on this device,
/// [`Error::Corrupt`] for a quarantined case, [`Error::Unavailable`] when the store fails.
impl Workspace {
    /// A case: every place with its value, its rivals and their authors.
    ///
    /// # Errors
    /// See above.
    pub fn case(&self, case: DocumentId) -> Result<CaseView, Error> {
        self.read(|replica| Ok(replica.case(case)?))
    }

    /// Looks at a case without making a copy of it. Everybody else waits meanwhile: it must be
    /// short, and must not call this workspace.
    ///
    /// # Errors
    /// As [`Workspace::case`].
    pub fn look_at<T>(
        &self,
        case: DocumentId,
        look: impl FnOnce(&CaseView) -> T,
    ) -> Result<T, Error> {
        self.read(|replica| Ok(replica.look_at(case, look)?))
    }

    /// The comments of a case, in order.
    ///
    /// # Errors
    /// See above.
    pub fn comments(&self, case: DocumentId) -> Result<Vec<CommentView>, Error> {
        self.read(|replica| Ok(replica.comments(case)?))
    }

    /// A page of a case's timeline, newest first.
    ///
    /// # Errors
    /// See above.
    pub fn timeline(
        &self,
        case: DocumentId,
        skip: usize,
        take: usize,
    ) -> Result<Vec<TimelineEntry>, Error> {
        self.read(|replica| Ok(replica.timeline(case, TimelinePage { skip, take })?))
    }

    /// What boards and lists show of a case.
    ///
    /// # Errors
    /// See above.
    pub fn card(&self, case: DocumentId) -> Result<Card, Error> {
        self.read(|replica| Ok(replica.card(case)?))
    }

    /// The cards of every case on this device.
    ///
    /// # Errors
    /// See above.
    pub fn cards(&self) -> Result<Vec<Card>, Error> {
        self.read(|replica| Ok(replica.cards()?))
    }

    /// The board of a template.
    ///
    /// # Errors
    /// See above.
    pub fn board(
        &self,
        template: DocumentId,
        filter: &Filter,
        sorting: Sorting,
    ) -> Result<BoardView, Error> {
        let (revision, mut cards) = self.read(|replica| {
            Ok((
                super::templates::revision(replica, template)?,
                replica.cards()?,
            ))
        })?;
        cards.retain(|card| card.template == template);
        let board = Board::of(&revision, &cards, filter, sorting);
        let columns = board.columns.into_iter().map(|column| BoardColumn {
            stage: column.stage.map(str::to_owned),
            name: column.name.to_owned(),
            colour: column.colour.to_owned(),
            category: column.category,
            cards: column.cards.into_iter().cloned().collect(),
        });
        let name = revision.package().name.clone();
        Ok(BoardView {
            template,
            name,
            columns: columns.collect(),
        })
    }

    /// The columns of a template's board, each with so many of its cards. Only those up to the page's
    /// end are held at once, so this is what small devices should ask.
    ///
    /// # Errors
    /// See above.
    pub fn board_page(
        &self,
        template: DocumentId,
        filter: &Filter,
        sorting: Sorting,
        span: (usize, usize),
    ) -> Result<Vec<ColumnPage>, Error> {
        let mut by_stage: BTreeMap<Option<usize>, Gathering<'_>> = BTreeMap::new();
        let revision = self.read(|replica| {
            let revision = super::templates::revision(replica, template)?;
            replica.each_card(|card| {
                if card.template == template {
                    by_stage
                        .entry(revision.stage_position(&card.stage))
                        .or_insert_with(|| Gathering::new(filter, sorting, span))
                        .offer(card);
                }
            })?;
            Ok(revision)
        })?;
        let page = |at| by_stage.remove(&at).map(Gathering::finish);
        // As on the whole board, unknown stages have a column only where a card in one is wanted.
        let columns = columns(&revision, page).into_iter();
        let columns = columns.filter(|column| column.stage.is_some() || column.cards.0 > 0);
        let pages = columns.map(|column| ColumnPage {
            total: column.cards.0,
            column: BoardColumn {
                stage: column.stage.map(str::to_owned),
                name: column.name.to_owned(),
                colour: column.colour.to_owned(),
                category: column.category,
                cards: column.cards.1,
            },
        });
        Ok(pages.collect())
    }

    /// A page of the list of cases, of one template or of all. Holds only the cards up to its end.
    ///
    /// # Errors
    /// See above.
    pub fn list(
        &self,
        template: Option<DocumentId>,
        filter: &Filter,
        sorting: Sorting,
        span: (usize, usize),
    ) -> Result<CardPage, Error> {
        let mut page = Gathering::new(filter, sorting, span);
        self.read(|replica| {
            Ok(replica.each_card(|card| {
                if template.is_none_or(|template| card.template == template) {
                    page.offer(card);
                }
            })?)
        })?;
        let (total, cards) = page.finish();
        Ok(CardPage { total, cards })
    }

    /// The names of everybody, and whose each device is: for showing authors. Safe to show on one
    /// line ([`plain`]).
    ///
    /// # Errors
    /// [`Error::Denied`] before the roster of a joining device has arrived.
    pub fn names(&self) -> Result<Names, Error> {
        self.read(|replica| {
            let roster = replica.roster()?.head();
            let members = roster
                .members()
                .map(|(id, member)| (id, plain(&member.name)))
                .collect();
            let devices = roster
                .devices()
                .map(|(id, device)| (id, (device.member, plain(&device.name))))
                .collect();
            Ok(Names { members, devices })
        })
    }
}

/// The names of members and devices at one time, safe to show on one line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    members: BTreeMap<MemberId, String>,
    devices: BTreeMap<DeviceId, (MemberId, String)>,
}

impl Names {
    /// The name of a member, or the beginning of the id of one nobody knows.
    #[must_use]
    pub fn member(&self, member: MemberId) -> String {
        self.members
            .get(&member)
            .cloned()
            .unwrap_or_else(|| member.short())
    }

    /// A member's name, or "nobody".
    #[must_use]
    pub fn or_nobody(&self, member: Option<MemberId>) -> String {
        member.map_or_else(|| "nobody".to_owned(), |member| self.member(member))
    }

    /// Names joined by commas.
    #[must_use]
    pub fn several(&self, members: impl IntoIterator<Item = MemberId>) -> String {
        let names: Vec<String> = members.into_iter().map(|one| self.member(one)).collect();
        names.join(", ")
    }

    /// Whose device it is.
    #[must_use]
    pub fn member_of(&self, device: DeviceId) -> Option<MemberId> {
        self.devices.get(&device).map(|(member, _)| *member)
    }

    /// The name of a device, or the beginning of the id of one nobody knows.
    #[must_use]
    pub fn device(&self, device: DeviceId) -> String {
        let known = self.devices.get(&device).map(|(_, name)| name.clone());
        known.unwrap_or_else(|| device.short())
    }
}
