//! Who outside reads which external comment: whoever it answers, and nobody else who was asked.

use super::play::{NOON, Player, meet, players};
use crate::case::facet::form::{FormAction, InformationRequest, Submission};
use crate::case::{CaseAction, PartId};

fn request(player: &mut Player) -> PartId {
    let id = player.new_id();
    let request = InformationRequest {
        id,
        form: "more".into(),
        token: "ab".repeat(32),
        expires_ms: None,
        single_use: false,
        note: String::new(),
    };
    player.act(FormAction::Request(request).into());
    id
}

fn submit(player: &mut Player, request: Option<PartId>) -> PartId {
    let id = player.new_id();
    let submission = Submission {
        id,
        form: "more".into(),
        request,
        link: "ab".repeat(32),
        answers: [("q.else".to_owned(), vec!["since Monday".to_owned()])].into(),
        mapped: [].into(),
        documents: Vec::new(),
        consent: None,
        receipt: "cd".repeat(32),
        anonymous: false,
        language: "en".into(),
        given_ms: player.clock,
    };
    player.act(FormAction::Submit(submission).into());
    id
}

/// Something said, to people outside or not, in answer to something or not.
fn say(player: &mut Player, body: &str, external: bool, reply_to: Option<PartId>) -> PartId {
    let id = player.new_id();
    player.act(CaseAction::Comment {
        id,
        body: body.into(),
        external,
        reply_to,
    });
    id
}

fn told(player: &Player, submission: PartId) -> Vec<String> {
    let comments = player.comments();
    let told = player.see().facets.forms.told(submission, &comments);
    told.into_iter()
        .map(|comment| comment.body.clone())
        .collect()
}

/// The template of the played case, with the forms that are sent here.
fn desk() -> Player {
    use crate::template::{Form, FormKind};
    let [mut ana] = players();
    let mut package = super::play::package();
    package.forms = vec![
        Form::new("first", FormKind::Intake, "First"),
        Form::new("more", FormKind::Request, "More"),
    ];
    for form in &mut package.forms {
        form.questions = vec![crate::template::Question {
            id: "else".into(),
            label: "Anything else?".into(),
            help: String::new(),
            required: false,
            short: false,
        }];
    }
    ana.revision = package.publish().unwrap();
    ana
}

fn opened(player: &mut Player) -> PartId {
    let id = player.new_id();
    let submission = Submission {
        id,
        form: "first".into(),
        request: None,
        link: "ab".repeat(32),
        answers: [].into(),
        mapped: [].into(),
        documents: Vec::new(),
        consent: None,
        receipt: "ef".repeat(32),
        anonymous: false,
        language: "en".into(),
        given_ms: player.clock,
    };
    player.act(FormAction::Submit(submission).into());
    id
}

#[test]
fn whoever_opened_the_case_is_told_what_is_written_before_anybody_else_was_asked() {
    let mut ana = desk();
    let sender = opened(&mut ana);
    let first = say(&mut ana, "A lamp is coming", true, None);
    say(&mut ana, "He calls often", false, None);
    let asked = request(&mut ana);
    say(&mut ana, "To the neighbour", true, None);
    say(&mut ana, "It is there", true, Some(first));
    say(&mut ana, "Thank you", true, Some(sender));
    assert_eq!(
        told(&ana, sender),
        ["A lamp is coming", "It is there", "Thank you"]
    );
    let neighbour = submit(&mut ana, Some(asked));
    say(&mut ana, "To whom?", true, None);
    assert!(told(&ana, neighbour).is_empty());
    let note = say(&mut ana, "Among us", false, Some(neighbour));
    say(&mut ana, "And about that", true, Some(note));
    let answer = say(&mut ana, "We saw it", true, Some(neighbour));
    assert_eq!(told(&ana, neighbour), ["We saw it"]);
    assert!(!told(&ana, sender).contains(&"We saw it".to_owned()));
    ana.act_because(CaseAction::RedactComment { id: answer }, "a name");
    assert!(told(&ana, neighbour).is_empty());
}

#[test]
fn whoever_answers_a_request_is_told_nothing_that_does_not_answer_them() {
    let mut ana = desk();
    say(&mut ana, "To the customer, by letter", true, None);
    let asked = request(&mut ana);
    let expert = submit(&mut ana, Some(asked));
    say(&mut ana, "Dear customer", true, None);
    assert!(told(&ana, expert).is_empty());
    assert!(told(&ana, PartId::derive(&[9; 32], 1)).is_empty());
}

#[test]
fn a_slow_clock_shows_nobody_what_was_meant_for_somebody_else() {
    let mut ana = desk();
    let sender = opened(&mut ana);
    let mut rui = ana.clone_as(0x20);
    request(&mut ana);
    meet(&mut [&mut ana, &mut rui]);
    // By its clock this was written before the request, and it was not.
    rui.clock = NOON - 3_600_000;
    say(&mut rui, "To the neighbour", true, None);
    meet(&mut [&mut ana, &mut rui]);
    for player in [&ana, &rui] {
        assert!(told(player, sender).is_empty());
    }
}

#[test]
fn a_comment_answers_a_comment_or_a_submission_and_nothing_else() {
    let mut ana = desk();
    let asked = request(&mut ana);
    let action = CaseAction::Comment {
        id: ana.new_id(),
        body: "To the link".into(),
        external: true,
        reply_to: Some(asked),
    };
    let refused = ana.try_act(action, None).unwrap_err();
    assert!(refused.to_string().contains("comment"), "{refused}");
}
