//! A connection, served by one task: run a turn of the session, wait until the commit that the replies depend
//! on is durable, send the replies with one write, and wait for the next event.

use std::future::{Future, pending, poll_fn};
use std::io;
use std::pin::pin;
use std::time::Duration;

use bookline_protocol::Refusal;
use tokio::io::AsyncReadExt;
use tokio::sync::SemaphorePermit;
use tokio::time::sleep_until;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::codec::Sequence;
use crate::commands::Service;
use crate::net::deadlines::{Deadlines, Expiry};
use crate::net::fairness::{Fairness, Turned};
use crate::net::stop::{ServerStop, Stop};
use crate::net::transport::{Transport, linger, send};
use crate::session::{NextStep, Session};
use crate::storage::log::LogExt;

struct Connection<'a, S> {
    stream: S,
    service: &'a Service,
    session: Session,
    fairness: Fairness,
    deadlines: Deadlines,
    /// Until it is drained.
    executes_requests: Option<TaskTrackerToken>,
}

/// What a connection waits for after a turn.
enum Event {
    /// The session has what it needs for the next turn.
    Ready,
    /// Something that the peer watches has changed.
    Changes,
    /// The peer sends no more.
    EndOfInput,
    /// The session is over.
    Closed,
    /// The server stops.
    Stopping,
    Expired(Expiry),
}

/// Serves a connection until the peer closes it, sends QUIT, or `server_stop` begins. `executes_requests` is
/// from it, taken when the connection was accepted.
///
/// # Errors
///
/// An error of the transport.
pub async fn serve(
    stream: impl Transport,
    service: &Service,
    idle_timeout: Option<Duration>,
    server_stop: &ServerStop,
    executes_requests: TaskTrackerToken,
) -> io::Result<()> {
    let connection = Connection {
        stream,
        service,
        session: Session::default(),
        fairness: Fairness::new(),
        deadlines: Deadlines::new(idle_timeout),
        executes_requests: Some(executes_requests),
    };
    let canceled = pin!(server_stop.canceled());
    connection.run(Stop::new(server_stop, canceled)).await
}

impl<S: Transport> Connection<'_, S> {
    async fn run(mut self, mut stop: Stop<'_, '_>) -> io::Result<()> {
        loop {
            let Turned { next, permit } = self.fairness.run_turn(&mut self.session, self.service).await;
            self.deadlines.end_turn(next, self.session.has_executed());
            self.send_replies(permit).await?;
            match self.next_event(next, &mut stop).await? {
                Event::Ready => {}
                Event::Changes => self.fairness.begin_changes(),
                Event::EndOfInput => {
                    self.session.end_of_input();
                    self.send_replies(None).await?;
                    return self.show_changes_through(self.service.store.log().appended()).await;
                }
                Event::Closed => return self.linger().await,
                Event::Stopping if next == NextStep::Read => self.deadlines.begin_drain(),
                Event::Stopping => return self.close(&Refusal::shutting_down()).await,
                Event::Expired(Expiry::Drained) if self.session.is_watching() => {
                    return self.finish_watching().await;
                }
                Event::Expired(expiry) => match expiry.refusal() {
                    Some(refusal) => return self.close(&refusal).await,
                    None => return self.linger().await,
                },
            }
        }
    }

    /// Waits for the first event of all sources.
    async fn next_event(&mut self, next: NextStep, stop: &mut Stop<'_, '_>) -> io::Result<Event> {
        let Self { stream, service, session, fairness, deadlines, .. } = self;
        let mut heeds_stop = matches!(next, NextStep::LineShare | NextStep::ReplyShare(_));
        if next == NextStep::Read {
            if stop.is_requested() {
                deadlines.begin_drain();
            }
            if deadlines.is_drained() {
                return Ok(Event::Expired(Expiry::Drained));
            }
            heeds_stop = !deadlines.is_draining();
        }
        let has_long_line = session.has_long_line();
        let is_watching = session.is_watching();
        // While the connection is read, changes are waited for beside it.
        let mut watcher = if next == NextStep::Read { session.take_watcher() } else { None };
        let changes = async {
            match &mut watcher {
                Some(watcher) => watcher.ready().await,
                None => pending().await,
            }
        };
        let provided = async {
            match next {
                NextStep::Read if read(stream, session, fairness).await? == 0 => {
                    return Ok(Event::EndOfInput);
                }
                NextStep::Read => {}
                NextStep::Yield => fairness.yield_turn(session.is_writing_reply(), service).await,
                NextStep::Capacity => service.store.log().capacity().await,
                NextStep::LineShare => session.grant_line_share(service.buffers.line().await),
                NextStep::ReplyShare(bytes) => session.grant_reply_share(service.buffers.reply(bytes).await),
                NextStep::Snapshot => make_snapshot(stream, session, service).await?,
                NextStep::Close => return Ok(Event::Closed),
            }
            Ok(Event::Ready)
        };
        // Most reads find bytes, and need no timer.
        let expired = async {
            let Some((deadline, expiry)) = deadlines.of_wait(next, has_long_line, is_watching) else {
                return pending().await;
            };
            sleep_until(deadline).await;
            expiry
        };
        let event = tokio::select! {
            biased;
            event = provided => event,
            () = changes => Ok(Event::Changes),
            () = stop, if heeds_stop => Ok(Event::Stopping),
            expiry = expired => Ok(Event::Expired(expiry)),
        };
        if next == NextStep::Read {
            self.session.return_watcher(watcher);
        }
        event
    }

    /// Shows what is watched until the last change of a server that stops, and closes the connection. Its
    /// requests are drained.
    async fn finish_watching(mut self) -> io::Result<()> {
        self.executes_requests = None;
        while let Some(mut watcher) = self.session.take_watcher() {
            let end = tokio::select! {
                end = self.service.feed.end() => Some(end),
                () = watcher.ready() => None,
            };
            self.session.return_watcher(Some(watcher));
            if let Some(end) = end {
                self.show_changes_through(end).await?;
                break;
            }
            self.session.write_changes();
            self.send_replies(None).await?;
        }
        linger(&mut self.stream).await
    }

    /// Shows what is watched up to this commit, if anything is.
    async fn show_changes_through(&mut self, commit: Sequence) -> io::Result<()> {
        if self.session.is_watching() {
            self.service.store.log().wait_durable(commit).await;
            self.service.feed.matched(commit).await;
        }
        loop {
            self.session.write_changes();
            self.send_replies(None).await?;
            let Some(mut watcher) = self.session.take_watcher() else { return Ok(()) };
            if watcher.has_shown(commit) || watcher.is_closed() {
                return Ok(());
            }
            watcher.ready().await;
            self.session.return_watcher(Some(watcher));
        }
    }

    /// Sends the replies when the commit that they depend on is durable. The permit is returned as soon as
    /// the peer has to be waited for.
    async fn send_replies(&mut self, permit: Option<SemaphorePermit<'_>>) -> io::Result<()> {
        if !self.session.replies().is_empty() {
            self.service.store.log().wait_durable(self.session.depends_on()).await;
            send(&mut self.stream, self.session.replies(), permit).await?;
        }
        self.session.replies_sent();
        Ok(())
    }

    /// Sends a refusal and closes the connection.
    async fn close(&mut self, refusal: &Refusal) -> io::Result<()> {
        self.session.refuse(refusal);
        self.send_replies(None).await?;
        self.linger().await
    }

    /// Waits, for a bounded time, until the peer has read the last reply. No request follows.
    async fn linger(&mut self) -> io::Result<()> {
        self.executes_requests = None;
        linger(&mut self.stream).await
    }
}

/// Reads what has arrived, or waits. It reads at most once. Returns the number of bytes, 0 at the end of the
/// peer's stream. While it waits, the session keeps little memory.
async fn read(
    stream: &mut impl Transport,
    session: &mut Session,
    fairness: &mut Fairness,
) -> io::Result<usize> {
    poll_fn(|context| {
        let read = session.receive(|buffer| pin!(stream.read_buf(buffer)).poll(context));
        if read.is_pending() {
            session.release_idle_memory();
            fairness.wait_for_bytes();
        }
        read
    })
    .await
}

/// Makes a snapshot. Meanwhile the connection is not read, but a reset cancels the request. The end of the
/// peer's stream does not: the peer may wait for the reply.
async fn make_snapshot(
    stream: &mut impl Transport,
    session: &mut Session,
    service: &Service,
) -> io::Result<()> {
    tokio::select! {
        made = service.snapshots.make() => {
            session.finish_snapshot(made);
            Ok(())
        }
        error = stream.reset() => Err(error),
    }
}
