//! How many connections each device has: a device that opens ever more of them is told to wait.
//!
//! Counted once its key is proved. A phone that changes networks leaves dead connections behind for
//! as long as an idle one stands, so a device may have several.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use casework_protocol::ids::DeviceId;

/// All devices that are connected.
#[derive(Debug, Clone, Default)]
pub(super) struct Devices {
    connections: Arc<Mutex<BTreeMap<DeviceId, usize>>>,
}

/// One connection of a device, until this is dropped.
#[derive(Debug)]
pub(super) struct Counted {
    devices: Devices,
    device: DeviceId,
}

impl Devices {
    /// Counts one more, unless the device has so many.
    pub(super) fn count(&self, device: DeviceId, most: usize) -> Option<Counted> {
        let mut connections = self.lock();
        let now = connections.entry(device).or_default();
        if *now >= most {
            return None;
        }
        *now += 1;
        drop(connections);
        Some(Counted {
            devices: self.clone(),
            device,
        })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<DeviceId, usize>> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut connections = self.devices.lock();
        if let Some(now) = connections.get_mut(&self.device) {
            *now -= 1;
            if *now == 0 {
                connections.remove(&self.device);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_has_so_many_connections_and_no_memory_of_those_that_ended() {
        let devices = Devices::default();
        let (ana, rui) = (DeviceId::new([1; 32]), DeviceId::new([2; 32]));
        let first = devices.count(ana, 2);
        let second = devices.count(ana, 2);
        assert!(first.is_some() && second.is_some());
        assert!(devices.count(ana, 2).is_none());
        assert!(devices.count(rui, 2).is_some(), "nobody else is concerned");
        drop(first);
        assert!(devices.count(ana, 2).is_some());
        drop(second);
        assert!(devices.lock().is_empty());
    }
}
