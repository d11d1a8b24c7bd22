//! Rights in the words of people: custom roles, what a member may do and why, restricted cases with
//! teams and roles on them, and entries that hold no longer.

use casework::rights::Verb;
use casework::{
    AccessChange, Error, InviteFor, MemberChange, Notice, Obstacle, Principal, Question, Redone,
    TeamChange, Where,
};

use super::stage::{Device, Server, settle};

fn question(device: &Device, verb: Verb, place: Where, field: Option<&str>) -> Question {
    Question {
        member: device.workspace.info().unwrap().member.unwrap(),
        verb,
        place,
        stage: None,
        field: field.map(str::to_owned),
    }
}

/// Defines a role with grants as people write them.
fn define(device: &Device, key: &str, grants: &[&str]) {
    let read = |words: &&str| device.workspace.read_grants(words).unwrap();
    let grants = grants.iter().flat_map(read).collect();
    device.workspace.define_role(key, key, grants).unwrap();
    device.sync();
}

#[test]
fn a_custom_role_gives_what_its_grants_say_and_a_refusal_names_the_one_that_is_missing() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    define(
        &ana,
        "clerk",
        &[
            "view,comment template:CO",
            "edit field:CO/phone",
            "view own",
        ],
    );
    let case = ana.open_case("Fee charged twice");
    ana.sync();
    let rui = ana.invite("Rui", "clerk");
    rui.sync();
    ana.sync();
    rui.set(case, "phone", "+351 1").unwrap();
    let refused = rui.set(case, "handler", "Ana").unwrap_err();
    let Error::Denied(said) = &refused else {
        panic!("{refused:?}");
    };
    assert!(said.contains("editing field handler of"), "{said}");
    assert!(
        said.contains("needs the grant \"edit field:CO/handler\""),
        "{said}"
    );
    assert!(said.contains("no role of Rui gives"), "{said}");

    let may = |field| question(&rui, Verb::Edit, Where::Case(case), Some(field));
    let yes = ana.workspace.can(may("Phone")).unwrap();
    assert!(yes.allowed && yes.obstacle.is_none());
    assert_eq!(yes.given_by[0].role, "clerk");
    assert_eq!(yes.given_by[0].grant, "edit field:CO/phone");
    let no = ana.workspace.can(may("handler")).unwrap();
    assert_eq!(no.obstacle, Some(Obstacle::NoGrant));
    assert_eq!(no.grant, "edit field:CO/handler");
    assert!(no.roles.contains(&"operator".to_owned()) && !no.roles.contains(&"clerk".to_owned()));
    // The grant that is named is the one that helps.
    define(&ana, "clerk", &["view,comment template:CO", &no.grant]);
    rui.sync();
    rui.set(case, "handler", "Ana").unwrap();
    assert!(
        rui.set(case, "phone", "+351 2").is_err(),
        "replaced, not added"
    );
}

#[test]
fn a_right_to_export_ones_own_cases_exports_no_others() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    define(&ana, "clerk", &["view all", "export own"]);
    let rui = ana.invite("Rui", "clerk");
    ana.sync();
    let [theirs, own] = ["Noise at night", "Hole in the road"].map(|title| ana.open_case(title));
    let change = AccessChange {
        add: vec![ana.workspace.find_principal("Rui").unwrap()],
        ..AccessChange::default()
    };
    ana.workspace.change_access(own, change).unwrap();
    settle(&[&ana, &rui]);
    assert!(rui.workspace.export(own).is_ok());
    let refused = rui.workspace.export(theirs).unwrap_err().to_string();
    assert!(refused.contains("exporting a case"), "{refused}");
}

#[test]
fn what_is_no_grant_is_refused_with_what_there_is() {
    let ana = Device::founder("Ana");
    let wrong = |words: &str| ana.workspace.read_grants(words).unwrap_err().to_string();
    assert!(
        wrong("fly").contains("there is view, open, move"),
        "{}",
        wrong("fly")
    );
    assert!(wrong("edit somewhere").contains("is no scope"));
    assert!(wrong("edit field:CO").contains("field:KEY/FIELD"));
    assert!(wrong("edit all now").contains("VERB SCOPE"));
    assert!(wrong("manage-members own").contains("in the whole workspace"));
    assert!(wrong("view template:CO").contains("template"));
}

#[test]
fn a_restricted_case_reaches_only_those_named_also_by_team_and_role() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    define(&ana, "auditor", &["view own", "comment own"]);
    let [rui, mia, eva] = ["Rui", "Mia", "Eva"].map(|name| ana.invite(name, "operator"));
    let zoe = ana.invite("Zoe", "auditor");
    ana.sync();
    let member = |name: &str| ana.workspace.find_member(name).unwrap();
    let team = TeamChange {
        name: Some("Legal".into()),
        add: vec![member("Mia")],
        remove: Vec::new(),
    };
    ana.workspace.change_team("legal", team).unwrap();
    let case = ana.open_case("A sensitive case");
    ana.sync();
    let everybody = [&rui, &mia, &eva, &zoe];
    everybody.iter().for_each(|who| drop(who.sync()));
    let sees = |who: &Device| who.workspace.case(case).is_ok();
    assert_eq!(everybody.map(sees), [true, true, true, false]);

    // Rui works offline while the case is taken away from him.
    rui.set(case, "handler", "Ana").unwrap();
    let names = ["Eva", "team:legal", "role:auditor"];
    let add = names.map(|name| ana.workspace.find_principal(name).unwrap());
    assert_eq!(add[1], Principal::Team("legal".into()));
    let change = AccessChange {
        add: add.to_vec(),
        restricted: Some(true),
        ..AccessChange::default()
    };
    ana.workspace.change_access(case, change).unwrap();
    ana.sync();
    everybody.iter().for_each(|who| drop(who.sync()));
    assert_eq!(everybody.map(sees), [false, true, true, true]);
    let drawer = rui.workspace.drawer().unwrap();
    assert_eq!(drawer.len(), 1, "unsent work was rescued: {drawer:?}");
    let access = ana.workspace.access(case).unwrap();
    let viewers: Vec<&str> = access.viewers.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(viewers, ["Ana", "Eva", "Mia", "Zoe"]);
    assert_eq!(access.history.len(), 2);
    let told = |who| {
        ana.workspace
            .can(question(who, Verb::Edit, Where::Case(case), None))
            .unwrap()
    };
    assert_eq!(told(&rui).obstacle, Some(Obstacle::Restricted));
    assert_eq!(told(&zoe).obstacle, Some(Obstacle::NoGrant));

    // Leaving the team, and losing the role, take the case away as being taken off does.
    let leave = TeamChange {
        remove: vec![member("Mia")],
        ..TeamChange::default()
    };
    ana.workspace.change_team("legal", leave).unwrap();
    let demote = MemberChange {
        add_roles: vec!["viewer".into()],
        remove_roles: vec!["auditor".into()],
        ..MemberChange::default()
    };
    ana.workspace.change_member(member("Zoe"), demote).unwrap();
    let unname = AccessChange {
        remove: vec![Principal::Member(member("Eva"))],
        ..AccessChange::default()
    };
    ana.workspace.change_access(case, unname).unwrap();
    ana.sync();
    everybody.iter().for_each(|who| drop(who.sync()));
    assert_eq!(everybody.map(sees), [false; 4]);
    assert!(sees(&ana));
}

#[test]
fn what_was_said_offline_about_people_and_holds_no_more_lies_in_the_drawer_and_can_be_said_again() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let rui = ana.invite("Rui", "manager");
    rui.sync();
    ana.sync();
    // Offline, Rui makes a team; meanwhile he stops being a manager.
    let team = TeamChange {
        name: Some("Night shift".into()),
        ..TeamChange::default()
    };
    rui.workspace.change_team("night", team).unwrap();
    let him = ana.workspace.find_member("Rui").unwrap();
    let roles = |add: &str, remove: &str| MemberChange {
        add_roles: vec![add.into()],
        remove_roles: vec![remove.into()],
        ..MemberChange::default()
    };
    ana.workspace
        .change_member(him, roles("viewer", "manager"))
        .unwrap();
    ana.sync();
    let told = rui.sync();
    rui.sync();
    let refused = |notice: &Notice| matches!(notice, Notice::EntryRefused { what, .. } if what == "team.change night");
    assert!(told.notices.iter().any(refused), "{:?}", told.notices);
    let drawer = rui.workspace.drawer().unwrap();
    assert_eq!(drawer.len(), 1, "{drawer:?}");
    assert_eq!(drawer[0].act.as_ref().unwrap().name(), "team.change night");
    assert!(
        rui.workspace.redo(drawer[0].number, None).is_err(),
        "still not his to say"
    );
    assert_eq!(
        rui.workspace.drawer().unwrap().len(),
        1,
        "and nothing is lost by trying"
    );

    ana.workspace
        .change_member(him, roles("manager", "viewer"))
        .unwrap();
    ana.sync();
    rui.sync();
    let redone = rui.workspace.redo(drawer[0].number, None).unwrap();
    assert!(matches!(redone, Redone::Said(_)), "{redone:?}");
    assert!(rui.workspace.drawer().unwrap().is_empty());
    rui.sync();
    ana.sync();
    assert_eq!(ana.workspace.teams().unwrap()[0].name, "Night shift");
}

#[test]
fn a_document_that_ended_the_program_is_set_aside_and_comes_back_by_looking_again_or_fetching() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let case = ana.open_case("Broken street lamp");
    ana.sync();
    let rui = ana.invite("Rui", "operator");
    rui.sync();
    let aside = |rui: &Device| rui.workspace.status().unwrap().quarantined_documents;
    // The markers of openings that never ended, as two aborts leave them.
    let rui = rui.restart_with(|folder| mark(folder, case));
    assert_eq!(aside(&rui), 1);
    assert!(rui.set(case, "handler", "Ana").is_err());
    let listed = rui.workspace.quarantined().unwrap();
    assert_eq!(
        (listed.len(), listed[0].document, listed[0].change),
        (1, case, None)
    );
    assert!(rui.workspace.retry_quarantined(case).unwrap().opened);
    assert_eq!(aside(&rui), 0);
    rui.set(case, "handler", "Ana").unwrap();
    assert!(
        rui.workspace.fetch_quarantined(case).is_err(),
        "nothing is wrong with it"
    );

    let rui = rui.restart_with(|folder| mark(folder, case));
    ana.set(case, "phone", "+351 1").unwrap();
    ana.sync();
    assert_eq!(rui.workspace.fetch_quarantined(case).unwrap(), 1);
    assert_eq!(
        rui.workspace.drawer().unwrap().len(),
        1,
        "what was unsent is kept"
    );
    let rui = rui.restart();
    rui.sync();
    rui.sync();
    assert_eq!(aside(&rui), 0);
    let number = rui.workspace.drawer().unwrap()[0].number;
    rui.workspace.redo(number, None).unwrap();
    rui.sync();
    ana.sync();
    assert_eq!(
        ana.workspace.case(case).unwrap(),
        rui.workspace.case(case).unwrap()
    );
    assert!(
        ana.workspace
            .case(case)
            .unwrap()
            .fields
            .contains_key("handler")
    );
}

fn mark(folder: &std::path::Path, case: casework::ids::DocumentId) {
    let marker = folder.join("opening").join(case.to_string());
    std::fs::write(marker.with_extension("again"), b"").unwrap();
    std::fs::write(marker, b"").unwrap();
}

#[test]
fn an_invite_gives_a_role_that_the_workspace_defined() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    define(&ana, "clerk", &["view,edit template:CO"]);
    let rui = ana.invite("Rui", "clerk");
    ana.sync();
    let info = rui.workspace.info().unwrap();
    let me = rui.workspace.member(info.member.unwrap()).unwrap();
    assert!(me.roles.contains("clerk"));
    let open = question(&rui, Verb::Open, Where::Workspace, None);
    assert!(!ana.workspace.can(open).unwrap().allowed);
    let gives = InviteFor::Member {
        roles: vec!["nothing".into()],
    };
    let unknown = ana
        .workspace
        .invite(gives, std::time::Duration::from_secs(60), 1);
    assert!(
        unknown
            .unwrap_err()
            .to_string()
            .contains("there is no role")
    );
    ana.workspace.remove_role("clerk").unwrap();
    ana.sync();
    rui.sync();
    assert!(
        rui.workspace
            .member(info.member.unwrap())
            .unwrap()
            .roles
            .is_empty()
    );
}
