//! The secrets of public forms: tokens of links, nonces of pages, receipt numbers.
//!
//! ```text
//! PageNonce ─┬─▶ id of the submission      (kept in the case)
//!            └─▶ Receipt ──hash──▶          (the hash is kept, the number only the person has)
//! ```
//! Both derive from the nonce, so a page that is sent twice gives the same submission and the same
//! receipt. Documents hold hashes only: who can read a case can follow no receipt.

use core::fmt;
use core::str::FromStr;

use casework_engine::case::PartId;
use casework_protocol::digest::{Tag, digest};
use data_encoding::HEXLOWER;

/// The letters of receipts (Crockford): no I, L, O or U, which are read as other ones.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Letters of a receipt number before the one that checks them: 95 bits.
const RECEIPT_LETTERS: usize = 19;
/// Letters in a group.
const GROUP: usize = 4;
/// Longest text that is looked at as a receipt, in bytes.
const MAX_TYPED_BYTES: usize = 100;

/// The secret part of a link to a form: 128 random bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LinkToken([u8; 16]);

/// The random bits of one page that was shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PageNonce([u8; 16]);

/// The number with which a person comes back: nineteen letters and one that checks them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Receipt([u8; RECEIPT_LETTERS]);

/// A text that is no link token. Cure: copy the whole link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not the end of a link to a form: it has 26 letters and digits")]
pub struct LinkTokenError;

/// A text that is no receipt number. Cure: compare it letter by letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a receipt number: it has twenty letters and digits, and one is wrong")]
pub struct ReceiptError;

/// The hash under which an agreed text is kept.
#[must_use]
pub fn consent_hash(text: &str) -> String {
    hash(b"consent\0", text.as_bytes())
}

fn hash(what: &[u8], bytes: &[u8]) -> String {
    HEXLOWER.encode(&digest(Tag::Form, &[what, bytes]))
}

impl LinkToken {
    /// A token of these random bits.
    #[must_use]
    pub const fn new(bits: [u8; 16]) -> Self {
        Self(bits)
    }

    /// What is kept of it.
    #[must_use]
    pub fn hash(&self) -> String {
        hash(b"link\0", &self.0)
    }
}

impl fmt::Display for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = u128::from_be_bytes(self.0);
        let mut text = [0_u8; 26];
        for letter in text.iter_mut().rev() {
            *letter = LETTERS[(rest & 31) as usize].to_ascii_lowercase();
            rest >>= 5;
        }
        f.write_str(core::str::from_utf8(&text).expect("letters are ASCII"))
    }
}

impl FromStr for LinkToken {
    type Err = LinkTokenError;

    fn from_str(text: &str) -> Result<Self, LinkTokenError> {
        if text.len() != 26 {
            return Err(LinkTokenError);
        }
        let mut bits: u128 = 0;
        for (n, letter) in text.bytes().enumerate() {
            let value = value_of(letter).ok_or(LinkTokenError)?;
            // Twenty-six letters hold two bits too many.
            if letter.is_ascii_uppercase() || (n == 0 && value > 7) {
                return Err(LinkTokenError);
            }
            bits = (bits << 5) | u128::from(value);
        }
        Ok(Self(bits.to_be_bytes()))
    }
}

impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkToken(…)")
    }
}

/// Without the bits: the receipt follows from them.
impl fmt::Debug for PageNonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PageNonce(…)")
    }
}

impl PageNonce {
    /// A nonce of these random bits.
    #[must_use]
    pub const fn new(bits: [u8; 16]) -> Self {
        Self(bits)
    }

    /// The bits.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The id of the submission of this page.
    #[must_use]
    pub fn submission(&self) -> PartId {
        self.part(b"submission\0")
    }

    /// The id of the addition of this page.
    #[must_use]
    pub fn addition(&self) -> PartId {
        self.part(b"addition\0")
    }

    /// The receipt of this page.
    #[must_use]
    pub fn receipt(&self) -> Receipt {
        let bytes = digest(Tag::Form, &[b"receipt\0", &self.0]);
        let mut letters = [0; RECEIPT_LETTERS];
        for (letter, byte) in letters.iter_mut().zip(bytes) {
            *letter = byte & 31;
        }
        Receipt(letters)
    }

    fn part(&self, what: &[u8]) -> PartId {
        let mut id = [0; 8];
        id.copy_from_slice(&digest(Tag::Form, &[what, &self.0])[..8]);
        PartId::new(id)
    }
}

impl Receipt {
    /// What is kept of it.
    #[must_use]
    pub fn hash(&self) -> String {
        hash(b"kept receipt\0", &self.0)
    }

    /// The letter that checks the others (Luhn, modulo 32): every single wrong letter changes it,
    /// and nearly every pair of neighbours that changed places.
    fn check(&self) -> u8 {
        let mut sum = 0_u32;
        for (n, letter) in self.0.iter().rev().enumerate() {
            let value = u32::from(*letter) * if n % 2 == 0 { 2 } else { 1 };
            sum += value / 32 + value % 32;
        }
        u8::try_from((32 - sum % 32) % 32).expect("below 32")
    }
}

/// `7K4Q-9M2X-…`: five groups of four.
impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.0.iter().copied().chain([self.check()]);
        for (n, letter) in all.enumerate() {
            if n > 0 && n % GROUP == 0 {
                f.write_str("-")?;
            }
            write!(f, "{}", char::from(LETTERS[usize::from(letter & 31)]))?;
        }
        Ok(())
    }
}

/// Reads what people type: small letters, other groups, O for 0, I and L for 1.
impl FromStr for Receipt {
    type Err = ReceiptError;

    fn from_str(text: &str) -> Result<Self, ReceiptError> {
        if text.len() > MAX_TYPED_BYTES {
            return Err(ReceiptError);
        }
        let typed = text.bytes().filter(|b| !b" -\t".contains(b));
        let values: Option<Vec<u8>> = typed
            .map(|letter| match letter.to_ascii_uppercase() {
                b'O' => Some(0),
                b'I' | b'L' => Some(1),
                other => value_of(other),
            })
            .collect();
        let values = values.ok_or(ReceiptError)?;
        let (check, letters) = values.split_last().ok_or(ReceiptError)?;
        let receipt = Self(letters.try_into().map_err(|_| ReceiptError)?);
        if receipt.check() == *check {
            Ok(receipt)
        } else {
            Err(ReceiptError)
        }
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receipt(…)")
    }
}

fn value_of(letter: u8) -> Option<u8> {
    let letter = letter.to_ascii_uppercase();
    let at = LETTERS.iter().position(|known| *known == letter)?;
    u8::try_from(at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt() -> Receipt {
        PageNonce::new([9; 16]).receipt()
    }

    #[test]
    fn a_token_reads_back_and_has_one_text() {
        for bits in [[0; 16], [255; 16], *b"0123456789abcdef"] {
            let token = LinkToken::new(bits);
            let text = token.to_string();
            assert_eq!(text.len(), 26);
            assert_eq!(text.parse(), Ok(token));
            assert!(text.to_uppercase().parse::<LinkToken>().is_err() || bits == [0; 16]);
        }
        let text = LinkToken::new([255; 16]).to_string();
        for wrong in [
            &text[1..],
            &format!("z{}", &text[1..]),
            "",
            "../../etc/passwd-and-more-x",
        ] {
            assert_eq!(wrong.parse::<LinkToken>(), Err(LinkTokenError), "{wrong}");
        }
    }

    #[test]
    fn a_page_gives_the_same_submission_and_receipt_every_time() {
        let (page, other) = (PageNonce::new([1; 16]), PageNonce::new([2; 16]));
        assert_eq!(page.submission(), PageNonce::new([1; 16]).submission());
        assert_eq!(page.receipt(), PageNonce::new([1; 16]).receipt());
        assert_ne!(page.submission(), other.submission());
        assert_ne!(page.receipt(), other.receipt());
        assert_ne!(page.submission(), page.addition());
    }

    #[test]
    fn a_receipt_is_read_as_people_write_it() {
        let text = receipt().to_string();
        assert_eq!(text.len(), 24);
        assert_eq!(text.parse(), Ok(receipt()));
        let spoken = text.replace('-', " ").to_lowercase();
        assert_eq!(spoken.parse(), Ok(receipt()));
        let misread = text.replace('0', "o").replace('1', "l");
        assert_eq!(misread.parse(), Ok(receipt()));
    }

    #[test]
    fn one_wrong_letter_is_always_found() {
        let text = receipt().to_string();
        for (at, letter) in text.char_indices().filter(|(_, letter)| *letter != '-') {
            for other in LETTERS.map(char::from).into_iter().filter(|c| *c != letter) {
                let mut wrong = text.clone();
                wrong.replace_range(at..=at, &other.to_string());
                assert_eq!(wrong.parse::<Receipt>(), Err(ReceiptError), "{wrong}");
            }
        }
        for wrong in [
            "",
            "-",
            &text[..23],
            &format!("{text}0"),
            "U",
            &"é".repeat(20),
        ] {
            assert_eq!(wrong.parse::<Receipt>(), Err(ReceiptError), "{wrong}");
        }
    }

    #[test]
    fn nothing_that_is_kept_gives_the_number_away() {
        let text = receipt().to_string();
        let kept = receipt().hash();
        assert_eq!(kept.len(), 64);
        assert!(!kept.contains(&text.to_lowercase().replace('-', "")));
        assert!(!format!("{:?}", receipt()).contains(&text[..4]));
    }
}
