//! The device's secret key in a store of the app's own: Keychain, Keystore, a vault.
//!
//! The app keeps 32 bytes and nothing else; making a key and signing with it stay in the library.

use std::sync::Arc;

use casework::Error;
use casework::keys::{SecretKey, Signer};

/// What a key store answers when it cannot do what it is asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum KeyStoreError {
    /// Locked, cancelled by the person, or not reachable: trying again later makes sense.
    #[error("{reason}")]
    Unavailable {
        /// In words.
        reason: String,
    },
    /// The code of the store failed, and trying again does not help: a missing entitlement, a defect.
    /// The call ends with `Internal`.
    #[error("{reason}")]
    Failed {
        /// In words.
        reason: String,
    },
}

impl From<uniffi::UnexpectedUniFFICallbackError> for KeyStoreError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed {
            reason: error.reason,
        }
    }
}

/// Keeps one secret of 32 bytes. Called on the thread that opens, creates or joins.
#[uniffi::export(foreign)]
pub trait KeyStore: Send + Sync {
    /// The secret that was stored; nothing when there is none yet.
    ///
    /// # Errors
    /// When the store cannot be read now.
    fn load(&self) -> Result<Option<Vec<u8>>, KeyStoreError>;

    /// Stores the secret of a new device, durably, before it answers, in the place of any that was
    /// there. Only called while the store answers that it has none.
    ///
    /// # Errors
    /// When it cannot; then no device is made.
    fn save(&self, secret: Vec<u8>) -> Result<(), KeyStoreError>;
}

/// The app's store as the SDK wants one.
pub(crate) struct AppKeys(pub(crate) Arc<dyn KeyStore>);

impl casework::KeyStore for AppKeys {
    fn obtain(&self) -> Result<Arc<dyn Signer>, Error> {
        if let Some(key) = self.stored()? {
            return Ok(Arc::new(key));
        }
        let key = casework::fresh_key()?;
        self.0
            .save(key.to_seed().to_vec())
            .map_err(|error| failed("does not keep a new key", &error))?;
        Ok(Arc::new(key))
    }

    fn recall(&self) -> Result<Arc<dyn Signer>, Error> {
        let gone = || {
            Error::Corrupt(
                "the app's key store has no key for this workspace; restore it, or join again as \
                 a new device"
                    .to_owned(),
            )
        };
        Ok(Arc::new(self.stored()?.ok_or_else(gone)?))
    }
}

impl AppKeys {
    fn stored(&self) -> Result<Option<SecretKey>, Error> {
        let stored = self.0.load();
        let Some(bytes) = stored.map_err(|error| failed("cannot be read", &error))? else {
            return Ok(None);
        };
        let seed: [u8; 32] = bytes.as_slice().try_into().map_err(|_| {
            Error::Corrupt(format!(
                "the app's key store holds {} bytes where the key has 32; restore it, or join \
                 again as a new device",
                bytes.len()
            ))
        })?;
        Ok(Some(SecretKey::from_seed(&seed)))
    }
}

fn failed(what: &str, error: &KeyStoreError) -> Error {
    let text = format!("the app's key store {what}: {error}");
    match error {
        KeyStoreError::Unavailable { .. } => Error::Unavailable(text),
        KeyStoreError::Failed { .. } => Error::Internal(text),
    }
}
