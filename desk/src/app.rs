//! From the words on the command line to an exit code.
//!
//! Decides where a command is carried out: here when the replica is free, by its owner when it is
//! not. Commands that make a replica, and those that need none, are carried out here.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use casework::{Error, Founding, InviteLink, Newcomer, Workspace};
use clap::{CommandFactory, Parser};
use serde_json::json;

use crate::cli::{
    AgentCommand, CaseCommand, Cli, Command, DocumentCommand, FormCommand, ImportCommand, InitArgs,
    JoinArgs, PartCommand, TemplateCommand,
};
use crate::command::{self, carry_out, templates};
use crate::fault::Fault;
use crate::output::{self, Bar};
use crate::request::{Progress, Request, Response, Step};
use crate::screen::Screen;
use crate::screen::words::counted;
use crate::{agent, demo, form_host, owner, watch};

/// Exit code of a command that was not carried out.
const NOT_DONE: u8 = 1;
/// Exit code of words that make no command.
const WRONG_USAGE: u8 = 2;
/// How long to wait for a replica that another short command has open.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two attempts.
const ATTEMPT_INTERVAL: Duration = Duration::from_millis(30);
/// The folder in the user's data folder.
const FOLDER: &str = "casework";

/// Runs the command with these words, the program's name first. Answers the exit code.
#[must_use]
pub fn run(words: impl IntoIterator<Item = OsString>) -> u8 {
    let words: Vec<OsString> = words.into_iter().collect();
    let cli = match Cli::try_parse_from(&words) {
        Ok(cli) => cli,
        // Help and version are "errors" too, on standard output and without harm.
        Err(error) if !error.use_stderr() => {
            let _ = error.print();
            return 0;
        }
        Err(error) => {
            if words.iter().any(|word| word == "--json") {
                output::fault(&wrong_usage(&error, &words), true);
            } else {
                let _ = error.print();
            }
            return WRONG_USAGE;
        }
    };
    log_to_stderr();
    let as_json = cli.json;
    match decide(cli) {
        Ok(Some(response)) => {
            output::answer(&response, as_json);
            response.exit
        }
        Ok(None) => 0,
        Err(fault) => {
            output::fault(&fault.or_try(help_for(&words)), as_json);
            NOT_DONE
        }
    }
}

/// Words that make no command, for programs.
fn wrong_usage(error: &clap::Error, words: &[OsString]) -> Fault {
    let told = error.to_string();
    let first = told.lines().next().unwrap_or_default();
    Fault::invalid(first.trim_start_matches("error: ")).or_try(help_for(words))
}

/// The command that explains the one with these words.
fn help_for(words: &[OsString]) -> String {
    let (cli, mut help) = (Cli::command(), String::from("casework"));
    let mut command = &cli;
    let mut words = words.iter().skip(1).filter_map(|word| word.to_str());
    while let Some(word) = words.next() {
        if word == "--folder" {
            // Its value may be anything.
            words.next();
        } else if let Some(part) = command.find_subcommand(word) {
            command = part;
            help = format!("{help} {word}");
        }
    }
    help + " --help"
}

/// What happens inside, for whoever asks with the variable `RUST_LOG`.
fn log_to_stderr() {
    if std::env::var_os("RUST_LOG").is_some() {
        let filter = tracing_subscriber::EnvFilter::from_default_env();
        let logs = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr);
        // Somebody may have begun to log already, in a test.
        let _ = logs.try_init();
    }
}

/// Carries out a command, wherever that is. `None` when it printed as it went.
fn decide(cli: Cli) -> Result<Option<Response>, Fault> {
    let screen = Screen::detect();
    let mut bar = Bar::new(cli.json);
    let named = cli.folder.clone();
    let folder = || named.clone().map_or_else(default_folder, Ok);
    match &cli.command {
        Command::Demo => return demo::run(cli.folder.as_deref(), screen, cli.json),
        Command::Template(TemplateCommand::Lint { package, .. }) => {
            let content = package_text(package)?;
            return templates::lint(package, &content).map(Some);
        }
        Command::Template(TemplateCommand::Schema) => return Ok(Some(templates::schema())),
        Command::Template(TemplateCommand::Library { name }) => {
            return templates::library(name.as_deref(), screen).map(Some);
        }
        Command::Init(args) => return init(&folder()?, args).map(Some),
        Command::Join(args) => return join(&folder()?, args, &mut bar).map(Some),
        Command::Sync(args) if args.watch => {
            drop(bar);
            return watch::run(&open(&folder()?)?, cli.json).map(|()| None);
        }
        Command::Agent(AgentCommand::Run { once, every }) => {
            drop(bar);
            let looks = (*once, *every);
            return agent::run(&open(&folder()?)?, looks, cli.json).map(|()| None);
        }
        Command::Form(FormCommand::Serve(args)) => {
            drop(bar);
            return form_host::run(&open(&folder()?)?, args, cli.json).map(|()| None);
        }
        Command::Agent(_)
        | Command::Invite(_)
        | Command::Form(_)
        | Command::Member(_)
        | Command::Team(_)
        | Command::Role(_)
        | Command::Template(_)
        | Command::Case(_)
        | Command::Automation(_)
        | Command::List(_)
        | Command::Approvals
        | Command::Inbox(_)
        | Command::Overrides { .. }
        | Command::Board(_)
        | Command::Sync(_)
        | Command::Server(_)
        | Command::Status
        | Command::Drawer(_)
        | Command::Held(_)
        | Command::Verify
        | Command::Export(_)
        | Command::Import(_)
        | Command::Purges
        | Command::Quarantine(_) => {}
    }
    let request = Request::new(prepared(cli.command)?, screen);
    through(&folder()?, &request, &mut bar).map(Some)
}

/// Carries out a request here, or has the owner of the replica carry it out.
fn through(
    folder: &Path,
    request: &Request,
    progress: &mut dyn Progress,
) -> Result<Response, Fault> {
    let begun = Instant::now();
    loop {
        match Workspace::open(folder) {
            Ok(workspace) => return carry_out(&workspace, request, progress),
            Err(error) if error.is_in_use() => {}
            Err(error) => return Err(absent(error, folder)),
        }
        if let Some(response) = owner::ask(folder, request, progress)? {
            return Ok(response);
        }
        if begun.elapsed() > PATIENCE {
            return Err(in_use(folder));
        }
        thread::sleep(ATTEMPT_INTERVAL);
    }
}

/// Opens a replica to own it for long.
fn open(folder: &Path) -> Result<Workspace, Fault> {
    let begun = Instant::now();
    loop {
        match Workspace::open(folder) {
            Err(error) if error.is_in_use() => {
                if owner::is_answered(folder) {
                    let message = format!("{} has an owner already", folder.display());
                    return Err(Fault::unavailable(message)
                        .or_try("any other command: the owner carries it out"));
                }
                if begun.elapsed() > PATIENCE {
                    return Err(in_use(folder));
                }
                thread::sleep(ATTEMPT_INTERVAL);
            }
            opened => return opened.map_err(|error| absent(error, folder)),
        }
    }
}

fn in_use(folder: &Path) -> Fault {
    Fault::unavailable(format!(
        "another process has {} open and does not answer: perhaps a long import",
        folder.display()
    ))
    .or_try("wait until it is done, or end it")
}

fn absent(error: Error, folder: &Path) -> Fault {
    if !Workspace::is_in(folder) {
        let message = format!("there is no workspace in {}", folder.display());
        return Fault::invalid(message)
            .or_try("casework init \"My team\" --as NAME, casework join LINK, or casework demo");
    }
    error.into()
}

/// Makes a command independent of this process: files are read, paths are absolute.
fn prepared(mut command: Command) -> Result<Command, Fault> {
    let absolute =
        |path: &Path| std::path::absolute(path).map_err(|error| Fault::file(path, &error));
    if let Command::Template(command) = &mut command {
        if let Some((package, content)) = command.file() {
            let text = package_text(package)?;
            *content = Some(text);
        }
    } else if let Command::Server(args) = &mut command {
        args.ca = args.ca.as_deref().map(absolute).transpose()?;
    } else if let Command::Export(args) = &mut command {
        args.out = absolute(&args.out)?;
    } else if let Command::Import(ImportCommand::Xes(args)) = &mut command {
        args.file = absolute(&args.file)?;
    } else if let Command::Case(CaseCommand::Part(PartCommand::Document(
        DocumentCommand::Add { file, .. } | DocumentCommand::Version { file, .. },
    ))) = &mut command
    {
        *file = absolute(file)?;
    }
    Ok(command)
}

/// A package of the library, or a file.
fn package_text(path: &Path) -> Result<String, Fault> {
    let from_library = path.to_str().and_then(templates::from_library);
    if let Some(toml) = from_library.filter(|_| !path.exists()) {
        return Ok(toml.to_owned());
    }
    fs::read_to_string(path)
        .map_err(|error| Fault::file(path, &error).or_try("casework template library"))
}

fn init(folder: &Path, args: &InitArgs) -> Result<Response, Fault> {
    let founding = Founding {
        workspace_name: args.name.clone(),
        member_name: args.member.clone(),
        device_name: args.device.clone(),
    };
    let found = Workspace::found(folder, &founding);
    let workspace = found.map_err(|error| {
        Fault::from(error).or_try("casework --folder DIR init …, or casework status")
    })?;
    trust(folder, args.ca.as_deref())?;
    if let Some(server) = &args.server {
        workspace.set_server(server, None)?;
    }
    let info = workspace.info()?;
    let mut lines = vec![
        format!(
            "{} is founded. You are {}, its owner, on {}.",
            info.name, info.member_name, info.device_name
        ),
        format!("It lies in {}.", info.folder.display()),
    ];
    lines.push(match &info.server {
        Some(_) => "Next: casework sync, then casework invite".to_owned(),
        None => "Next: casework template import complaint".to_owned(),
    });
    Ok(Response::new(
        lines,
        json!({ "info": command::json(&info) }),
    ))
}

fn join(folder: &Path, args: &JoinArgs, bar: &mut Bar) -> Result<Response, Fault> {
    let link: InviteLink = args.link.trim().parse()?;
    let newcomer = Newcomer {
        member_name: args.name.clone(),
        device_name: args.device.clone(),
    };
    trust(folder, args.ca.as_deref())?;
    let workspace = Workspace::join(folder, &link, &newcomer, &mut |progress| {
        let (what, done, total) = command::told(progress);
        bar.step(Step { what, done, total });
    })?;
    let (info, status) = (workspace.info()?, workspace.status()?);
    let here = counted(status.cases as u64, "case is", "cases are");
    let lines = vec![
        format!(
            "Welcome to {}, {}. This is {}.",
            info.name, info.member_name, info.device_name
        ),
        format!("{here} here. Next: casework board"),
    ];
    let json = json!({ "info": command::json(&info), "status": command::json(&status) });
    Ok(Response::new(lines, json))
}

/// Takes over the authority that `--ca` names.
pub(crate) fn trust(folder: &Path, authority: Option<&Path>) -> Result<(), Fault> {
    let Some(file) = authority else {
        return Ok(());
    };
    let pem = fs::read(file).map_err(|error| Fault::file(file, &error))?;
    Ok(Workspace::trust_authority(folder, &pem)?)
}

/// `$XDG_DATA_HOME/casework`, or `~/.local/share/casework`.
fn default_folder() -> Result<PathBuf, Fault> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(data) = set("XDG_DATA_HOME") {
        return Ok(PathBuf::from(data).join(FOLDER));
    }
    let home = set("HOME").ok_or_else(|| {
        Fault::invalid("there is no home folder to keep the replica in").or_try("--folder DIR")
    })?;
    Ok(PathBuf::from(home).join(".local/share").join(FOLDER))
}
