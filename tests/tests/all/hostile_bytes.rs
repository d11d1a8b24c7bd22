//! Every class of hostile change, handed in by a member with a real key through the real relay to
//! real replicas: no panic escapes, only that change is refused or set aside, the cases go on.
//!
//! The classes are those that make the document library panic, hang or fill the memory. The table
//! in `fuzz/README.md` names them, with the tests of the single layers.

use automerge::legacy::{ElementId, Key, ObjectId, OpId, OpType};
use automerge::{Automerge, Change, ExpandedChange};
use casework_engine::case::{Act, CaseAction};
use casework_engine::replica::Notice;
use casework_engine::value::Scalar;
use casework_fuzz::chunk::{self, ChangeParts, write_signed, write_unsigned};
use casework_protocol::frame::{Answer, PushItem, RefusedBecause};
use casework_protocol::gate::chunk_hash;
use casework_protocol::ids::{ChangeHash, DocumentId};
use casework_tests::stage::{Forger, Stage, Who};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use crate::scene::label;

/// Where a hostile change is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The relay refuses it.
    Refused(RefusedBecause),
    /// The relay says what is missing.
    Missing,
    /// It stands in the log, and every replica sets it aside for good.
    Quarantined,
    /// It stands in the log, and every replica keeps it until it can be judged.
    Waiting,
}

const GATE: End = End::Refused(RefusedBecause::Gate);
const POSITION: End = End::Refused(RefusedBecause::Position);

/// An honest change that was not handed in, the second of its actor, and what it builds on.
struct Draft {
    change: Change,
    before: Automerge,
}

/// Which honest change a hostile one is made from.
#[derive(Debug, Clone, Copy)]
enum Base {
    /// A field set anew: a deletion and a value, each with a predecessor.
    Field,
    /// Prose edited: an insertion behind a character.
    Prose,
}

type Make = fn(&Draft) -> Vec<u8>;

/// Ana owns the workspace, rui works, mia is hostile. Two cases: one attacked, one beside it.
struct Play {
    stage: Stage,
    people: [Who; 3],
    attacked: DocumentId,
    beside: DocumentId,
    /// Attempts so far, so that no act is without effect.
    attempts: u32,
}

impl Play {
    fn new(seed: u64) -> Self {
        let mut stage = Stage::new(seed);
        let people = stage.devices(["ana", "rui", "mia"]);
        let (attacked, beside) = (stage.open(people[0], "Lamp"), stage.open(people[0], "Hole"));
        stage.settle();
        stage.act(people[1], attacked, phone("0"));
        stage.act(people[1], attacked, notes("as it was"));
        stage.settle();
        Self {
            stage,
            people,
            attacked,
            beside,
            attempts: 0,
        }
    }

    fn mia(&self) -> Who {
        self.people[2]
    }

    /// A forger whose actor stands in the log with one honest change, and an honest second one.
    fn draft(&mut self, from: Base) -> (Forger, Draft) {
        self.attempts += 1;
        let mia = self.mia();
        let mut forger = self.stage.forger(mia, self.attacked);
        let first = label(&format!("honest {}", self.attempts));
        let first = Act::new(self.stage.part(), first);
        forger.act(first);
        let run = forger.run();
        let answers = self.stage.hand_in(mia, vec![PushItem::Run(run)]);
        assert!(matches!(answers[..], [Answer::Placed(_)]), "{answers:?}");
        let before = forger.automerge.clone();
        let text = format!("attempt {}", self.attempts);
        let action = match from {
            Base::Field => phone(&text),
            Base::Prose => notes(&format!("as it was, {text}")),
        };
        let second = Act::new(self.stage.part(), action);
        let hash = forger.act(second);
        let change = forger.change(hash);
        (forger, Draft { change, before })
    }

    /// Hands the bytes in under a signature that fits them; then everybody works on and meets.
    fn hand_in(&mut self, forger: &Forger, bytes: Vec<u8>) -> Answer {
        let tip = chunk_hash(&bytes).unwrap_or(ChangeHash::new([7; 32]));
        let run = forger.seal(vec![bytes], tip);
        let mut answers = self.stage.hand_in(self.mia(), vec![PushItem::Run(run)]);
        assert_eq!(answers.len(), 1);
        answers.remove(0)
    }

    /// Everybody works on in both cases and meets; what was set aside meanwhile, on ana's device.
    fn go_on(&mut self, name: &str) -> usize {
        let [ana, rui, mia] = self.people;
        for (who, case) in [
            (rui, self.attacked),
            (mia, self.beside),
            (ana, self.attacked),
        ] {
            let text = format!("{} {who:?}", self.attempts);
            self.stage.act(who, case, label(&text));
        }
        self.stage.settle();
        for case in [self.attacked, self.beside] {
            self.stage.assert_converged(case);
        }
        let told = self.people.map(|who| {
            let notices = self.stage.notices(who);
            let blamed = notices
                .iter()
                .find(|notice| !matches!(notice, Notice::Quarantined { .. }));
            assert_eq!(blamed, None, "{name}");
            notices.len()
        });
        assert_eq!(told[0], told[1], "{name}: two replicas judge differently");
        told[0]
    }

    fn assert_holds(&mut self) {
        for who in self.people {
            let found = self.stage.replica(who).verify(&mut |_, _| {}).unwrap();
            assert!(found.holds(), "{:?}", found.findings);
        }
    }
}

fn phone(text: &str) -> CaseAction {
    CaseAction::SetField {
        field: "phone".to_owned(),
        value: Scalar::text(text),
    }
}

fn notes(text: &str) -> CaseAction {
    CaseAction::EditText {
        field: "notes".to_owned(),
        text: text.to_owned(),
    }
}

/// The change with altered parts and a fitting length and checksum.
fn parts(draft: &Draft, alter: impl FnOnce(&mut ChangeParts)) -> Vec<u8> {
    let mut parts = ChangeParts::of(draft.change.raw_bytes()).unwrap();
    alter(&mut parts);
    parts.seal()
}

/// The change with altered operations, encoded as the document library does.
fn ops(draft: &Draft, alter: impl FnOnce(&mut ExpandedChange)) -> Vec<u8> {
    let mut expanded = draft.change.decode();
    alter(&mut expanded);
    Change::from(expanded).raw_bytes().to_vec()
}

fn set(parts: &mut ChangeParts, spec: u64, bytes: Vec<u8>) {
    parts.columns.retain(|(known, _)| *known != spec);
    parts.columns.push((spec, bytes));
    parts.columns.sort_by_key(|(known, _)| *known);
}

/// A run of one small number, however often.
fn repeat(count: i64, value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_signed(&mut bytes, count);
    write_unsigned(&mut bytes, value);
    bytes
}

/// The key column with every text spelled out instead of counted.
fn spelled_out(column: &[u8]) -> Vec<u8> {
    assert_eq!(column[0], 2, "both operations have one key");
    [&[0x7e], &column[1..], &column[1..]].concat()
}

/// An operation of the case that is neither an object nor an element of a list: its first scalar.
fn scalar(draft: &Draft) -> OpId {
    let changes = draft.before.get_changes(&[]);
    let found = changes.iter().find_map(|change| {
        let ops = change.decode().operations;
        let place = ops
            .iter()
            .position(|op| matches!(op.action, OpType::Put(_)))?;
        let counter = change.start_op().get() + place as u64;
        Some(OpId::new(counter, change.actor_id()))
    });
    found.unwrap()
}

fn replaced(parts: &mut ChangeParts, from: &str, to: &str) {
    let message = String::from_utf8(parts.message.clone()).unwrap();
    assert!(message.contains(from), "{message}");
    parts.message = message.replace(from, to).into_bytes();
}

const OPERATIONS: u64 = 0x42;
const KEYS: u64 = 0x15;
const KEY_COUNTERS: u64 = 0x13;
const INSERTS: u64 = 0x34;
const VALUES: u64 = 0x57;
const PREDECESSORS: u64 = 0x70;
const PREDECESSOR_COUNTERS: u64 = 0x73;

/// What costs memory or time without end.
const BOMBS: [(&str, Base, End, Make); 6] = [
    (
        "16 million operations in one run",
        Base::Field,
        GATE,
        |draft| parts(draft, |parts| set(parts, OPERATIONS, repeat(1 << 24, 1))),
    ),
    (
        "16 million rows in every column",
        Base::Field,
        GATE,
        |draft| {
            parts(draft, |parts| {
                for (_, column) in &mut parts.columns {
                    *column = repeat(1 << 24, 1);
                }
            })
        },
    ),
    ("predecessors without end", Base::Field, GATE, |draft| {
        parts(draft, |parts| set(parts, PREDECESSORS, repeat(2, 1 << 40)))
    }),
    (
        "a long key thousands of times",
        Base::Field,
        GATE,
        |draft| {
            parts(draft, |parts| {
                let mut keys = Vec::new();
                write_signed(&mut keys, 9_000);
                write_unsigned(&mut keys, 100_000);
                keys.resize(keys.len() + 100_000, b'k');
                set(parts, KEYS, keys);
                set(parts, OPERATIONS, repeat(9_000, 1));
            })
        },
    ),
    ("a deflated change", Base::Field, GATE, |draft| {
        let (_, content) = chunk::content(draft.change.raw_bytes()).unwrap();
        let length = u16::try_from(content.len()).unwrap().to_le_bytes();
        let inverse = (!u16::from_le_bytes(length)).to_le_bytes();
        chunk::seal(2, &[&[1][..], &length, &inverse, content].concat())
    }),
    (
        "a count of dependencies that nothing holds",
        Base::Field,
        GATE,
        |_| {
            let mut content = Vec::new();
            write_unsigned(&mut content, 1 << 50);
            chunk::seal(chunk::CHANGE, &content)
        },
    ),
];

/// What is no proper change of this device.
const MALFORMED: [(&str, Base, End, Make); 11] = [
    (
        "the checksum of something else",
        Base::Field,
        GATE,
        |draft| {
            let mut bytes = draft.change.raw_bytes().to_vec();
            bytes[4] ^= 1;
            bytes
        },
    ),
    ("a second change behind it", Base::Field, GATE, |draft| {
        draft.change.raw_bytes().repeat(2)
    }),
    (
        "a document instead of a change",
        Base::Field,
        GATE,
        |draft| draft.before.save(),
    ),
    ("its author named again", Base::Field, GATE, |draft| {
        let actor = draft.change.actor_id();
        let device = draft.before.get_author_for_actor(actor).unwrap();
        parts(draft, |parts| {
            parts.extra = [&[1, 32], device.as_bytes()].concat()
        })
    }),
    (
        "contraband behind the columns",
        Base::Field,
        GATE,
        |draft| parts(draft, |parts| parts.extra = b"more".to_vec()),
    ),
    ("an actor of nobody", Base::Field, GATE, |draft| {
        parts(draft, |parts| parts.actor[23] ^= 1)
    }),
    ("truth values beyond 64 bits", Base::Prose, GATE, |draft| {
        parts(draft, |parts| {
            let mut runs = Vec::new();
            (0..2).for_each(|_| write_unsigned(&mut runs, u64::MAX));
            set(parts, INSERTS, runs);
        })
    }),
    ("differences beyond 64 bits", Base::Prose, GATE, |draft| {
        parts(draft, |parts| {
            for spec in [KEY_COUNTERS, PREDECESSOR_COUNTERS] {
                let mut deltas = Vec::new();
                write_signed(&mut deltas, -2);
                (0..2).for_each(|_| write_signed(&mut deltas, i64::MAX));
                set(parts, spec, deltas);
            }
        })
    }),
    ("values shorter than they say", Base::Field, GATE, |draft| {
        parts(draft, |parts| {
            let values = parts.columns.iter_mut().find(|(spec, _)| *spec == VALUES);
            values.unwrap().1.pop();
        })
    }),
    ("keys in another spelling", Base::Field, GATE, |draft| {
        parts(draft, |parts| {
            let keys = parts.columns.iter_mut().find(|(spec, _)| *spec == KEYS);
            let keys = &mut keys.unwrap().1;
            *keys = spelled_out(keys);
        })
    }),
    (
        "operations near the end of all counters",
        Base::Field,
        GATE,
        |draft| parts(draft, |parts| parts.numbers[1] = u64::from(u32::MAX) - 1),
    ),
];

/// What does not fit into the history.
const MISPLACED: [(&str, Base, End, Make); 7] = [
    ("a number skipped", Base::Field, POSITION, |draft| {
        parts(draft, |parts| parts.numbers[0] += 1)
    }),
    ("counters used before", Base::Field, POSITION, |draft| {
        ops(draft, |change| {
            change.start_op = core::num::NonZeroU64::new(change.start_op.get() - 1).unwrap();
        })
    }),
    ("counters left out", Base::Field, POSITION, |draft| {
        parts(draft, |parts| parts.numbers[1] += 1_000)
    }),
    ("no dependency at all", Base::Field, GATE, |draft| {
        parts(draft, |parts| parts.deps.clear())
    }),
    (
        "no dependency on its own predecessor",
        Base::Field,
        POSITION,
        |draft| {
            let first = draft.before.get_changes(&[])[0].hash();
            parts(draft, |parts| parts.deps = vec![first.0.to_vec()])
        },
    ),
    (
        "a dependency that nobody has",
        Base::Field,
        End::Missing,
        |draft| parts(draft, |parts| parts.deps.push(vec![0xff; 32])),
    ),
    (
        "a predecessor of an invented actor",
        Base::Field,
        POSITION,
        |draft| {
            ops(draft, |change| {
                let nobody = automerge::ActorId::from(&[0xee; 24][..]);
                for op in &mut change.operations {
                    op.pred = [OpId::new(1, &nobody)].into_iter().collect();
                }
            })
        },
    ),
];

/// What only a replica can see.
const UNFIT: [(&str, Base, End, Make); 7] = [
    (
        "an object that is none",
        Base::Field,
        End::Quarantined,
        |draft| {
            let none = scalar(draft);
            ops(draft, |change| {
                for op in &mut change.operations {
                    op.obj = ObjectId::Id(none.clone());
                }
            })
        },
    ),
    (
        "an element that is none",
        Base::Prose,
        End::Quarantined,
        |draft| {
            let none = scalar(draft);
            ops(draft, |change| {
                for op in &mut change.operations {
                    op.key = Key::Seq(ElementId::Id(none.clone()));
                }
            })
        },
    ),
    (
        "a predecessor elsewhere",
        Base::Field,
        End::Quarantined,
        |draft| {
            let elsewhere = scalar(draft);
            ops(draft, |change| {
                for op in &mut change.operations {
                    op.pred = [elsewhere.clone()].into_iter().collect();
                }
            })
        },
    ),
    (
        "one operation more",
        Base::Field,
        End::Quarantined,
        |draft| {
            ops(draft, |change| {
                let mut more = change.operations.last().unwrap().clone();
                more.key = Key::Map("another".into());
                more.pred = [].into_iter().collect();
                change.operations.push(more);
            })
        },
    ),
    (
        "the operations of another action",
        Base::Field,
        End::Quarantined,
        |draft| parts(draft, |parts| replaced(parts, "field.set", "label.add")),
    ),
    (
        "a message that says more than it may",
        Base::Field,
        End::Quarantined,
        |draft| {
            parts(draft, |parts| {
                replaced(parts, "\"v\":1,", "\"v\":1,\"x\":1,")
            })
        },
    ),
    (
        "an action of a later version",
        Base::Field,
        End::Waiting,
        |draft| parts(draft, |parts| replaced(parts, "field.set", "field.dream")),
    ),
];

fn assert_each_is_stopped(seed: u64, classes: &[(&str, Base, End, Make)]) {
    let mut play = Play::new(seed);
    for (name, from, end, make) in classes {
        let (forger, draft) = play.draft(*from);
        let answer = play.hand_in(&forger, make(&draft));
        let (found, quarantined) = match &answer {
            Answer::Refused(because, _) => (End::Refused(*because), 0),
            Answer::Missing(_) => (End::Missing, 0),
            Answer::Placed(_) if *end == End::Waiting => (End::Waiting, 0),
            Answer::Placed(_) => (End::Quarantined, 1),
            Answer::Stale(_) | Answer::Skipped => panic!("{name}: {answer:?}"),
        };
        assert_eq!(found, *end, "{name}: {answer:?}");
        assert_eq!(play.go_on(name), quarantined, "{name}");
    }
    play.assert_holds();
}

#[test]
fn expansion_bombs_are_refused_by_the_relay_and_nothing_else_is_blocked() {
    assert_each_is_stopped(401, &BOMBS);
}

#[test]
fn malformed_changes_are_refused_by_the_relay_and_nothing_else_is_blocked() {
    assert_each_is_stopped(402, &MALFORMED);
}

#[test]
fn misplaced_changes_are_refused_by_the_relay_and_nothing_else_is_blocked() {
    assert_each_is_stopped(403, &MISPLACED);
}

#[test]
fn changes_that_fit_no_document_are_set_aside_by_every_replica_and_nothing_else_is_blocked() {
    assert_each_is_stopped(404, &UNFIT);
}

#[test]
fn mutated_changes_end_in_an_answer_and_every_replica_judges_them_alike() {
    let mut play = Play::new(405);
    let gate = casework_fuzz::target("gate").unwrap();
    let mut dice = ChaCha8Rng::seed_from_u64(405);
    let (mut refused, mut placed) = (0, 0);
    for round in 0..24 {
        for _ in 0..8 {
            let base = [Base::Field, Base::Prose][round % 2];
            let (forger, draft) = play.draft(base);
            let mut input = [&[1][..], draft.change.raw_bytes()].concat();
            let first = draft.before.get_changes(&[])[round % 4]
                .raw_bytes()
                .to_vec();
            (gate.mutate)(&mut input, &[&[1][..], &first].concat(), &mut dice);
            match play.hand_in(&forger, input.split_off(1)) {
                Answer::Placed(_) => placed += 1,
                Answer::Refused(..) | Answer::Missing(_) => refused += 1,
                answer @ (Answer::Stale(_) | Answer::Skipped) => panic!("{answer:?}"),
            }
        }
        play.go_on("mutated");
    }
    assert!(
        refused > 60 && placed > 10,
        "{refused} refused, {placed} placed"
    );
    play.assert_holds();
}
