//! Golden vectors: files under `golden/` that pin every byte of the wire and disk formats.
//!
//! A test builds its vectors as JSON and hands them to [`check`]; the file must say the same.
//! `CASEWORK_BLESS=1 cargo test -p casework-protocol golden` rewrites the files after a wanted
//! change. Two tests must not share a name.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

/// Compares vectors with `golden/NAME.json` and says at which path they differ.
pub(crate) fn check(name: &str, actual: &Value) {
    let path = file(name);
    if std::env::var_os("CASEWORK_BLESS").is_some_and(|value| value == "1") {
        let text = serde_json::to_string_pretty(actual).unwrap() + "\n";
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        return;
    }
    let differences = differences("", &read(name), actual);
    assert!(
        differences.is_empty(),
        "{} differs (CASEWORK_BLESS=1 rewrites it, if the format was meant to change):\n{}",
        path.display(),
        differences.join("\n")
    );
}

/// What the file says: yesterday's bytes, for tests that they can still be read.
pub(crate) fn read(name: &str) -> Value {
    let path = file(name);
    let text = fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; CASEWORK_BLESS=1 writes it", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Lower-case hexadecimal as a JSON string.
pub(crate) fn hex(bytes: &[u8]) -> Value {
    Value::String(data_encoding::HEXLOWER.encode(bytes))
}

/// The bytes of a JSON string of hexadecimal digits.
pub(crate) fn unhex(value: &Value) -> Vec<u8> {
    let text = value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no string"));
    data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("golden")
        .join(format!("{name}.json"))
}

fn differences(at: &str, golden: &Value, actual: &Value) -> Vec<String> {
    match (golden, actual) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            let value =
                |map: &serde_json::Map<_, _>, key| map.get(key).unwrap_or(&Value::Null).clone();
            keys.into_iter()
                .flat_map(|key| differences(&format!("{at}/{key}"), &value(a, key), &value(b, key)))
                .collect()
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => (0..a.len())
            .flat_map(|n| differences(&format!("{at}/{n}"), &a[n], &b[n]))
            .collect(),
        _ if golden == actual => Vec::new(),
        _ => vec![format!("{at}: golden {golden}, now {actual}")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_difference_is_named_by_its_path() {
        let old = json!({"a": [1, {"b": "00"}], "c": 1});
        let new = json!({"a": [1, {"b": "01"}]});
        assert_eq!(
            differences("", &old, &new),
            [
                "/a/1/b: golden \"00\", now \"01\"",
                "/c: golden 1, now null"
            ]
        );
        assert!(differences("", &old, &old).is_empty());
    }
}
