//! Follows the server: over one connection after the other, without gaps.

use std::time::Instant;

use bookline_protocol::Date;
use bookline_protocol::commands::watch::WatchReply;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use crate::board::clock::ServerClock;
use crate::board::kept_change::KeptChange;
use crate::board::load::{Wanted, refused_by};
use crate::board::model::Loaded;
use crate::board::watch_link::{Broken, Reply, WatchLink};
use crate::error::Error;
use crate::interrupt::Interrupt;
use crate::net::connection::{Connection, Target, parse_hello};
use crate::net::retry::pause;

/// What is new.
#[derive(Debug)]
pub enum Update {
    /// There is a connection.
    Connected(ServerClock),
    /// What there is at the server. The changes after this sequence number follow.
    Loaded {
        loaded: Loaded,
        sequence: u64,
    },
    /// The changes that a connection before has missed follow.
    Resumed,
    Changes(Vec<KeptChange>),
    /// The connection is lost. Another one is tried.
    Lost(Error),
    /// There is nothing to follow any more.
    Ended(Error),
}

/// What is known for sure, from which another connection goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    /// The server of it. What another one has is not the same.
    instance: Option<String>,
    /// All changes up to this sequence number were passed on.
    sequence: u64,
    /// The date that was asked for.
    date: Date,
}

/// Follows a server.
#[derive(Debug)]
pub struct Feed {
    pub target: Target,
    pub wanted: Wanted,
    /// The day that the week to show has. The day from which events are shown is that of the server.
    pub date: watch::Receiver<Date>,
    pub updates: mpsc::Sender<Update>,
    /// How often in a row a connection is tried again, if not for ever.
    pub tries_max: Option<u32>,
    known: Option<Known>,
    /// Tries since the last one that succeeded.
    tries: u32,
}

impl Feed {
    pub fn new(
        target: Target,
        wanted: Wanted,
        date: watch::Receiver<Date>,
        updates: mpsc::Sender<Update>,
        tries_max: Option<u32>,
    ) -> Self {
        Self { target, wanted, date, updates, tries_max, known: None, tries: 0 }
    }

    /// Follows the server until nobody listens, beginning with this connection.
    pub async fn run(mut self, first: (Connection, String)) {
        let mut next = Some(first);
        loop {
            let broken = match self.follow(next.take()).await {
                Ok(()) => return,
                Err(broken) => broken,
            };
            let error = match broken {
                Broken::Lost(error) if self.tries_max.is_none_or(|tries_max| self.tries < tries_max) => error,
                Broken::Gap(error) => {
                    self.known = None;
                    error
                }
                Broken::Lost(error) | Broken::Useless(error) => {
                    // Without a listener there is nobody to tell.
                    let _ = self.updates.send(Update::Ended(error)).await;
                    return;
                }
            };
            if self.updates.send(Update::Lost(error)).await.is_err() {
                return;
            }
            sleep(pause(self.tries)).await;
            self.tries = self.tries.saturating_add(1);
        }
    }

    /// Follows the server over a connection. Returns when nobody listens any more.
    async fn follow(&mut self, opened: Option<(Connection, String)>) -> Result<(), Broken> {
        let (connection, hello) = match opened {
            Some(opened) => opened,
            // Who is interrupted drops the feed.
            None => Connection::open(&self.target, &Interrupt::default()).await?,
        };
        let clock = parse_hello(&hello).and_then(|hello| ServerClock::of_hello(&hello, Instant::now()));
        let Some(clock) = clock else {
            let address = self.target.address.clone();
            return Err(Broken::Useless(Error::NotBookline { address, reply: hello }));
        };
        let today = clock.zone.date(clock.time(Instant::now()));
        if self.updates.send(Update::Connected(clock)).await.is_err() {
            return Ok(());
        }
        let mut link = WatchLink::new(connection);
        let resumed = self.resume(&mut link).await?;
        if !resumed {
            link.position = watch_from_now(&mut link, &self.wanted).await?;
            if !self.load(&mut link, today).await? {
                return Ok(());
            }
        } else if self.updates.send(Update::Resumed).await.is_err() {
            return Ok(());
        }
        self.tries = 0;
        loop {
            tokio::select! {
                changes = link.changes() => {
                    let changes = changes?;
                    if self.updates.send(Update::Changes(changes)).await.is_err() {
                        return Ok(());
                    }
                    if let Some(known) = &mut self.known {
                        known.sequence = link.position;
                    }
                }
                changed = self.date.changed() => {
                    if changed.is_err() || !self.load(&mut link, today).await? {
                        return Ok(());
                    }
                }
                () = self.updates.closed() => return Ok(()),
            }
        }
    }

    /// Goes on where the connection before has ended. Returns whether that is possible.
    async fn resume(&mut self, link: &mut WatchLink) -> Result<bool, Broken> {
        let date = *self.date.borrow_and_update();
        let is_known = |known: &Known| known.instance.as_deref() == link.instance() && known.date == date;
        let Some(known) = self.known.clone().filter(is_known) else { return Ok(false) };
        link.send(&format!("WATCH {} since={}\n", self.wanted.words(), known.sequence)).await?;
        match link.reply().await? {
            Reply::Granted { .. } => {
                link.position = link.position.max(known.sequence);
                Ok(true)
            }
            // The changes are not in the log any more, or it is another server.
            Reply::Refused { code, .. } if matches!(&*code, "GONE" | "BAD_REQUEST") => {
                self.known = None;
                Ok(false)
            }
            refusal => Err(refused_by(refusal)),
        }
    }

    /// Asks for what there is, and passes it on, with the changes that came meanwhile. Returns whether
    /// somebody listens.
    async fn load(&mut self, link: &mut WatchLink, today: Date) -> Result<bool, Broken> {
        let date = *self.date.borrow_and_update();
        let sequence = link.position;
        let day = if self.wanted == Wanted::Events { today } else { date };
        let loaded = self.wanted.load(link, day).await?;
        if self.updates.send(Update::Loaded { loaded, sequence }).await.is_err() {
            return Ok(false);
        }
        let changes = link.take_changes();
        if !changes.is_empty() && self.updates.send(Update::Changes(changes)).await.is_err() {
            return Ok(false);
        }
        let instance = link.instance().map(str::to_owned);
        self.known = Some(Known { instance, sequence: link.position, date });
        Ok(true)
    }
}

/// Watches from now on. Returns the sequence number after which all changes come.
async fn watch_from_now(link: &mut WatchLink, wanted: &Wanted) -> Result<u64, Broken> {
    link.send(&format!("WATCH {}\n", wanted.words())).await?;
    match link.reply().await? {
        Reply::Granted { rows, last } => {
            let sequence = serde_json::from_str::<WatchReply<'_>>(&last).map(|reply| reply.sequence);
            sequence.map_err(|_| refused_by(Reply::Granted { rows, last }))
        }
        refusal => Err(refused_by(refusal)),
    }
}
