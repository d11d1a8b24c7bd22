//! Rules that wait for time, forged.

use super::*;

#[test]
fn nobody_but_an_agent_uses_the_name_of_a_rule_that_waits_for_time() {
    for (role, forged) in [("operator", 1), ("owner", 1), ("agent", 0)] {
        assert_eq!(forge(role, |_| {}), forged, "{role}");
    }
    let changes: [fn(&mut AutomationAction); 4] = [
        |mark| rename(mark, "nowhere", "task/0303030303030303@2023-11-16"),
        |mark| rename(mark, "follow", "task/0303030303030303@2023-11-16"),
        |mark| rename(mark, "late", "idle@0303030303030303"),
        |mark| {
            if let AutomationAction::Fire { id, .. } = mark {
                *id = PartId::new([9; 8]);
            }
        },
    ];
    for (n, change) in changes.into_iter().enumerate() {
        assert_eq!(forge("agent", change), 1, "forgery {n}");
    }
}

fn rename(mark: &mut AutomationAction, to: &str, tick: &str) {
    if let AutomationAction::Fire { rule, of, .. } = mark {
        *rule = to.to_owned();
        *of = tick.to_owned();
    }
}

/// Says as a member with this role that the time of rule `late` has come. Answers how many changes
/// the other replica quarantined.
fn forge(role: &str, change: impl FnOnce(&mut AutomationAction)) -> usize {
    let mut scene = Scene::new(LATE);
    let mut rui = join(
        &mut scene.log,
        &mut scene.ana,
        &mut scene.clock,
        9,
        "operator",
    );
    if role != "operator" {
        let body = RosterBody::ChangeMember {
            member: rui.member().unwrap(),
            name: None,
            add_roles: vec![role.to_owned()],
            remove_roles: Vec::new(),
            active: None,
        };
        scene.ana.authorise(body, &scene.clock.next()).unwrap();
        scene.log.take(&mut scene.ana);
        scene.log.give(&mut rui);
    }
    let tick = "task/0303030303030303@2023-11-16";
    let mut mark = AutomationAction::Fire {
        id: tick_key(scene.case, "late", tick),
        rule: "late".into(),
        of: tick.into(),
    };
    change(&mut mark);
    if let AutomationAction::Fire { id, rule, of } = &mut mark
        && *id != PartId::new([9; 8])
    {
        *id = tick_key(scene.case, rule, of);
    }
    let moment = scene.clock.next();
    let refused = rui.act(
        scene.case,
        Act::new(PartId::new([8; 8]), mark.clone().into()),
        &moment,
    );
    assert!(matches!(refused, Err(ReplicaFault::Act(_))), "{refused:?}");
    rui.lawless = true;
    let mut batch = rui.batch();
    let act = Act::new(PartId::new([8; 8]), mark.into());
    batch.perform(scene.case, act, &moment).unwrap();
    batch.commit().unwrap();
    scene.log.take(&mut rui);
    scene.log.give(&mut scene.ana);
    let status = scene.ana.status().unwrap();
    status.quarantined
}
