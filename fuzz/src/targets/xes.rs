//! Logs in XES, plain or gzip: reading, surveying and planning, under small limits.
//!
//! Input: the file. Both passes must agree, and cases may only name what the plan has.

use casework_desk::xes::{CasePlan, ImportPlan, Limits, XesError, read_all};
use rand_chacha::ChaCha8Rng;

use crate::mutate::mutate_bytes;
use crate::outcome::Outcome;

/// Runs one input.
///
/// # Panics
/// When a promise is broken.
#[must_use]
pub fn run(data: &[u8]) -> Outcome {
    match first(data) {
        Ok((plan, cases)) => {
            let events: usize = cases.iter().map(|case| case.events.len()).sum();
            assert_eq!(
                plan.counts.traces,
                cases.len() as u64,
                "cases are lost or made up"
            );
            assert_eq!(
                plan.counts.events, events as u64,
                "events are lost or made up"
            );
            Outcome::accepted(&plan.broken)
        }
        Err(error) => Outcome::refused(&error),
    }
}

/// The whole reading, under limits that a fuzzer reaches.
///
/// # Errors
/// The reader's.
pub fn first(data: &[u8]) -> Result<(ImportPlan, Vec<CasePlan>), XesError> {
    read_all(data, &limits())
}

fn limits() -> Limits {
    Limits {
        file_bytes: 1 << 20,
        inflated_bytes: 4 << 20,
        inflate_ratio: 100,
        inflate_free_bytes: 64 << 10,
        token_bytes: 16 << 10,
        value_bytes: 4 << 10,
        key_bytes: 1 << 10,
        depth: 12,
        trace_attributes: 5_000,
        trace_events: 1_000,
        trace_bytes: 1 << 20,
        traces: 1_000,
        header_items: 50,
        ..Limits::default()
    }
}

/// Small logs: ordinary, nested, of several classifiers, without times, with entities, gzip.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let whole = log(&[
        trace(
            "case 1",
            &[
                event("Receive", "Ana", "2024-03-01T09:00:00.000+01:00", ""),
                EVENT_BARE.into(),
            ],
        ),
        trace(
            "case 2",
            &[event(
                "Decide",
                "Rui",
                "2024-03-02",
                "<int key='amount' value='5'/>",
            )],
        ),
    ]);
    let nested = log(&[trace(
        "deep",
        &[event(
            "A",
            "B",
            "2024-03-01T09:00:00Z",
            "<list key='l'><values><string key='x' value='1'><boolean key='y' value='true'/></string></values></list>",
        )],
    )]);
    let entities = format!(
        "<!DOCTYPE log [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;'>]>{}",
        log(&[trace("&b;&#x41;&amp;", &[])])
    );
    let mut seeds: Vec<Vec<u8>> = [whole.clone(), nested, entities, log(&[])]
        .into_iter()
        .map(String::into_bytes)
        .collect();
    seeds.push(whole.as_bytes()[..whole.len() - 60].to_vec());
    seeds.push(GZIP.to_vec());
    seeds
}

/// An event without anything.
const EVENT_BARE: &str = "<event/>";
/// `<log><trace><event/></trace></log>`, compressed.
const GZIP: &[u8] = &[
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xb3, 0xc9, 0xc9, 0x4f, 0xb7, 0xb3,
    0x29, 0x29, 0x4a, 0x4c, 0x4e, 0xb5, 0xb3, 0x49, 0x2d, 0x4b, 0xcd, 0x2b, 0xd1, 0xb7, 0xb3, 0xd1,
    0x87, 0xf2, 0xf5, 0x41, 0x92, 0x00, 0xc7, 0x45, 0x77, 0x45, 0x22, 0x00, 0x00, 0x00,
];

fn event(activity: &str, person: &str, at: &str, more: &str) -> String {
    format!(
        "<event><string key='concept:name' value='{activity}'/>\
         <string key='org:resource' value='{person}'/>\
         <date key='time:timestamp' value='{at}'/>{more}</event>"
    )
}

fn trace(name: &str, events: &[String]) -> String {
    format!(
        "<trace><string key='concept:name' value='{name}'/>{}</trace>",
        events.concat()
    )
}

fn log(traces: &[String]) -> String {
    format!(
        "<log xes.version='1.0'><extension name='Concept' prefix='concept' uri='u'/>\
         <global scope='trace'><string key='concept:name' value='UNKNOWN'/></global>\
         <classifier name='Activity' keys='concept:name lifecycle:transition'/>\
         <classifier name='Person' keys=\"'org:resource'\"/>\
         <string key='concept:name' value='Small claims'/>{}</log>",
        traces.concat()
    )
}

/// Alters any bytes.
pub fn mutate(data: &mut Vec<u8>, other: &[u8], dice: &mut ChaCha8Rng) {
    mutate_bytes(data, other, dice);
}
