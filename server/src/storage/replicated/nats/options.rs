//! How a cluster's stream in NATS is reached.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_nats::{ConnectOptions, Event, ServerAddr};
use tokio::sync::Notify;

use super::error::NatsError;
use super::monitor::Monitor;
use crate::storage::replicated::cluster_name::ClusterName;

/// A ping that is not answered for two of these finds a NATS server that sleeps. With the default of a minute
/// it would take minutes.
const PING_INTERVAL: Duration = Duration::from_secs(1);

/// How long a NATS server may take to accept a connection, before the next one is tried.
const CONNECT_MAX: Duration = Duration::from_secs(1);

/// The time between two attempts to connect.
const RECONNECT_DELAY: Duration = Duration::from_millis(100);

/// How long an answer of JetStream is waited for. What was asked is asked again after it.
pub(super) const ANSWER_MAX: Duration = Duration::from_secs(1);

/// How long the answer to a read is waited for. A standby takes over only while the stream answers it at
/// least this often: if one lost answer cost a second, a few of them would keep it from that for ever.
pub(super) const READ_MAX: Duration = Duration::from_millis(250);

/// How the stream of a cluster is reached, and what is expected of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatsOptions {
    /// The NATS servers, as in `nats://a:4222`; with the scheme `tls` they are spoken to over TLS. The first
    /// user and password in them, as in `nats://user:password@a:4222`, are used for all.
    pub servers: Vec<ServerAddr>,
    /// The cluster, from which the names of stream and subject follow.
    pub cluster: ClusterName,
    /// How many NATS servers keep a copy of the stream: 1, 3 or 5.
    pub replicas: usize,
    /// A file with the credentials of the NATS account.
    pub credentials: Option<PathBuf>,
    /// A file with the authorities to trust instead of those of the system, as PEM.
    pub authorities: Option<PathBuf>,
    /// The monitoring ports of the NATS servers.
    pub monitors: Vec<Monitor>,
}

impl NatsOptions {
    /// The NATS servers, without the passwords that their addresses may have.
    pub fn server_names(&self) -> String {
        let name = |server: &ServerAddr| format!("{}://{}:{}", server.scheme(), server.host(), server.port());
        self.servers.iter().map(name).collect::<Vec<_>>().join(",")
    }

    /// Options to connect with, and to stay connected. Each connection notifies `connected`.
    pub(super) async fn connect_options(
        &self,
        connected: Arc<Notify>,
        is_logged: bool,
    ) -> Result<ConnectOptions, NatsError> {
        let mut options = ConnectOptions::new();
        // The library does not use what is in an address.
        let mut users = self.servers.iter().filter_map(|server| server.username().zip(server.password()));
        if let Some((user, password)) = users.next() {
            options = options.user_and_password(user.into(), password.into());
        }
        if let Some(file) = &self.credentials {
            let text = tokio::fs::read_to_string(file).await;
            let credentials = text.and_then(|text| ConnectOptions::with_credentials(&text));
            options = credentials.map_err(|error| NatsError::Credentials { file: file.clone(), error })?;
        }
        if let Some(file) = &self.authorities {
            options = options.add_root_certificates(file.clone());
        }
        let options = options
            .name(format!("booklined of the cluster {}", self.cluster))
            .ping_interval(PING_INTERVAL)
            .connection_timeout(CONNECT_MAX)
            .request_timeout(Some(ANSWER_MAX))
            .reconnect_delay_callback(|_| RECONNECT_DELAY)
            .max_reconnects(None)
            .event_callback(move |event| {
                if is_logged {
                    log_event(&event);
                }
                if event == Event::Connected {
                    connected.notify_one();
                }
                async {}
            });
        Ok(options)
    }
}

/// Logs what happens to the connection. The library's own words need its documentation.
fn log_event(event: &Event) {
    match event {
        Event::Connected => tracing::info!("connected to NATS"),
        Event::Disconnected => tracing::warn!("the connection to NATS is lost, and another one is tried"),
        event => tracing::debug!("the connection to NATS: {event}"),
    }
}
