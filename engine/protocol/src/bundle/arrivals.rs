//! When and where changes arrived in the log, as deltas in one byte string.
//!
//! Per arrival two LEB128 numbers: position and received time, each as the zigzag difference from
//! the arrival before (the first from zero). Two bytes each where changes arrived together.
//! Invariant: one list has exactly one encoding; longer forms of a number are refused.

use minicbor::decode::Error as DecodeError;
use minicbor::{Decoder, Encoder};

use crate::limits::MAX_DOCUMENT_CHANGES;

/// Where a change stands in the log and when the server received it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arrival {
    /// Position in the log, from 0.
    pub seq: u64,
    /// Milliseconds since 1970 by the server's clock.
    pub received_ms: u64,
}

pub(super) fn encode<C, W: minicbor::encode::Write>(
    arrivals: &[Arrival],
    e: &mut Encoder<W>,
    _: &mut C,
) -> Result<(), minicbor::encode::Error<W::Error>> {
    e.bytes(&pack(arrivals))?.ok()
}

pub(super) fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<Vec<Arrival>, DecodeError> {
    let at = d.position();
    unpack(d.bytes()?).ok_or_else(|| {
        DecodeError::message("arrivals are cut off, too many or not in their shortest form").at(at)
    })
}

pub(super) fn pack(arrivals: &[Arrival]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(arrivals.len() * 4);
    let mut last = Arrival {
        seq: 0,
        received_ms: 0,
    };
    for arrival in arrivals {
        write_delta(&mut bytes, last.seq, arrival.seq);
        write_delta(&mut bytes, last.received_ms, arrival.received_ms);
        last = *arrival;
    }
    bytes
}

pub(super) fn unpack(mut bytes: &[u8]) -> Option<Vec<Arrival>> {
    let mut arrivals = Vec::new();
    let mut last = Arrival {
        seq: 0,
        received_ms: 0,
    };
    while !bytes.is_empty() {
        last.seq = read_delta(&mut bytes, last.seq)?;
        last.received_ms = read_delta(&mut bytes, last.received_ms)?;
        arrivals.push(last);
        if arrivals.len() as u64 > MAX_DOCUMENT_CHANGES {
            return None;
        }
    }
    Some(arrivals)
}

/// Writes the difference modulo 2^64, so that every pair of numbers has one.
fn write_delta(bytes: &mut Vec<u8>, from: u64, to: u64) {
    let delta = to.wrapping_sub(from).cast_signed();
    let mut rest = (delta << 1 ^ delta >> 63).cast_unsigned();
    while rest >= 0x80 {
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
}

fn read_delta(bytes: &mut &[u8], from: u64) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let part = u64::from(byte & 0x7f);
        // The tenth byte holds the last bit only.
        if shift == 63 && part > 1 {
            return None;
        }
        number |= part << shift;
        if byte & 0x80 == 0 {
            let shortest = part != 0 || shift == 0;
            let delta = (number >> 1) ^ (number & 1).wrapping_neg();
            return shortest.then(|| from.wrapping_add(delta));
        }
    }
    None
}
