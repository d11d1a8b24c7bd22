//! Scalar values as columns hold them: a type code with a length, and the bytes.
//!
//! Invariant: a value that passes decodes in the document library, and encodes to the same bytes.

use super::GateError;
use super::leb::Reader;

pub(super) const NULL: u8 = 0;
pub(super) const UNSIGNED: u8 = 3;
pub(super) const SIGNED: u8 = 4;
pub(super) const BYTES: u8 = 7;

/// Type code and length of a value, unpacked from its metadata number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ScalarMeta {
    pub(super) type_code: u8,
    pub(super) length: u64,
}

impl From<u64> for ScalarMeta {
    fn from(packed: u64) -> Self {
        Self {
            type_code: (packed & 0xf) as u8,
            length: packed >> 4,
        }
    }
}

impl ScalarMeta {
    /// Takes the value's bytes and checks that they are one value of this type.
    pub(super) fn check(self, raw: &mut Reader<'_>) -> Result<(), GateError> {
        let bytes = raw.take("value", self.length)?;
        let whole = match self.type_code {
            // Null, false and true are said by the type alone.
            0..=2 => bytes.is_empty(),
            UNSIGNED => one(bytes, |reader| reader.unsigned("value").map(drop)),
            // Signed integers, counters and times.
            SIGNED | 8 | 9 => one(bytes, |reader| reader.signed("value").map(drop)),
            5 => bytes.len() == 8,
            6 => core::str::from_utf8(bytes).is_ok(),
            // Bytes, and types that a later format may define: kept as they are.
            _ => true,
        };
        if whole { Ok(()) } else { Err(self.misfit()) }
    }

    /// Checks a run of values of this type; none of it is materialised.
    pub(super) fn check_run(self, count: u64, raw: &mut Reader<'_>) -> Result<(), GateError> {
        if self.length == 0 {
            return self.check(raw);
        }
        let wanted = self.length.saturating_mul(count);
        if wanted > raw.left() as u64 {
            return Err(GateError::Truncated {
                part: "value",
                wanted,
                left: raw.left(),
            });
        }
        (0..count).try_for_each(|_| self.check(raw))
    }

    pub(super) fn misfit(self) -> GateError {
        GateError::Scalar {
            type_code: self.type_code,
            bytes: self.length,
        }
    }
}

fn one(bytes: &[u8], read: impl Fn(&mut Reader<'_>) -> Result<(), GateError>) -> bool {
    let mut reader = Reader::new(bytes);
    read(&mut reader).is_ok() && reader.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(type_code: u8, bytes: &[u8]) -> Result<(), GateError> {
        ScalarMeta {
            type_code,
            length: bytes.len() as u64,
        }
        .check(&mut Reader::new(bytes))
    }

    #[test]
    fn each_type_takes_its_own_bytes_and_no_others() {
        for (type_code, bytes) in [
            (0, &[][..]),
            (1, &[]),
            (2, &[]),
            (3, &[0x80, 1]),
            (4, &[0x7f]),
            (5, &[0; 8]),
            (6, "é".as_bytes()),
            (7, &[0xff]),
            (8, &[0]),
            (9, &[0xff, 0]),
            (12, &[1, 2, 3]),
        ] {
            assert_eq!(check(type_code, bytes), Ok(()), "{type_code}");
        }
        for (type_code, bytes) in [
            (0, &[0][..]),
            (1, &[1]),
            (2, &[1]),
            (3, &[0x80, 0]),
            (3, &[1, 1]),
            (3, &[]),
            (4, &[0xff, 0x7f]),
            (5, &[0; 4]),
            (6, &[0xff]),
            (8, &[]),
            (9, &[0, 0]),
        ] {
            let expected = GateError::Scalar {
                type_code,
                bytes: bytes.len() as u64,
            };
            assert_eq!(check(type_code, bytes), Err(expected), "{type_code}");
        }
    }

    #[test]
    fn a_run_of_values_longer_than_the_raw_column_is_refused_at_once() {
        let meta = ScalarMeta {
            type_code: 6,
            length: 2,
        };
        let error = meta
            .check_run(u64::MAX, &mut Reader::new(b"abcd"))
            .unwrap_err();
        assert!(matches!(error, GateError::Truncated { .. }));
        let empty = ScalarMeta {
            type_code: 0,
            length: 0,
        };
        assert_eq!(empty.check_run(u64::MAX, &mut Reader::new(&[])), Ok(()));
    }
}
