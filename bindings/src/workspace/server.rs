//! Which server a workspace syncs with, and why its certificate is believed.

use std::path::Path;

use casework_engine::replica::ServerRow;
use casework_protocol::ids::ServerId;

use super::{Workspace, make_folder};
use crate::address::Address;
use crate::error::Error;
use crate::tls::Trust;

/// The server.
impl Workspace {
    /// Sets the server, `ws://host:port` or by TLS `wss://host:port` (with `#pin=…` where its
    /// certificate is self-signed), and the key it must prove; without one the first server
    /// that answers is pinned. A watch that waits tries it at once.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is no address, and for another server than the one that this
    /// device has met.
    pub fn set_server(&self, address: &str, key: Option<ServerId>) -> Result<(), Error> {
        let address = address.parse::<Address>()?.to_string();
        self.write(|replica| {
            let pinned = replica.server()?.and_then(|row| row.key);
            // A key that was mistyped binds nobody: it holds from the first head it signed.
            let is_met = replica.member().is_none() || replica.status()?.log_size.is_some();
            let pinned = pinned.filter(|_| is_met || key.is_none());
            if let (Some(pinned), Some(asked)) = (pinned, key)
                && pinned != asked
            {
                return Err(Error::Invalid(format!(
                    "this workspace is pinned to server {pinned}; another one cannot take its \
                     place"
                )));
            }
            let key = key.or(pinned);
            Ok(replica.set_server(&ServerRow { address, key })?)
        })?;
        self.inner.reachable.notify_one();
        Ok(())
    }

    /// From now on only these authorities, in PEM, vouch for the certificate of the server, instead
    /// of those that this machine knows. May be said before a workspace is joined into the folder.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is none in it, [`Error::Unavailable`] when the folder cannot be
    /// written.
    pub fn trust_authority(folder: &Path, pem: &[u8]) -> Result<(), Error> {
        make_folder(folder)?;
        Trust::in_folder(folder).set(pem)
    }
}
