//! The Debian package of the server: what its metadata names is there, and fits together.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use casework_tests::process::checkout;
use toml::Value;

fn crate_folder() -> std::path::PathBuf {
    checkout().join("sync-server")
}

fn metadata() -> Value {
    let manifest = std::fs::read_to_string(crate_folder().join("Cargo.toml")).unwrap();
    let manifest: Value = toml::from_str(&manifest).unwrap();
    manifest["package"]["metadata"]["deb"].clone()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// Where each asset comes from and lies afterwards.
fn assets(deb: &Value) -> Vec<(String, String)> {
    let assets = deb["assets"].as_array().unwrap().iter();
    let asset = |asset: &Value| {
        let (from, to) = (text(&asset[0]), text(&asset[1]));
        let name = Path::new(from).file_name().unwrap().to_str().unwrap();
        let to = if to.ends_with('/') {
            format!("/{to}{name}")
        } else {
            format!("/{to}")
        };
        (from.to_owned(), to)
    };
    assets.map(asset).collect()
}

fn unit(deb: &Value) -> String {
    let units = &deb["systemd-units"];
    let name = format!("{}.service", text(&units["unit-name"]));
    let path = crate_folder().join(text(&units["unit-scripts"])).join(name);
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn every_file_that_the_debian_package_names_is_there() {
    let deb = metadata();
    let assets = assets(&deb);
    assert!(assets.len() > 5, "{assets:?}");
    for (from, _) in &assets {
        let built = from.strip_prefix("target/release/");
        let is_there = match built {
            Some(program) => program == "casework-server",
            None => crate_folder().join(from).is_file(),
        };
        assert!(is_there, "{from}");
    }
    assert!(crate_folder().join(text(&deb["license-file"][0])).is_file());
    let places: BTreeSet<&str> = assets.iter().map(|(_, to)| to.as_str()).collect();
    for file in deb["conf-files"].as_array().unwrap() {
        assert!(places.contains(text(file)), "{file}");
    }
}

#[test]
fn the_unit_runs_what_is_installed_as_the_user_that_is_made() {
    let deb = metadata();
    let unit = unit(&deb);
    let places: BTreeSet<String> = assets(&deb).into_iter().map(|(_, to)| to).collect();
    let absolute = unit
        .split([' ', '=', '\n'])
        .filter_map(|word| word.strip_prefix("file://").or(Some(word)))
        .filter(|word| word.starts_with("/usr/") || word.starts_with("/etc/"));
    let named: Vec<&str> = absolute.collect();
    assert!(named.len() >= 4, "{named:?}");
    for path in named {
        let path = path.trim_end_matches('.');
        assert!(places.contains(path), "the unit names {path}");
    }
    let user = unit.lines().find_map(|line| line.strip_prefix("User="));
    let made = std::fs::read_to_string(crate_folder().join("dist/casework-server.conf")).unwrap();
    let made = made.lines().find_map(|line| line.strip_prefix("u "));
    assert_eq!(user, made.and_then(|line| line.split(' ').next()));
}

#[cfg(unix)]
#[test]
fn the_scripts_of_the_package_are_scripts() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = crate_folder().join(text(&metadata()["maintainer-scripts"]));
    let mut found = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let script = std::fs::read_to_string(&path).unwrap();
        assert!(script.starts_with("#!/bin/sh\n") && script.contains("\nset -e\n"));
        assert!(script.contains("\n#DEBHELPER#\n"), "{}", path.display());
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o111, 0o111, "{}", path.display());
        let parsed = Command::new("sh").arg("-n").arg(&path).status().unwrap();
        assert!(parsed.success(), "{}", path.display());
        found += 1;
    }
    assert_eq!(found, 2);
}
