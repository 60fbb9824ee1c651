//! What TLS is spoken with: the authorities that the client trusts, and its own certificate.

mod problem;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

pub use problem::TlsProblem;

/// Why TLS cannot be spoken as the arguments say.
#[derive(Debug, Error)]
pub enum TlsFileError {
    #[error("cannot read {}: {source}", file.display())]
    Unreadable { file: PathBuf, source: io::Error },
    #[error("{} is not in PEM format: a line with BEGIN, base64, and a line with END", file.display())]
    NotPem { file: PathBuf },
    #[error("{} has no private key: it must be in PEM format, with BEGIN PRIVATE KEY", file.display())]
    NoKey { file: PathBuf },
    #[error("{} has no certificate: it must be in PEM format, with BEGIN CERTIFICATE", file.display())]
    NoCertificate { file: PathBuf },
    #[error("{} has a certificate that no authority can have: {reason}", file.display())]
    NotAnAuthority { file: PathBuf, reason: tokio_rustls::rustls::Error },
    #[error("{} and {} are no certificate and its key: {reason}", cert.display(), key.display())]
    NotAPair { cert: PathBuf, key: PathBuf, reason: tokio_rustls::rustls::Error },
    #[error("this system trusts no certificate authority: name that of the server with --ca FILE")]
    NoAuthorities,
}

/// The files of the arguments.
#[derive(Clone, Copy, Debug, Default)]
pub struct TlsFiles<'a> {
    /// The authorities that are trusted, instead of those of the system.
    pub ca: Option<&'a Path>,
    /// The certificate of the client and its key.
    pub own: Option<(&'a Path, &'a Path)>,
}

impl TlsFiles<'_> {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// A file is not what it should be, or nothing is trusted.
    pub fn load(self) -> Result<Arc<ClientConfig>, TlsFileError> {
        let authorities = match self.ca {
            Some(file) => authorities_in(file)?,
            None => authorities_of_system()?,
        };
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has the ciphers of TLS 1.2 and 1.3")
            .with_root_certificates(authorities);
        let Some((cert, key)) = self.own else { return Ok(Arc::new(builder.with_no_client_auth())) };
        let chain = certificates_in(cert)?;
        let own_key = PrivateKeyDer::from_pem_file(key).map_err(|error| match error {
            pem::Error::NoItemsFound => TlsFileError::NoKey { file: key.into() },
            error => unreadable(key, error),
        })?;
        let not_a_pair = |reason| TlsFileError::NotAPair { cert: cert.into(), key: key.into(), reason };
        builder.with_client_auth_cert(chain, own_key).map(Arc::new).map_err(not_a_pair)
    }
}

fn authorities_in(file: &Path) -> Result<RootCertStore, TlsFileError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates_in(file)? {
        let not_an_authority = |reason| TlsFileError::NotAnAuthority { file: file.into(), reason };
        store.add(certificate).map_err(not_an_authority)?;
    }
    Ok(store)
}

/// Those of the system that can be read: a system has certificates that no library understands.
fn authorities_of_system() -> Result<RootCertStore, TlsFileError> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if store.is_empty() { Err(TlsFileError::NoAuthorities) } else { Ok(store) }
}

fn certificates_in(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsFileError> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    let certificates: Vec<_> = read.map_err(|error| unreadable(file, error))?;
    if certificates.is_empty() {
        return Err(TlsFileError::NoCertificate { file: file.into() });
    }
    Ok(certificates)
}

/// The texts of these errors have bytes of the file, which may be those of a key.
fn unreadable(file: &Path, error: pem::Error) -> TlsFileError {
    let file = file.into();
    match error {
        pem::Error::Io(source) => TlsFileError::Unreadable { file, source },
        _ => TlsFileError::NotPem { file },
    }
}
