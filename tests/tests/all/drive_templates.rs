//! Templates, driven: lint, diff, preview, drafts that two people write, publishing, mapping, two
//! publications at once, and taking a package out and in again.

use std::fs;

use serde_json::{Value, json};

use crate::drive::{Office, count, holds, open};

const PERMIT: &str = r##"
key = "PER"
name = "Permit"
unlisted = "free"

[[stages]]
id = "intake"
name = "Intake"
category = "intake"

[[stages]]
id = "council"
name = "Council"
category = "active"

[[stages]]
id = "check"
name = "Check"
category = "active"

[[stages]]
id = "done"
name = "Done"
category = "done"

[[fields]]
id = "kind"
label = "Kind"
type = "single-select"
options = [{ id = "fence", label = "Fence" }, { id = "wall", label = "Wall" }]

[[fields]]
id = "old"
label = "Old number"
type = "text"
"##;

const DEAD_ENDS: &str = r##"
key = "PIT"
name = "Dead ends"
unlisted = "block"

[[stages]]
id = "in"
name = "In"
category = "intake"
required = ["x"]
field_policy = { x = "hidden" }

[[stages]]
id = "pit"
name = "Pit"
category = "active"

[[stages]]
id = "out"
name = "Out"
category = "done"

[[fields]]
id = "x"
label = "X"
type = "text"

[[transitions]]
from = "in"
to = "pit"

[[transitions]]
from = "in"
to = "out"

[[approvals]]
id = "two"
label = "Two of one"
mode = "count"
count = 2
approvers = ["member:00000000000000000000000000000001"]
"##;

/// The id of the only draft that is being written.
fn draft(who: &casework_tests::process::Person) -> String {
    let listed = who.does("template draft list PER");
    let drafts = listed["drafts"].as_array().unwrap().iter();
    let mut open = drafts.filter(|draft| draft["status"] == "open");
    open.next().unwrap()["id"].as_str().unwrap().to_owned()
}

#[test]
fn dead_ends_are_found_by_lint_and_refused_at_publish_with_an_explanation() {
    let office = Office::new(PERMIT);
    let (ana, path) = (&office.ana, office.file("pit.toml", DEAD_ENDS));
    let (code, said) = ana.said(&["template", "lint", &path]);
    assert_eq!((code, count(&said["faults"])), (3, 3), "{said}");
    let dead = [
        "required and hidden here; show it or do not require it",
        "no move leads out of this stage; list one",
        "2 members of 1 approvers can never agree",
    ];
    holds(&said.to_string(), &dead);
    holds(&ana.refused(&format!("template import {path}")), &dead);
    let broken = office.file("broken.toml", "key = \"X\"\nname = ");
    holds(
        &ana.refused(&format!("template lint {broken}")),
        &["line 2"],
    );
    for known in ["complaint", "hiring", "whistleblower"] {
        assert_eq!(
            ana.does(&format!("template lint {known}"))["faults"],
            json!([])
        );
    }
    let schema = ana.does("template schema");
    assert!(schema["properties"]["stages"].is_object(), "{schema}");
}

#[test]
fn a_draft_that_two_people_write_offline_is_merged_previewed_and_published() {
    let mut office = Office::new(PERMIT);
    let mia = office.joins("Mia", "manager");
    let case = open(&office.ana, "PER", "A fence", &["kind=fence"]);
    office.ana.does("template draft start PER Autumn");
    casework_tests::process::settle(&[&office.ana, &mia, &office.rui]);
    office.premises.server.kill();
    let ana = &office.ana;
    // Nobody reaches the other; what fits no template is refused and leaves the draft as it was.
    let refused = ana.refused("template draft set PER stages/check/nme Looking");
    holds(
        &refused,
        &["unknown field `nme`", "casework template draft show PER"],
    );
    ana.does("template draft set PER stages/check/name Looking");
    ana.does("template draft set PER description 'Of Ana'");
    mia.does("template draft set PER fields/old/help 'As on the paper file'");
    mia.does("template draft set PER description 'Of Mia'");
    mia.does("template draft set PER stages/check/required/kind true");
    office.premises.server.start_again();
    casework_tests::process::settle(&[ana, &mia]);
    assert_eq!(draft(ana), draft(&mia));
    let shown = mia.does("template draft show PER");
    assert_eq!(shown["draft"]["draft"]["contested"], json!(["description"]));
    holds(
        &mia.reads("template draft show PER"),
        &["Changed by two people at once", "description"],
    );
    holds(&mia.refused("template publish PER"), &["description"]);
    mia.does("template draft keep PER description");

    let id = draft(&mia);
    let differs = mia.does(&format!("template diff PER --draft {id}"));
    assert_eq!(count(&differs["differences"]), 4, "{differs}");
    let impact = mia.does(&format!("template preview PER --draft {id}"));
    assert_eq!(
        (
            &impact["impact"]["open"],
            count(&impact["impact"]["affected"])
        ),
        (&json!(1), 0)
    );
    let published = mia.does("template publish PER");
    casework_tests::process::settle(&[&mia, ana, &office.rui]);
    for who in [ana, &mia, &office.rui] {
        let known = who.does("template revisions PER");
        assert_eq!(
            (&known["current"], count(&known["revisions"])),
            (&published["revision"], 2)
        );
        holds(&who.reads("template show PER"), &["Looking", "Of "]);
    }
    // Open cases follow, without having been touched.
    let shown = office.same(&case);
    assert_eq!(shown["changes"], 1);
    let first = mia.does("template revisions PER")["revisions"][0]["revision"].clone();
    let since = format!(
        "template diff PER --since {}",
        &first.as_str().unwrap()[..8]
    );
    assert_eq!(count(&ana.does(&since)["differences"]), 4);
    mia.does("template draft start PER Winter");
    mia.does("template draft discard PER");
    holds(
        &mia.reads("template draft list PER"),
        &["published as", "given up"],
    );
}

#[test]
fn what_is_taken_away_needs_a_place_to_go_and_cases_and_late_work_are_shown_there() {
    let office = Office::new(PERMIT);
    let (ana, rui) = (&office.ana, &office.rui);
    let case = open(ana, "PER", "A wall", &["kind=wall", "old=77/12"]);
    ana.does(&format!("case move {case} council"));
    let late = open(ana, "PER", "A late one", &["kind=fence"]);
    office.settle();
    let less = PERMIT
        .replace(
            "[[stages]]\nid = \"council\"\nname = \"Council\"\ncategory = \"active\"\n",
            "",
        )
        .replace(
            "[[fields]]\nid = \"old\"\nlabel = \"Old number\"\ntype = \"text\"\n",
            "",
        )
        .replace(", { id = \"wall\", label = \"Wall\" }", "");
    let path = office.file("less.toml", &less);
    let (code, said) = ana.said(&["template", "preview", "PER", &path]);
    assert_eq!((code, count(&said["impact"]["unmapped"])), (3, 3), "{said}");
    let read = ana.output(&["template", "preview", "PER", &path]);
    let read = String::from_utf8_lossy(&read.stdout).into_owned();
    holds(
        &read,
        &["Cannot be published", "mappings.stage.", "(1 open case)"],
    );
    let refused = ana.refused(&format!("template import {path}"));
    holds(
        &refused,
        &[
            "the stage \"council\" is gone",
            "mappings.stage",
            "template preview",
        ],
    );
    assert_eq!(ana.case(&case)["stage"], "council", "nothing was published");

    let mapped = format!(
        "{less}\n[mappings]\nstage = {{ council = \"check\" }}\nfield = {{ old = \"\" }}\n\
         option = {{ \"kind/wall\" = \"fence\" }}\n"
    );
    let path = office.file("mapped.toml", &mapped);
    let read = ana.reads(&format!("template preview PER {path}"));
    holds(
        &read,
        &[
            "1 of 2 open cases",
            "What changes",
            "stage council becomes check",
            "A wall",
        ],
    );
    ana.does(&format!("template import {path}"));
    ana.does("sync");
    // He works under what he knows.
    rui.does(&format!("case move {late} council"));
    office.settle();
    for who in [ana, rui] {
        let board = who.does("board PER");
        let columns = board["boards"][0]["columns"].as_array().unwrap();
        let of = |stage: &str| columns.iter().find(|column| column["stage"] == stage);
        assert!(of("council").is_none(), "{board}");
        let there = of("check").map(|column| &column["total"]);
        assert_eq!(there, Some(&json!(2)), "the place of what is gone");
        let shown = who.case(&case);
        assert_eq!(shown["stage_name"], "Check");
        assert_eq!(shown["fields"]["kind"]["words"], "Fence");
    }
    office.same(&late);
    assert_eq!(ana.does("verify")["holds"], true);
}

#[test]
fn two_publications_at_once_stay_valid_and_one_merged_draft_takes_the_place_of_both() {
    let mut office = Office::new(PERMIT);
    let mia = office.joins("Mia", "manager");
    casework_tests::process::settle(&[&mia, &office.ana]);
    office.premises.server.kill();
    let ana = &office.ana;
    let at_anas = PERMIT
        .replace("\"Check\"", "\"Looking at it\"")
        .replace("\"Done\"", "\"Ready\"");
    let at_mias = PERMIT
        .replace("\"Old number\"", "\"Number before 1990\"")
        .replace("\"Done\"", "\"Finished\"");
    let (one, other) = (
        office.file("one.toml", &at_anas),
        office.file("other.toml", &at_mias),
    );
    ana.does(&format!("template import {one}"));
    mia.does(&format!("template import {other}"));
    let [under_ana, under_mia] = [ana, &mia].map(|who| open(who, "PER", "Offline", &["kind=wall"]));
    office.premises.server.start_again();
    casework_tests::process::settle(&[ana, &mia, &office.rui]);
    for who in [ana, &mia, &office.rui] {
        let known = who.does("template revisions PER");
        assert_eq!(count(&known["contested"]), 2, "{known}");
        holds(&who.reads("template list"), &["template merge PER"]);
        holds(
            &who.reads("template revisions PER"),
            &["published at the same time", "template merge PER"],
        );
    }
    let merged = mia.does("template merge PER");
    assert_eq!(
        merged["conflicts"][0]["path"], "stages/done/name",
        "{merged}"
    );
    assert_eq!(count(&merged["conflicts"]), 1);
    holds(
        &mia.refused("template publish PER"),
        &["stages/done/name", "template draft show PER"],
    );
    mia.does("template draft set PER stages/done/name 'Finished'");
    mia.does("template publish PER");
    casework_tests::process::settle(&[&mia, ana, &office.rui]);
    for who in [ana, &mia, &office.rui] {
        assert_eq!(who.does("template revisions PER")["contested"], json!([]));
        holds(
            &who.reads("template show PER"),
            &["Looking at it", "Number before 1990", "Finished"],
        );
        // What was opened under either of them is whole.
        for case in [&under_ana, &under_mia] {
            assert_eq!(who.case(case)["fields"]["kind"]["words"], "Wall");
        }
        let nothing = who.refused("template merge PER");
        holds(&nothing, &["nothing to merge", "template revisions PER"]);
    }
}

#[test]
fn a_package_goes_out_and_comes_in_as_the_same() {
    let office = Office::new(PERMIT);
    let ana = &office.ana;
    let toml = office.file("out.toml", &ana.reads("template export PER"));
    let again = ana.does(&format!("template import {toml}"));
    assert_eq!(again["import"]["did"], "unchanged", "{again}");
    let as_json = office.file("out.json", &ana.reads("template export PER --as-json"));
    let again = ana.does(&format!("template import {as_json}"));
    assert_eq!(again["import"]["did"], "unchanged", "{again}");
    let schema: Value = serde_json::from_str(&ana.reads("template schema")).unwrap();
    assert!(schema.is_object());
    assert_eq!(
        fs::read_to_string(&toml).unwrap().lines().next(),
        Some("key = \"PER\"")
    );
}
