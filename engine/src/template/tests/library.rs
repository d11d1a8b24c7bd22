//! The shipped packages are published as they are and survive both formats.

use proptest::prelude::*;

use super::shipped::{LIBRARY, Shipped, shipped};
use super::*;
use crate::value::{FieldValue, Scalar};

fn library() -> impl Iterator<Item = Package> {
    LIBRARY.iter().map(Shipped::package)
}

#[test]
fn every_shipped_package_is_published() {
    for shipped in &LIBRARY {
        let revision = shipped.revision();
        assert_eq!(Revision::decode(revision.as_bytes()), Ok(revision.clone()));
        let fields = revision.fields().len();
        assert!((10..=40).contains(&fields), "{}: {fields}", shipped.name);
    }
}

#[test]
fn the_shipped_packages_have_keys_and_names_of_their_own() {
    for of in [
        |package: Package| package.key,
        |package: Package| package.name,
    ] {
        let mut seen: Vec<String> = library().map(of).collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), LIBRARY.len());
    }
}

#[test]
fn people_find_help_and_a_card_in_every_shipped_package() {
    for package in library() {
        let name = &package.name;
        let helped = package.fields.iter().filter(|field| !field.help.is_empty());
        assert!(helped.count() >= 3, "{name} explains its fields");
        assert!(
            package.fields.iter().any(|field| field.card),
            "{name} has a card"
        );
        assert!(
            package.fields.iter().any(|field| field.searchable) || name == "Security incident",
            "{name} is searched by its fields"
        );
        assert!(
            package.stages.iter().all(|stage| stage.colour.is_some()),
            "{name}"
        );
        assert!(!package.decision_types.is_empty(), "{name} decides");
        assert!(
            package.resolutions.len() >= 2,
            "{name} is closed with a code"
        );
    }
}

#[test]
fn every_package_reads_back_from_toml_and_from_json() {
    for package in library().chain([plain()]) {
        assert_eq!(
            Package::from_toml(&package.to_toml()).as_ref(),
            Ok(&package)
        );
        assert_eq!(
            Package::from_json(&package.to_json()).as_ref(),
            Ok(&package)
        );
        let via_toml = Package::from_toml(&package.to_toml())
            .unwrap()
            .publish()
            .unwrap();
        let via_json = Package::from_json(&package.to_json())
            .unwrap()
            .publish()
            .unwrap();
        assert_eq!(via_toml.id(), via_json.id());
    }
}

#[test]
fn together_the_shipped_packages_use_every_type_of_field() {
    let used: Vec<FieldType> = library()
        .flat_map(|package| package.fields)
        .map(|field| field.kind)
        .collect();
    for kind in FieldType::ALL
        .into_iter()
        .filter(|kind| *kind != FieldType::Formula)
    {
        assert!(used.contains(&kind), "{kind}");
    }
}

#[test]
fn nothing_speaks_on_every_case_of_an_ordinary_course() {
    for Shipped { name, road, .. } in &LIBRARY {
        let revision = shipped(name);
        assert_eq!(revision.first_stage().id, road[0]);
        for pair in road.windows(2) {
            // What asks on the main road asks only of cases that are not in order.
            for said in revision.said_before_move(pair[0], pair[1]) {
                assert!(!said.when.is_empty(), "{name} {pair:?}: {}", said.message);
            }
            assert!(
                revision.move_label(pair[0], pair[1]).is_some(),
                "{name} {pair:?}"
            );
        }
        let last = road.last().and_then(|stage| revision.stage(stage));
        assert!(last.unwrap().category.is_final(), "{name} ends");
    }
}

#[test]
fn a_referral_skips_the_interview_with_a_reason() {
    let hiring = shipped("hiring");
    assert_eq!(
        hiring.transition("applied", "offer").severity(),
        Some(Severity::Ask)
    );
    assert_eq!(
        hiring.transition("hired", "rejected").severity(),
        Some(Severity::Block)
    );
    assert_eq!(hiring.transition("screening", "rejected"), Movement::Free);
}

#[test]
fn the_defaults_of_shipped_fields_are_values() {
    let complaint = shipped("complaint");
    let default = complaint.field("regulatory").unwrap().default_value();
    assert_eq!(default, Ok(Some(FieldValue::Checkbox(false))));
}

proptest! {
    #[test]
    fn any_package_reads_back_from_both_formats(
        name in "\\PC{0,12}", help in "(?s).{0,20}", default in prop_oneof![
            any::<bool>().prop_map(Scalar::Bool),
            any::<i64>().prop_map(Scalar::Int),
            "(?s).{0,9}".prop_map(Scalar::Text),
        ],
        card in any::<bool>(), max_length in any::<Option<u32>>(), kind in 0..FieldType::ALL.len(),
    ) {
        let mut package = plain();
        package.name = name;
        let field = &mut package.fields[0];
        (field.help, field.default, field.card) = (help, Some(default), card);
        field.kind = FieldType::ALL[kind];
        field.constraints.max_length = max_length;
        field.options = vec![Choice::new("a", "A")];
        field.columns = vec![Field::new("b", "B", FieldType::Text)];
        let (toml, json) = (package.to_toml(), package.to_json());
        prop_assert_eq!(Package::from_toml(&toml), Ok(package.clone()));
        prop_assert_eq!(Package::from_json(&json), Ok(package));
    }

    #[test]
    fn a_mutated_file_never_falls(at in any::<proptest::sample::Index>(), byte in any::<u8>(), which in 0..LIBRARY.len()) {
        let mut bytes = LIBRARY[which].source.as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(source) = String::from_utf8(bytes)
            && let Ok(package) = Package::from_toml(&source)
        {
            let _ = package.publish();
        }
    }
}
