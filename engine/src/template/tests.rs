//! Publishing, revisions, movements, constraints, files and the shipped library.

mod approvals;
mod clocks;
mod conditions;
mod faults;
mod forms;
mod judging;
mod library;
mod merging;
mod moves;
mod promises;
mod roads;
mod schema;
mod shipped;
mod triggers;

use super::*;
use crate::value::FieldType;

/// A package without faults: two fields, four stages, free movement.
fn plain() -> Package {
    let mut package = Package::new("TST", "Test");
    package.stages = vec![
        Stage::new("new", "New", Category::Intake),
        Stage::new("work", "Work", Category::Active),
        Stage::new("done", "Done", Category::Done),
        Stage::new("dropped", "Dropped", Category::Cancelled),
    ];
    package.fields = vec![
        Field::new("name", "Name", FieldType::Text),
        Field::new("due", "Due", FieldType::Date),
    ];
    package
}

fn listed(from: &str, to: &str, rules: &[(Severity, &str)]) -> Transition {
    let rules = rules
        .iter()
        .map(|(severity, message)| Rule::new(*severity, *message));
    Transition {
        from: from.to_owned(),
        to: to.to_owned(),
        label: String::new(),
        rules: rules.collect(),
    }
}

#[test]
fn a_revision_is_named_by_its_content_and_reads_back_from_its_bytes() {
    let revision = plain().publish().unwrap();
    assert_eq!(revision.id(), plain().publish().unwrap().id());
    let again = Revision::decode(revision.as_bytes()).unwrap();
    assert_eq!(again.id(), revision.id());
    assert_eq!(again.package(), revision.package());
    let mut other = plain();
    other.stages[0].name.push('!');
    assert_ne!(other.publish().unwrap().id(), revision.id());
}

#[test]
fn the_name_of_a_golden_revision_never_changes() {
    let revision = plain().publish().unwrap();
    assert_eq!(
        String::from_utf8_lossy(revision.as_bytes()),
        concat!(
            r##"{"key":"TST","name":"Test","colour":"#475569","status":"open","unlisted":"ask","##,
            r#""stages":[{"id":"new","name":"New","category":"intake"},"#,
            r#"{"id":"work","name":"Work","category":"active"},"#,
            r#"{"id":"done","name":"Done","category":"done"},"#,
            r#"{"id":"dropped","name":"Dropped","category":"cancelled"}],"#,
            r#""fields":[{"id":"name","label":"Name","type":"text"},"#,
            r#"{"id":"due","label":"Due","type":"date"}]}"#,
        )
    );
    assert_eq!(
        revision.id().to_string(),
        "ebbf25056660d587f6a51717287c545e968937e1d7e03f4695d82dc598507aa6"
    );
}

#[test]
fn bytes_that_are_no_revision_are_refused() {
    let bytes = plain().publish().unwrap().as_bytes().to_vec();
    let text = String::from_utf8(bytes.clone()).unwrap();
    let decode = |text: &str| Revision::decode(text.as_bytes()).unwrap_err();
    assert!(matches!(
        decode(&text.replace(':', ": ")),
        RevisionError::NotCanonical { .. }
    ));
    assert!(matches!(
        decode(&text.replace(r#""status":"open","#, "")),
        RevisionError::NotCanonical { .. }
    ));
    assert!(matches!(
        decode(&text.replace(r#""key""#, r#""future":1,"key""#)),
        RevisionError::Unreadable { .. }
    ));
    assert!(matches!(
        decode(&text.replace("TST", "T")),
        RevisionError::Faulty { .. }
    ));
    assert!(matches!(
        decode(&" ".repeat(1 << 20)),
        RevisionError::TooLarge { .. }
    ));
    for cut in 0..bytes.len() {
        assert!(Revision::decode(&bytes[..cut]).is_err());
    }
    assert!(matches!(
        decode(&"[".repeat(100_000)),
        RevisionError::Unreadable { .. }
    ));
}

#[test]
fn an_unknown_key_in_toml_is_refused_with_its_line_and_place() {
    let source = "key = \"TST\"\nname = \"Test\"\n\n[[fields]]\nid = \"a\"\nlabel = \"A\"\n\
                  type = \"text\"\n\n[[fields]]\nid = \"b\"\nlabel = \"B\"\ntype = \"date\"\n\n\
                  [fields.constraints]\nnot_futur = true\n";
    let error = Package::from_toml(source).unwrap_err().to_string();
    let expected = "line 15, column 1, in fields[1].constraints: unknown field `not_futur`, \
                    expected one of";
    assert!(error.starts_with(expected), "{error}");
    let error = Package::from_toml("key = \"TST\"\nnam = \"x\"\n")
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("line 2, column 1, in the package: unknown field `nam`"),
        "{error}"
    );
}

#[test]
fn a_value_of_another_type_in_toml_is_refused_with_its_line_and_place() {
    let source = plain().to_toml().replace("\"date\"", "\"dat\"");
    let error = Package::from_toml(&source).unwrap_err().to_string();
    assert!(
        error.contains("in fields[1]: unknown variant `dat`"),
        "{error}"
    );
    let error = Package::from_toml("key = [").unwrap_err().to_string();
    assert!(error.starts_with("line 1, column"), "{error}");
}

#[test]
fn an_unknown_key_in_json_is_refused_with_its_line() {
    let source = plain().to_json().replace("\"label\"", "\"lable\"");
    let error = Package::from_json(&source).unwrap_err().to_string();
    assert!(
        error.contains("unknown field `lable`") && error.contains("line"),
        "{error}"
    );
}

#[test]
fn a_file_longer_than_any_package_is_not_parsed() {
    let huge = " ".repeat(limits::MAX_SOURCE_BYTES + 1);
    assert!(matches!(
        Package::from_toml(&huge),
        Err(PackageError::TooLarge { .. })
    ));
    assert!(matches!(
        Package::from_json(&huge),
        Err(PackageError::TooLarge { .. })
    ));
}

#[test]
fn a_file_of_headers_or_brackets_neither_hangs_nor_falls() {
    let headers: String = (0..20_000).map(|i| format!("[[a{i}]]\n")).collect();
    assert!(Package::from_toml(&headers).is_err());
    assert!(Package::from_toml(&format!("key = {}", "[".repeat(200_000))).is_err());
    assert!(Package::from_json(&"{\"fields\":[".repeat(20_000)).is_err());
}
