//! Who may come in: connections and handshakes, counted for everybody and for each address.
//!
//! Pure: addresses and time are arguments. An IPv6 address counts as its /64, which one household
//! has whole. Invariant: what is remembered of an address that has no connection goes as soon as
//! its handshakes are forgiven.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::Bounds;
use super::bucket::{BURST_SECS, Bucket};

/// Addresses remembered before the forgiven ones are looked for.
const SWEEP_AT: usize = 1_024;

/// Somebody who is not let in now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TurnedAway {
    /// Which bound was reached.
    pub(super) because: Bound,
    /// When to come again.
    pub(super) after_ms: u64,
}

/// A bound of the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    /// Too many connections.
    Connections,
    /// Too many from this address.
    AddressConnections,
    /// Too many handshakes.
    Handshakes,
    /// Too many from this address.
    AddressHandshakes,
}

/// Whose connections are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Neighbourhood(u128);

/// The state of the door.
#[derive(Debug)]
pub(super) struct Doorkeeper {
    bounds: Bounds,
    inside: usize,
    handshakes: Bucket,
    visitors: BTreeMap<Neighbourhood, Visitor>,
    sweep_at: usize,
}

#[derive(Debug, Clone, Copy)]
struct Visitor {
    inside: usize,
    handshakes: Bucket,
}

impl Bound {
    /// As it is counted and told.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::AddressConnections => "address-connections",
            Self::Handshakes => "handshakes",
            Self::AddressHandshakes => "address-handshakes",
        }
    }
}

impl Neighbourhood {
    /// Of an address: itself, or the /64 of an IPv6 one.
    pub(super) fn of(address: IpAddr) -> Self {
        Self(match address {
            IpAddr::V4(four) => four.to_ipv6_mapped().to_bits(),
            IpAddr::V6(six) if six.to_ipv4_mapped().is_some() => six.to_bits(),
            IpAddr::V6(six) => six.to_bits() & !u128::from(u64::MAX),
        })
    }
}

impl Doorkeeper {
    /// Nobody is inside.
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            inside: 0,
            handshakes: Bucket::default(),
            visitors: BTreeMap::new(),
            sweep_at: SWEEP_AT,
        }
    }

    /// Somebody knocks. Whoever is let in must [`Doorkeeper::leave`] again.
    pub(super) fn arrive(&mut self, now_ms: u64, from: Neighbourhood) -> Result<(), TurnedAway> {
        let bounds = self.bounds;
        let mut visitor = self.visitors.get(&from).copied().unwrap_or(Visitor {
            inside: 0,
            handshakes: Bucket::default(),
        });
        let turned = |because, after_ms| Err(TurnedAway { because, after_ms });
        let address_wait = visitor
            .handshakes
            .wait_ms(now_ms, bounds.address_handshakes_per_sec);
        if address_wait > 0 {
            return turned(Bound::AddressHandshakes, address_wait);
        }
        if visitor.inside >= bounds.address_connections {
            return turned(Bound::AddressConnections, 1_000 * BURST_SECS);
        }
        if self.inside >= bounds.connections {
            return turned(Bound::Connections, 1_000 * BURST_SECS);
        }
        let wait = self.handshakes.wait_ms(now_ms, bounds.handshakes_per_sec);
        if wait > 0 {
            return turned(Bound::Handshakes, wait);
        }
        self.handshakes.add(now_ms, bounds.handshakes_per_sec);
        visitor
            .handshakes
            .add(now_ms, bounds.address_handshakes_per_sec);
        visitor.inside += 1;
        self.inside += 1;
        self.visitors.insert(from, visitor);
        self.sweep(now_ms);
        Ok(())
    }

    /// Somebody who was let in is gone.
    pub(super) fn leave(&mut self, from: Neighbourhood) {
        self.inside = self.inside.saturating_sub(1);
        if let Some(visitor) = self.visitors.get_mut(&from) {
            visitor.inside = visitor.inside.saturating_sub(1);
        }
    }

    fn sweep(&mut self, now_ms: u64) {
        if self.visitors.len() < self.sweep_at {
            return;
        }
        let per_sec = self.bounds.address_handshakes_per_sec;
        self.visitors.retain(|_, visitor| {
            visitor.inside > 0 || !visitor.handshakes.is_forgiven(now_ms, per_sec)
        });
        self.sweep_at = SWEEP_AT.max(2 * self.visitors.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds() -> Bounds {
        Bounds {
            connections: 2_000,
            address_connections: 600,
            handshakes_per_sec: 100,
            address_handshakes_per_sec: 50,
            ..Bounds::default()
        }
    }

    fn from(address: &str) -> Neighbourhood {
        Neighbourhood::of(address.parse().unwrap())
    }

    fn bound(answer: Result<(), TurnedAway>) -> Option<Bound> {
        answer.err().map(|turned| turned.because)
    }

    #[test]
    fn five_hundred_devices_of_one_office_come_back_at_once() {
        let mut door = Doorkeeper::new(bounds());
        for _ in 0..500 {
            assert_eq!(door.arrive(0, from("192.0.2.1")), Ok(()));
        }
    }

    #[test]
    fn an_address_that_floods_is_told_when_to_come_again_and_nobody_else_is() {
        let mut door = Doorkeeper::new(Bounds {
            address_connections: 10_000,
            ..bounds()
        });
        for _ in 0..1_000 {
            door.arrive(0, from("192.0.2.1")).unwrap();
            door.leave(from("192.0.2.1"));
        }
        let turned = door.arrive(0, from("192.0.2.1")).unwrap_err();
        assert_eq!(
            (turned.because, turned.after_ms),
            (Bound::AddressHandshakes, 20)
        );
        assert_eq!(door.arrive(0, from("192.0.2.2")), Ok(()));
        // What it is told is true, and no more than one comes in for it.
        assert!(door.arrive(19, from("192.0.2.1")).is_err());
        assert_eq!(door.arrive(20, from("192.0.2.1")), Ok(()));
        assert!(door.arrive(20, from("192.0.2.1")).is_err());
    }

    #[test]
    fn turning_somebody_away_costs_the_others_no_place() {
        let mut door = Doorkeeper::new(bounds());
        for _ in 0..600 {
            door.arrive(0, from("192.0.2.1")).unwrap();
        }
        for _ in 0..100_000 {
            let turned = door.arrive(0, from("192.0.2.1"));
            assert_eq!(bound(turned), Some(Bound::AddressConnections));
        }
        for n in 0..100 {
            assert_eq!(door.arrive(0, from(&format!("198.51.100.{n}"))), Ok(()));
        }
        door.leave(from("192.0.2.1"));
        assert_eq!(door.arrive(0, from("192.0.2.1")), Ok(()));
    }

    #[test]
    fn the_house_is_full_at_its_bound_and_has_room_when_somebody_leaves() {
        let mut door = Doorkeeper::new(Bounds {
            connections: 2,
            ..bounds()
        });
        door.arrive(0, from("192.0.2.1")).unwrap();
        door.arrive(0, from("192.0.2.2")).unwrap();
        let full = door.arrive(0, from("192.0.2.3"));
        assert_eq!(bound(full), Some(Bound::Connections));
        door.leave(from("192.0.2.2"));
        assert_eq!(door.arrive(0, from("192.0.2.3")), Ok(()));
    }

    #[test]
    fn many_addresses_together_meet_the_bound_of_all() {
        let mut door = Doorkeeper::new(bounds());
        for n in 0..2_000_u32 {
            let address = IpAddr::from(n.to_be_bytes());
            door.arrive(0, Neighbourhood::of(address)).unwrap();
            door.leave(Neighbourhood::of(address));
        }
        let turned = door.arrive(0, from("192.0.2.1")).unwrap_err();
        assert_eq!((turned.because, turned.after_ms), (Bound::Handshakes, 10));
        assert_eq!(door.arrive(10, from("192.0.2.1")), Ok(()));
    }

    #[test]
    fn one_household_is_one_address() {
        assert_eq!(from("2001:db8:1:2::3"), from("2001:db8:1:2:ffff::9"));
        assert_ne!(from("2001:db8:1:2::3"), from("2001:db8:1:3::3"));
        assert_eq!(from("::ffff:192.0.2.1"), from("192.0.2.1"));
        assert_ne!(from("192.0.2.1"), from("192.0.2.2"));
    }

    #[test]
    fn addresses_are_forgotten_when_their_handshakes_are_forgiven() {
        let mut door = Doorkeeper::new(Bounds {
            handshakes_per_sec: 1_000_000,
            ..bounds()
        });
        for n in 0..100_000_u32 {
            let address = Neighbourhood::of(IpAddr::from(n.to_be_bytes()));
            door.arrive(u64::from(n), address).unwrap();
            door.leave(address);
        }
        assert!(door.visitors.len() <= SWEEP_AT, "{}", door.visitors.len());
    }
}
