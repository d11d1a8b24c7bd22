//! The walk along the log: what is allowed, denied, held, and by which version.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::access::entry::{AccessBody, Principal};
use crate::citation::CitedVersion;
use crate::ids::DocumentId;
use crate::rights::Scope;
use crate::roster::scene::*;

const EVA: u8 = 3;
const TOM: u8 = 4;

fn act(verb: Verb) -> [Act<'static>; 1] {
    [Act {
        verb,
        stage: None,
        field: None,
        seats: &[],
    }]
}

fn me(n: u8) -> Principal {
    Principal::Member(member(n))
}

fn restricted(on: bool) -> AccessBody {
    AccessBody::Change {
        add: Vec::new(),
        remove: Vec::new(),
        restricted: Some(on),
        legal_hold: None,
    }
}

/// A workspace and one case in it.
struct Desk {
    scene: Scene,
    record: AccessRecord,
}

impl Desk {
    /// Ana owns, Eva operates, Tom contributes to the case that Eva opened for both.
    fn new() -> Self {
        let mut scene = Scene::found();
        scene.join(EVA, &["operator"]);
        scene.join(TOM, &["contributor"]);
        let record = scene.open(EVA, &[me(EVA), me(TOM)]);
        Self { scene, record }
    }

    fn say(&mut self, by: u8, body: RosterBody) {
        self.scene.say(by, body).unwrap();
    }

    fn set(&mut self, by: u8, body: AccessBody) {
        self.scene.set(&mut self.record, by, body).unwrap();
    }

    fn cite(&self) -> Citation {
        Citation {
            roster: self.scene.roster.cite(),
            access: self.record.cite(),
        }
    }

    fn authority(&self) -> Authority<'_> {
        Authority {
            roster: &self.scene.roster,
            access: &self.record,
        }
    }

    fn relay(&self, citation: &Citation, by: u8) -> Verdict<Moment> {
        self.authority()
            .relay_verdict(citation, device(by), self.scene.seq)
            .unwrap()
    }

    fn action(&self, citation: &Citation, by: u8, verb: Verb) -> Verdict<Moment> {
        let seq = self.scene.seq;
        self.authority()
            .action_verdict(citation, device(by), seq, &act(verb))
            .unwrap()
    }

    fn now(&self) -> Moment {
        Moment {
            roster: self.scene.roster.head().version(),
            access: self.record.head().version(),
        }
    }
}

#[test]
fn work_of_a_revoked_device_that_cites_what_it_saw_is_held() {
    let mut desk = Desk::new();
    let seen = desk.cite();
    assert_eq!(desk.relay(&seen, TOM), Verdict::Allowed);
    desk.say(ANA, add_member(9, &[]));
    desk.say(ANA, revoke(TOM));
    let revoked = desk.now();
    desk.say(ANA, add_member(8, &[]));
    assert_eq!(desk.relay(&seen, TOM), Verdict::Reduced(revoked));
    assert_eq!(
        desk.action(&seen, TOM, Verb::Edit),
        Verdict::Reduced(revoked)
    );
    assert_eq!(desk.relay(&desk.cite(), TOM), Verdict::Denied);
}

#[test]
fn a_demoted_member_gains_nothing_by_citing_an_old_version() {
    let mut desk = Desk::new();
    let old = desk.cite();
    desk.say(ANA, change_roles(EVA, &["viewer"], &["operator"]));
    let demoted = desk.now();
    // The relay hands it on, because Eva still sees the case; every replica holds it.
    assert_eq!(desk.relay(&old, EVA), Verdict::Allowed);
    assert_eq!(
        desk.action(&old, EVA, Verb::Close),
        Verdict::Reduced(demoted)
    );
    assert_eq!(desk.action(&old, EVA, Verb::View), Verdict::Allowed);
    assert_eq!(desk.action(&desk.cite(), EVA, Verb::Close), Verdict::Denied);
}

#[test]
fn an_unrelated_role_edit_holds_nobodys_work() {
    let mut desk = Desk::new();
    desk.say(ANA, define_role("clerk", &[(Verb::View, Scope::All)]));
    desk.say(ANA, add_member(9, &["clerk"]));
    let seen = desk.cite();
    desk.say(ANA, define_role("clerk", &[(Verb::View, Scope::Own)]));
    desk.say(
        ANA,
        RosterBody::RemoveRole {
            role: "clerk".into(),
        },
    );
    desk.say(ANA, set_active(9, false));
    for by in [EVA, TOM] {
        assert_eq!(desk.relay(&seen, by), Verdict::Allowed);
        assert_eq!(desk.action(&seen, by, Verb::Edit), Verdict::Allowed);
    }
}

#[test]
fn a_right_that_was_lost_and_given_back_on_the_way_is_still_held() {
    let mut desk = Desk::new();
    let seen = desk.cite();
    desk.say(ANA, set_active(TOM, false));
    let suspended = desk.now();
    desk.say(ANA, set_active(TOM, true));
    assert_eq!(desk.relay(&seen, TOM), Verdict::Reduced(suspended));
    assert_eq!(desk.relay(&desk.cite(), TOM), Verdict::Allowed);
}

#[test]
fn a_right_that_came_after_the_cited_version_is_denied() {
    let mut desk = Desk::new();
    let seen = desk.cite();
    desk.say(ANA, change_roles(TOM, &["operator"], &[]));
    assert_eq!(desk.action(&seen, TOM, Verb::Close), Verdict::Denied);
    assert_eq!(
        desk.action(&desk.cite(), TOM, Verb::Close),
        Verdict::Allowed
    );
}

#[test]
fn a_device_that_was_not_enrolled_at_the_cited_version_is_denied() {
    let mut desk = Desk::new();
    let seen = desk.cite();
    desk.scene.join(9, &["operator"]);
    assert_eq!(desk.relay(&seen, 9), Verdict::Denied);
    assert_eq!(desk.relay(&desk.cite(), 9), Verdict::Allowed);
}

#[test]
fn a_case_that_was_restricted_meanwhile_holds_the_work_of_whom_it_shuts_out() {
    let mut desk = Desk::new();
    desk.scene.join(5, &["operator"]);
    let seen = desk.cite();
    desk.set(ANA, restricted(true));
    let shut = desk.now();
    assert_eq!(desk.relay(&seen, 5), Verdict::Reduced(shut));
    assert_eq!(desk.action(&seen, 5, Verb::Edit), Verdict::Reduced(shut));
    assert_eq!(desk.relay(&seen, TOM), Verdict::Allowed);
    desk.set(ANA, restricted(false));
    assert_eq!(desk.relay(&seen, 5), Verdict::Reduced(shut));
    assert_eq!(desk.relay(&desk.cite(), 5), Verdict::Allowed);
}

#[test]
fn leaving_the_record_the_team_or_a_wider_role_holds_what_needed_it() {
    let mut desk = Desk::new();
    desk.say(
        ANA,
        define_role(
            "clerk",
            &[(Verb::View, Scope::All), (Verb::Edit, Scope::All)],
        ),
    );
    desk.scene.join(5, &["clerk"]);
    desk.scene.join(6, &["contributor"]);
    desk.say(ANA, change_team("north", &[EVA, 6], &[]));
    let seen = desk.cite();
    for by in [TOM, 5, 6] {
        assert_eq!(desk.action(&seen, by, Verb::Edit), Verdict::Allowed);
    }
    let body = AccessBody::Change {
        add: Vec::new(),
        remove: vec![me(TOM)],
        restricted: None,
        legal_hold: None,
    };
    desk.set(EVA, body);
    assert_eq!(desk.relay(&seen, TOM), Verdict::Reduced(desk.now()));
    desk.say(
        ANA,
        define_role(
            "clerk",
            &[(Verb::View, Scope::All), (Verb::Edit, Scope::Own)],
        ),
    );
    assert_eq!(
        desk.action(&seen, 5, Verb::Edit),
        Verdict::Reduced(desk.now())
    );
    assert_eq!(desk.relay(&seen, 5), Verdict::Allowed);
    desk.say(ANA, change_team("north", &[], &[6]));
    assert_eq!(desk.relay(&seen, 6), Verdict::Reduced(desk.now()));
    desk.say(
        ANA,
        RosterBody::RemoveRole {
            role: "clerk".into(),
        },
    );
    assert_eq!(desk.relay(&seen, 5), Verdict::Reduced(desk.now()));
}

#[test]
fn what_the_author_saw_of_one_chain_is_not_taken_back_by_a_step_of_the_other() {
    let mut desk = Desk::new();
    desk.scene.join(5, &["operator"]);
    desk.set(ANA, restricted(true));
    let roster = desk.cite().roster;
    desk.say(ANA, revoke(TOM));
    desk.set(ANA, restricted(false));
    // Member 5 saw the lifting, not yet the revocation of somebody else just before it.
    let seen = Citation {
        roster,
        access: desk.cite().access,
    };
    assert_eq!(desk.relay(&seen, 5), Verdict::Allowed);

    // And the other way round: let back, while the record changed for somebody else.
    let access = desk.cite().access;
    desk.say(ANA, set_active(5, false));
    let body = AccessBody::Change {
        add: Vec::new(),
        remove: vec![me(TOM)],
        restricted: None,
        legal_hold: None,
    };
    desk.set(EVA, body);
    desk.say(ANA, set_active(5, true));
    let roster = desk.cite().roster;
    let seen = Citation { roster, access };
    assert_eq!(desk.relay(&seen, 5), Verdict::Allowed);
}

#[test]
fn only_what_happened_up_to_the_arrival_counts() {
    let mut desk = Desk::new();
    let seen = desk.cite();
    let arrival = desk.scene.seq;
    desk.scene.seq += 1;
    desk.say(ANA, revoke(TOM));
    let verdict = |at| {
        desk.authority()
            .relay_verdict(&seen, device(TOM), at)
            .unwrap()
    };
    assert_eq!(verdict(arrival), Verdict::Allowed);
    assert_eq!(
        verdict(arrival + 1),
        Verdict::Allowed,
        "the revocation itself stands there"
    );
    assert_eq!(verdict(arrival + 2), Verdict::Reduced(desk.now()));
    assert_eq!(verdict(Received::UNSEQUENCED), Verdict::Reduced(desk.now()));
}

#[test]
fn an_action_that_does_several_things_needs_all_of_them() {
    let desk = Desk::new();
    let acts = [act(Verb::Edit)[0], act(Verb::Close)[0]];
    let verdict = |by, acts: &[Act<'_>]| {
        desk.authority()
            .action_verdict(&desk.cite(), device(by), desk.scene.seq, acts)
            .unwrap()
    };
    assert_eq!(verdict(EVA, &acts), Verdict::Allowed);
    assert_eq!(verdict(TOM, &acts), Verdict::Denied);
    assert_eq!(verdict(TOM, &acts[..1]), Verdict::Allowed);
}

#[test]
fn a_grant_for_a_stage_or_field_is_judged_with_the_case() {
    let mut desk = Desk::new();
    let scopes = [
        (Verb::View, Scope::All),
        (Verb::Move, Scope::Stage(template(1), "review".into())),
        (Verb::Edit, Scope::Field(template(1), "score".into())),
        (Verb::Task, Scope::Stage(template(2), "review".into())),
    ];
    desk.say(ANA, define_role("reviewer", &scopes));
    desk.scene.join(5, &["reviewer"]);
    let verdict = |verb, stage, field| {
        let acts = [Act {
            verb,
            stage,
            field,
            seats: &[],
        }];
        let (cite, seq) = (desk.cite(), desk.scene.seq);
        desk.authority()
            .action_verdict(&cite, device(5), seq, &acts)
            .unwrap()
    };
    assert_eq!(verdict(Verb::Move, Some("review"), None), Verdict::Allowed);
    assert_eq!(verdict(Verb::Move, Some("offer"), None), Verdict::Denied);
    assert_eq!(
        verdict(Verb::Edit, Some("offer"), Some("score")),
        Verdict::Allowed
    );
    assert_eq!(
        verdict(Verb::Edit, Some("review"), Some("name")),
        Verdict::Denied
    );
    assert_eq!(verdict(Verb::Task, Some("review"), None), Verdict::Denied);
}

#[test]
fn a_citation_from_the_future_waits_and_one_of_another_history_is_a_fork() {
    let desk = Desk::new();
    let good = desk.cite();
    let ahead = |cited: CitedVersion| CitedVersion {
        version: cited.version + 1,
        ..cited
    };
    let wrong = |cited: CitedVersion| CitedVersion {
        mark: [0xaa; 8],
        ..cited
    };
    let fault = |citation: Citation| {
        desk.authority()
            .relay_verdict(&citation, device(EVA), desk.scene.seq)
            .unwrap_err()
    };
    for chain in [CitedChain::Roster, CitedChain::Access] {
        let bend = |change: &dyn Fn(CitedVersion) -> CitedVersion| match chain {
            CitedChain::Roster => Citation {
                roster: change(good.roster),
                ..good
            },
            CitedChain::Access => Citation {
                access: change(good.access),
                ..good
            },
        };
        let unknown = fault(bend(&ahead));
        assert!(matches!(unknown, CitationFault::Unknown { chain: c, .. } if c == chain));
        let forked = fault(bend(&wrong));
        assert!(matches!(forked, CitationFault::Forked { chain: c, .. } if c == chain));
    }
}

#[test]
fn a_change_cannot_cite_what_the_log_took_after_it() {
    let mut desk = Desk::new();
    let arrival = desk.scene.seq;
    desk.scene.seq += 1;
    desk.say(ANA, add_member(9, &[]));
    let fault = desk
        .authority()
        .relay_verdict(&desk.cite(), device(EVA), arrival)
        .unwrap_err();
    let version = desk.now().roster;
    let (chain, since) = (CitedChain::Roster, arrival + 1);
    assert_eq!(
        fault,
        CitationFault::Premature {
            chain,
            version,
            since,
            arrival
        }
    );
}

#[test]
fn a_device_acts_on_its_own_case_before_any_log_has_it() {
    let mut scene = Scene::found();
    scene.join(EVA, &["operator"]);
    let entry = scene.case(EVA, &[me(EVA)], false);
    let record =
        AccessRecord::found(entry.clone(), Received::unsequenced(0), &scene.roster).unwrap();
    let citation = Citation {
        roster: scene.roster.cite(),
        access: record.cite(),
    };
    let authority = Authority {
        roster: &scene.roster,
        access: &record,
    };
    let own = authority
        .relay_verdict(&citation, device(EVA), Received::UNSEQUENCED)
        .unwrap();
    assert_eq!(own, Verdict::Allowed);
    // The same citation once the log has taken the genesis, after Eva was suspended.
    scene.say(ANA, set_active(EVA, false)).unwrap();
    let record = AccessRecord::found(entry, scene.now(), &scene.roster).unwrap();
    let authority = Authority {
        roster: &scene.roster,
        access: &record,
    };
    let late = authority
        .relay_verdict(&citation, device(EVA), scene.seq + 1)
        .unwrap();
    let access = 1;
    assert_eq!(
        late,
        Verdict::Reduced(Moment {
            roster: scene.roster.head().version(),
            access
        })
    );
}

#[test]
fn the_walk_visits_every_pair_in_log_order() {
    let mut desk = Desk::new();
    let seen = desk.cite();
    desk.say(ANA, add_member(9, &[]));
    desk.set(ANA, restricted(true));
    desk.say(ANA, add_member(8, &[]));
    desk.set(ANA, restricted(false));
    let moments: Vec<(u64, u64)> = desk
        .authority()
        .walk(&seen, desk.scene.seq)
        .unwrap()
        .map(|(moment, standing)| {
            assert_eq!(standing.roster.version(), moment.roster);
            assert_eq!(standing.access.version(), moment.access);
            (moment.roster - seen.roster.version, moment.access)
        })
        .collect();
    assert_eq!(moments, [(0, 1), (1, 1), (1, 2), (2, 2), (2, 3)]);
}

fn adopt(document: DocumentId, n: u8) -> RosterBody {
    RosterBody::Adopt {
        document,
        changes: vec![ChangeHash::new([n; 32])],
        reason: "seen".into(),
    }
}

#[test]
fn an_adoption_releases_only_what_its_author_may_adopt_in_that_document() {
    let mut desk = Desk::new();
    desk.say(
        ANA,
        define_role(
            "lead",
            &[(Verb::Adopt, Scope::Own), (Verb::View, Scope::All)],
        ),
    );
    desk.scene.join(5, &["lead"]);
    let document = desk.record.document();
    let change = ChangeHash::new([1; 32]);
    // Member 5 may adopt on own cases, and this is none; a recorded adoption releases nothing.
    let entry = desk.scene.entry(5, adopt(document, 1));
    assert!(!desk.authority().judge_adoption(&entry, desk.scene.seq));
    desk.say(5, adopt(document, 1));
    assert_eq!(desk.authority().adopted(change), None);
    let body = AccessBody::Change {
        add: vec![me(5)],
        remove: Vec::new(),
        restricted: None,
        legal_hold: None,
    };
    desk.set(EVA, body);
    assert_eq!(
        desk.authority().adopted(change),
        None,
        "the right did not exist back then"
    );
    let entry = desk.scene.entry(5, adopt(document, 1));
    assert!(desk.authority().judge_adoption(&entry, desk.scene.seq));
    desk.say(5, adopt(document, 1));
    let version = desk.now().roster;
    let expected = Adoption {
        document,
        by: member(5),
        version,
    };
    assert_eq!(desk.authority().adopted(change), Some(expected));
    // Losing the right later takes nothing back.
    desk.say(ANA, revoke(5));
    assert_eq!(desk.authority().adopted(change), Some(expected));
}

#[test]
fn an_adoption_for_another_document_releases_nothing_here() {
    let mut desk = Desk::new();
    let elsewhere = DocumentId::new([9; 16]);
    desk.say(ANA, adopt(elsewhere, 1));
    assert_eq!(desk.authority().adopted(ChangeHash::new([1; 32])), None);
    let entry = desk.scene.entry(ANA, adopt(elsewhere, 2));
    assert!(!desk.authority().judge_adoption(&entry, desk.scene.seq));
}

#[test]
fn nobody_adopts_in_a_restricted_case_that_they_do_not_see() {
    let mut desk = Desk::new();
    desk.set(ANA, restricted(true));
    let entry = desk.scene.entry(ANA, adopt(desk.record.document(), 1));
    assert!(!desk.authority().judge_adoption(&entry, desk.scene.seq));
}

/// Random rosters and records: the verdicts, which look only where something may have been
/// reduced, must equal a full walk.
#[test]
fn looking_only_at_reductions_gives_the_verdict_of_the_whole_walk() {
    let mut reduced = 0;
    for seed in 0..60 {
        let mut babbler = Babbler {
            rng: ChaCha8Rng::seed_from_u64(seed),
        };
        let mut desk = Desk::new();
        desk.scene.join(2, &["manager"]);
        let mut citations = vec![desk.cite()];
        for _ in 0..60 {
            let (by, body) = babbler.say(&desk.scene);
            let _ = desk.scene.say(by, body);
            if babbler.chance(3) {
                let by = babbler.number(9);
                let _ = desk.scene.set(&mut desk.record, by, babbler.set());
            }
            citations.push(Citation {
                roster: babbler
                    .pick(&[desk.cite(), citations[citations.len() - 1]])
                    .roster,
                access: desk.cite().access,
            });
        }
        for citation in &citations {
            reduced += compare(&desk, citation, seed, &mut babbler);
        }
    }
    assert!(
        reduced > 100,
        "only {reduced} verdicts were reduced: the test is too weak"
    );
}

fn compare(desk: &Desk, citation: &Citation, seed: u64, babbler: &mut Babbler) -> u32 {
    let authority = desk.authority();
    let arrival = babbler.rng.random_range(0..=desk.scene.seq);
    let mut reduced = 0;
    for n in 1..=9 {
        let by = device(n);
        let Ok(relay) = authority.relay_verdict(citation, by, arrival) else {
            assert!(authority.walk(citation, arrival).is_err());
            continue;
        };
        let whole = |question: &dyn Fn(&Standing<'_>) -> bool| {
            judge(authority.walk(citation, arrival).unwrap(), question)
        };
        assert_eq!(
            relay,
            whole(&|s| s.views(by)),
            "seed {seed} device {n} at {arrival}"
        );
        for verb in [Verb::View, Verb::Edit, Verb::Adopt, Verb::Keep] {
            let acts = act(verb);
            let verdict = authority
                .action_verdict(citation, by, arrival, &acts)
                .unwrap();
            let expected = whole(&|s| s.allows(by, &acts));
            assert_eq!(
                verdict, expected,
                "seed {seed} device {n} {verb} at {arrival}"
            );
            reduced += u32::from(matches!(verdict, Verdict::Reduced(_)));
        }
        if matches!(relay, Verdict::Reduced(_)) {
            let verdict = authority.action_verdict(citation, by, arrival, &act(Verb::View));
            assert_ne!(
                verdict,
                Ok(Verdict::Allowed),
                "what the relay holds is held here too"
            );
        }
    }
    reduced
}
