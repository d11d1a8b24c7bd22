//! What the plays of the whole case share: an office of real processes with a template of its own.
//!
//! The plays (`drive_*.rs`) type commands and look at what they say; nothing else is touched. Parts
//! of each are done while nobody reaches a server.

use std::fs;

use casework_tests::process::{Person, Premises, settle, text};
use serde_json::Value;

/// Seconds of a day.
pub(crate) const DAY: i64 = 24 * 60 * 60;

/// A server, Ana who founded the workspace, and Rui who operates.
pub(crate) struct Office {
    pub(crate) premises: Premises,
    pub(crate) ana: Person,
    pub(crate) rui: Person,
}

impl Office {
    /// With this package, a name in the library or a text.
    pub(crate) fn new(package: &str) -> Self {
        let premises = Premises::new();
        let ana = premises.person("ana");
        let url = premises.server.url();
        ana.json(&["init", "Town hall", "--as", "Ana", "--server", &url]);
        let mut office = Self {
            rui: premises.person("nobody yet"),
            premises,
            ana,
        };
        office.import(package);
        office.ana.does("sync");
        office.rui = office.joins("Rui", "operator");
        office
    }

    /// Somebody else, with this role.
    pub(crate) fn joins(&self, name: &str, role: &str) -> Person {
        let link = text(&self.ana.does(&format!("invite --role {role}"))["link"]);
        self.enters(&link, name, &format!("{}-device", name.to_lowercase()))
    }

    /// One more device of somebody.
    pub(crate) fn device_of(&self, name: &str, device: &str) -> Person {
        let link = text(&self.ana.does(&format!("invite --device-of {name}"))["link"]);
        self.enters(&link, name, device)
    }

    fn enters(&self, link: &str, name: &str, device: &str) -> Person {
        let person = self.premises.person(device);
        person.json(&["join", link, "--name", name, "--device", device]);
        self.ana.does("sync");
        person
    }

    /// Publishes a package, a name in the library or a text, on Ana's device.
    pub(crate) fn import(&self, package: &str) -> Value {
        if package.contains('\n') {
            let path = self.file("package.toml", package);
            self.ana.json(&["template", "import", &path])
        } else {
            self.ana.json(&["template", "import", package])
        }
    }

    /// A file beside the replicas.
    pub(crate) fn file(&self, name: &str, content: &str) -> String {
        let path = self.ana.folder.with_file_name(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Ana and Rui sync until nobody can have anything new.
    pub(crate) fn settle(&self) {
        settle(&[&self.ana, &self.rui]);
    }

    /// The case as Ana has it, which Rui has too.
    pub(crate) fn same(&self, case: &str) -> Value {
        let shown = self.ana.case(case);
        assert_eq!(shown, self.rui.case(case));
        shown
    }
}

/// Opens a case and answers its id.
pub(crate) fn open(who: &Person, key: &str, title: &str, fields: &[&str]) -> String {
    let mut words = vec!["case", "open", key, title];
    words.extend(fields.iter().flat_map(|field| ["--set", field]));
    text(&who.json(&words)["document"])
}

/// How many things a list has.
pub(crate) fn count(list: &Value) -> usize {
    list.as_array().map_or(0, Vec::len)
}

/// That a text holds all of these words.
#[track_caller]
pub(crate) fn holds(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "no {word:?} in: {text}");
    }
}
