//! What a view holds, how it is stored, and what it makes of documents that are no cases.

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{Automerge, ROOT, ReadDoc};

use super::play::{NOON, Player, TEMPLATE, close, member, member_of, move_to, players, set};
use crate::case::action::{Act, CaseAction, Imported};
use crate::case::schema;
use crate::value::Scalar;
use crate::view::{Breaches, CaseView, CommentView, ViewContext, ViewError, read};

#[test]
fn an_opened_case_shows_what_it_was_opened_with() {
    let [ana]: [Player; 1] = players();
    let view = ana.see();
    assert_eq!(
        (view.number.as_str(), view.template),
        ("TST-~0001", TEMPLATE)
    );
    assert_eq!(view.title.value(), "Broken pavement");
    assert_eq!(
        (view.stage.value().as_str(), view.stage_entered_ms()),
        ("intake", NOON + 60_000)
    );
    assert_eq!(
        (*view.owner.value(), view.closed.value()),
        (Some(member(1)), &None)
    );
    assert!(view.revision.unwrap().names(&ana.revision.id()));
    assert_eq!(
        (view.changes, view.origins.len(), view.comments()),
        (1, 1, 0)
    );
    let opened = view.origins.get(view.opened);
    assert_eq!((opened.member, opened.zone_min), (Some(member(1)), 60));
    assert!(view.flags.is_clear());
}

#[test]
fn an_imported_action_shows_the_claim_beside_the_verified_author() {
    let [mut ana]: [Player; 1] = players();
    let mut act = Act::new(ana.new_id(), set("summary", "from the archive"));
    let claim = Imported {
        who: member(9),
        at_ms: 5,
        zone_min: 120,
    };
    act.imported = Some(claim);
    ana.perform(act).unwrap();
    let view = ana.see();
    let origin = view
        .origins
        .get(view.fields["summary"].value.as_ref().unwrap().shown().by);
    assert_eq!(
        (origin.member, origin.imported),
        (Some(member(1)), Some(claim))
    );
}

#[test]
fn a_view_reads_back_from_its_stored_form_and_damage_is_noticed() {
    let [mut ana]: [Player; 1] = players();
    ana.task("visit", &["a", "b"]);
    ana.decide("grant?", "yes");
    ana.act_because(move_to("review"), "why not");
    ana.act_because(close("solved"), "done");
    let view = ana.see();
    let stored = view.to_stored();
    assert_eq!(CaseView::from_stored(&stored).as_ref(), Ok(&view));
    for cut in 0..stored.len() {
        assert!(CaseView::from_stored(&stored[..cut]).is_err(), "{cut}");
    }
    let mut other = stored.clone();
    other[0] += 1;
    let version = CaseView::from_stored(&other).unwrap_err().version;
    assert_eq!(version, Some(stored[0] + 1));
    // A view whose references lead nowhere would panic when it is shown.
    let mut dangling = view.clone();
    dangling.origins = crate::view::Origins::default();
    assert!(CaseView::from_stored(&dangling.to_stored()).is_err());
}

#[test]
fn a_comment_knows_its_author_and_facets_after_edits_and_reads_back() {
    let [mut ana, mut rui] = players();
    let first = ana.comment("first");
    let (id, body) = (ana.new_id(), "for the customer".to_owned());
    ana.act(CaseAction::Comment {
        id,
        body,
        external: true,
        reply_to: Some(first),
    });
    ana.act(CaseAction::EditComment {
        id,
        body: "better".to_owned(),
    });
    super::play::meet(&mut [&mut ana, &mut rui]);
    let comments = rui.comments();
    let [original, answer] = &comments[..] else {
        panic!("{comments:?}")
    };
    assert_eq!(
        (original.id, original.external, original.edited.is_none()),
        (first, false, true)
    );
    assert_eq!(
        (answer.body.as_str(), answer.external, answer.reply_to),
        ("better", true, Some(first))
    );
    assert_eq!(
        answer.author.claimed_ms + 60_000,
        answer.edited.as_ref().unwrap().claimed_ms
    );
    assert_eq!(answer.order.change, answer.author.change);
    assert_eq!(
        CommentView::from_stored(&answer.to_stored()).as_ref(),
        Ok(answer)
    );
    assert!(CommentView::from_stored(&[9, 9]).is_err());
}

#[test]
fn a_document_that_is_no_case_is_an_error_and_not_a_panic() {
    let context = ViewContext {
        document: TEMPLATE,
        members: &member_of,
        revision: None,
        breaches: &Breaches::new(),
    };
    let empty = Automerge::new();
    assert_eq!(
        read(&empty, &context),
        Err(ViewError::NotACase {
            kind: String::new()
        })
    );
    let mut half = Automerge::new();
    half.transact::<_, _, automerge::AutomergeError>(|tx| tx.put(ROOT, schema::KIND, "case"))
        .unwrap();
    assert_eq!(
        read(&half, &context),
        Err(ViewError::Missing {
            part: schema::TEMPLATE
        })
    );
}

#[test]
fn values_that_no_case_holds_are_passed_over() {
    let [mut ana]: [Player; 1] = players();
    let before = ana.see();
    let options = || CommitOptions::default().with_time(1);
    ana.doc
        .transact_with::<_, _, automerge::AutomergeError, _>(
            |()| options(),
            |tx| {
                let put =
                    |tx: &mut automerge::transaction::Transaction<'_>, map: &str, key: &str| {
                        let (_, id) = tx.get(ROOT, map)?.unwrap();
                        tx.put(&id, key, 2.5)
                    };
                put(tx, schema::FIELDS, "summary")?;
                put(tx, schema::COUNTS, "visits/zz")?;
                put(tx, schema::TASKS, "0000000000000001")?;
                put(tx, schema::DECISIONS, "no id")?;
                put(tx, schema::OVERRIDES, "0000000000000001")?;
                put(tx, schema::TEXTS, "story")?;
                put(tx, schema::REDACTED, "comment/0000000000000001")
            },
        )
        .unwrap();
    let after = ana.see();
    assert_eq!(
        (&after.fields, &after.tasks),
        (&before.fields, &before.tasks)
    );
    assert!(after.decisions.is_empty() && after.overrides.is_empty());
    assert!(ana.comments().is_empty());
    // A change without a message that can be read is still on the timeline.
    assert_eq!(ana.timeline()[0].action, None);
}

#[test]
fn hostile_counter_steps_cannot_overflow_the_sum() {
    let [mut ana]: [Player; 1] = players();
    for _ in 0..3 {
        ana.act(CaseAction::Count {
            field: "visits".to_owned(),
            by: i64::MAX,
        });
    }
    assert_eq!(ana.see().fields["visits"].count, Some(i64::MAX));
    let total = ana.timeline()[0].after.clone();
    assert_eq!(total, [Scalar::Int(i64::MAX)]);
}

#[test]
fn fields_whose_ids_begin_alike_are_not_mixed_up() {
    let [mut ana]: [Player; 1] = players();
    let mut package = super::play::package();
    let mut longer = package.fields[4].clone();
    longer.id = "visits0".to_owned();
    package.fields.push(longer);
    ana.revision = package.publish().unwrap();
    ana.act(CaseAction::Count {
        field: "visits".to_owned(),
        by: 1,
    });
    let before = ana.doc.fork();
    let mut view = ana.see();
    ana.act(CaseAction::Count {
        field: "visits0".to_owned(),
        by: 10,
    });
    ana.act(CaseAction::Count {
        field: "visits".to_owned(),
        by: 2,
    });
    let none = Breaches::new();
    let touched = ana.touched_since(&before);
    crate::view::refresh(&mut view, &ana.doc, &touched, &ana.context(&none)).unwrap();
    assert_eq!(
        (view.fields["visits"].count, view.fields["visits0"].count),
        (Some(3), Some(10))
    );
}
