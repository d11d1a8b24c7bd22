//! Names of stages and cases, the two passes, and their progress.

use super::*;

#[test]
fn the_asked_classifier_names_the_stages() {
    let content = event("Open", "ana", "2024-03-01", "") + &event("Close", "rui", "2024-03-02", "");
    let source = Source::bytes("x", log(&trace("a", &content)).into_bytes());
    let options = Options {
        classifier: Some("by person".to_owned()),
        ..Options::default()
    };
    let plan = ImportPlan::survey(&source, &options, &mut |_| {}).unwrap();
    let names: Vec<&str> = plan
        .template
        .stages
        .iter()
        .map(|stage| stage.name.as_str())
        .collect();
    assert_eq!(names, ["ana", "rui"]);
    // The activity is no stage now, so it is a field.
    assert_eq!(plan.template.fields[0].source, "concept:name");
    assert_eq!(plan.template.fields[0].level, Level::Event);
    let options = Options {
        classifier: Some("nobody".to_owned()),
        ..Options::default()
    };
    let refused = ImportPlan::survey(&source, &options, &mut |_| {});
    assert!(matches!(refused, Err(XesError::UnknownClassifier { .. })));
}

#[test]
fn a_lifecycle_that_varies_is_part_of_the_stage_and_one_that_does_not_is_left_out() {
    let step =
        |lifecycle: &str| format!("<string key='lifecycle:transition' value='{lifecycle}'/>");
    let at = "2024-03-01";
    let stages = |second: &str| {
        let content =
            event("Check", "a", at, &step("start")) + &event("Check", "a", at, &step(second));
        let (plan, _) = planned(&log(&trace("a", &content)));
        plan.template
            .stages
            .into_iter()
            .map(|stage| stage.name)
            .collect::<Vec<_>>()
    };
    assert_eq!(stages("complete"), ["Check + start", "Check + complete"]);
    assert_eq!(stages("start"), ["Check", "Closed"]);
    // Without a classifier the lifecycle is an attribute like others, unless it never varies.
    let bare = |second: &str| {
        let content =
            event("Check", "a", at, &step("start")) + &event("Check", "a", at, &step(second));
        let (plan, _) = planned(&format!("<log>{}</log>", trace("a", &content)));
        plan.template
            .fields
            .into_iter()
            .map(|field| field.source)
            .collect::<Vec<_>>()
    };
    assert_eq!(bare("complete"), ["lifecycle:transition"]);
    assert_eq!(bare("start"), Vec::<String>::new());
}

#[test]
fn missing_and_repeated_names_still_give_every_case_its_own_id() {
    let nameless = "<trace><event/></trace>";
    let xml = log(&(trace("a", "")
        + nameless
        + &trace("a", "")
        + &trace("a (2)", "")
        + &trace("Case 6", "")
        + nameless
        + &trace("a", "")));
    let (plan, cases) = planned(&xml);
    let ids: Vec<&str> = cases.iter().map(|case| case.source_id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "a",
            "Case 2",
            "a (3)",
            "a (2)",
            "Case 6",
            "Case 6 (2)",
            "a (4)"
        ]
    );
    assert_eq!(cases[5].title, "Case 6");
    assert_eq!(
        notes(&plan),
        [
            "2 events had no timestamp",
            "2 events had no activity name",
            "2 cases had no name",
            "2 case names were used again",
            "5 cases had no events",
            "1 stage added: Closed"
        ]
    );
    assert_eq!(cases[1].events[0].stage, "unnamed-activity");
}

#[test]
fn a_file_that_changed_between_the_passes_is_refused() {
    let content = |activity: &str| event(activity, "ana", "2024-03-01", "");
    let source = |xml: String| Source::bytes("x", xml.into_bytes());
    let first = log(&(trace("a", &content("Open")) + &trace("b", &content("Open"))));
    let plan = ImportPlan::survey(&source(first), &Options::default(), &mut |_| {}).unwrap();
    let second_pass = |xml: String| {
        let cases = plan.cases(&source(xml)).unwrap();
        cases
            .filter_map(Result::err)
            .map(|error| error.to_string())
            .collect::<Vec<_>>()
    };
    let other_name = log(&(trace("a", &content("Open")) + &trace("c", &content("Open"))));
    assert!(second_pass(other_name)[0].ends_with("case 2 has the new name \"c\""));
    let other_stage = log(&trace("a", &content("Leap")));
    assert!(second_pass(other_stage)[0].ends_with("case 1 has the new activity \"Leap\""));
    let other_field = log(&trace("a", "<int key='n' value='1'/>"));
    assert!(second_pass(other_field)[0].ends_with("case 1 has the new attribute \"n\""));
    assert!(second_pass(log(&trace("a", &content("Open"))))[0].contains("case 1 is the last"));
}

#[test]
fn progress_reaches_the_whole_file() {
    let source = Source::bytes("x", gzip(sample(500).as_bytes()));
    let mut seen = Vec::new();
    let plan = ImportPlan::survey(&source, &Options::default(), &mut |p| seen.push(p)).unwrap();
    assert!(seen.is_sorted_by_key(|progress| progress.read_bytes));
    let last = seen.last().unwrap();
    assert_eq!(Some(last.read_bytes), last.total_bytes);
    let mut cases = plan.cases(&source).unwrap();
    assert_eq!(cases.by_ref().filter(Result::is_ok).count(), 500);
    assert_eq!(cases.progress(), *last);
}

#[test]
fn the_same_bytes_always_give_the_same_plan() {
    let xml = sample(50);
    let (one, cases) = planned(&xml);
    let (two, same) = read_all(&gzip(xml.as_bytes()), &Limits::default()).unwrap();
    assert_eq!(
        (one.template, one.notes, cases),
        (two.template, two.notes, same)
    );
}
