//! The pages without a socket: what people see, send and get back, and what they cannot do.

mod bounds;
mod hostile;
mod pages;
mod people;
mod slow;

use std::collections::BTreeMap;
use std::sync::Mutex;

use casework::case::PartId;
use casework::ids::DocumentId;
use casework::receipt::{LinkToken, PageNonce};
use casework::template::{
    Category, Choice, Field, Form, FormField, FormKind, FormTexts, Package, Question, Revision,
    Stage,
};
use casework::value::FieldType;
use std::sync::Arc;

use super::office::{Followed, Offer, Office, OfficeFault, Sent, Stand, Taken, Target};
use super::ticket::FormKey;
use super::visit::{Caller, Method, Reply, Visit};
use super::{Settings, Site};

const NOW: u64 = 1_770_000_000_000;

/// A workspace in memory.
struct Counter {
    revision: Arc<Revision>,
    link: String,
    taken: Mutex<Vec<Sent>>,
    added: Mutex<BTreeMap<PartId, String>>,
    /// What the next submission is answered with.
    fault: Mutex<Option<OfficeFault>>,
}

/// A browser at one address, and the site it looks at.
struct Browser {
    site: Site,
    office: Counter,
    token: LinkToken,
    now_ms: u64,
    dice: u8,
    caller: u8,
}

fn asked(field: &str, required: bool) -> FormField {
    FormField {
        field: field.to_owned(),
        label: String::new(),
        help: String::new(),
        required,
    }
}

/// A form with every type of field that can be asked.
fn package() -> Package {
    let mut package = Package::new("SRV", "Service request");
    package.stages = vec![
        Stage::new("new", "New", Category::Intake),
        Stage::new("done", "Done", Category::Done),
    ];
    let mut topic = Field::new("topic", "Topic", FieldType::SingleSelect);
    topic.options = vec![Choice::new("road", "Road"), Choice::new("lamp", "Lamp")];
    let mut marks = Field::new("marks", "Marks", FieldType::MultiSelect);
    marks.options = topic.options.clone();
    let mut cost = Field::new("cost", "Cost", FieldType::Money);
    cost.constraints.currencies = vec!["EUR".into(), "USD".into()];
    let mut seen = Field::new("seen", "Seen on", FieldType::Date);
    seen.constraints.not_future = true;
    let mut items = Field::new("items", "Items", FieldType::Table);
    items.columns = vec![
        Field::new("what", "What", FieldType::Text),
        Field::new("many", "How many", FieldType::Number),
    ];
    package.fields = vec![
        Field::new("summary", "Summary", FieldType::Text),
        Field::new("story", "Story", FieldType::LongText),
        topic,
        marks,
        cost,
        seen,
        items,
        Field::new("height", "Height", FieldType::Number),
        Field::new("when", "When", FieldType::DateTime),
        Field::new("urgent", "Urgent", FieldType::Checkbox),
        Field::new("reporter", "Who you are", FieldType::Party),
        Field::new("phone", "Phone", FieldType::Phone),
        Field::new("mail", "E-mail", FieldType::Email),
        Field::new("page", "Page", FieldType::Url),
        Field::new("place", "Place", FieldType::Location),
    ];
    let mut form = Form::new("report", FormKind::Intake, "Report a problem");
    form.fields = package
        .fields
        .iter()
        .map(|field| asked(&field.id, field.id == "summary"))
        .collect();
    form.questions = vec![Question {
        id: "how".into(),
        label: "How did you find us?".into(),
        help: String::new(),
        required: false,
        short: true,
    }];
    form.intro = "Tell us.\n\nWe read everything.".into();
    form.consent = "You may keep this.".into();
    form.attachments = 2;
    form.title_from = "summary".into();
    let mut pt = FormTexts {
        title: "Comunicar um problema".into(),
        ..FormTexts::default()
    };
    pt.labels.insert("summary".into(), "Resumo".into());
    pt.labels.insert("topic/road".into(), "Estrada".into());
    form.languages.insert("pt".into(), pt);
    package.forms = vec![form];
    package
}

impl Browser {
    fn new() -> Self {
        Self::with(package())
    }

    fn with(package: Package) -> Self {
        let token = LinkToken::new([7; 16]);
        Self {
            site: Site::new(Settings::default(), FormKey::new([1; 32])),
            office: Counter {
                revision: Arc::new(package.publish().unwrap()),
                link: token.hash(),
                taken: Mutex::default(),
                added: Mutex::default(),
                fault: Mutex::default(),
            },
            token,
            now_ms: NOW,
            dice: 0,
            caller: 1,
        }
    }

    fn visit(&mut self, method: Method, path: &str, body: &[u8]) -> Reply {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        self.dice += 1;
        let visit = Visit {
            method,
            path,
            query,
            accept_language: "",
            content_type: "application/x-www-form-urlencoded",
            body,
            caller: Caller([self.caller; 8]),
            now_ms: self.now_ms,
            zone_min: 60,
            dice: [self.dice; 16],
        };
        self.site.handle(&self.office, &visit)
    }

    fn path(&self) -> String {
        format!("/f/{}", self.token)
    }

    fn open(&mut self) -> Reply {
        let path = self.path();
        self.visit(Method::Get, &path, b"")
    }

    /// Opens the form, waits as people do, and sends it with these answers.
    fn send(&mut self, answers: &[(&str, &str)]) -> Reply {
        let ticket = input(&self.open().body, "ticket");
        self.now_ms += 30_000;
        self.send_with(&ticket, answers)
    }

    fn send_with(&mut self, ticket: &str, answers: &[(&str, &str)]) -> Reply {
        let path = self.path();
        let body = encode(&[&[("ticket", ticket)], answers].concat());
        self.visit(Method::Post, &path, body.as_bytes())
    }

    fn taken(&self) -> Vec<Sent> {
        self.office.taken.lock().unwrap().clone()
    }
}

impl Office for Counter {
    fn offer(&self, link: &str, _now_ms: u64) -> Result<Option<Offer>, OfficeFault> {
        Ok((link == self.link).then(|| Offer {
            revision: self.revision.clone(),
            form: "report".into(),
            link: link.to_owned(),
            target: Target::Intake(DocumentId::new([1; 16])),
            note: String::new(),
        }))
    }

    fn taken(&self, submission: PartId) -> Result<Option<Taken>, OfficeFault> {
        let taken = self.taken.lock().unwrap();
        let found = taken.iter().find(|sent| sent.id == submission);
        Ok(found.map(|sent| Taken {
            revision: self.revision.clone(),
            form: "report".into(),
            link: sent.offer.link.clone(),
        }))
    }

    fn take(&self, sent: Sent) -> Result<(), OfficeFault> {
        if let Some(fault) = self.fault.lock().unwrap().take() {
            return Err(fault);
        }
        self.taken.lock().unwrap().push(sent);
        Ok(())
    }

    fn follow(&self, receipt: &str) -> Result<Option<Followed>, OfficeFault> {
        let taken = self.taken.lock().unwrap();
        let found = taken.iter().find(|sent| sent.receipt == receipt);
        let additions = self.added.lock().unwrap();
        Ok(found.map(|sent| Followed {
            stand: Stand::InWork,
            given_ms: sent.given_ms,
            comments: vec![(sent.given_ms + 1, "We are <b>on</b> it".into())],
            additions: additions.values().map(|text| (0, text.clone())).collect(),
        }))
    }

    fn add(&self, receipt: &str, id: PartId, text: &str, _: u64) -> Result<bool, OfficeFault> {
        let known = self.follow(receipt)?.is_some();
        if known {
            self.added.lock().unwrap().insert(id, text.to_owned());
        }
        Ok(known)
    }
}

/// The value of a hidden input of a page.
fn input(page: &str, name: &str) -> String {
    let mark = format!("name=\"{name}\" value=\"");
    let rest = page
        .split(&mark)
        .nth(1)
        .unwrap_or_else(|| panic!("{name} in {page}"));
    rest.split('"').next().unwrap().to_owned()
}

/// The receipt number on a page.
fn receipt(page: &str) -> String {
    let rest = page.split("class=\"box number\">").nth(1).unwrap();
    rest.split('<').next().unwrap().to_owned()
}

fn encode(pairs: &[(&str, &str)]) -> String {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(pairs);
    body.finish()
}

/// The nonce of the n-th page.
fn nonce(n: u8) -> PageNonce {
    PageNonce::new([n; 16])
}
