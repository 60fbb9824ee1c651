//! The flags that say how a server is reached securely, and as whom.

use std::path::PathBuf;
use std::sync::Arc;

use clap::builder::BoolishValueParser;
use tokio_rustls::rustls::ClientConfig;

use crate::address::Address;
use crate::error::Error;
use crate::login::{Login, SecretSource};
use crate::tls::TlsFiles;

/// TLS and the account, for all commands.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct AccessArgs {
    /// Speak TLS, and trust the certificate authorities of the system
    #[arg(long, global = true, env = "BOOKLINE_TLS", value_parser = BoolishValueParser::new())]
    pub tls: bool,

    /// Speak TLS, and trust the certificate authorities in this file alone (PEM)
    #[arg(long, global = true, env = "BOOKLINE_CA", value_name = "FILE")]
    pub ca: Option<PathBuf>,

    /// Speak TLS, and show the server this certificate (PEM)
    #[arg(long, global = true, env = "BOOKLINE_CERT", value_name = "FILE")]
    pub cert: Option<PathBuf>,

    /// The private key of --cert (PEM)
    #[arg(long, global = true, env = "BOOKLINE_KEY", value_name = "FILE")]
    pub key: Option<PathBuf>,

    /// The account, whose secret is BOOKLINE_SECRET, or that of --secret-file, or
    /// asked for on the terminal
    #[arg(long, global = true, env = "BOOKLINE_USER", value_name = "NAME")]
    pub user: Option<String>,

    /// The secret of --user: the first line of this file
    #[arg(long, global = true, env = "BOOKLINE_SECRET_FILE", value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
}

impl AccessArgs {
    /// Whether TLS is asked for.
    pub fn has_tls(&self) -> bool {
        self.tls || self.ca.is_some() || self.cert.is_some() || self.key.is_some()
    }

    /// What TLS is spoken with to this server, if it is.
    ///
    /// # Errors
    ///
    /// The flags do not go together, or their files are not what they should be.
    pub fn tls(&self, address: &Address) -> Result<Option<Arc<ClientConfig>>, Error> {
        if !self.has_tls() {
            return Ok(None);
        }
        if let Address::Unix(_) = address {
            return Err(Error::TlsOverUnix { address: address.clone() });
        }
        let own = match (self.cert.as_deref(), self.key.as_deref()) {
            (None, None) => None,
            (Some(cert), Some(key)) => Some((cert, key)),
            _ => return Err(Error::CertificateWithoutKey),
        };
        Ok(Some(TlsFiles { ca: self.ca.as_deref(), own }.load()?))
    }

    /// The account and its secret, which may be asked for on the terminal.
    ///
    /// # Errors
    ///
    /// There is no secret.
    pub fn login(&self) -> Result<Option<Login>, Error> {
        let file = self.secret_file.as_deref();
        match &self.user {
            Some(user) => Ok(Some(Login::new(user.as_str(), SecretSource { file }.find(user)?))),
            None if file.is_some() => Err(Error::SecretWithoutUser),
            None => Ok(None),
        }
    }
}
