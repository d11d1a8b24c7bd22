//! `casework export`: the plain Automerge document and JSON, as two files.

use std::fs;

use serde_json::json;

use super::Desk;
use crate::cli::ExportArgs;
use crate::fault::Fault;
use crate::request::Response;
use crate::screen::words::bytes;

pub(super) fn export(desk: &Desk<'_>, args: &ExportArgs) -> Result<Response, Fault> {
    let id = desk.case(&args.case)?;
    desk.workspace.note_reading(id)?;
    let exported = desk.workspace.export(id)?;
    fs::create_dir_all(&args.out).map_err(|error| Fault::file(&args.out, &error))?;
    let document = args.out.join(format!("{}.automerge", exported.name));
    let json_file = args.out.join(format!("{}.json", exported.name));
    fs::write(&document, &exported.automerge).map_err(|error| Fault::file(&document, &error))?;
    fs::write(&json_file, &exported.json).map_err(|error| Fault::file(&json_file, &error))?;
    let line = |path: &std::path::Path, size: usize, what: &str| {
        format!("{}  {}  {what}", path.display(), bytes(size as u64))
    };
    let lines = vec![
        line(
            &document,
            exported.automerge.len(),
            "the whole history, for any Automerge program",
        ),
        line(
            &json_file,
            exported.json.len(),
            "fields, comments and timeline in words",
        ),
        "Redacted values are in the history of the first file: think before you pass it on.".into(),
    ];
    let json = json!({
        "document": id,
        "automerge": document,
        "automerge_bytes": exported.automerge.len(),
        "json": json_file,
        "json_bytes": exported.json.len(),
    });
    Ok(Response::new(lines, json))
}
