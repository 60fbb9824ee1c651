//! The checks of the stream and of the NATS servers, while a member runs.

use std::sync::Arc;
use std::time::Duration;

use async_nats::Subscriber;
use futures_util::StreamExt;
use tokio::sync::watch;
use tokio::time::sleep;

use super::checked::{Checked, CheckedNodes};
use super::current_member::CurrentMember;
use crate::storage::replicated::log::Role;
use crate::storage::replicated::nats::{NatsStream, StreamCheck, ask_all};

/// The time between two checks.
const INTERVAL: Duration = Duration::from_secs(60);

/// The same while something is wrong: somebody corrects it, and waits.
const INTERVAL_WRONG: Duration = Duration::from_secs(5);

/// A check comes so much later than what has caused it, so that it is one check if there are several causes.
const PAUSE: Duration = Duration::from_millis(100);

/// Checks the stream and the NATS servers: at once, every minute, when this member takes over, when it
/// connects to another NATS server, and when NATS tells that the stream was changed.
#[derive(Debug)]
pub struct Checks {
    stream: Arc<NatsStream>,
    /// What is wrong with the stream, as far as NATS has answered.
    of_stream: Vec<String>,
    nodes: CheckedNodes,
    checked: watch::Sender<Checked>,
}

impl Checks {
    pub fn new(stream: Arc<NatsStream>) -> Self {
        if stream.monitors().is_empty() {
            tracing::warn!(
                "whether the NATS servers sync before they acknowledge is not checked: give their monitoring ports by \
                 --cluster-monitor"
            );
        }
        let nodes = CheckedNodes::new(stream.monitors());
        Self { stream, of_stream: Vec::new(), nodes, checked: watch::Sender::default() }
    }

    /// What was found, and will be.
    pub fn checked(&self) -> watch::Receiver<Checked> {
        self.checked.subscribe()
    }

    /// Checks without end, and lets the log of the current member refuse changes while something is wrong.
    pub async fn run(mut self, mut current: watch::Receiver<CurrentMember>) {
        // Without it, a change is found a minute later.
        let mut advisories = self.stream.client().subscribe(&self.stream.advisory_subject()).await.ok();
        loop {
            self.check().await;
            let log = current.borrow_and_update().log.clone();
            log.set_misconfigured(self.checked.borrow().wrong.clone());
            let mut role = log.role();
            let takes_over = async {
                // The sender lives as long as the log.
                let led = *role.borrow_and_update() == Role::Leader;
                if led || role.wait_for(|role| *role == Role::Leader).await.is_err() {
                    std::future::pending().await
                }
            };
            let interval = if self.checked.borrow().wrong.is_some() { INTERVAL_WRONG } else { INTERVAL };
            tokio::select! {
                () = sleep(interval) => {}
                () = takes_over => {}
                () = self.stream.client().connected() => {}
                () = next(&mut advisories) => {}
                changed = current.changed() => if changed.is_err() { return },
            }
            sleep(PAUSE).await;
        }
    }

    async fn check(&mut self) {
        match self.stream.check().await {
            StreamCheck::Right => self.of_stream.clear(),
            StreamCheck::Wrong(wrong) => self.of_stream = wrong,
            StreamCheck::NoAnswer => {}
        }
        for (monitor, error) in self.nodes.note(ask_all(self.stream.monitors()).await) {
            tracing::warn!(
                "the NATS server at {monitor} does not say whether it syncs, and is asked again each minute: {error}"
            );
        }
        let mut wrong = self.of_stream.clone();
        wrong.extend(self.nodes.wrong(self.stream.max_payload()));
        let wrong = (!wrong.is_empty()).then(|| wrong.join("; ").into());
        let before = self.checked.send_replace(Checked { wrong, sync: self.nodes.sync() });
        log_change(before.wrong.as_deref(), self.checked.borrow().wrong.as_deref());
    }
}

/// Logs what has become wrong, or right, once.
fn log_change(before: Option<&str>, now: Option<&str>) {
    match (before, now) {
        (before, Some(now)) if before != Some(now) => {
            tracing::error!("{now}. Changes are refused until it is right");
        }
        (Some(_), None) => tracing::info!("the stream and the NATS servers are right: changes are accepted"),
        _ => {}
    }
}

async fn next(advisories: &mut Option<Subscriber>) {
    let next = match advisories {
        Some(advisories) => advisories.next().await,
        None => None,
    };
    if next.is_none() {
        std::future::pending().await
    }
}
