//! Finds the leader among the servers of a cluster.

use std::time::Duration;

use bookline_protocol::commands::hello::HelloReply;
use bookline_protocol::reply::{ClusterRole, ErrBody, ReplyLine};
use tokio::time::{Instant, sleep};

use super::opened::Opened;
use crate::address::Address;
use crate::error::Error;
use crate::target::Target;

/// The shortest time that a server has to accept a connection, however many there are.
const TRY_MIN: Duration = Duration::from_secs(1);

/// The pause before the servers are asked again. Each further one is twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(100);

/// The longest pause: a new leader is found within it.
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// A connection to a server that has said what it is.
#[derive(Debug)]
pub struct Greeted {
    pub opened: Opened,
    /// The object of its reply to HELLO.
    pub hello: String,
    pub address: Address,
}

/// Connects to the leader, and waits for one as long as the target says. A single server is not asked whether
/// it is one.
///
/// # Errors
///
/// There is no connection, the server refuses the account, or no server leads.
pub async fn open_leader(target: &Target) -> Result<Greeted, Error> {
    if !target.cluster.seeks_leader() {
        let greeted = greet(target).await?;
        target.cluster.on_connected(&greeted.address);
        return Ok(greeted);
    }
    let deadline = Instant::now() + target.connect_timeout();
    let mut search = Search { target, deadline, said: Vec::new() };
    let mut pause = PAUSE_MIN;
    loop {
        if let Some(leader) = search.ask_all().await? {
            target.cluster.on_connected(&leader.address);
            return Ok(leader);
        }
        target.cluster.forget_leader();
        if Instant::now() + pause >= deadline {
            let said = search.said.into_iter().map(|(_, said)| said).collect();
            return Err(Error::NoLeader { waited: target.connect_timeout(), said, unanswered: 0 });
        }
        sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// Connects, authenticates, and sends HELLO.
async fn greet(target: &Target) -> Result<Greeted, Error> {
    let mut opened = super::open(target).await?;
    let hello = opened.greet(target, Instant::now() + target.connect_timeout()).await?;
    Ok(Greeted { opened, hello, address: target.address.clone() })
}

struct Search<'a> {
    target: &'a Target,
    deadline: Instant,
    /// What each server has said last.
    said: Vec<(Address, String)>,
}

impl Search<'_> {
    /// Asks every server once, and the leader that one names before the others.
    ///
    /// # Errors
    ///
    /// A server refuses the account, or waiting helps with none of them.
    async fn ask_all(&mut self) -> Result<Option<Greeted>, Error> {
        // The next one is at the end.
        let mut next = self.target.cluster.candidates();
        next.reverse();
        let (mut asked, mut hopeless, mut may_change) = (Vec::new(), None, false);
        while let Some(address) = next.pop() {
            if asked.contains(&address) {
                continue;
            }
            asked.push(address.clone());
            let left = self.deadline.saturating_duration_since(Instant::now());
            if left < PAUSE_MIN && self.said.iter().any(|(known, _)| *known == address) {
                continue;
            }
            // A server that does not answer leaves time for the others.
            let share = self.target.connect_timeout() / self.target.cluster.candidates().len() as u32;
            let timeout = share.max(TRY_MIN).min(left.max(PAUSE_MIN));
            let attempt = Target { timeout, ..self.target.at(address.clone()) };
            let (said, leader) = match greet(&attempt).await {
                Ok(greeted) => match self.standing(&greeted) {
                    None => return Ok(Some(greeted)),
                    Some(standing) => {
                        may_change = true;
                        standing
                    }
                },
                Err(error @ Error::AuthRefused { .. }) => return Err(error),
                Err(error) => {
                    let (said, leader) = (error.to_string(), leader_in_rejection(&error));
                    may_change |= error.is_loss();
                    hopeless = hopeless.or((!error.is_loss()).then_some(error));
                    (said, leader)
                }
            };
            next.extend(leader.and_then(|leader| self.target.followed(&leader)));
            self.said.retain(|(known, _)| *known != address);
            self.said.push((address, said));
        }
        match hopeless {
            Some(error) if !may_change => Err(error),
            _ => Ok(None),
        }
    }

    /// What a server is that is not to be used, and the leader that it names.
    fn standing(&self, greeted: &Greeted) -> Option<(String, Option<String>)> {
        let hello: HelloReply<'_> = serde_json::from_str(&greeted.hello).ok()?;
        let address = &greeted.address;
        if !hello.auth.is_empty() && !self.target.cluster.has(address) {
            return Some((
                format!("{address} has accounts and is not in --addr, so it gets no secret"),
                None,
            ));
        }
        let cluster = hello.cluster.filter(|cluster| cluster.role == ClusterRole::Standby)?;
        let said = match &cluster.leader {
            None => format!("{address} is a standby and knows no leader"),
            Some(leader) if self.target.followed(leader).is_none() => format!(
                "{address} is a standby, and its leader {leader} is not in --addr, so it gets no secret"
            ),
            Some(leader) => format!("{address} is a standby of {leader}"),
        };
        Some((said, cluster.leader.map(|leader| leader.into_owned())))
    }
}

/// Whether the reply to HELLO is that of a standby.
pub fn is_of_standby(hello: &str) -> bool {
    let hello: Option<HelloReply<'_>> = serde_json::from_str(hello).ok();
    let cluster = hello.and_then(|hello| hello.cluster);
    cluster.is_some_and(|cluster| cluster.role == ClusterRole::Standby)
}

/// The leader that a server names where it refuses HELLO.
fn leader_in_rejection(error: &Error) -> Option<String> {
    let Error::Rejected { refusal: Some(line), .. } = error else { return None };
    let Ok(ReplyLine::Err { body, .. }) = ReplyLine::parse(line) else { return None };
    serde_json::from_str::<ErrBody>(body).ok()?.leader
}
