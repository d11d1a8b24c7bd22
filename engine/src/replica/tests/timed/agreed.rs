//! What people decide together, hold and write down sets rules off.

use super::*;

const AGREED: &str = r#"
[[approvals]]
id = "repair"
label = "The repair"
mode = "all"
approvers = ["role:owner", "role:operator"]

[[automations]]
id = "agreed"
name = "The repair is approved"
trigger = { on = "approval-given", approval = "repair", outcome = "approved" }
actions = [{ do = "add-label", label = "agreed" }]

[[automations]]
id = "refused"
name = "The repair is not approved"
trigger = { on = "approval-given", outcome = "rejected" }
actions = [{ do = "add-label", label = "refused" }]
"#;

#[test]
fn what_the_votes_of_two_devices_decide_together_sets_a_rule_off_once() {
    let mut scene = Scene::new(AGREED);
    let mut rui = join(
        &mut scene.log,
        &mut scene.ana,
        &mut scene.clock,
        9,
        "operator",
    );
    let (ana, other) = (scene.ana.member().unwrap(), rui.member().unwrap());
    let approval = PartId::new([4; 8]);
    scene.ana(ApprovalAction::Request(Request::of_kind(approval, "repair", ana)).into());
    scene.log.give(&mut rui);
    let vote = |id: u8, member| {
        let vote = Vote {
            id: PartId::new([id; 8]),
            member,
            answer: crate::approval::Answer::Approve,
            seats: [].into(),
            note: String::new(),
        };
        CaseAction::from(ApprovalAction::Vote { approval, vote })
    };
    // Neither knows of the other's vote, so to neither it is decided.
    act(&mut rui, scene.case, &mut scene.clock, vote(6, other));
    scene.ana(vote(5, ana));
    assert_eq!(scene.rounds(3), []);
    scene.log.take(&mut rui);
    scene.meet();
    let fired = scene.rounds(3);
    assert_eq!(rules(&fired), ["agreed"]);
    assert_eq!(
        fired[0].timer.tick.to_string(),
        format!("approval/{approval}@approved")
    );
    assert!(scene.view().labels.contains("agreed"));
}

const EVENTS: &str = r#"
[[document_types]]
id = "letter"
label = "Letter"

[[document_types]]
id = "other"
label = "Other"

[[automations]]
id = "held"
name = "Held"
trigger = { on = "case-held" }
actions = [{ do = "add-label", label = "waits" }]

[[automations]]
id = "resumed"
name = "Resumed"
trigger = { on = "case-resumed" }
actions = [{ do = "remove-label", label = "waits" }]

[[automations]]
id = "letter"
name = "A letter came"
trigger = { on = "document-added", document = "letter" }
actions = [{ do = "count", field = "visits", by = 1 }]

[[automations]]
id = "signed"
name = "A letter is signed"
trigger = { on = "document-status", document = "letter", status = "signed" }
actions = [{ do = "add-label", label = "signed" }]
"#;

#[test]
fn holds_and_documents_set_rules_off_on_the_acting_device() {
    let mut scene = Scene::new(EVENTS);
    let (hold, why) = (PartId::new([4; 8]), "parts".to_owned());
    let until = None;
    scene.ana(
        HoldAction::Start {
            id: hold,
            why,
            until,
        }
        .into(),
    );
    assert!(scene.view().labels.contains("waits"));
    scene.ana(HoldAction::End { hold }.into());
    assert!(!scene.view().labels.contains("waits"));
    let (id, version) = (PartId::new([5; 8]), PartId::new([6; 8]));
    let file = |n: u8| FileMark {
        name: "letter.pdf".into(),
        sha256: format!("{n:064x}"),
        bytes: 1_000,
        media: "application/pdf".into(),
    };
    for kind in ["letter", "other"] {
        let id = if kind == "letter" {
            id
        } else {
            PartId::new([7; 8])
        };
        let version = if kind == "letter" {
            version
        } else {
            PartId::new([8; 8])
        };
        let (name, kind, file) = ("Letter".to_owned(), kind.to_owned(), file(1));
        let add = DocumentAction::Add {
            id,
            name,
            kind,
            version,
            file,
        };
        scene.ana(add.into());
    }
    let next = DocumentAction::AddVersion {
        document: id,
        id: PartId::new([9; 8]),
        parents: Default::default(),
        file: file(2),
    };
    scene.ana(next.into());
    assert_eq!(scene.view().fields["visits"].count, Some(2));
    let (version, status) = (PartId::new([9; 8]), VersionStatus::Signed);
    scene.ana(DocumentAction::SetStatus { version, status }.into());
    assert!(scene.view().labels.contains("signed"));
}
