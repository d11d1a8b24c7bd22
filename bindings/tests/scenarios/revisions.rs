//! A template gets another revision: what boards show of its cases follows.

use casework::template::Category;
use casework::view::Card;

use crate::stage::{Device, Server, complaint, settle};

fn card(device: &Device) -> Card {
    let mut cards = device.workspace.cards().unwrap();
    assert_eq!(cards.len(), 1);
    // Only this replica knows it.
    cards[0].badges.unsynced = false;
    cards.remove(0)
}

#[test]
fn cards_and_flags_follow_a_revision_that_came_after_the_case() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let case = ana.open_case("Noise at night");
    let rui = ana.invite("Rui", "operator");
    settle(&[&ana, &rui]);
    assert_eq!(card(&rui).category, Some(Category::Intake));
    assert!(!card(&rui).badges.requirements_unmet);

    let mut package = complaint();
    package.stages[0].category = Category::Active;
    package.stages[0].required = vec!["phone".to_owned()];
    package.fields[1].card = true;
    ana.workspace.import_template(package).unwrap();
    settle(&[&ana, &rui]);
    for device in [&ana, &rui] {
        let card = card(device);
        assert_eq!(card.category, Some(Category::Active));
        assert!(card.badges.requirements_unmet);
        let view = device.workspace.case(case).unwrap();
        assert_eq!(view.flags.requirements_unmet, ["phone"]);
    }
    assert_eq!(card(&ana), card(&rui));
    assert_eq!(ana.seen(case), rui.seen(case));

    rui.workspace.set_field(case, "phone", "112", None).unwrap();
    settle(&[&rui, &ana]);
    assert!(!card(&ana).badges.requirements_unmet);
    assert_eq!(ana.seen(case), rui.seen(case));
    let again = ana.restart();
    assert_eq!(card(&again), card(&rui), "and it is what is stored");
}
