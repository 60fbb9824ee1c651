//! Watches a server over as many connections as it takes, so that every change is told once.

use std::convert::Infallible;
use std::time::Duration;

use bookline_protocol::commands::watch::WatchReply;
use bookline_protocol::reply::{ErrBody, ReplyLine};
use bookline_protocol::{Code, quote};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep, timeout_at};

use crate::address::Address;
use crate::change_line::ChangeHead;
use crate::error::Error;
use crate::interrupt::Interrupt;
use crate::net::connection::{Connection, Target};
use crate::net::retry::{self, SILENT_TRIES};
use crate::net::wait;
use crate::net::watch_place::{OtherHistory, Step, WatchPlace};
use crate::output::StdoutReader;
use crate::render::refusal;
use crate::transport::line_buffer::reply_line;

/// A connection on which nothing arrives for so long is lost. A watcher gets a line at least every 30
/// seconds, and a machine under load may be late with two of them.
const SILENCE_MAX: Duration = Duration::from_secs(90);

/// What to watch, and what to do when that ends.
#[derive(Clone, Debug)]
pub struct WatchOptions {
    /// The words behind WATCH, as the user wrote them.
    pub watched: Vec<String>,
    /// Changes of commits after this one, those of the past too. Otherwise only later ones.
    pub since: Option<u64>,
    /// Whether the ids of tickets and holds are asked for.
    pub with_tickets: bool,
    /// Whether to go on with the oldest changes there are, where those that are asked for are gone.
    pub resyncs: bool,
    /// How often a connection that was lost is opened again in a row. `None` is without end.
    pub tries_max: Option<u32>,
}

/// What a watcher tells.
#[derive(Clone, Copy, Debug)]
pub enum Told<'a> {
    /// A connection is open. This is the object of its reply to HELLO.
    Hello(&'a str),
    /// The server tells the changes after this commit. Told once, and not over another connection.
    Begin { sequence: u64, line: &'a [u8] },
    /// A line about a change, or about the progress.
    Change { sequence: u64, body: &'a str, line: &'a [u8] },
    /// What the user has to know.
    Message(&'a str),
    /// Everything that has arrived is told.
    AllArrived,
}

/// Watches a server.
pub struct Watcher<'a> {
    target: &'a Target,
    options: &'a WatchOptions,
    interrupt: &'a Interrupt,
    reader: StdoutReader,
    /// When everything together has taken `max_time`.
    deadline: Option<Instant>,
    place: WatchPlace,
    /// Whether the server has granted a WATCH.
    has_begun: bool,
    /// How often the connection was opened again in a row.
    tries: u32,
}

impl<'a> Watcher<'a> {
    /// Within a runtime.
    pub fn new(target: &'a Target, options: &'a WatchOptions, interrupt: &'a Interrupt) -> Self {
        let deadline = target.max_time.map(|time| Instant::now() + time);
        let place = WatchPlace::new(options.since);
        let reader = StdoutReader::of_stdout();
        Self { target, options, interrupt, reader, deadline, place, has_begun: false, tries: 0 }
    }

    /// Tells what the server sends, until something ends it.
    ///
    /// # Errors
    ///
    /// There is no connection, the server refuses, the changes are gone, the user interrupts, standard output
    /// is closed, or `tell` fails.
    pub async fn run(
        mut self,
        tell: &mut impl FnMut(Told<'_>) -> Result<(), Error>,
    ) -> Result<Infallible, Error> {
        let (mut connection, hello) = wait::open(self.target, self.interrupt).await?;
        tell(Told::Hello(&hello))?;
        loop {
            let error = match self.watch(&mut connection, tell).await {
                Ok(never) => return Ok(never),
                Err(error) => error,
            };
            if !error.is_loss() {
                return Err(error);
            }
            if let Error::ReplyTimeout { .. } = error {
                self.target.cluster.on_silent();
            }
            let last = (connection.target.address.clone(), connection.instance.take());
            // The server may wait for its end before it accepts another one.
            drop(connection);
            connection = self.reconnect(error, last, tell).await?;
        }
    }

    /// Opens another connection, after as many tries as that takes.
    async fn reconnect(
        &mut self,
        mut error: Error,
        (address, instance): (Address, Option<String>),
        tell: &mut impl FnMut(Told<'_>) -> Result<(), Error>,
    ) -> Result<Connection, Error> {
        let mut is_reported = false;
        loop {
            if self.options.tries_max.is_some_and(|tries_max| self.tries >= tries_max) {
                return Err(error);
            }
            if self.tries >= SILENT_TRIES && !is_reported {
                tell(Told::Message(&format!("{error}; trying again")))?;
                is_reported = true;
            }
            let pause = retry::pause(self.tries);
            self.tries = self.tries.saturating_add(1);
            self.unless_ended(async {
                sleep(pause).await;
                Ok(())
            })
            .await?;
            match Connection::open(self.target, self.interrupt).await {
                Ok((connection, hello)) => {
                    tell(Told::Hello(&hello))?;
                    if is_reported {
                        let note = match &connection.target.address {
                            other if *other != address => format!(" to {other}"),
                            _ if instance != connection.instance => "; the server was restarted".to_owned(),
                            _ => String::new(),
                        };
                        tell(Told::Message(&format!("reconnected{note}")))?;
                    }
                    return Ok(connection);
                }
                Err(failed) if failed.is_loss() => error = failed,
                Err(failed) => return Err(failed),
            }
        }
    }

    /// Watches over one connection, until it is lost.
    async fn watch(
        &mut self,
        connection: &mut Connection,
        tell: &mut impl FnMut(Told<'_>) -> Result<(), Error>,
    ) -> Result<Infallible, Error> {
        // If the write fails, the server has gone, and the read finds out.
        let _ = connection.stream.write_all(self.request().as_bytes()).await;
        let mut is_granted = false;
        loop {
            while let Some(line) = connection.received.next_line() {
                match reply_line(line) {
                    Some(ReplyLine::Ok(body)) if !is_granted => {
                        is_granted = true;
                        self.on_granted(body, line, tell)?;
                    }
                    Some(ReplyLine::Err { code, body }) if !is_granted => {
                        self.on_refused(code, body, tell)?;
                        let _ = connection.stream.write_all(self.request().as_bytes()).await;
                        break;
                    }
                    Some(ReplyLine::Change { sequence, body }) if is_granted => {
                        self.on_change(sequence, body, line, tell)?;
                    }
                    // A server that stops says so before it closes, and one of a later version says more.
                    _ => {}
                }
                if self.interrupt.is_raised() {
                    return Err(interrupted());
                }
            }
            tell(Told::AllArrived)?;
            if connection.is_reply_too_long() {
                return Err(connection.reply_too_long(0));
            }
            let waited = if is_granted { SILENCE_MAX } else { self.target.timeout };
            self.unless_ended(async {
                let read = connection.stream.read_buf(connection.received.read_target());
                match timeout_at(Instant::now() + waited, read).await {
                    Ok(Ok(count)) if count > 0 => Ok(()),
                    Ok(_) => Err(connection.lost(0)),
                    Err(_) => {
                        let address = self.target.cluster.last();
                        Err(Error::ReplyTimeout { address, waited, unanswered: 0 })
                    }
                }
            })
            .await?;
        }
    }

    /// Waits, unless the user ends it, its time is over, or nobody reads what it writes.
    async fn unless_ended<T>(&self, wait: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        tokio::select! {
            waited = wait => waited,
            () = self.interrupt.wait() => Err(interrupted()),
            source = self.reader.has_gone() => Err(Error::Output { source }),
            () = Connection::wait_for(self.deadline) => Err(Error::MaxTime {
                address: self.target.cluster.last(),
                allowed: self.target.max_time.unwrap_or_default(),
                unanswered: 0,
            }),
        }
    }

    /// The line that asks for what was not told.
    fn request(&self) -> String {
        let mut line = String::from("WATCH");
        for word in &self.options.watched {
            line.push(' ');
            line.push_str(&quote(word));
        }
        if let Some(after) = self.place.after() {
            line.push_str(&format!(" since={after}"));
        }
        line.push_str(if self.options.with_tickets { " tickets=yes\n" } else { "\n" });
        line
    }

    fn on_granted(
        &mut self,
        body: &str,
        line: &[u8],
        tell: &mut impl FnMut(Told<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let reply: WatchReply<'_> =
            serde_json::from_str(body).map_err(|_| Error::UnknownRow { row: body.to_owned() })?;
        self.place.begin(reply.sequence);
        self.tries = 0;
        if std::mem::replace(&mut self.has_begun, true) {
            return Ok(());
        }
        tell(Told::Begin { sequence: self.place.after().unwrap_or(reply.sequence), line })
    }

    /// Goes on after a refusal, if there is another place to go on from.
    fn on_refused(
        &mut self,
        code: &str,
        body: &str,
        tell: &mut impl FnMut(Told<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let sentence = refusal::sentence(code, body);
        self.target.is_redirected(code, body);
        let body = serde_json::from_str::<ErrBody>(body).unwrap_or_default();
        let after = self.place.after().unwrap_or_default();
        match (code.parse(), body.oldest, body.sequence) {
            (Ok(Code::Gone), Some(oldest), _) if self.options.resyncs && oldest > after => {
                let missing = format!("the changes after {after} up to {oldest} are gone and left out");
                tell(Told::Message(&missing))?;
                self.place.leave_out_to(oldest);
                Ok(())
            }
            (Ok(Code::Gone), Some(oldest), _) => Err(Error::ChangesGone { after, oldest }),
            (Ok(Code::BadRequest), _, Some(last)) if self.has_begun => {
                Err(Error::ShorterLog { address: self.target.cluster.last(), after, last })
            }
            _ if body.retry => Err(Error::Rejected { address: self.target.cluster.last(), refusal: None }),
            _ => Err(Error::Refused { sentence }),
        }
    }

    fn on_change(
        &mut self,
        sequence: u64,
        body: &str,
        line: &[u8],
        tell: &mut impl FnMut(Told<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let head = ChangeHead::parse(body).ok_or_else(|| Error::UnknownRow { row: body.to_owned() })?;
        if head.is_gap() {
            tell(Told::Message(
                "the changes came faster than they were read: connecting again to read the rest",
            ))?;
            return Err(Error::Lost { address: self.target.cluster.last(), unanswered: 0 });
        }
        match self.place.take(sequence, &head) {
            Ok(Step::Show) => tell(Told::Change { sequence, body, line }),
            Ok(Step::PassOver) => Ok(()),
            Err(OtherHistory { sequence }) => {
                Err(Error::OtherHistory { address: self.target.cluster.last(), sequence })
            }
        }
    }
}

fn interrupted() -> Error {
    Error::Interrupted { rows: 0, changes: 0 }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::thread;

    use super::*;

    const HELLO: &str = concat!(
        r#"OK {"server":"bookline","version":"9.8.7","protocol":1,"welcome":"","max_line":65536,"#,
        r#""time_zone":"Europe/Prague","now":"2026-11-22T12:00:00+01:00"}"#,
        "\n"
    );

    /// Grants a WATCH, and then sends nothing until the client leaves.
    fn fall_silent(stream: TcpStream) {
        let mut reader = BufReader::new(&stream);
        for reply in [HELLO, "OK {\"sequence\":7,\"watching\":[\"all\"]}\n"] {
            reader.read_line(&mut String::new()).unwrap();
            (&stream).write_all(reply.as_bytes()).unwrap();
        }
        assert_eq!(reader.read_to_end(&mut Vec::new()).unwrap(), 0);
    }

    /// It would never end if only the operating system could notice that the other side is gone.
    #[test]
    fn connection_on_which_nothing_arrives_is_lost() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string().parse().unwrap();
        let server = thread::spawn(move || fall_silent(listener.accept().unwrap().0));
        let target = Target::new(address, Duration::from_secs(60));
        let options = WatchOptions {
            watched: vec!["all".to_owned()],
            since: None,
            with_tickets: false,
            resyncs: false,
            tries_max: Some(0),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let error = runtime.block_on(async {
            let interrupt = Interrupt::default();
            let watcher = Watcher::new(&target, &options, &interrupt);
            let mut tell = |told: Told<'_>| {
                // From here on nothing but time passes.
                if matches!(told, Told::Begin { .. }) {
                    tokio::time::pause();
                }
                Ok(())
            };
            watcher.run(&mut tell).await.unwrap_err()
        });
        assert!(matches!(error, Error::ReplyTimeout { waited: SILENCE_MAX, .. }), "{error}");
        server.join().unwrap();
    }
}
