//! The flags that say where the server listens, and how.

use std::path::PathBuf;

use clap::Args;
use clap::builder::BoolishValueParser;

use crate::net::listen_address::ListenAddress;
use crate::net::listeners::ListenConfig;
use crate::net::tls::TlsFiles;

#[derive(Debug, Clone, Args)]
pub struct ListenFlags {
    /// Where to listen; port 0 takes any free port. Of a host's addresses it is the first that this machine
    /// has, IPv4 first. Beyond the loopback address it takes accounts and TLS, or --insecure
    #[arg(long, env = "BOOKLINE_LISTEN", default_value = "127.0.0.1:2665", value_name = "HOST:PORT")]
    pub listen: ListenAddress,

    /// The certificate of the server, in PEM, with those of the authorities below the one that clients trust:
    /// --listen speaks TLS. SIGHUP reads it again, with the other files of TLS
    #[arg(long, env = "BOOKLINE_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// The key of the certificate, in PEM
    #[arg(long, env = "BOOKLINE_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,

    /// Where to speak TLS, beside --listen, which then speaks none and is a loopback address
    #[arg(long, env = "BOOKLINE_TLS_LISTEN", value_name = "HOST:PORT", requires = "tls_cert")]
    pub tls_listen: Option<ListenAddress>,

    /// Authorities, in PEM, whose client certificates are accepted: the common name of one, or else its first
    /// DNS name, is the account. Clients without a certificate are served too
    #[arg(long, env = "BOOKLINE_TLS_CLIENT_CA", value_name = "FILE", requires = "tls_cert")]
    pub tls_client_ca: Option<PathBuf>,

    /// A Unix socket to listen on, too, for the owner and the group of its file
    #[arg(long, env = "BOOKLINE_LISTEN_UNIX", value_name = "PATH")]
    pub listen_unix: Option<PathBuf>,

    /// On the Unix socket, the name of the user at the other end is the account, if there is one
    #[arg(long, env = "BOOKLINE_UNIX_ACCOUNTS", value_parser = BoolishValueParser::new())]
    pub unix_accounts: bool,

    /// Where those who monitor the server find /metrics, /healthz and /readyz, over plain HTTP; port 0 takes
    /// any free port, which the log output names. Beyond the loopback address it takes --insecure [default:
    /// nowhere]
    #[arg(long, env = "BOOKLINE_METRICS_LISTEN", value_name = "HOST:PORT")]
    pub metrics_listen: Option<ListenAddress>,

    /// Listen beyond the loopback address also without accounts, or without TLS
    #[arg(long, env = "BOOKLINE_INSECURE", value_parser = BoolishValueParser::new())]
    pub insecure: bool,
}

impl ListenFlags {
    /// Checks what clap does not: there, a switch whose variable is 0 would need the other flag, too.
    pub fn check(&self) -> Result<(), String> {
        match (self.unix_accounts, &self.listen_unix) {
            (true, None) => {
                Err("--unix-accounts is for the Unix socket of --listen-unix: give its path, too".into())
            }
            _ => Ok(()),
        }
    }

    pub fn config(&self) -> ListenConfig {
        ListenConfig {
            listen: self.listen.clone(),
            tls: self.tls_listen.clone(),
            metrics: self.metrics_listen.clone(),
            unix: self.listen_unix.clone(),
            unix_accounts: self.unix_accounts,
        }
    }

    /// The files of TLS, if the server speaks it.
    pub fn tls_files(&self) -> Option<TlsFiles> {
        let (certificate, key) = self.tls_cert.clone().zip(self.tls_key.clone())?;
        Some(TlsFiles { certificate, key, client_authority: self.tls_client_ca.clone() })
    }
}
