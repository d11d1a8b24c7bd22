//! The part of the play that belongs to facets: every action of each, one after the other.
//!
//! Numbers of acts and parts begin at 1,000 here, a hundred for each facet.

mod upkeep;

use super::{Desk, member, part};
use crate::approval::{Answer, Question, Seat, Vote};
use crate::case::facet::approval::ApprovalAction;
use crate::case::facet::approval::request::Request;
use crate::case::facet::attention::AttentionAction;
use crate::case::facet::document::{DocumentAction, FileMark, VersionStatus};
use crate::case::facet::form::{FormAction, InformationRequest, ReviewState, Submission};
use crate::case::facet::handover::TransferAction;
use crate::case::facet::hold::HoldAction;
use crate::case::facet::party::{PartyAction, PartyKey, PartyMark, PartyNature};
use crate::case::facet::reading::ReadingAction;
use crate::case::facet::referral::{Consent, Referral, ReferralAction};
use crate::case::{CaseAction, PartId};

use self::upkeep::{automations, keeping, links, recurrence, redactions};

/// Plays all of them.
pub(super) fn play(ana: &mut Desk) {
    documents(ana);
    attention(ana);
    approvals(ana);
    handovers(ana);
    holds(ana);
    parties(ana);
    links(ana);
    keeping(ana);
    redactions(ana);
    automations(ana);
    recurrence(ana);
    forms(ana);
    reading(ana);
}

/// A file that these words are in.
pub(crate) fn file(words: &str) -> FileMark {
    let digest = |byte: u8| format!("{byte:02x}").repeat(32);
    FileMark {
        name: format!("{words}.pdf"),
        sha256: digest(words.len() as u8),
        bytes: words.len() as u64,
        media: "application/pdf".into(),
    }
}

/// Does actions with ids from this number on.
fn does<A: Into<CaseAction>>(desk: &mut Desk, from: u64, actions: impl IntoIterator<Item = A>) {
    for (n, action) in (from..).zip(actions) {
        desk.act(crate::case::Act::new(part(n), action.into()).because("because"));
    }
}

fn documents(ana: &mut Desk) {
    let (document, first, second, third) = (part(1001), part(1002), part(1003), part(1004));
    let (version, name) = (first, "Offer".to_owned());
    let kind = "letter".into();
    let file = file("offer");
    let add = DocumentAction::Add {
        id: document,
        name,
        kind,
        version,
        file,
    };
    let mut rui = ana.copy_to(2);
    does(ana, 1010, [add]);
    let next = |id, words| DocumentAction::AddVersion {
        document,
        id,
        parents: [].into(),
        file: self::file(words),
    };
    rui.merge(ana);
    does(ana, 1020, [next(second, "better offer")]);
    does(&mut rui, 1030, [next(third, "best offer")]);
    ana.merge(&rui);
    let status = VersionStatus::Approved;
    let name = "Offer letter".to_owned();
    does(
        ana,
        1040,
        [
            DocumentAction::Choose {
                document,
                version: second,
                over: [].into(),
            },
            DocumentAction::SetStatus {
                version: second,
                status,
            },
            DocumentAction::Rename { document, name },
            DocumentAction::Withdraw { document },
            DocumentAction::Reinstate { document },
        ],
    );
}

fn attention(ana: &mut Desk) {
    let member = member(3);
    let severity = Some("grave".to_owned());
    let watch = AttentionAction::Watch { member };
    let unwatch = AttentionAction::Unwatch { member };
    let severe = AttentionAction::SetSeverity { severity };
    does(ana, 1100, [watch, unwatch, severe]);
}

/// A request without a kind: any of these may approve.
fn request(id: u64, seats: &[Seat]) -> ApprovalAction {
    ApprovalAction::Request(Request {
        kind: None,
        label: "The offer".into(),
        question: Question {
            seats: seats.iter().cloned().collect(),
            ..Question::default()
        },
        ..Request::of_kind(part(id), "", member(1))
    })
}

/// A vote from every seat that the voter holds.
pub(crate) fn vote(approval: u64, id: u64, answer: Answer) -> ApprovalAction {
    ApprovalAction::Vote {
        approval: part(approval),
        vote: Vote {
            id: part(id),
            member: member(0),
            answer,
            seats: [].into(),
            note: "as it stands".into(),
        },
    }
}

fn approvals(ana: &mut Desk) {
    let (second, third) = (Seat::Member(member(2)), Seat::Member(member(3)));
    let (approval, seat) = (part(1201), Seat::Role("board".into()));
    does(ana, 1210, [request(1201, &[second, third.clone()])]);
    does(ana, 1211, [ApprovalAction::AddApprover { approval, seat }]);
    let (mut rui, mut mia) = (ana.copy_to(2), ana.copy_to(3));
    let (by, to) = (member(3), member(4));
    let seat = third;
    does(
        &mut mia,
        1220,
        [ApprovalAction::Reassign {
            approval,
            seat,
            by,
            to,
        }],
    );
    does(&mut rui, 1230, [vote(1201, 1231, Answer::Approve)]);
    mia.merge(&rui);
    does(&mut mia, 1240, [vote(1201, 1241, Answer::Reject)]);
    ana.merge(&mia);
    let approval = part(1202);
    let seats = [Seat::Team("legal".into())];
    let withdraw = ApprovalAction::Withdraw { approval };
    does(ana, 1250, [request(1202, &seats), withdraw]);
}

fn handovers(ana: &mut Desk) {
    let offer = |id, to| TransferAction::Offer {
        id: part(id),
        to,
        note: "call first".into(),
    };
    let nobody = member(0);
    does(ana, 1310, [offer(1301, Seat::Member(member(2)))]);
    let mut rui = ana.copy_to(2);
    let (transfer, member) = (part(1301), nobody);
    does(
        &mut rui,
        1320,
        [TransferAction::Accept { transfer, member }],
    );
    ana.merge(&rui);
    does(ana, 1330, [offer(1302, Seat::Team("legal".into()))]);
    rui.merge(ana);
    let transfer = part(1302);
    does(
        &mut rui,
        1340,
        [TransferAction::Decline { transfer, member }],
    );
    ana.merge(&rui);
    let withdraw = TransferAction::Withdraw {
        transfer: part(1303),
    };
    does(
        ana,
        1350,
        [offer(1303, Seat::Member(super::member(3))), withdraw],
    );
    does(ana, 1358, [CaseAction::SetOwner { member: None }]);
    let make = |id, given| ReferralAction::Make(referral(id, given));
    let referral = |id| part(id);
    does(
        ana,
        1360,
        [
            make(1304, true),
            ReferralAction::Accept {
                referral: referral(1304),
                member,
            },
            ReferralAction::Complete {
                referral: referral(1304),
                outcome: "seen twice".into(),
            },
            make(1305, false),
            ReferralAction::Decline {
                referral: referral(1305),
                member,
            },
            make(1306, true),
            ReferralAction::Withdraw {
                referral: referral(1306),
            },
        ],
    );
}

fn referral(id: u64, given: bool) -> Referral {
    let said = |words: &str| {
        if given {
            words.to_owned()
        } else {
            String::new()
        }
    };
    Referral {
        id: part(id),
        service: "Legal advice".into(),
        to: None,
        party: Some("The law centre".into()),
        note: "only the contract".into(),
        consent: Consent {
            given,
            by: said("the tenant"),
            how: said("in writing"),
            on: said("2026-03-01"),
        },
    }
}

fn holds(ana: &mut Desk) {
    let start = HoldAction::Start {
        id: part(1401),
        why: "waiting for the landlord".into(),
        until: Some("2026-06-01".into()),
    };
    does(ana, 1410, [start, HoldAction::End { hold: part(1401) }]);
}

/// A party of the play.
pub(crate) fn helena() -> PartyMark {
    PartyMark {
        role: "complainant".into(),
        name: "Helena Dias".into(),
        nature: PartyNature::Person,
        email: "helena@example.org".into(),
        phone: String::new(),
        address: "Rua Direita 1\nPorto".into(),
        note: String::new(),
    }
}

fn parties(ana: &mut Desk) {
    let party = part(2201);
    let change = |key, value: &str| PartyAction::Change {
        party,
        key,
        value: value.into(),
    };
    does(
        ana,
        2210,
        [
            PartyAction::Add {
                id: party,
                party: helena(),
            },
            change(PartyKey::Phone, "+351 912 345 678"),
            PartyAction::Withdraw { party },
            PartyAction::Reinstate { party },
        ],
    );
}

/// A hash as documents keep it.
pub(crate) fn kept_hash(digit: char) -> String {
    String::from(digit).repeat(64)
}

/// What somebody sent in answer to a request.
pub(crate) fn submission(id: PartId, request: Option<PartId>) -> Submission {
    Submission {
        id,
        form: "more".into(),
        request,
        link: kept_hash('a'),
        answers: [(
            "f.name".to_owned(),
            vec!["Ana \"A.\"".to_owned(), "B\n".to_owned()],
        )]
        .into(),
        mapped: ["name".to_owned()].into(),
        documents: vec!["Receipt of March".into()],
        consent: Some(kept_hash('c')),
        receipt: kept_hash('b'),
        anonymous: false,
        language: "pt-BR".into(),
        given_ms: 1_700_000_000_000,
    }
}

fn forms(ana: &mut Desk) {
    let (request, sent) = (part(5201), part(5202));
    let ask = InformationRequest {
        id: request,
        form: "more".into(),
        token: kept_hash('a'),
        expires_ms: Some(i64::from(i32::MAX) * 10_000),
        single_use: false,
        note: "Please send us the receipt.\nThank you.".into(),
    };
    let state = ReviewState::NeedsAnswer;
    let actions = [
        FormAction::Request(ask),
        FormAction::Submit(submission(sent, Some(request))),
        FormAction::Review {
            submission: sent,
            state,
        },
        FormAction::Add {
            id: part(5203),
            submission: sent,
            text: "Here it is.".into(),
            given_ms: 1_700_000_000_001,
        },
        FormAction::Revoke { request },
    ];
    does(ana, 5210, actions);
}

fn reading(ana: &mut Desk) {
    let read = ReadingAction::Read {
        member: ana.member,
        day: "2026-03-01".into(),
    };
    does(ana, 5310, [read]);
}
