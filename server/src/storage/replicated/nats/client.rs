//! A connection to NATS, which is kept.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::{self, Context};
use async_nats::{Client, ConnectError, ConnectErrorKind, StatusCode, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::error::NatsError;
use super::options::{ANSWER_MAX, NatsOptions};

/// The most bytes of an answer that is looked at. What others send is not trusted to be short.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// A connection to NATS. The library connects again whenever it is lost.
#[derive(Debug, Clone)]
pub struct NatsClient {
    pub(super) client: Client,
    connected: Arc<Notify>,
}

/// How many answers are waited for, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    pub answers_max: usize,
    /// For the first answer, and for all of them.
    pub at_most: Duration,
    /// After each answer.
    pub after_last: Duration,
}

impl NatsClient {
    /// Connects to one of the servers, and logs what becomes of the connection.
    ///
    /// # Errors
    ///
    /// [`NatsError`]
    pub async fn connect(options: &NatsOptions) -> Result<Self, NatsError> {
        Self::connect_with(options, true).await
    }

    /// Connects to one of the servers for a command, which says itself what it does.
    ///
    /// # Errors
    ///
    /// [`NatsError`]
    pub async fn connect_quietly(options: &NatsOptions) -> Result<Self, NatsError> {
        Self::connect_with(options, false).await
    }

    async fn connect_with(options: &NatsOptions, is_logged: bool) -> Result<Self, NatsError> {
        let connected = Arc::new(Notify::new());
        let client = options
            .connect_options(connected.clone(), is_logged)
            .await?
            .connect(&options.servers[..])
            .await
            .map_err(|error| not_connected(options, error))?;
        Ok(Self { client, connected })
    }

    pub(super) fn jetstream(&self) -> Context {
        let mut context = jetstream::new(self.client.clone());
        context.set_timeout(ANSWER_MAX);
        context
    }

    /// The largest message that the server accepts to which this is connected now.
    pub fn max_payload(&self) -> usize {
        self.client.max_payload()
    }

    /// Waits until a server is connected to again, maybe another one.
    pub async fn connected(&self) {
        self.connected.notified().await;
    }

    /// Receives what is published to a subject, also after the connection was lost.
    ///
    /// # Errors
    ///
    /// [`NatsError::Request`]
    pub async fn subscribe(&self, subject: &str) -> Result<Subscriber, NatsError> {
        let subscribed = self.client.subscribe(subject.to_owned()).await;
        subscribed.map_err(|error| failed("subscribing to", subject, &error))
    }

    /// Publishes a request that several may answer, and passes their answers to `each`, until it breaks off
    /// or there is no patience left.
    ///
    /// # Errors
    ///
    /// [`NatsError::Request`]. That nobody answers is none.
    pub async fn request_all(
        &self,
        subject: &str,
        payload: Bytes,
        patience: Patience,
        mut each: impl FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), NatsError> {
        let inbox = self.client.new_inbox();
        let mut answers = self.subscribe(&inbox).await?;
        let sent = self.client.publish_with_reply(subject.to_owned(), inbox, payload).await;
        sent.map_err(|error| failed("asking", subject, &error))?;
        let end = Instant::now() + patience.at_most;
        let mut until = end;
        for _ in 0..patience.answers_max {
            let Ok(Some(answer)) = timeout_at(until, answers.next()).await else { break };
            if answer.status == Some(StatusCode::NO_RESPONDERS) {
                break;
            }
            if answer.payload.len() <= ANSWER_BYTES_MAX && each(&answer.payload).is_break() {
                break;
            }
            until = end.min(Instant::now() + patience.after_last);
        }
        Ok(())
    }

    /// Answers a request. Whether that arrives is not known.
    pub async fn answer(&self, inbox: async_nats::Subject, payload: Vec<u8>) {
        if let Err(error) = self.client.publish(inbox, payload.into()).await {
            tracing::debug!(%error, "an answer is not sent");
        }
    }
}

fn not_connected(options: &NatsOptions, error: ConnectError) -> NatsError {
    let servers = options.server_names();
    match error.kind() {
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
            NatsError::Refused { servers }
        }
        _ => NatsError::Connect { servers, error },
    }
}

fn failed(doing: &'static str, subject: &str, error: &dyn std::error::Error) -> NatsError {
    NatsError::Request { doing, subject: subject.to_owned(), reason: error.to_string() }
}
