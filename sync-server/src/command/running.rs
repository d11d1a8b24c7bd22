//! Asking the server that has a data folder open, over the socket in it.

use std::io::{BufRead as _, BufReader, Read, Write as _};

use anyhow::Context as _;
use casework_sync_server::serve::{AdminAnswer, AdminRequest, DataFolder};

/// What comes back.
pub(crate) type Answers = Box<dyn Iterator<Item = anyhow::Result<AdminAnswer>>>;

/// Asks; the bytes that come back, or `None` when no server has the folder open.
#[cfg(unix)]
pub(crate) fn connect(
    folder: &DataFolder,
    request: &AdminRequest,
) -> anyhow::Result<Option<Box<dyn Read>>> {
    let Ok(mut stream) = std::os::unix::net::UnixStream::connect(folder.admin_socket()) else {
        return Ok(None);
    };
    let mut line = serde_json::to_string(request)?;
    line.push('\n');
    stream.write_all(line.as_bytes())?;
    Ok(Some(Box::new(stream)))
}

#[cfg(not(unix))]
pub(crate) fn connect(_: &DataFolder, _: &AdminRequest) -> anyhow::Result<Option<Box<dyn Read>>> {
    Ok(None)
}

/// Asks for answers in lines; `None` when no server has the folder open.
pub(crate) fn ask(folder: &DataFolder, request: &AdminRequest) -> anyhow::Result<Option<Answers>> {
    let Some(stream) = connect(folder, request)? else {
        return Ok(None);
    };
    let answers = BufReader::new(stream)
        .lines()
        .map(|line| serde_json::from_str(&line?).context("the server answers something else"));
    Ok(Some(Box::new(answers)))
}
