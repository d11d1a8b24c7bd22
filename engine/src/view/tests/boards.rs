//! Cards and boards.

use std::collections::BTreeSet;

use casework_protocol::ids::DocumentId;
use jiff::civil::date;

use super::play::{Player, close, label, meet, member, move_to, players, set};
use crate::case::PartId;
use crate::case::action::CaseAction;
use crate::template::Today;
use crate::template::{Category, Revision};
use crate::view::{
    Badge, Board, Card, CardValue, Filter, Gathering, Sorting, TaskDue, is_overdue, list,
};

fn card(player: &Player) -> Card {
    Card::of(&player.see(), Some(&player.revision))
}

fn plain(number: &str, stage: &str) -> Card {
    let [player]: [Player; 1] = players();
    let mut card = card(&player);
    card.document = DocumentId::new([number.as_bytes()[0]; 16]);
    (card.number, card.stage) = (number.to_owned(), stage.to_owned());
    card.category = player.revision.stage(stage).map(|stage| stage.category);
    card
}

fn numbers(cards: &[&Card]) -> Vec<String> {
    cards.iter().map(|card| card.number.clone()).collect()
}

fn revision() -> Revision {
    super::play::package().publish().unwrap()
}

#[test]
fn a_card_shows_the_chosen_fields_in_words_and_masks_sensitive_ones() {
    let [mut ana]: [Player; 1] = players();
    ana.act(set("secret", "hidden thing"));
    ana.act(set("amount", r#"{"amount":"12.5","currency":"EUR"}"#));
    ana.act(set("summary", "not for the card"));
    let (task, _) = ana.task("visit", &[]);
    ana.task("call", &[]);
    ana.act(CaseAction::FinishTask { task });
    ana.comment("hello");
    let card = card(&ana);
    let fields: Vec<_> = card
        .fields
        .iter()
        .map(|field| (field.id.as_str(), &field.value))
        .collect();
    let amount = CardValue::Words("12.50 EUR".to_owned());
    assert_eq!(
        fields,
        [("amount", &amount), ("secret", &CardValue::Masked)]
    );
    assert!(!format!("{card:?}").contains("hidden thing"));
    assert_eq!(
        (card.tasks, card.comments, card.category),
        ((1, 2), 1, Some(Category::Intake))
    );
    assert_eq!(card.badges.iter().count(), 0);
    assert_eq!(Card::from_stored(&card.to_stored()), Ok(card));
    assert!(Card::from_stored(&[]).is_err());
}

#[test]
fn badges_come_from_the_flags_and_from_the_replica() {
    let [mut ana, mut rui] = players();
    ana.act_because(move_to("review"), "early");
    rui.act(move_to("answer"));
    ana.act_because(close("solved"), "nothing left");
    meet(&mut [&mut ana, &mut rui]);
    ana.act(move_to_settled(&ana));
    let mut card = card(&ana);
    card.badges.unsynced = true;
    let badges: Vec<_> = card.badges.iter().collect();
    let expected = [
        Badge::RequirementsUnmet,
        Badge::ActivityAfterClose,
        Badge::Unsynced,
        Badge::OverrideToReview,
    ];
    assert_eq!(badges, expected);
    assert_eq!(badges[1].label(), "activity after close");
    assert!(card.is_finished());
}

fn move_to_settled(player: &Player) -> CaseAction {
    assert!(card(player).badges.contested);
    let value = crate::value::Scalar::text("review");
    CaseAction::Settle {
        place: crate::case::Place::Stage,
        value,
    }
}

#[test]
fn cards_stand_in_the_columns_of_their_stages_and_none_is_lost() {
    let cards = [
        plain("1", "answer"),
        plain("2", "intake"),
        plain("3", "gone"),
        plain("4", "answer"),
    ];
    let revision = revision();
    let board = Board::of(&revision, &cards, &Filter::default(), Sorting::Number);
    let shape: Vec<_> = board
        .columns
        .iter()
        .map(|column| (column.stage, numbers(&column.cards)))
        .collect();
    let row = |numbers: &[&str]| numbers.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        shape,
        [
            (Some("intake"), row(&["2"])),
            (Some("review"), row(&[])),
            (Some("answer"), row(&["1", "4"])),
            (Some("closed"), row(&[])),
            (None, row(&["3"])),
        ]
    );
    assert_eq!((board.len(), board.is_empty()), (4, false));
    assert_eq!(board.columns[0].colour, Category::Intake.colour());
}

#[test]
fn a_filter_wants_everything_it_names() {
    let mut cards = [
        plain("1", "intake"),
        plain("2", "answer"),
        plain("3", "closed"),
    ];
    cards[0].labels.insert("Hot".to_owned());
    (cards[1].owner, cards[1].assignees) = (None, BTreeSet::new());
    cards[1].badges.contested = true;
    cards[2].owner = Some(member(7));
    let wanted = |change: &dyn Fn(&mut Filter)| {
        let mut filter = Filter::default();
        change(&mut filter);
        numbers(&list(&cards, &filter, Sorting::Number))
    };
    assert_eq!(wanted(&|f| f.people = Some([member(1)].into())), ["1", "3"]);
    assert_eq!(wanted(&|f| f.people = Some([member(7)].into())), ["3"]);
    assert_eq!(wanted(&|f| f.unassigned = true), ["2"]);
    assert_eq!(wanted(&|f| f.labels = ["Hot".to_owned()].into()), ["1"]);
    assert_eq!(wanted(&|f| f.text = "hot PAVEMENT".to_owned()), ["1"]);
    assert_eq!(wanted(&|f| f.text = "cold".to_owned()).len(), 0);
    assert_eq!(
        wanted(&|f| f.categories = Some([Category::Done].into())),
        ["3"]
    );
    assert_eq!(wanted(&|f| f.badges = [Badge::Contested].into()), ["2"]);
    assert_eq!(wanted(&|f| f.unfinished = true), ["1", "2"]);
    assert_eq!(
        wanted(&|f| f.clone_from(&Filter::default())),
        ["1", "2", "3"]
    );
}

#[test]
fn a_case_is_overdue_from_the_day_after_it_was_due_until_it_is_finished() {
    let mut cards = [
        plain("1", "intake"),
        plain("2", "closed"),
        plain("3", "intake"),
    ];
    cards[0].due = Some("2026-03-01".to_owned());
    cards[1].due = cards[0].due.clone();
    cards[2].due = Some("someday".to_owned());
    let overdue = |day| {
        let filter = Filter {
            overdue_on: Some(Today::at(
                date(2026, 3, day)
                    .at(12, 0, 0, 0)
                    .to_zoned(jiff::tz::TimeZone::UTC)
                    .unwrap()
                    .timestamp(),
                jiff::tz::Offset::UTC,
            )),
            ..Filter::default()
        };
        numbers(&list(&cards, &filter, Sorting::Number))
    };
    assert!(overdue(1).is_empty());
    assert_eq!(overdue(2), ["1"]);
}

#[test]
fn a_moment_is_over_when_it_has_passed_and_a_late_task_makes_its_case_overdue() {
    let mut card = plain("1", "intake");
    let today = |text: &str| {
        let moment = text.parse::<jiff::Timestamp>().unwrap();
        Today::at(moment, jiff::tz::Offset::UTC)
    };
    card.due = Some("2026-03-01T17:00:00+01:00".to_owned());
    assert!(!is_overdue(&card, &today("2026-03-01T15:59:59Z")));
    assert!(is_overdue(&card, &today("2026-03-01T16:00:01Z")));
    card.due = None;
    card.task_dues = vec![TaskDue {
        task: PartId::new([1; 8]),
        title: "Call her".to_owned(),
        assignee: None,
        due: "2026-03-01".to_owned(),
    }];
    assert!(!is_overdue(&card, &today("2026-03-01T23:59:59Z")));
    assert!(is_overdue(&card, &today("2026-03-02T00:00:00Z")));
}

#[test]
fn every_sorting_is_total() {
    let mut cards = [
        plain("1", "intake"),
        plain("2", "intake"),
        plain("3", "intake"),
    ];
    cards[0].due = Some("2026-03-09".to_owned());
    cards[2].due = Some("2026-03-01".to_owned());
    cards[1].changed_ms += 5;
    cards[2].title = "A".to_owned();
    cards[1].opened_ms -= 5;
    cards[2].entered_ms -= 5;
    let sorted = |sorting| numbers(&list(&cards, &Filter::default(), sorting));
    assert_eq!(sorted(Sorting::Changed), ["2", "1", "3"]);
    assert_eq!(sorted(Sorting::Opened), ["2", "1", "3"]);
    assert_eq!(sorted(Sorting::Entered), ["3", "1", "2"]);
    assert_eq!(sorted(Sorting::Due), ["3", "1", "2"]);
    assert_eq!(sorted(Sorting::Number), ["1", "2", "3"]);
    assert_eq!(sorted(Sorting::Title), ["3", "1", "2"]);
}

#[test]
fn a_gathered_page_is_the_same_part_of_the_whole_list() {
    let base = plain("A", "open");
    let cards: Vec<Card> = (0..300_u32)
        .map(|n| {
            let mut card = base.clone();
            // In no order, with many ties, and a fifth that nobody wants.
            let mixed = n.wrapping_mul(2_654_435_761) >> 8;
            card.document = DocumentId::new(u128::from(mixed).to_be_bytes());
            (card.number, card.title) = (format!("N{}", mixed % 50), format!("T{}", mixed % 7));
            card.changed_ms = i64::from(mixed % 11);
            card.owner = (!mixed.is_multiple_of(5)).then(|| member(1));
            card
        })
        .collect();
    let filter = Filter {
        people: Some([member(1)].into()),
        ..Filter::default()
    };
    for sorting in [Sorting::Changed, Sorting::Title, Sorting::Number] {
        let whole = list(&cards, &filter, sorting);
        for span in [
            (0, 1),
            (0, 50),
            (37, 20),
            (whole.len() - 3, 10),
            (400, 10),
            (0, usize::MAX),
        ] {
            let mut page = Gathering::new(&filter, sorting, span);
            cards.iter().cloned().for_each(|card| page.offer(card));
            let (total, found) = page.finish();
            let wanted = whole.iter().skip(span.0).take(span.1);
            assert_eq!(total, whole.len());
            assert!(found.iter().eq(wanted.copied()), "{sorting:?} {span:?}");
        }
    }
}

#[test]
fn a_label_on_a_case_reaches_its_card() {
    let [mut ana]: [Player; 1] = players();
    ana.act(label("hot"));
    let card = card(&ana);
    assert!(card.labels.contains("hot"));
    assert_eq!(
        (card.opened_ms, card.changed_ms),
        (card.entered_ms, card.opened_ms + 60_000)
    );
}
