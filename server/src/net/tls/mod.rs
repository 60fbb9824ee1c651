//! TLS: its files, handshakes, and the account that a client certificate names.

mod account;
mod files;
mod handshake;

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;
use tokio_rustls::rustls::ServerConfig;

pub use files::{TlsFiles, TlsFilesError};
pub use handshake::{HANDSHAKE_TIME_MAX, HANDSHAKES_MAX, Opened};

/// What TLS listeners share: the files in use, and how many handshakes there may be.
#[derive(Debug)]
pub struct Tls {
    files: TlsFiles,
    /// What new handshakes use.
    config: Mutex<Arc<ServerConfig>>,
    handshakes: Semaphore,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// [`TlsFilesError`], which names the file that cannot be used.
    pub fn new(files: TlsFiles) -> Result<Self, TlsFilesError> {
        let config = Mutex::new(files.read()?);
        Ok(Self { files, config, handshakes: Semaphore::new(HANDSHAKES_MAX) })
    }

    /// Reads the files again, for the handshakes to come. If they cannot be used, the old ones stay in use.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn reload(&self) -> Result<(), TlsFilesError> {
        let config = self.files.read()?;
        *self.config.lock().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    fn config(&self) -> Arc<ServerConfig> {
        self.config.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
