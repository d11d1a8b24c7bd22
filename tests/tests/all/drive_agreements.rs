//! Approvals, driven: in every mode and with every answer, by amounts, apart and together.

use casework_tests::process::{Person, settle};
use serde_json::{Value, json};

use crate::drive::{Office, count, holds, open};

const CONTRACTS: &str = r#"
key = "CTR"
name = "Contract"
unlisted = "free"

[[stages]]
id = "draft"
name = "Draft"
category = "active"

[[stages]]
id = "signed"
name = "Signed"
category = "done"
entry = [{ severity = "block", message = "Nothing is signed that is not approved", when = [[{ of = "approval/sum", is = "is-not", value = "approved" }]] }]

[[fields]]
id = "value"
label = "Value"
type = "money"

[[approvals]]
id = "sum"
label = "Approve the sum"
approvers = ["role:manager"]
maker_checker = true
made_by = ["value"]
note_required = true
thresholds = [
    { field = "value", from = "50000 EUR", approvers = ["role:director"] },
    { field = "value", from = "500000 EUR", mode = "count", count = 2, approvers = ["role:director"] },
]
"#;

/// Ana, Rui and three who approve: Mia the manager, Dora and Dino the directors.
struct Board {
    office: Office,
    mia: Person,
    dora: Person,
    dino: Person,
}

impl Board {
    fn new() -> Self {
        let office = Office::new(CONTRACTS);
        let grants = "--grant view --grant edit --grant approve --grant move --grant comment";
        office
            .ana
            .does(&format!("role define director --name Director {grants}"));
        office.ana.does("sync");
        let mia = office.joins("Mia", "manager");
        let [dora, dino] = ["Dora", "Dino"].map(|name| office.joins(name, "director"));
        let board = Self {
            office,
            mia,
            dora,
            dino,
        };
        board.settle();
        board
    }

    fn everybody(&self) -> [&Person; 5] {
        [
            &self.office.ana,
            &self.office.rui,
            &self.mia,
            &self.dora,
            &self.dino,
        ]
    }

    fn settle(&self) {
        settle(&self.everybody());
    }

    /// A contract of Rui's with this value.
    fn contract(&self, value: &str) -> String {
        let case = open(
            &self.office.rui,
            "CTR",
            "Cleaning",
            &[&format!("value={value}")],
        );
        self.settle();
        case
    }

    /// How the newest approval stands for everybody.
    fn stands(&self, case: &str) -> Value {
        self.settle();
        let shown = self
            .everybody()
            .map(|who| who.case(case)["approvals"].clone());
        shown.iter().for_each(|one| assert_eq!(one, &shown[0]));
        shown[0].as_array().unwrap().last().unwrap().clone()
    }
}

fn wanted(who: &Person, case: &str) -> bool {
    who.does("approvals").to_string().contains(case)
}

#[test]
#[expect(clippy::too_many_lines, reason = "one play, told in order")]
fn who_approves_follows_the_amount_and_whoever_made_it_cannot() {
    let board = Board::new();
    let rui = &board.office.rui;
    let small = board.contract("900 EUR");
    let refused = rui.refused(&format!("case move {small} signed"));
    holds(
        &refused,
        &["Nothing is signed that is not approved", "blocked"],
    );
    rui.does(&format!(
        "case approval request {small} sum --reason 'It is due'"
    ));
    let one = board.stands(&small);
    assert_eq!(
        (&one["outcome"], &one["have"], &one["need"]),
        (&json!("pending"), &json!(0), &json!(1))
    );
    assert_eq!(one["makers"], json!(["Rui"]));
    assert_eq!(
        [&board.mia, &board.dora].map(|who| wanted(who, &small)),
        [true, false]
    );
    let refused = rui.refused(&format!("case approval vote {small} sum approve"));
    holds(
        &refused,
        &["not asked of you", "casework case approval list"],
    );
    let refused = board
        .dora
        .refused(&format!("case approval vote {small} sum approve"));
    holds(
        &refused,
        &["not asked of you", "casework case approval list"],
    );
    holds(
        &board
            .mia
            .refused(&format!("case approval vote {small} sum return")),
        &["note", "--note"],
    );
    board.mia.does(&format!(
        "case approval vote {small} sum return --note 'The annex is missing'"
    ));
    assert_eq!(board.stands(&small)["outcome"], "returned");
    holds(
        &rui.reads("inbox"),
        &["Mia returned “Approve the sum” for rework"],
    );
    rui.does(&format!("case approval request {small} sum"));
    board.settle();
    board.mia.does(&format!(
        "case approval vote {small} sum approve --note 'Now it is whole'"
    ));
    assert_eq!(board.stands(&small)["outcome"], "approved");
    rui.does(&format!("case move {small} signed"));

    // A director from 50,000 on, two of them from 500,000 on.
    let large = board.contract("60000 EUR");
    rui.does(&format!("case approval request {large} sum"));
    board.settle();
    assert_eq!(
        [&board.mia, &board.dora, &board.dino].map(|who| wanted(who, &large)),
        [false, true, true]
    );
    board.dora.does(&format!(
        "case approval vote {large} sum reject --note 'Too dear'"
    ));
    let one = board.stands(&large);
    assert_eq!(
        (&one["outcome"], &one["votes"][0]["member"]),
        (&json!("rejected"), &json!("Dora"))
    );
    holds(
        &rui.reads(&format!("case show {large}")),
        &["rejected", "Too dear"],
    );

    // Dora writes the sum herself, so only Dino can agree to it.
    let written = board.contract("60000 EUR");
    board
        .dora
        .does(&format!("case set {written} value='61000 EUR'"));
    board.settle();
    rui.does(&format!("case approval request {written} sum"));
    board.settle();
    let refused = board
        .dora
        .refused(&format!("case approval vote {written} sum approve"));
    holds(
        &refused,
        &[
            "whoever made it cannot agree to it",
            "casework case approval list",
        ],
    );
    board
        .dino
        .does(&format!("case approval vote {written} sum approve"));
    assert_eq!(board.stands(&written)["outcome"], "approved");

    let huge = board.contract("700000 EUR");
    rui.does(&format!("case approval request {huge} sum"));
    board.settle();
    board
        .dora
        .does(&format!("case approval vote {huge} sum approve"));
    let one = board.stands(&huge);
    assert_eq!(
        (&one["outcome"], &one["have"], &one["need"]),
        (&json!("pending"), &json!(1), &json!(2))
    );
    holds(
        &board.dino.reads("approvals"),
        &["Approve the sum", "casework case approval vote"],
    );
    holds(
        &board.dino.reads(&format!("case approval list {huge}")),
        &["1 of 2", "role director"],
    );
    board
        .dino
        .does(&format!("case approval vote {huge} sum approve"));
    assert_eq!(board.stands(&huge)["outcome"], "approved");
    // The sum was changed afterwards: others would be asked today.
    rui.does(&format!("case set {large} value='10 EUR'"));
    board.settle();
    holds(
        &board.mia.reads(&format!("case approval list {large}")),
        &["rejected"],
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "one play, told in order")]
fn one_all_most_and_so_many_agree_and_a_seat_is_passed_on_added_or_asked_no_more() {
    let mut board = Board::new();
    let case = board.contract("1 EUR");
    let from = "--from Mia --from Dora --from Dino";
    for (label, mode) in [
        ("One", ""),
        ("Everybody", "--all"),
        ("Most", "--majority"),
        ("Two", "--count 2"),
    ] {
        let line = format!("case approval request {case} {label} {from} {mode} --not-me");
        board.office.rui.does(&line);
    }
    board.settle();
    let vote = |who: &Person, label: &str, answer: &str| {
        who.does(&format!("case approval vote {case} {label} {answer}"))["approval"]["outcome"]
            .clone()
    };
    assert_eq!(vote(&board.mia, "One", "approve"), "approved");
    assert_eq!(vote(&board.mia, "Most", "approve"), "pending");
    assert_eq!(vote(&board.mia, "Two", "approve"), "pending");
    assert_eq!(vote(&board.mia, "Everybody", "approve"), "pending");
    board.settle();
    assert_eq!(vote(&board.dora, "Most", "approve"), "approved");
    assert_eq!(vote(&board.dora, "Two", "approve"), "approved");
    assert_eq!(vote(&board.dora, "Everybody", "approve"), "pending");
    board.settle();
    // Dino is away: he passes his seat on, and Rui asks Ana besides.
    let rui = &board.office.rui;
    board.dino.does(&format!(
        "case approval reassign {case} Everybody Ana --reason 'On leave'"
    ));
    rui.does(&format!(
        "case approval add {case} Everybody role:manager --reason 'A new clause'"
    ));
    board.settle();
    assert_eq!(
        [&board.office.ana, &board.dino].map(|who| wanted(who, &case)),
        [true, false]
    );
    let told = board.office.ana.reads("inbox --kind approval");
    holds(&told, &["Dino asks for your approval: “Everybody”"]);
    assert_eq!(vote(&board.office.ana, "Everybody", "approve"), "pending");
    board.settle();
    // The seat that was added is asked for itself, also of who has another one.
    assert_eq!(vote(&board.mia, "Everybody", "approve"), "approved");
    board.settle();
    rui.does(&format!(
        "case approval request {case} Late --from Dora --from Dino"
    ));
    board.settle();

    // Of an approval and a rejection apart the rejection wins, and it is withdrawn by nobody.
    board.office.premises.server.kill();
    vote(&board.dora, "Late", "approve");
    vote(&board.dino, "Late", "reject");
    board.office.premises.server.start_again();
    let one = board.stands(&case);
    assert_eq!(
        (&one["outcome"], count(&one["votes"])),
        (&json!("rejected"), 2)
    );
    let rui = &board.office.rui;
    rui.does(&format!("case approval request {case} Never --from Dora"));
    rui.does(&format!(
        "case approval withdraw {case} Never --reason 'Asked too early'"
    ));
    assert_eq!(board.stands(&case)["outcome"], "withdrawn");
    assert!(!wanted(&board.dora, &case));
    holds(
        &rui.refused(&format!("case approval request {case} sum2")),
        &["--from"],
    );
    let odd = |whom: &str| rui.refused(&format!("case approval request {case} Odd --from {whom}"));
    holds(
        &odd("role:lawyer"),
        &["no role:lawyer", "casework role list"],
    );
    let nobody = [
        "nobody is role:viewer",
        "casework member role NAME --add viewer",
    ];
    holds(&odd("role:viewer"), &nobody);
}
