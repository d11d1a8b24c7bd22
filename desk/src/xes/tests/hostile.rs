//! Cut, damaged and hostile logs: never a panic, never half a case, always a clear error.

use proptest::prelude::*;

use super::*;

#[test]
fn what_is_no_log_is_refused_clearly() {
    let told = |bytes: &[u8]| read(bytes, &Limits::default()).2.unwrap().to_string();
    assert!(told(b"").ends_with("this is not an XES log: its first element is \"\", not \"log\""));
    assert!(told(b"<html/>").contains("its first element is \"html\""));
    assert!(told(b"case;activity;time\n1;a;b\n").contains("this is not an XES log"));
    assert!(told(&[0x1f, 0x8b, 1, 2]).contains("the gzip data is damaged or cut off"));
    let laughs = "<!DOCTYPE lolz [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'>]><log/>";
    assert!(told(laughs.as_bytes()).contains("DOCTYPE"));
}

#[test]
fn a_trace_beyond_its_limits_ends_the_reading_after_the_complete_ones() {
    let many = event("A", "x", "2024-03-01", "").repeat(HEAD.len() / 100);
    let xml = log(&(trace("a", "") + &trace("b", &many) + &trace("c", "")));
    for limits in [
        Limits {
            trace_events: 4,
            ..Limits::default()
        },
        Limits {
            trace_attributes: 10,
            ..Limits::default()
        },
        Limits {
            trace_bytes: HEAD.len() as u64 + 50,
            ..Limits::default()
        },
        Limits {
            traces: 1,
            ..Limits::default()
        },
        Limits {
            depth: 3,
            ..Limits::default()
        },
    ] {
        let (complete, _, error) = read(xml.as_bytes(), &limits);
        let stopped = matches!(
            error,
            Some(XesError::Stopped {
                traces: 1,
                fault: Fault::TooLarge { .. },
                ..
            })
        );
        assert!(stopped && complete == 1, "{limits:?}");
    }
    for limits in [
        Limits {
            header_items: 2,
            ..Limits::default()
        },
        Limits {
            trace_bytes: 500,
            ..Limits::default()
        },
    ] {
        assert!(matches!(read(xml.as_bytes(), &limits), (0, 0, Some(_))));
    }
}

#[test]
fn a_single_event_cannot_be_longer_than_a_case_may_be() {
    let wide: String = (0..900)
        .map(|n| format!("<int key='k{n}' value='{n}'/>"))
        .collect();
    let xml = log(&(trace("a", "") + &trace("b", &format!("<event>{wide}</event>"))));
    let limits = Limits {
        trace_bytes: 10_000,
        ..Limits::default()
    };
    let (complete, _, error) = read(xml.as_bytes(), &limits);
    let Some(XesError::Stopped { at, .. }) = error else {
        panic!("not stopped")
    };
    assert!(complete == 1 && at < 13_000, "{at}");
}

#[test]
fn a_cut_plain_log_gives_every_complete_case_and_says_how_many() {
    let xml = sample(7);
    let end = xml.rfind("</log>").unwrap() + "</log>".len();
    for cut in 0..xml.len() {
        let prefix = &xml.as_bytes()[..cut];
        let complete = xml[..cut].matches("</trace>").count() as u64;
        let done = xml[..cut].rfind("</trace>").unwrap_or(0);
        let events = xml[..done].matches("</event>").count() as u64;
        let (seen, seen_events, error) = read(prefix, &Limits::default());
        assert_eq!((seen, seen_events), (complete, events), "cut at {cut}");
        match error {
            None => assert!(cut >= end),
            Some(XesError::Stopped {
                traces,
                events: told,
                ..
            }) => {
                assert!(cut < end);
                assert_eq!((traces, told), (complete, events));
            }
            Some(other) => panic!("{other}"),
        }
    }
}

#[test]
fn a_cut_log_is_planned_up_to_the_break() {
    let xml = sample(200);
    assert!(xml.len() > 60_000);
    for cut in (0..xml.len()).step_by(997) {
        let complete = xml[..cut].matches("</trace>").count();
        match read_all(&xml.as_bytes()[..cut], &Limits::default()) {
            Ok((plan, cases)) => {
                assert_eq!(cases.len(), complete);
                let told = plan.broken.unwrap().to_string();
                assert!(
                    told.contains(&format!("after {complete} complete cases")),
                    "{told}"
                );
            }
            Err(_) => assert_eq!(complete, 0),
        }
    }
}

#[test]
fn a_cut_gzip_log_gives_complete_cases_only() {
    const CASES: usize = 1200;
    let whole = gzip(sample(CASES).as_bytes());
    let (_, expected) = read_all(&whole, &Limits::default()).unwrap();
    assert!(whole.len() > 10 * 997, "{}", whole.len());
    let mut last = 0;
    for cut in (0..whole.len()).step_by(997) {
        let Ok((plan, cases)) = read_all(&whole[..cut], &Limits::default()) else {
            assert_eq!(last, 0);
            continue;
        };
        assert!(cases.len() >= last && cases.len() < CASES);
        last = cases.len();
        assert!(matches!(
            plan.broken,
            Some(XesError::Stopped { fault: Fault::Gzip(_), traces, .. }) if traces == last as u64
        ));
        for (cut, whole) in cases.iter().zip(&expected) {
            assert_eq!(cut.source_id, whole.source_id);
            assert_eq!(cut.events.len(), whole.events.len());
        }
    }
    assert!(last > CASES / 2, "{last}");
}

#[test]
fn a_broken_checksum_after_the_last_case_is_told() {
    let mut bytes = gzip(sample(3).as_bytes());
    let at = bytes.len() - 5;
    bytes[at] ^= 1;
    let (plan, cases) = read_all(&bytes, &Limits::default()).unwrap();
    assert_eq!(cases.len(), 3);
    assert!(matches!(
        plan.broken,
        Some(XesError::Stopped {
            traces: 3,
            fault: Fault::Gzip(_),
            ..
        })
    ));
}

fn small() -> Limits {
    Limits {
        token_bytes: 4096,
        inflated_bytes: 1 << 20,
        ..Limits::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn mutated_logs_never_panic_and_stay_consistent(
        edits in prop::collection::vec((0usize..4000, any::<u8>()), 1..6),
        zipped in any::<bool>(),
    ) {
        let mut bytes = sample(8).into_bytes();
        if zipped {
            bytes = gzip(&bytes);
        }
        for (at, byte) in edits {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        if let Ok((plan, cases)) = read_all(&bytes, &small()) {
            check(&plan, &cases);
        }
    }

    #[test]
    fn spliced_logs_never_panic_and_stay_consistent(
        pieces in prop::collection::vec(0usize..22, 1..60),
    ) {
        const PIECES: [&str; 22] = [
            "<trace>", "</trace>", "<event>", "</event>", "<event/>", "<trace/>", "</log>",
            "<string key='concept:name' value='a'/>", "<string key='concept:name' value='b'/>",
            "<string key='org:resource' value='&#x202e;x'/>", "<list key='l'>", "</list>",
            "<values>", "</values>", "<int key='n' value='5'/>", "<float key='n' value='NaN'/>",
            "<date key='time:timestamp' value='2024-03-01T10:00:00Z'/>",
            "<date key='time:timestamp' value='never'/>", "<container key='c'>", "</container>",
            "<string key='lifecycle:transition' value='start'/>", "<string key='n' value=' '/>",
        ];
        let middle: String = pieces.iter().map(|piece| PIECES[*piece]).collect();
        let xml = format!("<log><trace><event/></trace>{middle}");
        if let Ok((plan, cases)) = read_all(xml.as_bytes(), &small()) {
            check(&plan, &cases);
        }
    }
}
