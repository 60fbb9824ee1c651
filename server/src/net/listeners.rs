//! Opens the listeners that the flags ask for.

use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

use crate::net::listen_address::{FoundAddress, ListenAddress, ListenError};
use crate::net::listen_policy::{self, ListenRefusal, PlannedAddress, Protection};
use crate::net::listener::Listener;
use crate::net::tls::Tls;
use crate::net::unix_socket::{UnixSocket, UnixSocketError};

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenConfig {
    /// Speaks TLS if the server does, unless `tls` is another address.
    pub listen: ListenAddress,
    /// A second address, which speaks TLS.
    pub tls: Option<ListenAddress>,
    pub unix: Option<PathBuf>,
    /// Whether the user at the other end of a Unix socket names an account.
    pub unix_accounts: bool,
}

/// Why the listeners cannot be opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenListenersError {
    #[error(transparent)]
    Refused(#[from] ListenRefusal),
    #[error(transparent)]
    Tcp(#[from] ListenError),
    #[error(transparent)]
    Unix(#[from] UnixSocketError),
}

/// An address that is to be listened on, and how.
struct Planned {
    address: FoundAddress,
    judged: PlannedAddress,
    tls: Option<Arc<Tls>>,
}

/// Opens all listeners, after a look whether the server may listen on all of their addresses. `tls` is for
/// those that speak it.
///
/// # Errors
///
/// That it may not, or that the system refuses.
pub async fn open(
    config: &ListenConfig,
    tls: Option<Arc<Tls>>,
    protection: Protection<'_>,
) -> Result<Vec<Listener>, OpenListenersError> {
    let planned = plan(config, tls)?;
    let judged: Vec<PlannedAddress> = planned.iter().map(|planned| planned.judged.clone()).collect();
    listen_policy::check(&judged, protection)?;
    let mut listeners = Vec::new();
    for Planned { address, judged, tls } in planned {
        let listener = address.bind().await?;
        let listener = match tls {
            Some(tls) => Listener::Tls(listener, tls),
            None => Listener::Tcp(listener),
        };
        if let Some(missing) = judged.missing(protection.has_accounts) {
            tracing::warn!("listening on {listener} with --insecure: {}", missing.danger());
        }
        listeners.push(listener);
    }
    if let Some(path) = &config.unix {
        let users = config.unix_accounts.then(Arc::default);
        listeners.push(Listener::Unix(UnixSocket::bind(path).await?, users));
    }
    Ok(listeners)
}

fn plan(config: &ListenConfig, tls: Option<Arc<Tls>>) -> Result<Vec<Planned>, ListenError> {
    let planned = |flag, address: &ListenAddress, tls: Option<Arc<Tls>>| {
        let found = address.find()?;
        let (is_loopback, has_tls) = (found.is_loopback(), tls.is_some());
        let judged = PlannedAddress { flag, address: address.to_string(), is_loopback, has_tls };
        Ok(Planned { address: found, judged, tls })
    };
    match &config.tls {
        None => Ok(vec![planned("--listen", &config.listen, tls)?]),
        Some(address) => {
            Ok(vec![planned("--listen", &config.listen, None)?, planned("--tls-listen", address, tls)?])
        }
    }
}
