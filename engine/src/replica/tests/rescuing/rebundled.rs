//! A bundle of a case that is here already, with work on it that was never sent.

use casework_protocol::bundle::{BundleClaim, countersign};
use casework_protocol::ids::ServerId;
use casework_protocol::log::{LogHead, NodeHash, VerifiedHead, sign_head};

use super::*;

impl Scene {
    /// A bundle of the case as ana has it, and the head that it is proved under.
    fn bundle(&mut self) -> (Vec<u8>, VerifiedHead) {
        let server = SecretKey::from_seed(&[0xaa; 32]);
        let bundle = self.ana.make_bundle(self.id).unwrap().unwrap();
        let bytes = bundle.to_bytes().unwrap();
        let claim = BundleClaim::read(&bytes).unwrap();
        let head = LogHead {
            workspace: self.ana.workspace(),
            epoch: EPOCH,
            size: self.log.size,
            root: NodeHash::empty_root(),
            time_ms: 0,
        };
        let key = ServerId::new(*server.device().as_bytes());
        let head = sign_head(&server, head).verify(key, head.workspace);
        let signed = countersign(&server, bytes, &claim).unwrap();
        (signed.to_bytes(), head.unwrap())
    }
}

#[test]
fn unsent_work_that_a_snapshot_took_in_stays_when_a_bundle_of_its_case_comes_again() {
    let mut scene = scene();
    scene.log.give(&mut scene.ana);
    let (bundle, head) = scene.bundle();
    let done = scene.work_until_folded();
    let before = scene.rui.case(scene.id).unwrap();
    let Scene {
        mut log,
        mut ana,
        mut rui,
        id,
        ..
    } = scene;
    rui.take_bundle(id, &bundle, &head).unwrap().unwrap();
    assert_eq!(rui.case(id).unwrap(), before);
    rui.documents.close_all();
    assert_eq!(rui.unsent().unwrap(), done);
    log.take(&mut rui);
    assert_eq!((rui.unsent().unwrap(), drawn(&rui).len()), (0, 0));
    for replica in [&mut ana, &mut rui] {
        log.give(replica);
        assert!(replica.verify(&mut |_, _| {}).unwrap().holds());
    }
    assert_eq!(ana.case(id).unwrap(), rui.case(id).unwrap());
}
