//! Opens the listeners that the flags ask for.

use std::fmt::Display;
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;
use tokio::net::TcpListener;

use crate::net::listen_address::{FoundAddress, ListenAddress, ListenError};
use crate::net::listen_policy::{self, ListenRefusal, PlannedAddress, Protection, Serves};
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
    /// Where those who monitor the server find its metrics.
    pub metrics: Option<ListenAddress>,
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

/// The sockets of a server that listens.
#[derive(Debug)]
pub struct Opened {
    /// For clients.
    pub clients: Vec<Listener>,
    pub metrics: Option<TcpListener>,
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
) -> Result<Opened, OpenListenersError> {
    let planned = plan(config, tls)?;
    let metrics = config.metrics.as_ref().map(plan_metrics).transpose()?;
    let all = planned.iter().chain(&metrics);
    let judged: Vec<PlannedAddress> = all.map(|planned| planned.judged.clone()).collect();
    listen_policy::check(&judged, protection)?;
    let mut listeners = Vec::new();
    for Planned { address, judged, tls } in planned {
        let listener = address.bind().await?;
        let listener = match tls {
            Some(tls) => Listener::Tls(listener, tls),
            None => Listener::Tcp(listener),
        };
        warn_of_danger(&judged, &listener, protection);
        listeners.push(listener);
    }
    let metrics = match metrics {
        Some(Planned { address, judged, .. }) => {
            let listener = address.bind().await?;
            if let Ok(bound) = listener.local_addr() {
                tracing::info!("metrics are at http://{bound}/metrics");
                warn_of_danger(&judged, &bound, protection);
            }
            Some(listener)
        }
        None => None,
    };
    if let Some(path) = &config.unix {
        let users = config.unix_accounts.then(Arc::default);
        listeners.push(Listener::Unix(UnixSocket::bind(path).await?, users));
    }
    Ok(Opened { clients: listeners, metrics })
}

/// Warns if only `--insecure` allows to listen there.
fn warn_of_danger(judged: &PlannedAddress, listener: &dyn Display, protection: Protection<'_>) {
    if let Some(missing) = judged.missing(protection.has_accounts) {
        tracing::warn!("listening on {listener} with --insecure: {}", missing.danger());
    }
}

fn plan(config: &ListenConfig, tls: Option<Arc<Tls>>) -> Result<Vec<Planned>, ListenError> {
    let planned = |flag, address, tls: Option<Arc<Tls>>| {
        plan_one(flag, address, Serves::Clients { has_tls: tls.is_some() }, tls)
    };
    match &config.tls {
        None => Ok(vec![planned("--listen", &config.listen, tls)?]),
        Some(address) => {
            Ok(vec![planned("--listen", &config.listen, None)?, planned("--tls-listen", address, tls)?])
        }
    }
}

fn plan_metrics(address: &ListenAddress) -> Result<Planned, ListenError> {
    plan_one("--metrics-listen", address, Serves::Metrics, None)
}

fn plan_one(
    flag: &'static str,
    address: &ListenAddress,
    serves: Serves,
    tls: Option<Arc<Tls>>,
) -> Result<Planned, ListenError> {
    let found = address.find()?;
    let judged =
        PlannedAddress { flag, address: address.to_string(), is_loopback: found.is_loopback(), serves };
    Ok(Planned { address: found, judged, tls })
}
