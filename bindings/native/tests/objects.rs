//! The objects that cross: what holds for them whatever the language.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use casework_native::{
    ActOptions, Action, CaseworkError, Event, KeyStore, KeyStoreError, NewCase, NewWorkspace,
    ObserverError, RunOutcome, Weight, Workspace, WorkspaceObserver,
};

const PACKAGE: &str = r#"{"key":"SITE","name":"Inspection","stages":[
    {"id":"open","name":"Open","category":"active"},
    {"id":"done","name":"Done","category":"done"}],"fields":[]}"#;

fn new() -> NewWorkspace {
    NewWorkspace {
        name: "Field office".into(),
        member_name: "Ana".into(),
        device_name: "phone".into(),
    }
}

#[test]
fn a_workspace_that_was_shut_down_says_so_and_can_be_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap().to_owned();
    let workspace = Workspace::create(path.clone(), new(), None).unwrap();
    let info = workspace.info().unwrap();
    let again = Workspace::open(path.clone(), None);
    assert!(matches!(again, Err(CaseworkError::InUse(_))), "{again:?}");
    workspace.shutdown();
    workspace.shutdown();
    assert!(workspace.is_shut_down());
    let closed = workspace.info().unwrap_err();
    assert!(matches!(closed, CaseworkError::Closed(_)), "{closed}");
    assert!(closed.to_string().contains("open it again"));
    assert!(matches!(
        workspace.connect(Default::default()),
        Err(CaseworkError::Closed(_))
    ));
    assert_eq!(Workspace::open(path, None).unwrap().info().unwrap(), info);
}

#[derive(Default)]
struct Vault {
    secret: Mutex<Option<Vec<u8>>>,
    locked: Mutex<bool>,
}

impl KeyStore for Vault {
    fn load(&self) -> Result<Option<Vec<u8>>, KeyStoreError> {
        if *self.locked.lock().unwrap() {
            let reason = "locked".to_owned();
            return Err(KeyStoreError::Unavailable { reason });
        }
        Ok(self.secret.lock().unwrap().clone())
    }

    fn save(&self, secret: Vec<u8>) -> Result<(), KeyStoreError> {
        *self.secret.lock().unwrap() = Some(secret);
        Ok(())
    }
}

#[test]
fn the_key_lies_in_the_store_of_the_app_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap().to_owned();
    let vault = Arc::new(Vault::default());
    let made = Workspace::create(path.clone(), new(), Some(vault.clone())).unwrap();
    let device = made.info().unwrap().device_id;
    made.shutdown();
    let secret = vault.secret.lock().unwrap().clone().unwrap();
    assert_eq!(secret.len(), 32);
    assert!(!folder.path().join("device.key").exists());

    *vault.locked.lock().unwrap() = true;
    let locked = Workspace::open(path.clone(), Some(vault.clone())).unwrap_err();
    assert!(matches!(locked, CaseworkError::Unavailable(_)), "{locked}");
    assert!(locked.to_string().contains("locked"), "{locked}");
    *vault.locked.lock().unwrap() = false;
    let opened = Workspace::open(path.clone(), Some(vault.clone())).unwrap();
    assert_eq!(opened.info().unwrap().device_id, device);
    opened.shutdown();

    let empty = Workspace::open(path.clone(), Some(Arc::new(Vault::default()))).unwrap_err();
    assert!(matches!(empty, CaseworkError::Corrupt(_)), "{empty}");
    *vault.secret.lock().unwrap() = Some(secret[1..].to_vec());
    let short = Workspace::open(path, Some(vault)).unwrap_err();
    assert!(short.to_string().contains("31 bytes"), "{short}");
}

struct Ear {
    heard: Mutex<Sender<Event>>,
    fails: bool,
}

impl WorkspaceObserver for Ear {
    fn on_event(&self, event: Event) -> Result<(), ObserverError> {
        let _ = self.heard.lock().unwrap().send(event);
        if self.fails {
            let reason = "on purpose".to_owned();
            return Err(ObserverError::Failed { reason });
        }
        Ok(())
    }
}

#[test]
fn an_observer_that_fails_is_counted_and_one_that_is_stopped_is_not_called() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap().to_owned();
    let workspace = Workspace::create(path, new(), None).unwrap();
    let ear = |fails| {
        let (sender, hears) = channel();
        let heard = Mutex::new(sender);
        (Arc::new(Ear { heard, fails }), hears)
    };
    let ((bad, bad_hears), (good, good_hears)) = (ear(true), ear(false));
    let failing = workspace.observe(bad).unwrap();
    let stopped = workspace.observe(good).unwrap();
    let hear = |hears: &std::sync::mpsc::Receiver<Event>| loop {
        let event = hears.recv_timeout(Duration::from_secs(60)).unwrap();
        if matches!(event, Event::Changed { .. }) {
            return;
        }
    };
    workspace.import_template(PACKAGE).unwrap();
    hear(&bad_hears);
    hear(&good_hears);
    stopped.stop();
    stopped.stop();
    workspace
        .import_template(&PACKAGE.replace("Inspection", "Visit"))
        .unwrap();
    hear(&bad_hears);
    while failing.failures() < 2 {
        std::thread::yield_now();
    }
    assert_eq!(failing.last_failure().as_deref(), Some("on purpose"));
    assert!(
        good_hears
            .try_iter()
            .all(|event| !matches!(event, Event::Changed { .. }))
    );
    assert_eq!(stopped.failures(), 0);
}

/// Moving on gives a label.
const RULED: &str = r#"{"key":"SITE","name":"Inspection","stages":[
    {"id":"open","name":"Open","category":"active"},
    {"id":"done","name":"Done","category":"done"}],"fields":[],
    "automations":[{"id":"label","name":"Label what is done",
        "trigger":{"on":"stage-entered","stage":"done"},
        "when":[[{"of":"priority","is":"empty"}]],
        "actions":[{"do":"add-label","label":"seen"}]}]}"#;

#[test]
fn what_rules_would_do_and_did_comes_in_records_and_rehearsing_does_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap().to_owned();
    let ana = Workspace::create(path, new(), None).unwrap();
    let template = ana.import_template(RULED).unwrap().id;
    let case = ana.open_case(case_of(&template)).unwrap().case_id;
    let done = || Action::MoveTo {
        stage: "done".into(),
    };

    let would = ana.rehearse(&case, done()).unwrap();
    let [run] = would.as_slice() else {
        panic!("{would:?}")
    };
    assert_eq!(
        (run.rule.as_str(), run.outcome),
        ("label", RunOutcome::Done)
    );
    assert!(
        run.action.as_ref().unwrap().starts_with("label."),
        "{run:?}"
    );
    assert_eq!(ana.case_view(&case).unwrap().stage, "open");

    let [report] = ana.explain_rules(&case).unwrap().try_into().unwrap();
    assert!(report.holds && report.condition[0].tests[0].holds);
    assert_eq!((report.would.len(), report.fires.len()), (1, 0));
    assert_eq!(ana.timers(&case).unwrap(), []);
    assert_eq!(ana.rule_history(None, None).unwrap(), []);

    ana.act(&case, done(), None).unwrap();
    let history = ana.rule_history(Some("label".into()), Some(case.clone()));
    let [past] = history.unwrap().try_into().unwrap();
    assert_eq!((past.case_id, past.depth, past.trouble), (case, 1, false));
    assert_eq!(past.by.unwrap().name, "Ana");
}

#[test]
fn a_draft_comes_in_records_with_what_it_changes_and_what_that_means() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap().to_owned();
    let ana = Workspace::create(path, new(), None).unwrap();
    let template = ana.import_template(PACKAGE).unwrap().id;
    let case = ana.open_case(case_of(&template)).unwrap().case_id;
    let draft = ana.start_draft(&template, "Without open", None).unwrap();
    let edits = r#"{"stages/done/name":"Finished"}"#;
    ana.edit_draft(&template, &draft, edits).unwrap();

    let view = ana.draft(&template, &draft).unwrap();
    assert_eq!(view.draft.edits["stages/done/name"], r#""Finished""#);
    let [change] = view.differences.as_slice() else {
        panic!("{:?}", view.differences)
    };
    assert_eq!(change.weight, Weight::Cosmetic);
    assert_eq!(change.before.as_deref(), Some(r#""Done""#));
    assert_eq!((view.faults.len(), view.astray.len()), (0, 0));

    let gone = r#"{"key":"SITE","name":"Inspection","stages":[
        {"id":"begun","name":"Begun","category":"active"},
        {"id":"done","name":"Done","category":"done"}],"fields":[]}"#;
    let impact = ana.impact(&template, gone).unwrap();
    assert_eq!((impact.open, impact.closed), (1, 0));
    assert_eq!(impact.affected[0].case_id, case);
    let [unmapped] = impact.unmapped.try_into().unwrap();
    assert_eq!(
        (unmapped.kind.as_str(), unmapped.id.as_str(), unmapped.cases),
        ("stage", "open", 1)
    );

    let revision = ana.publish_draft(&template, &draft).unwrap();
    let [published] = ana.drafts(&template).unwrap().try_into().unwrap();
    assert_eq!(published.published, Some(revision));
    assert!(matches!(
        ana.merge_revisions(&template),
        Err(CaseworkError::Invalid(_))
    ));
}

fn case_of(template: &str) -> NewCase {
    NewCase {
        template_id: template.to_owned(),
        title: "Bridge 7".into(),
        fields: Default::default(),
        stage: None,
        owner: None,
        assignees: Vec::new(),
        number: None,
        restricted: false,
        viewers: Vec::new(),
        overriding: None,
    }
}

#[test]
fn several_things_at_once_and_taking_back_go_through_a_rule_that_asks_for_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap().to_owned();
    let workspace = Workspace::create(path, new(), None).unwrap();
    // The way back is not listed.
    let package = PACKAGE.replace(
        r#""fields":[]"#,
        r#""transitions":[{"from":"open","to":"done"}],"fields":[]"#,
    );
    let template = workspace.import_template(&package).unwrap().id;
    let case = workspace.open_case(case_of(&template)).unwrap().case_id;
    let stage = || workspace.case_view(&case).unwrap().stage;
    let to = |stage: &str| Action::MoveTo {
        stage: stage.into(),
    };
    let there_and_back = || vec![to("done"), to("open"), to("done")];
    let refused = workspace.act_together(&case, there_and_back(), None);
    assert!(
        matches!(refused, Err(CaseworkError::Asks(_))),
        "{refused:?}"
    );
    assert_eq!(stage(), "open", "all of them, or none");
    let through = ActOptions {
        reason: Some("The bridge was open for a day".into()),
        override_rule: true,
    };
    let acted = workspace.act_together(&case, there_and_back(), Some(through));
    assert_eq!(acted.unwrap().len(), 3);
    assert_eq!(stage(), "done");

    let refused = workspace.undo(&case, 1, None);
    assert!(
        matches!(refused, Err(CaseworkError::Asks(_))),
        "{refused:?}"
    );
    let reason = Some("The wrong bridge".into());
    assert_eq!(workspace.undo(&case, 1, reason).unwrap().len(), 1);
    assert_eq!(stage(), "open");
}
