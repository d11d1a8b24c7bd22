//! The inbox over a real server: what is announced, and marks that follow a member to every device.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use casework::inbox::ItemKind;
use casework::{Changed, InboxFilter, InviteFor, Observer};

use crate::stage::{Device, Server, settle};

struct Ear(Mutex<Sender<()>>);

impl Observer for Ear {
    fn changed(&self, changed: &Changed) {
        if changed.inbox {
            let _ = self.0.lock().unwrap().send(());
        }
    }
}

#[test]
fn a_mention_is_heard_of_and_read_on_one_device_it_is_read_on_the_other() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let rui = ana.invite("Rui", "operator");
    ana.sync();
    let member = rui.workspace.info().unwrap().member.unwrap();
    let gives = InviteFor::Device { member };
    let link = ana.workspace.invite(gives, Duration::from_secs(3600), 1);
    ana.sync();
    let phone = Device::join(&link.unwrap(), "Rui");
    let case = ana.open_case("Barking dog");
    settle(&[&ana, &rui, &phone]);

    let (sender, hears) = channel();
    let observation = rui
        .workspace
        .observe(Arc::new(Ear(Mutex::new(sender))))
        .unwrap();
    ana.workspace
        .comment(case, "@Rui please call", false)
        .unwrap();
    settle(&[&ana, &rui, &phone]);
    hears.recv_timeout(Duration::from_secs(60)).unwrap();
    drop(observation);

    let page = rui
        .workspace
        .inbox(&InboxFilter::default(), None, 10)
        .unwrap();
    let [entry] = &page.entries[..] else {
        panic!("one item was expected: {page:?}");
    };
    assert_eq!((entry.item.kind, entry.read), (ItemKind::Mention, false));
    assert_eq!(entry.about.as_deref(), Some("@Rui please call"));
    assert_eq!(phone.workspace.unread_count().unwrap(), 1);
    assert_eq!(rui.workspace.mark_read(&[entry.item.id]).unwrap(), 1);
    settle(&[&rui, &phone]);
    assert_eq!(phone.workspace.unread_count().unwrap(), 0);
    assert_eq!(
        ana.workspace.unread_count().unwrap(),
        0,
        "nobody hears of their own doing"
    );
}
