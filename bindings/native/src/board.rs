//! The board of a template: columns by stage, each with the first of its cards and a count.

use casework::view;

use crate::error::CaseworkError;
use crate::listing::{Card, CardPage, CaseFilter, Page, cards};
use crate::text::{count, read};
use crate::vocabulary::Category;
use crate::workspace::Workspace;

/// In which order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, uniffi::Enum)]
pub enum Sorting {
    /// What changed last comes first.
    #[default]
    Changed,
    /// What was opened first comes first.
    Opened,
    /// What entered its stage first comes first.
    Entered,
    /// What is due first comes first.
    Due,
    /// The most urgent clock comes first.
    Clock,
    /// By number.
    Number,
    /// By title.
    Title,
}

/// The cards of one template by stage.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Board {
    /// The template's id.
    pub template_id: String,
    /// Its name.
    pub name: String,
    /// One column per stage, in order; one for unknown stages last, if there are any.
    pub columns: Vec<BoardColumn>,
}

/// A column of a board.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct BoardColumn {
    /// The stage's id; nothing for cards whose stage the template does not know.
    pub stage: Option<String>,
    /// What people call it.
    pub name: String,
    /// `#rrggbb`.
    pub colour: String,
    /// What standing here means.
    pub category: Option<Category>,
    /// How many cards it has.
    pub total: u32,
    /// The first of them. More: [`Workspace::board_column`].
    pub cards: Vec<Card>,
}

#[uniffi::export]
impl Workspace {
    /// The board of a template, with at most so many cards in each column.
    ///
    /// # Errors
    /// `Invalid` for a template that is not here; `Unavailable` when the store fails; `Closed`.
    #[uniffi::method(default(cards_per_column = 50))]
    pub fn board(
        &self,
        template_id: &str,
        filter: CaseFilter,
        sorting: Sorting,
        cards_per_column: u32,
    ) -> Result<Board, CaseworkError> {
        let sdk = self.sdk()?;
        let template: casework::ids::DocumentId = read(template_id)?;
        let span = (0, cards_per_column as usize);
        let columns = sdk.board_page(template, &filter.read()?, sorting.into(), span)?;
        let column = |page: casework::ColumnPage| {
            Ok(BoardColumn {
                stage: page.column.stage,
                name: page.column.name,
                colour: page.column.colour,
                category: page.column.category,
                total: count(page.total),
                cards: cards(&sdk, page.column.cards)?,
            })
        };
        Ok(Board {
            template_id: template.hex(),
            name: sdk.revision(template)?.package().name.clone(),
            columns: columns
                .into_iter()
                .map(column)
                .collect::<Result<_, CaseworkError>>()?,
        })
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "each is named where it is called"
    )]
    /// A page of one column of a board.
    ///
    /// # Errors
    /// `Invalid` for a template that is not here; `Unavailable` when the store fails; `Closed`.
    pub fn board_column(
        &self,
        template_id: &str,
        stage: Option<String>,
        filter: CaseFilter,
        sorting: Sorting,
        page: Page,
    ) -> Result<CardPage, CaseworkError> {
        let sdk = self.sdk()?;
        let span = page.span();
        let columns = sdk.board_page(read(template_id)?, &filter.read()?, sorting.into(), span)?;
        let found = columns.into_iter().find(|one| one.column.stage == stage);
        let (total, shown) = found.map_or((0, Vec::new()), |one| (one.total, one.column.cards));
        Ok(CardPage {
            total: count(total),
            cards: cards(&sdk, shown)?,
        })
    }
}

impl From<Sorting> for view::Sorting {
    fn from(sorting: Sorting) -> Self {
        match sorting {
            Sorting::Changed => Self::Changed,
            Sorting::Opened => Self::Opened,
            Sorting::Entered => Self::Entered,
            Sorting::Due => Self::Due,
            Sorting::Clock => Self::Clock,
            Sorting::Number => Self::Number,
            Sorting::Title => Self::Title,
        }
    }
}
