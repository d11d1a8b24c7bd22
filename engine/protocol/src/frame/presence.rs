//! Who has which case open, while they have it open: said, handed on and forgotten.
//!
//! A device says all it has open, every time; a server says all who are at one document, every
//! time. So the newest frame is all there is to know, and a lost or doubled one does no harm. A
//! device never names its member, and a server names devices: whose they are, the roster says.

use minicbor::{Decode, Encode};

use crate::ids::{DeviceId, DocumentId};

/// What somebody does at a document. The numbers are on the wire; the order is that of strength.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    serde::Serialize,
    serde::Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Activity {
    /// Has it open.
    #[n(0)]
    Open,
    /// Writes in it.
    #[n(1)]
    Typing,
}

/// What a device says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Announced {
    /// Where.
    #[n(0)]
    pub document: DocumentId,
    /// What.
    #[n(1)]
    pub activity: Activity,
}

/// What a server says of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Present {
    /// Who, as its session proved.
    #[n(0)]
    pub device: DeviceId,
    /// What.
    #[n(1)]
    pub activity: Activity,
}
