//! What is said in entries of the roster and of access.

use casework_protocol::access::entry::{AccessBody, Principal};
use casework_protocol::entry::SignedEntry;
use casework_protocol::roster::draft::RosterDraft;
use casework_protocol::roster::entry::RosterBody;

use super::{ANA, key, member};

pub(crate) fn genesis() -> SignedEntry {
    let body = RosterBody::Genesis {
        name: "Harbour office".into(),
        member: member(ANA),
        member_name: "Ana".into(),
        device_name: "Ana's phone".into(),
        nonce: vec![7; 16],
    };
    RosterDraft {
        body,
        claimed_ms: 1,
    }
    .found(&key(ANA))
}

pub(crate) fn change_roles(n: u8, add: &[&str], remove: &[&str]) -> RosterBody {
    let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
    RosterBody::ChangeMember {
        member: member(n),
        name: None,
        add_roles: keys(add),
        remove_roles: keys(remove),
        active: None,
    }
}

pub(crate) fn viewers(add: &[u8], remove: &[u8]) -> AccessBody {
    let members = |list: &[u8]| list.iter().map(|n| Principal::Member(member(*n))).collect();
    AccessBody::Change {
        add: members(add),
        remove: members(remove),
        restricted: None,
        legal_hold: None,
    }
}

pub(crate) fn restrict(restricted: bool) -> AccessBody {
    AccessBody::Change {
        add: Vec::new(),
        remove: Vec::new(),
        restricted: Some(restricted),
        legal_hold: None,
    }
}
