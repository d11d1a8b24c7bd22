//! Bytes read as choices: what turns an input into a sequence of entries or questions.
//!
//! Invariant: every input is a script; one that has ended gives zeroes.

/// An input being read.
#[derive(Debug, Clone)]
pub struct Script<'a> {
    bytes: &'a [u8],
}

impl<'a> Script<'a> {
    /// Reads from the beginning.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        match self.bytes.split_first() {
            Some((first, rest)) => {
                self.bytes = rest;
                *first
            }
            None => 0,
        }
    }

    /// A number below `count`, which is at least 1.
    pub fn below(&mut self, count: usize) -> usize {
        usize::from(self.byte()) % count
    }

    /// One of these.
    pub fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.below(from.len())]
    }

    /// A flag.
    pub fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// Nothing, or a flag.
    pub fn maybe(&mut self) -> Option<bool> {
        match self.byte() % 3 {
            0 => None,
            n => Some(n == 1),
        }
    }

    /// A number of up to eight bytes: its length first, so that small ones are common.
    pub fn number(&mut self) -> u64 {
        let bytes = self.below(9);
        (0..bytes).fold(0, |number, _| number << 8 | u64::from(self.byte()))
    }

    /// Whether nothing is left.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What is left.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_that_has_ended_gives_zeroes() {
        let mut script = Script::new(&[5, 2, 1, 4]);
        assert_eq!(
            (script.byte(), script.number(), script.is_over()),
            (5, 0x0104, true)
        );
        assert_eq!(
            (script.byte(), script.below(3), script.maybe()),
            (0, 0, None)
        );
    }
}
