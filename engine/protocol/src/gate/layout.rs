//! Which columns a chunk lists and where their bytes are. Does not look into them.
//!
//! Invariant: every listed column is known, in order, listed once and not empty.

use super::GateError;
use super::leb::Reader;

/// Bit 3 of a column specification: its bytes are deflated.
const DEFLATED: u32 = 0b1000;

/// The columns a chunk may have.
#[derive(Debug)]
pub(super) struct Layout<const N: usize> {
    /// Specification and name of each, ascending.
    pub(super) known: [(u32, &'static str); N],
    pub(super) deflate: Deflate,
}

/// Whether columns may be deflated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deflate {
    Allowed,
    Forbidden,
}

/// One column as listed: still without its bytes.
#[derive(Debug, Clone, Copy, Default)]
struct Listed {
    length: u64,
    deflated: bool,
}

/// The listed columns, in the order of the layout; those not listed have no bytes.
#[derive(Debug)]
pub(super) struct Listing<const N: usize>([Listed; N]);

/// The bytes of one column as they stand in the chunk.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stored<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) deflated: bool,
}

impl<const N: usize> Layout<N> {
    /// Reads the list of columns: count, then specification and length of each.
    pub(super) fn list(&self, reader: &mut Reader<'_>) -> Result<Listing<N>, GateError> {
        const PART: &str = "columns";
        let count = reader.count(PART, N as u64)?;
        let mut listing = Listing([Listed::default(); N]);
        let mut from = 0;
        for place in 0..count {
            let spec = u32::try_from(reader.unsigned(PART)?)
                .map_err(|_| GateError::Number { part: PART })?;
            let plain = spec & !DEFLATED;
            let Some(found) = self.known.iter().position(|(known, _)| *known == plain) else {
                return Err(GateError::UnknownColumn { spec });
            };
            if found < from {
                return Err(GateError::Order {
                    part: PART,
                    place: place as usize,
                });
            }
            from = found + 1;
            let column = self.known[found].1;
            let deflated = spec != plain;
            if deflated && self.deflate == Deflate::Forbidden {
                return Err(GateError::Deflated { column });
            }
            let length = reader.unsigned(PART)?;
            if length == 0 {
                return Err(GateError::EmptyColumn { column });
            }
            listing.0[found] = Listed { length, deflated };
        }
        Ok(listing)
    }

    /// Takes the bytes of the listed columns, which follow one another.
    pub(super) fn take<'a>(
        &self,
        listing: &Listing<N>,
        reader: &mut Reader<'a>,
    ) -> Result<[Stored<'a>; N], GateError> {
        let mut columns = [Stored::default(); N];
        for ((column, listed), (_, name)) in columns.iter_mut().zip(&listing.0).zip(&self.known) {
            column.bytes = reader.take(name, listed.length)?;
            column.deflated = listed.deflated;
        }
        Ok(columns)
    }
}
