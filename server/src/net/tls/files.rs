//! The files of TLS: a certificate, its key, and the authority of client certificates.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::server::{NoServerSessionStorage, VerifierBuilderError, WebPkiClientVerifier};
use tokio_rustls::rustls::{self, InconsistentKeys, RootCertStore, ServerConfig, version};

/// The files of TLS, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate, and those of the authorities between it and the one that clients trust.
    pub certificate: PathBuf,
    /// The key of the certificate.
    pub key: PathBuf,
    /// The authorities whose client certificates are accepted.
    pub client_authority: Option<PathBuf>,
}

/// Why files cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TlsFilesError {
    #[error("reading {}", file.display())]
    Read { file: PathBuf, source: io::Error },
    #[error("{} is not in PEM", file.display())]
    Pem { file: PathBuf, source: pem::Error },
    #[error("{} has no certificate: a line -----BEGIN CERTIFICATE----- begins one", file.display())]
    NoCertificate { file: PathBuf },
    #[error("{} has no key without a password: a line -----BEGIN PRIVATE KEY----- begins one", file.display())]
    NoKey { file: PathBuf },
    #[error("{} is not the key of the certificate in {}", key.display(), certificate.display())]
    OtherKey { key: PathBuf, certificate: PathBuf },
    #[error("the certificate in {} and the key in {} cannot be used", certificate.display(), key.display())]
    Pair { certificate: PathBuf, key: PathBuf, source: rustls::Error },
    #[error("the certificate in {} is of no authority", file.display())]
    Authority { file: PathBuf, source: rustls::Error },
    #[error("the authorities in {} cannot be used", file.display())]
    Authorities { file: PathBuf, source: VerifierBuilderError },
}

impl TlsFiles {
    /// Reads the files, and makes of them what handshakes need.
    pub(super) fn read(&self) -> Result<Arc<ServerConfig>, TlsFilesError> {
        let provider = Arc::new(ring::default_provider());
        let chain = certificates(&self.certificate)?;
        let key = key(&self.key)?;
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .expect("ring has both versions");
        let builder = match &self.client_authority {
            Some(file) => builder.with_client_cert_verifier(client_verifier(file, provider)?),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(chain, key).map_err(|error| self.pair_error(error))?;
        // No session is resumed: nothing is stored for clients that do not return, and a certificate that has
        // expired or is no longer trusted is refused at the next connection.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config))
    }

    fn pair_error(&self, error: rustls::Error) -> TlsFilesError {
        let (certificate, key) = (self.certificate.clone(), self.key.clone());
        match error {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                TlsFilesError::OtherKey { key, certificate }
            }
            source => TlsFilesError::Pair { certificate, key, source },
        }
    }
}

/// Accepts clients without a certificate, and those with one of these authorities.
fn client_verifier(
    file: &Path,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, TlsFilesError> {
    let mut authorities = RootCertStore::empty();
    for authority in certificates(file)? {
        let error = |source| TlsFilesError::Authority { file: file.to_owned(), source };
        authorities.add(authority).map_err(error)?;
    }
    WebPkiClientVerifier::builder_with_provider(authorities.into(), provider)
        .allow_unauthenticated()
        .build()
        .map_err(|source| TlsFilesError::Authorities { file: file.to_owned(), source })
}

/// All certificates of a file, at least one.
fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsFilesError> {
    let pem = read(file)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let found = found.map_err(|source| TlsFilesError::Pem { file: file.to_owned(), source })?;
    if found.is_empty() {
        return Err(TlsFilesError::NoCertificate { file: file.to_owned() });
    }
    Ok(found)
}

/// The first key of a file.
fn key(file: &Path) -> Result<PrivateKeyDer<'static>, TlsFilesError> {
    PrivateKeyDer::from_pem_slice(&read(file)?).map_err(|error| match error {
        pem::Error::NoItemsFound => TlsFilesError::NoKey { file: file.to_owned() },
        source => TlsFilesError::Pem { file: file.to_owned(), source },
    })
}

fn read(file: &Path) -> Result<Vec<u8>, TlsFilesError> {
    fs::read(file).map_err(|source| TlsFilesError::Read { file: file.to_owned(), source })
}
