//! The commands of the server program, one file each, and what they share.

pub(crate) mod backup;
pub(crate) mod check;
pub(crate) mod compact;
pub(crate) mod epoch;
pub(crate) mod held;
pub(crate) mod inspect;
pub(crate) mod rotate_key;
pub(crate) mod running;
pub(crate) mod serve;
pub(crate) mod settings;
pub(crate) mod workspaces;

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::bail;
use casework_sync_server::relay::{Relay, RelayConfig};
use casework_sync_server::serve::DataFolder;

/// What to do after an error that says this.
pub(crate) fn cure(message: &str) -> &'static str {
    let of = |words: &str| message.contains(words);
    if of("No space left") || of("File too large") || of("quota exceeded") {
        "make room on the disk and start it again: what was acknowledged is there, and devices send \
         the rest again"
    } else if of("Read-only file system") {
        "find out why the disk went read-only (dmesg), mount it for writing and start it again"
    } else if of("Input/output error") || of("Previous I/O error") {
        "look at the disk (dmesg, smartctl); copy the folder to a sound one, run casework-server \
         check on it, or restore the newest backup that passes the check"
    } else if of("Permission denied") {
        "the folder and everything in it must belong to whoever runs the server: chown -R, and no file \
         may be read-only"
    } else if of("for TLS") {
        "tls-certificate and tls-key with PEM files that belong together, or tls-self-signed"
    } else if of("Cannot acquire lock") {
        "end the casework-server that uses this folder, or name another with --data"
    } else if of("its file is damaged") {
        "casework-server check, then the newest backup that passes it; or an empty folder: the devices \
         give back what they hold"
    } else if of("Not a redb database") {
        "a backup of the folder, or an empty one: the devices give back what they hold"
    } else if of("Address already in use") || of("cannot use") && of("Cannot assign") {
        "--listen with another port; port 0 takes a free one"
    } else if of("is not a data folder") {
        "--data with the folder that `casework-server serve` was started with"
    } else if of("was begun and not ended") {
        "casework-server rotate-key --data DIR    (goes on where it stood)"
    } else if of("is no whole backup") {
        "another backup: this one was cut or altered on its way"
    } else if of("is not in") {
        "casework-server inspect --data DIR    (which workspaces are there)"
    } else {
        "casework-server --help"
    }
}

/// Opens a data folder that no server has open.
pub(crate) fn open(data: &Path) -> anyhow::Result<Relay> {
    let folder = DataFolder::open(existing(data)?)?;
    let log = folder.log()?;
    Ok(Relay::open(
        Arc::new(log),
        folder.identity()?,
        RelayConfig::default(),
    )?)
}

/// The folder, if it is there: only `serve` makes one.
pub(crate) fn existing(data: &Path) -> anyhow::Result<&Path> {
    if !data.is_dir() {
        bail!("{} is not a data folder", data.display());
    }
    Ok(data)
}

/// One JSON line on stdout.
pub(crate) fn say(line: &serde_json::Value) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

/// Milliseconds since 1970 by this machine's clock.
pub(crate) fn now_ms() -> anyhow::Result<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(u64::try_from(since.as_millis())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the system says when a disk or a folder cannot be used, and what an operator is told then.
    #[test]
    fn every_fault_of_a_disk_has_a_cure_of_its_own() {
        let usual = cure("something else");
        let mut cures = Vec::new();
        for errno in [28, 27, 122, 30, 5, 13] {
            let said = std::io::Error::from_raw_os_error(errno).to_string();
            let cure = cure(&format!("log storage failed: {said}"));
            assert_ne!(cure, usual, "{said}");
            cures.push(cure);
        }
        cures.dedup();
        assert_eq!(
            cures.len(),
            4,
            "full, read-only, broken, not one's own: {cures:?}"
        );
    }
}
