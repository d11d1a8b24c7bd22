//! Forms: what is refused when they are published, and how their texts are chosen.

use super::*;

/// A package whose first stage asks for a name, with a form that gives it.
fn with_form(change: impl FnOnce(&mut Package, &mut Form)) -> Package {
    let mut package = plain();
    package.stages[0].required = vec!["name".to_owned()];
    let mut form = Form::new("report", FormKind::Intake, "Tell us");
    form.fields = vec![asked("name", true), asked("due", false)];
    change(&mut package, &mut form);
    package.forms.push(form);
    package
}

fn asked(field: &str, required: bool) -> FormField {
    FormField {
        field: field.to_owned(),
        label: String::new(),
        help: String::new(),
        required,
    }
}

fn question(id: &str) -> Question {
    Question {
        id: id.to_owned(),
        label: "What else?".to_owned(),
        help: String::new(),
        required: false,
        short: false,
    }
}

#[track_caller]
fn refused(expected: &str, change: impl FnOnce(&mut Package, &mut Form)) {
    let faults = with_form(change).faults();
    assert!(
        faults.len() == 1 && faults[0].to_string().contains(expected),
        "{expected:?} in {faults:#?}"
    );
}

#[test]
fn a_form_survives_both_formats_and_says_nothing_when_there_is_none() {
    let package = with_form(|_, form| {
        form.questions = vec![question("more")];
        form.consent = "I agree.".to_owned();
        form.valid_days = Some(30);
        let mut texts = FormTexts {
            title: "Conte-nos".to_owned(),
            ..FormTexts::default()
        };
        texts.labels.insert("name".to_owned(), "Nome".to_owned());
        form.languages.insert("pt".to_owned(), texts);
    });
    assert_eq!(package.faults(), []);
    let toml = package.to_toml();
    assert_eq!(Package::from_toml(&toml).as_ref(), Ok(&package), "{toml}");
    let json = package.to_json();
    assert_eq!(Package::from_json(&json).as_ref(), Ok(&package));
    assert!(!plain().to_json().contains("forms"));
    let revision = package.publish().unwrap();
    assert!(revision.form("report").is_some() && revision.form("other").is_none());
}

#[test]
fn texts_come_in_the_language_asked_for_and_else_in_the_forms_own() {
    let package = with_form(|_, form| {
        let mut texts = FormTexts {
            title: "Conte-nos".to_owned(),
            ..FormTexts::default()
        };
        texts.labels.insert("name".to_owned(), "Nome".to_owned());
        form.languages.insert("pt".to_owned(), texts);
        form.thanks = "Thank you.".to_owned();
    });
    let revision = package.publish().unwrap();
    let form = revision.form("report").unwrap();
    let name = revision.field("name").unwrap();
    let due = revision.field("due").unwrap();
    let pt = form.words("pt");
    assert_eq!((pt.language(), pt.title()), ("pt", "Conte-nos"));
    assert_eq!(pt.thanks(), "Thank you.");
    assert_eq!(pt.field_label(&form.fields[0], name), "Nome");
    assert_eq!(pt.field_label(&form.fields[1], due), "Due");
    let other = form.words("fr");
    assert_eq!((other.language(), other.title()), ("en", "Tell us"));
    assert_eq!(form.tags().collect::<Vec<_>>(), ["en", "pt"]);
}

#[test]
fn a_form_that_could_never_open_a_case_is_refused() {
    refused("requires \"name\"", |_, form| {
        form.fields[0].required = false;
    });
    refused("requires \"name\"", |_, form| {
        form.fields.remove(0);
    });
    refused("final stage \"done\"", |_, form| form.stage = "done".into());
    refused("no stage \"nowhere\"", |_, form| {
        form.stage = "nowhere".into();
    });
    let default = with_form(|package, form| {
        package.fields[0].default = Some(crate::value::Scalar::text("nobody"));
        form.fields.remove(0);
    });
    assert_eq!(default.faults(), []);
    let request = with_form(|_, form| {
        form.kind = FormKind::Request;
        form.fields.remove(0);
        form.holds = true;
    });
    assert_eq!(request.faults(), [], "a request opens nothing");
}

#[test]
fn what_strangers_cannot_give_is_not_asked() {
    for kind in FieldType::ALL {
        let faults = with_form(|package, form| {
            let mut field = crate::value::tests::field_of(kind);
            field.id = "extra".to_owned();
            package.fields.push(field);
            form.fields.push(asked("extra", false));
        })
        .faults();
        assert_eq!(faults.is_empty(), can_be_asked(kind), "{kind}: {faults:?}");
    }
    refused("no field \"ghost\"", |_, form| {
        form.fields.push(asked("ghost", false));
    });
    refused("the form asks nothing", |package, form| {
        package.stages[0].required.clear();
        form.fields.clear();
    });
}

#[test]
fn an_anonymous_form_insists_on_no_name() {
    let reporter = |package: &mut Package, form: &mut Form, required| {
        package
            .fields
            .push(Field::new("mail", "E-mail", FieldType::Email));
        form.fields.push(asked("mail", required));
        form.anonymous = true;
    };
    refused("cannot require the email field \"mail\"", |p, f| {
        reporter(p, f, true);
    });
    assert_eq!(with_form(|p, f| reporter(p, f, false)).faults(), []);
}

#[test]
fn every_other_fault_of_a_form_is_found_at_its_place() {
    refused("the title is empty", |_, form| form.title.clear());
    refused("the id \"A b\"", |_, form| form.id = "A b".into());
    refused("\"due\" is used twice", |_, form| {
        form.questions = vec![question("due")];
    });
    refused("the label is empty", |_, form| {
        form.questions = vec![Question {
            label: String::new(),
            ..question("q")
        }];
    });
    refused("0 days", |_, form| form.valid_days = Some(0));
    refused("3651 days", |_, form| form.valid_days = Some(3_651));
    refused("cannot come from \"due\"", |_, form| {
        form.title_from = "due".into();
    });
    refused("holds means nothing", |_, form| form.holds = true);
    refused(
        "stage means nothing for a form of the kind request",
        |_, form| {
            form.kind = FormKind::Request;
            form.stage = "work".into();
        },
    );
    refused("\"English\" is not a language", |_, form| {
        form.language = "English".into();
    });
    refused("\"en\" is used twice", |_, form| {
        form.languages.insert("en".into(), FormTexts::default());
    });
    refused("no \"ghost\" to translate", |_, form| {
        let mut texts = FormTexts::default();
        texts.labels.insert("ghost".into(), "Fantasma".into());
        form.languages.insert("pt".into(), texts);
    });
    refused("there are 21 attachments", |_, form| form.attachments = 21);
    let twice = with_form(|package, _| {
        let form = with_form(|_, _| {}).forms.remove(0);
        package.forms.push(form);
    });
    let faults = twice.faults();
    assert!(faults[0].to_string().contains("used twice"), "{faults:?}");
}

#[test]
fn what_is_preset_need_not_be_asked() {
    let preset = |form: &mut Form, field: &str, words: &str| {
        form.preset.insert(field.to_owned(), words.to_owned());
    };
    let package = with_form(|_, form| {
        form.fields.remove(0);
        preset(form, "name", "from the site");
    });
    assert_eq!(package.faults(), []);
    assert_eq!(Package::from_toml(&package.to_toml()), Ok(package));
    refused("\"name\"", |_, form| preset(form, "name", "asked as well"));
    refused("\"nothing\"", |_, form| preset(form, "nothing", "x"));
    refused("a date such as", |_, form| {
        form.fields.truncate(1);
        preset(form, "due", "soon");
    });
    refused("preset", |_, form| {
        form.kind = FormKind::Request;
        form.fields.truncate(1);
        preset(form, "due", "2026-03-01");
    });
}
