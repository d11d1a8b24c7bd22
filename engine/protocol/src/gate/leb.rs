//! A cursor over hostile bytes: LEB128 numbers in their one shortest spelling, and slices.
//!
//! It never reads past its end and never allocates; every error says which part broke off.
//! Invariant: what it accepts, the document library reads as the same number.

use super::GateError;

/// A position in a slice that only moves forward.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Takes exactly this many bytes.
    pub(super) fn take(&mut self, part: &'static str, count: u64) -> Result<&'a [u8], GateError> {
        let taken = usize::try_from(count)
            .ok()
            .and_then(|count| self.rest.split_at_checked(count));
        let (taken, rest) = taken.ok_or(GateError::Truncated {
            part,
            wanted: count,
            left: self.rest.len(),
        })?;
        self.rest = rest;
        Ok(taken)
    }

    /// Takes an array of a fixed length.
    pub(super) fn array<const N: usize>(
        &mut self,
        part: &'static str,
    ) -> Result<[u8; N], GateError> {
        let (taken, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(GateError::Truncated {
                part,
                wanted: N as u64,
                left: self.rest.len(),
            })?;
        self.rest = rest;
        Ok(*taken)
    }

    /// Reads an unsigned number of at most 64 bits.
    #[inline]
    pub(super) fn unsigned(&mut self, part: &'static str) -> Result<u64, GateError> {
        if let Some((&byte, rest)) = self.rest.split_first()
            && byte < 0x80
        {
            self.rest = rest;
            return Ok(u64::from(byte));
        }
        self.long_unsigned(part)
    }

    /// Reads a signed number of at most 64 bits.
    pub(super) fn signed(&mut self, part: &'static str) -> Result<i64, GateError> {
        let mut value: i64 = 0;
        let mut shift = 0;
        let mut previous = 0u8;
        loop {
            let [byte] = self.array(part)?;
            // The tenth byte carries one bit, the sign, and its extension.
            if shift == 63 && byte != 0 && byte != 0x7f {
                return Err(GateError::Number { part });
            }
            value |= i64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                let negative = byte & 0x40 != 0;
                let idle =
                    (byte == 0 && previous & 0x40 == 0) || (byte == 0x7f && previous & 0x40 != 0);
                if shift > 7 && idle {
                    return Err(GateError::Number { part });
                }
                if negative && shift < 64 {
                    value |= -1 << shift;
                }
                return Ok(value);
            }
            previous = byte;
        }
    }

    /// Reads a count and holds it against its limit, before anything is done with it.
    pub(super) fn count(&mut self, part: &'static str, limit: u64) -> Result<u64, GateError> {
        let count = self.unsigned(part)?;
        within(part, count, limit)?;
        Ok(count)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn long_unsigned(&mut self, part: &'static str) -> Result<u64, GateError> {
        let mut value: u64 = 0;
        let mut shift = 0;
        loop {
            let [byte] = self.array(part)?;
            if shift == 63 && byte > 1 {
                return Err(GateError::Number { part });
            }
            value |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 7 {
                    return Err(GateError::Number { part });
                }
                return Ok(value);
            }
        }
    }
}

/// Refuses a count beyond its limit.
pub(super) fn within(part: &'static str, count: u64, limit: u64) -> Result<(), GateError> {
    if count > limit {
        return Err(GateError::Limit { part, count, limit });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unsigned(bytes: &[u8]) -> Result<u64, GateError> {
        Reader::new(bytes).unsigned("test")
    }

    fn signed(bytes: &[u8]) -> Result<i64, GateError> {
        Reader::new(bytes).signed("test")
    }

    #[test]
    fn the_largest_and_smallest_numbers_are_read() {
        let mut most = [0xff; 10];
        most[9] = 1;
        assert_eq!(unsigned(&most), Ok(u64::MAX));
        most[9] = 0;
        assert_eq!(signed(&most), Ok(i64::MAX));
        let mut least = [0x80; 10];
        least[9] = 0x7f;
        assert_eq!(signed(&least), Ok(i64::MIN));
    }

    #[test]
    fn a_number_spelled_longer_than_needed_or_too_large_is_refused() {
        let number = Err(GateError::Number { part: "test" });
        assert_eq!(unsigned(&[0x81, 0]), number);
        assert_eq!(
            unsigned(&[0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 2]),
            number
        );
        let number = Err(GateError::Number { part: "test" });
        assert_eq!(signed(&[0xbf, 0]), number);
        assert_eq!(signed(&[0x81, 0xff, 0x7f]), number);
        assert_eq!(
            signed(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
            number
        );
        assert!(matches!(
            unsigned(&[0xff]),
            Err(GateError::Truncated { .. })
        ));
        assert!(matches!(signed(&[0x90]), Err(GateError::Truncated { .. })));
    }

    proptest! {
        #[test]
        fn every_number_reads_back_from_its_shortest_spelling(n: u64, s: i64) {
            let mut bytes = Vec::new();
            super::super::forge::write_unsigned(&mut bytes, n);
            super::super::forge::write_signed(&mut bytes, s);
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(reader.unsigned("n"), Ok(n));
            prop_assert_eq!(reader.signed("s"), Ok(s));
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn a_spelling_that_is_accepted_is_the_only_one(bytes in proptest::collection::vec(any::<u8>(), 0..12)) {
            let mut reader = Reader::new(&bytes);
            if let Ok(n) = reader.unsigned("n") {
                let mut again = Vec::new();
                super::super::forge::write_unsigned(&mut again, n);
                prop_assert_eq!(&again[..], &bytes[..bytes.len() - reader.left()]);
            }
            let mut reader = Reader::new(&bytes);
            if let Ok(n) = reader.signed("n") {
                let mut again = Vec::new();
                super::super::forge::write_signed(&mut again, n);
                prop_assert_eq!(&again[..], &bytes[..bytes.len() - reader.left()]);
            }
        }
    }
}
