//! Trees, differences, three-way merges, mappings and lineage.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// A package with something in most sections.
fn full() -> Package {
    let mut package = plain();
    let mut kind = Field::new("kind", "Kind", FieldType::SingleSelect);
    kind.options = vec![Choice::new("noise", "Noise"), Choice::new("smell", "Smell")];
    package.fields.push(kind);
    package.transitions = vec![
        listed("new", "work", &[]),
        listed("work", "done", &[(Severity::Ask, "why?")]),
        listed("*", "dropped", &[]),
    ];
    package.stages[1].required = vec!["name".into()];
    package.stages[1].tasks = vec![TaskTemplate::new("call", "Call")];
    package
}

/// One edit of a package that leaves it publishable.
fn edit(package: &mut Package, which: u8, n: u8) {
    let at = usize::from(n) % package.stages.len();
    match which % 12 {
        0 => package.name = format!("Name {n}"),
        1 => package.stages[at].name = format!("Stage {n}"),
        2 => package.stages.insert(
            at,
            Stage::new(format!("s{n}"), format!("New {n}"), Category::Active),
        ),
        3 => package.fields.push(Field::new(
            format!("f{n}"),
            format!("Field {n}"),
            FieldType::Date,
        )),
        4 => package.stages.rotate_left(1),
        5 => package.fields[0].help = format!("Help {n}"),
        6 => {
            package.transitions.pop();
        }
        7 => package.stages[at].required = vec!["kind".into(), "name".into()],
        8 => package.fields[2]
            .options
            .push(Choice::new(format!("o{n}"), format!("Option {n}"))),
        9 => {
            for task in package.stages.iter_mut().flat_map(|stage| &mut stage.tasks) {
                task.title = format!("Task {n}");
            }
        }
        10 => {
            package.fields.retain(|field| field.id != "due");
            for stage in &mut package.stages {
                stage.required.retain(|id| id != "due");
            }
        }
        _ => package.stages[at].entry = vec![Rule::new(Severity::Warn, format!("rule {n}"))],
    }
    unique(package);
}

/// Keeps the first of what has one id.
fn unique(package: &mut Package) {
    let mut seen = std::collections::BTreeSet::new();
    package.stages.retain(|stage| seen.insert(stage.id.clone()));
    let mut seen = std::collections::BTreeSet::new();
    package.fields.retain(|field| seen.insert(field.id.clone()));
    while package.fields.len() < 3 {
        let id = format!("filler{}", package.fields.len());
        package
            .fields
            .push(Field::new(id, "Filler", FieldType::Text));
    }
    for field in &mut package.fields {
        let mut seen = std::collections::BTreeSet::new();
        field
            .options
            .retain(|option| seen.insert(option.id.clone()));
    }
}

fn edited(edits: &[(u8, u8)]) -> Package {
    let mut package = full();
    for (which, n) in edits {
        edit(&mut package, *which, *n);
    }
    package
}

fn edits() -> impl Strategy<Value = Vec<(u8, u8)>> {
    prop::collection::vec((0..12u8, 0..6u8), 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_package_reads_back_from_its_tree(edits in edits()) {
        let package = edited(&edits);
        let tree = package.to_tree().unwrap();
        prop_assert_eq!(Package::from_tree(&tree).unwrap(), package);
    }

    #[test]
    fn merging_with_what_nobody_changed_gives_the_change(edits in edits()) {
        let (base, one) = (full(), edited(&edits));
        let tree = one.to_tree().unwrap();
        for merged in [merge(&base, &one, &base).unwrap(), merge(&base, &base, &one).unwrap()] {
            prop_assert_eq!(&merged.tree, &tree);
            prop_assert!(merged.conflicts.is_empty());
        }
        let same = merge(&base, &one, &one).unwrap();
        prop_assert_eq!(&same.tree, &tree);
        prop_assert!(same.conflicts.is_empty());
    }

    #[test]
    fn merging_is_the_same_from_both_sides(a in edits(), b in edits()) {
        let (base, one, two) = (full(), edited(&a), edited(&b));
        prop_assert_eq!(merge(&base, &one, &two).unwrap(), merge(&base, &two, &one).unwrap());
    }

    #[test]
    fn what_only_one_side_changed_is_in_the_merge_unless_it_is_named(a in edits(), b in edits()) {
        let (base, one, two) = (full(), edited(&a), edited(&b));
        let merged = merge(&base, &one, &two).unwrap();
        let before = base.to_tree().unwrap();
        for side in [&one, &two] {
            let side = side.to_tree().unwrap();
            for difference in tree_differences(&before, &side) {
                if difference.path.contains("#order") {
                    continue;
                }
                let there = merged.tree.part(&difference.path).map(Node::write);
                let named = merged.conflicts.iter().any(|conflict| {
                    difference.path.starts_with(&conflict.path)
                        || conflict.path.starts_with(&difference.path)
                });
                // Both may have put something into a part that is new on both sides.
                let more = difference.after.as_ref().is_some_and(|value| value.is_object());
                prop_assert!(there == difference.after || named || more, "{}", difference);
            }
        }
    }

    #[test]
    fn differences_lead_from_one_package_to_the_other(a in edits(), b in edits()) {
        let (one, two) = (edited(&a), edited(&b));
        let (before, after) = (one.to_tree().unwrap(), two.to_tree().unwrap());
        let mut tree = before.clone();
        let differences = tree_differences(&before, &after);
        for difference in &differences {
            match &difference.after {
                _ if difference.path.ends_with("#order") => {}
                None => tree.remove(&difference.path),
                Some(value) => {
                    let name = difference.path.rsplit('/').next().unwrap();
                    let part = Node::read(value.clone(), name, "").unwrap();
                    tree.put(&difference.path, part).unwrap();
                }
            }
        }
        for list in ["stages", "fields", "transitions", "fields/kind/options", "stages/work/required"] {
            if let Some(Node::Branch(branch)) = after.part(list) {
                let order = branch.order.clone();
                tree.reorder(list, &order);
            }
        }
        prop_assert_eq!(Package::from_tree(&tree).unwrap(), two);
    }
}

#[test]
fn the_same_part_changed_differently_is_a_conflict_with_a_name() {
    let (base, mut one, mut two) = (full(), full(), full());
    one.stages[1].name = "Working".into();
    two.stages[1].name = "In progress".into();
    one.name = "Renamed".into();
    let merged = merge(&base, &one, &two).unwrap();
    let conflict = Conflict {
        path: "stages/work/name".into(),
        taken: Some(json!("Working")),
        left: Some(json!("In progress")),
        base: Some(json!("Work")),
    };
    assert_eq!(merged.conflicts, [conflict]);
    let package = Package::from_tree(&merged.tree).unwrap();
    assert_eq!(
        (package.name.as_str(), package.stages[1].name.as_str()),
        ("Renamed", "Working")
    );
}

#[test]
fn what_one_side_takes_away_and_the_other_works_on_stays_and_is_named() {
    let (base, mut one, mut two) = (full(), full(), full());
    one.stages.retain(|stage| stage.id != "work");
    two.stages[1].name = "Working".into();
    let merged = merge(&base, &one, &two).unwrap();
    assert_eq!(merged.conflicts.len(), 1);
    assert_eq!(merged.conflicts[0].path, "stages/work");
    let package = Package::from_tree(&merged.tree).unwrap();
    assert_eq!(package.stages.len(), 4);
}

#[test]
fn two_new_stages_keep_their_neighbours() {
    let (base, mut one, mut two) = (full(), full(), full());
    one.stages
        .insert(1, Stage::new("triage", "Triage", Category::Active));
    two.stages
        .insert(2, Stage::new("review", "Review", Category::Active));
    let merged = merge(&base, &one, &two).unwrap();
    let package = Package::from_tree(&merged.tree).unwrap();
    let order: Vec<&str> = package
        .stages
        .iter()
        .map(|stage| stage.id.as_str())
        .collect();
    assert_eq!(
        order,
        ["new", "triage", "work", "review", "done", "dropped"]
    );
}

#[test]
fn every_difference_says_what_it_does_to_open_cases() {
    let weigh = |change: fn(&mut Package)| {
        let mut after = full();
        change(&mut after);
        let found = differences(&full(), &after).unwrap();
        let found = found.iter().map(|d| (d.to_string(), d.weight));
        found.collect::<Vec<_>>()
    };
    for (change, words, weight) in [
        (
            (|p| p.stages[1].name = "Working".into()) as fn(&mut Package),
            r#"~ stages/work/name: "Work" → "Working""#,
            Weight::Cosmetic,
        ),
        (
            |p| p.fields.push(Field::new("x", "Extra", FieldType::Text)),
            r#"+ fields/x: "Extra""#,
            Weight::Additive,
        ),
        (
            |p| p.fields[2].options.push(Choice::new("dust", "Dust")),
            r#"+ fields/kind/options/dust: "Dust""#,
            Weight::Additive,
        ),
        (
            |p| p.stages[0].required = vec!["name".into()],
            "+ stages/new/required/name",
            Weight::Changing,
        ),
        (|p| p.stages.swap(0, 1), "", Weight::Changing),
        (|p| p.fields.swap(0, 1), "", Weight::Cosmetic),
        (
            |p| p.stages.retain(|stage| stage.id != "dropped"),
            r#"- stages/dropped: "Dropped""#,
            Weight::Destructive,
        ),
        (
            |p| p.fields[2].options.truncate(1),
            r#"- fields/kind/options/smell: "Smell""#,
            Weight::Destructive,
        ),
        (
            |p| p.fields[1].kind = FieldType::Text,
            r#"~ fields/due/type: "date" → "text""#,
            Weight::Forbidden,
        ),
        (|p| p.transitions[1].rules.clear(), "", Weight::Changing),
    ] {
        let found = weigh(change);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].0.starts_with(words), "{words} {found:?}");
        assert_eq!(found[0].1, weight, "{found:?}");
    }
    assert!(weigh(|_| {}).is_empty());
}

#[test]
fn a_part_is_changed_by_its_path() {
    let mut tree = full().to_tree().unwrap();
    tree.put("stages/work/name", Node::Leaf(json!("Working")))
        .unwrap();
    tree.put("stages/work/field_policy/due", Node::Leaf(json!("hidden")))
        .unwrap();
    tree.put("stages/work/edit_roles/clerk", Node::Leaf(json!(true)))
        .unwrap();
    tree.remove("transitions/new>work");
    let package = Package::from_tree(&tree).unwrap();
    assert_eq!(package.stages[1].name, "Working");
    assert_eq!(package.stages[1].policy_of("due"), FieldPolicy::Hidden);
    assert_eq!(package.stages[1].edit_roles, ["clerk"]);
    assert_eq!(package.transitions.len(), 2);
    let error = tree
        .put("stages/gone/name", Node::Leaf(json!("x")))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no part \"stages/gone/name\"; the parts there are new, work, done, dropped"
    );
    tree.put("stages/work/colr", Node::Leaf(json!("x")))
        .unwrap();
    let error = Package::from_tree(&tree).unwrap_err().to_string();
    assert!(error.contains("unknown field `colr`"), "{error}");
    let mut twice = full();
    twice.stages.push(twice.stages[0].clone());
    assert!(matches!(twice.to_tree(), Err(TreeError::Twice { .. })));
}

#[test]
fn what_is_taken_away_needs_a_place_for_its_cases() {
    let before = full().publish().unwrap();
    let mut next = full();
    next.stages.retain(|stage| stage.id != "work");
    next.fields.retain(|field| field.id != "due");
    next.fields[1].options.truncate(1);
    next.transitions.clear();
    let missing: Vec<String> = unmapped(&before, &next)
        .iter()
        .map(|unmapped| format!("{} {}", unmapped.kind, unmapped.id))
        .collect();
    assert_eq!(missing, ["stage work", "field due", "option kind/smell"]);
    next.mappings.stage.insert("work".into(), "new".into());
    next.mappings.field.insert("due".into(), String::new());
    next.mappings
        .option
        .insert("kind/smell".into(), "noise".into());
    assert_eq!(unmapped(&before, &next), []);
    let after = next.clone().publish().unwrap();
    assert_eq!(after.stage("work").unwrap().id, "new");
    assert_eq!(after.placed("work"), "new");
    assert_eq!(after.chosen("kind", "smell"), "noise");
    assert_eq!(after.chosen("kind", "noise"), "noise");
    // Whoever takes the target away, too, says where both go.
    let mut last = next.clone();
    last.stages.retain(|stage| stage.id != "new");
    last.stages
        .push(Stage::new("begin", "Begin", Category::Intake));
    last.mappings.stage.clear();
    let missing = unmapped(&after, &last);
    assert_eq!(missing.len(), 2, "{missing:?}");
}

#[test]
fn a_mapping_leads_from_what_was_to_what_is() {
    let faults = |change: fn(&mut Mappings)| {
        let mut package = full();
        change(&mut package.mappings);
        let faults = package.faults();
        faults.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let map = |map: &mut BTreeMap<String, String>, old: &str, new: &str| {
        map.insert(old.into(), new.into());
    };
    assert!(
        faults(|m| {
            m.stage.insert("was".into(), "work".into());
        })
        .is_empty()
    );
    let there = faults(|m| {
        m.stage.insert("new".into(), "work".into());
    });
    assert!(there[0].contains("mapped but still there"), "{there:?}");
    let gone = faults(|m| {
        m.stage.insert("was".into(), "gone".into());
    });
    assert!(gone[0].contains("there is no stage \"gone\""), "{gone:?}");
    let gone = faults(|m| {
        m.field.insert("was".into(), "gone".into());
    });
    assert!(gone[0].contains("there is no field \"gone\""), "{gone:?}");
    let mut package = full();
    map(&mut package.mappings.option, "kind/was", "gone");
    let gone = package.faults();
    assert!(
        gone[0].to_string().contains("has no option \"gone\""),
        "{gone:?}"
    );
}

/// A line of revisions, each superseding some of those before it.
fn line(parents: &[&[usize]]) -> Vec<Arc<Revision>> {
    let mut made: Vec<Arc<Revision>> = Vec::new();
    for (n, before) in parents.iter().enumerate() {
        let mut package = full();
        package.name = format!("Revision {n}");
        let revision = package.publish().unwrap();
        let before = before.iter().map(|at| made[*at].id());
        made.push(Arc::new(revision.superseding(before.collect::<Vec<_>>())));
    }
    made
}

#[test]
fn a_revision_comes_before_those_that_took_its_place() {
    // 0 ─ 1 ─ 3
    //   └ 2 ┘
    let made = line(&[&[], &[0], &[0], &[1, 2]]);
    let find = |id: RevisionId| made.iter().find(|known| known.id() == id).cloned();
    let before = |older: usize, newer: usize| {
        is_ancestor(made[older].id(), made[newer].id(), &find).unwrap()
    };
    assert!(before(0, 1) && before(0, 3) && before(1, 3) && before(2, 3));
    assert!(!before(1, 2) && !before(2, 1) && !before(3, 0) && !before(1, 1));
    let sides = [made[1].id(), made[2].id()].into();
    assert_eq!(common_ancestor(&sides, &find).unwrap(), Some(made[0].id()));
    let all = [made[1].id(), made[3].id()].into();
    assert_eq!(common_ancestor(&all, &find).unwrap(), Some(made[1].id()));
    let none = |_: RevisionId| None;
    assert!(is_ancestor(made[0].id(), made[3].id(), &none).is_err());
    let unlike = made[1].superseding([]);
    assert_ne!(unlike.id(), made[1].id());
    assert!(unlike.says_as(&made[1]) && !made[2].says_as(&made[1]));
    assert_eq!(Revision::decode(made[3].as_bytes()).unwrap(), *made[3]);
}
