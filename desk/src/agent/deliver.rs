//! Delivering one errand: a webhook after the Standard Webhooks specification, or a program.
//!
//! `webhook-id` is the errand's key for ever, so a receiver that knows it already need not act
//! again; `webhook-signature` is `v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64
//! (standardwebhooks.com). Redirects are not followed: the signature is for one address.

use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use casework::Errand;
use casework::case::facet::automation::OutwardKind;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::json;
use sha2::Sha256;

use super::config::{AgentConfig, Hook, Program};

/// How long a receiver may take.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The status by which a receiver says that it wants no more (Standard Webhooks).
const GONE: u16 = 410;
/// Between two looks at a program.
const BREATH: Duration = Duration::from_millis(20);

/// What came of one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Delivered {
    /// It arrived; what the other side said.
    Done(String),
    /// It never will: not tried again.
    Refused(String),
    /// Not this time.
    Failed(String),
    /// The configuration has no such name: it waits.
    Unknown(String),
}

/// Tries to deliver an errand, once.
#[must_use]
pub(super) fn deliver(config: &AgentConfig, errand: &Errand, now: Timestamp) -> Delivered {
    let unknown = || Delivered::Unknown(format!("agent.toml has no {}", errand.name));
    match errand.kind {
        OutwardKind::Webhook => match config.hooks.get(&errand.name) {
            Some(hook) => call(hook, errand, now),
            None => unknown(),
        },
        OutwardKind::Command => match config.commands.get(&errand.name) {
            Some(program) => start(program, errand),
            None => unknown(),
        },
        // The replica does this by itself.
        OutwardKind::OpenCase => unknown(),
    }
}

/// The signature of a webhook; `None` for a key that no HMAC takes.
#[must_use]
pub(super) fn signature(key: &[u8], id: &str, timestamp: i64, body: &str) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    let code = data_encoding::BASE64.encode(&mac.finalize().into_bytes());
    Some(format!("v1,{code}"))
}

fn call(hook: &Hook, errand: &Errand, now: Timestamp) -> Delivered {
    let body = json!({ "type": "casework.rule", "data": errand }).to_string();
    let seconds = now.as_second();
    let key = hook.key().unwrap_or_default();
    let Some(signed) = signature(&key, &errand.key, seconds, &body) else {
        return Delivered::Failed("the secret cannot sign".to_owned());
    };
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .build();
    let agent: ureq::Agent = config.into();
    let answer = agent
        .post(&hook.url)
        .header("content-type", "application/json")
        .header("webhook-id", &errand.key)
        .header("webhook-timestamp", seconds.to_string())
        .header("webhook-signature", signed)
        .send(body.as_bytes());
    match answer {
        Ok(answer) => {
            let status = answer.status().as_u16();
            match status {
                200..=299 => Delivered::Done(status.to_string()),
                GONE => Delivered::Refused("410: the receiver wants no more".to_owned()),
                _ => Delivered::Failed(format!("answered {status}")),
            }
        }
        Err(error) => Delivered::Failed(error.to_string()),
    }
}

fn start(program: &Program, errand: &Errand) -> Delivered {
    let failed = |error: std::io::Error| {
        Delivered::Failed(format!("{}: {error}", program.program.display()))
    };
    let child = Command::new(&program.program)
        .args(&program.args)
        .env("CASEWORK_KEY", &errand.key)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return failed(error),
    };
    if let Some(mut input) = child.stdin.take() {
        let text = json!(errand).to_string();
        // A program need not read what it is given, and one that does not must not keep us: when it
        // ends or is ended, so does the thread.
        thread::spawn(move || {
            let _ = input.write_all(text.as_bytes());
        });
    }
    let begun = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Delivered::Done(status.to_string()),
            Ok(Some(status)) => return Delivered::Failed(status.to_string()),
            Ok(None) if begun.elapsed() > Duration::from_secs(program.timeout_secs) => {
                let _ = child.kill();
                let _ = child.wait();
                return Delivered::Failed(format!("took more than {} s", program.timeout_secs));
            }
            Ok(None) => thread::sleep(BREATH),
            Err(error) => return failed(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use casework::case::PartId;
    use casework::ids::DocumentId;

    use super::*;

    fn errand(kind: OutwardKind) -> Errand {
        Errand {
            document: DocumentId::new([1; 16]),
            effect: PartId::new([2; 8]),
            key: "abc.def".into(),
            kind,
            name: "crm".into(),
            rule: "tell".into(),
            number: "CO-2026-0001".into(),
            title: "Broken lamp".into(),
            stage: "intake".into(),
            fields: BTreeMap::new(),
        }
    }

    /// Answers one request with this status; gives back what was sent.
    fn listen(status: &'static str) -> (String, thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let told = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let (mut text, mut buffer) = (String::new(), [0; 4096]);
            loop {
                let read = stream.read(&mut buffer).unwrap();
                text.push_str(&String::from_utf8_lossy(&buffer[..read]));
                let whole = |(head, body): (&str, &str)| {
                    let head = head.to_lowercase();
                    let length = head.split("content-length: ").nth(1)?;
                    let length = length.lines().next()?.trim().parse::<usize>().ok()?;
                    Some(body.len() >= length)
                };
                if text.split_once("\r\n\r\n").and_then(whole) == Some(true) || read == 0 {
                    break;
                }
            }
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nlocation: /x\r\n\r\n");
            stream.write_all(answer.as_bytes()).unwrap();
            text
        });
        (url, told)
    }

    fn config(url: String) -> AgentConfig {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned();
        let hooks = BTreeMap::from([("crm".to_owned(), Hook { url, secret })]);
        AgentConfig {
            hooks,
            ..AgentConfig::default()
        }
    }

    #[test]
    fn a_program_that_reads_nothing_and_never_ends_is_ended_in_its_time() {
        let program = Program {
            program: "/bin/sleep".into(),
            args: vec!["60".into()],
            timeout_secs: 0,
        };
        let mut errand = errand(OutwardKind::Command);
        // More than a pipe holds.
        let story = serde_json::Value::from("word ".repeat(100_000));
        errand.fields.insert("story".into(), story);
        let begun = Instant::now();
        let delivered = start(&program, &errand);
        assert!(matches!(delivered, Delivered::Failed(_)), "{delivered:?}");
        assert!(begun.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_signature_is_that_of_the_specification() {
        let key = data_encoding::BASE64
            .decode(b"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
            .unwrap();
        let signed = signature(
            &key,
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            "{\"test\": 2432232314}",
        );
        assert_eq!(
            signed.as_deref(),
            Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        );
    }

    #[test]
    fn a_webhook_is_sent_with_key_time_and_signature_of_exactly_its_body() {
        let (url, told) = listen("204 No Content");
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let config = config(url);
        let errand = errand(OutwardKind::Webhook);
        assert_eq!(
            deliver(&config, &errand, now),
            Delivered::Done("204".into())
        );
        let text = told.join().unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let key = config.hooks["crm"].key().unwrap();
        let signed = signature(&key, "abc.def", 1_700_000_000, body).unwrap();
        let head = head.to_lowercase();
        assert!(head.contains("webhook-id: abc.def"), "{head}");
        assert!(head.contains("webhook-timestamp: 1700000000"), "{head}");
        assert!(
            head.contains(&format!("webhook-signature: {}", signed.to_lowercase())),
            "{head}"
        );
    }

    #[test]
    fn what_a_receiver_answers_decides_whether_it_is_tried_again() {
        let now = Timestamp::UNIX_EPOCH;
        let errand = errand(OutwardKind::Webhook);
        for (status, failed) in [("500 No", true), ("302 Found", true), ("410 Gone", false)] {
            let (url, told) = listen(status);
            let delivered = deliver(&config(url), &errand, now);
            told.join().unwrap();
            assert_eq!(
                matches!(delivered, Delivered::Failed(_)),
                failed,
                "{status}"
            );
            assert_eq!(
                matches!(delivered, Delivered::Refused(_)),
                !failed,
                "{status}"
            );
        }
        let nobody = config("http://127.0.0.1:1/".into());
        assert!(matches!(
            deliver(&nobody, &errand, now),
            Delivered::Failed(_)
        ));
        let empty = AgentConfig::default();
        assert!(matches!(
            deliver(&empty, &errand, now),
            Delivered::Unknown(_)
        ));
    }

    #[test]
    fn a_program_gets_the_errand_and_may_not_take_for_ever() {
        let run = |args: &[&str], timeout_secs| {
            let program = Program {
                program: "/bin/sh".into(),
                args: args.iter().map(|&arg| arg.to_owned()).collect(),
                timeout_secs,
            };
            let commands = BTreeMap::from([("crm".to_owned(), program)]);
            let config = AgentConfig {
                commands,
                ..AgentConfig::default()
            };
            deliver(
                &config,
                &errand(OutwardKind::Command),
                Timestamp::UNIX_EPOCH,
            )
        };
        let checks = "grep -q CO-2026-0001 && test \"$CASEWORK_KEY\" = abc.def";
        assert!(matches!(run(&["-c", checks], 30), Delivered::Done(_)));
        assert!(matches!(run(&["-c", "exit 3"], 30), Delivered::Failed(_)));
        assert!(matches!(run(&["-c", "sleep 30"], 0), Delivered::Failed(_)));
    }
}
