//! One scenario: steps happen to a server and to the model.

use chrono::{NaiveDateTime, Utc};

use bookline_server::Config;
use bookline_server::state::StateLimits;

use super::line::{spoil, write};
use super::naive::{Ask, Naive, Slot};
use super::steps::{Conditions, Step, everything, slots};
use crate::in_process::common::{Conn, Reply, Rng, Server};

/// How a scenario went wrong.
#[derive(Debug, Clone)]
pub struct Failure {
    /// At which step.
    pub at: usize,
    /// What was said, up to there.
    pub said: Vec<String>,
    /// What is wrong with the last of it.
    pub what: String,
}

/// A line that was sent, and what the model makes of it.
struct Sent {
    at: usize,
    shown: String,
    ask: Option<Ask>,
}

struct Scenario {
    conditions: Conditions,
    /// Always there but in mid-restart.
    server: Option<Server>,
    conn: Conn,
    naive: Naive,
    slots: Vec<Slot>,
    said: Vec<String>,
}

/// Runs the steps, and looks at everything behind each start and in the end.
pub async fn run(steps: &[Step], conditions: Conditions) -> Result<(), Failure> {
    let server = Server::fresh_with(|config| configure(config, conditions)).await;
    let conn = connect(&server).await;
    let mut scenario = Scenario {
        conditions,
        conn,
        server: Some(server),
        naive: Naive::new(conditions.durable()).limited(conditions.limits),
        slots: slots(now()),
        said: Vec::new(),
    };
    let result = scenario.run(steps).await;
    let Scenario { server, conn, said, .. } = scenario;
    drop(conn);
    if let Some(server) = server {
        server.stop().await;
    }
    result.map_err(|(at, what)| Failure { at, said, what })
}

fn configure(config: &mut Config, conditions: Conditions) {
    config.shards = conditions.shards;
    config.durability = conditions.durability;
    if let Some([events, tickets, person_hours]) = conditions.limits {
        config.limits = StateLimits { events, tickets, person_hours };
    }
}

fn now() -> NaiveDateTime {
    Utc::now().naive_utc()
}

/// A connection whose first line was taken: a wrong one would have closed it.
async fn connect(server: &Server) -> Conn {
    let mut conn = server.connect().await;
    conn.ask("PING").await.ok();
    conn
}

/// What is wrong, and at which step.
type SnapshotErrorKind = (usize, String);

impl Scenario {
    async fn run(&mut self, steps: &[Step]) -> Result<(), SnapshotErrorKind> {
        let mut at = 0;
        while at < steps.len() {
            at = match &steps[at] {
                Step::Restart | Step::Kill => {
                    self.restart(&steps[at], at).await?;
                    self.look_at_everything(at).await?;
                    at + 1
                }
                Step::Http => {
                    let line = b"GET / HTTP/1.1\r\nHost: localhost\r\nBOOK jazz 1\r\n\r\n";
                    self.last_words(at, line, &Ask::Bad("BAD_REQUEST")).await?;
                    at + 1
                }
                Step::Unfinished(line) => {
                    self.conn.send(line.as_bytes()).await;
                    self.conn.finish().await;
                    self.last_words(at, b"", &Ask::Bad("INCOMPLETE")).await?;
                    at + 1
                }
                _ => self.lines(steps, at).await?,
            };
        }
        self.look_at_everything(steps.len().saturating_sub(1)).await
    }

    /// Sends as many lines as go together, and reads what is answered. Says which step is next.
    async fn lines(&mut self, steps: &[Step], from: usize) -> Result<usize, SnapshotErrorKind> {
        let (mut bytes, mut sent, mut at) = (Vec::new(), Vec::new(), from);
        let mut quits = false;
        while at < steps.len() && sent.len() < self.conditions.pipelined && !quits {
            let Some((line, ask)) = self.line(&steps[at]) else { break };
            quits = ask == Some(Ask::Quit);
            let mut shown = String::from_utf8_lossy(&line).into_owned();
            if shown.len() > 300 {
                let beginning: String = shown.chars().take(100).collect();
                shown = format!("{beginning}… ({} bytes)", line.len());
            }
            sent.push(Sent { at, shown, ask });
            bytes.extend(line);
            bytes.extend_from_slice([&b"\n"[..], b"\r\n", b"\r\0"][at % 3]);
            at += 1;
        }
        if quits {
            bytes.extend_from_slice(b"BOOK jazz 1\nBLOCK F1 2028-02-29 23:00\n");
        }
        self.conn.send(&bytes).await;
        for sent in sent {
            self.answer(&sent).await?;
        }
        if quits {
            self.closed(at - 1).await?;
        }
        Ok(at)
    }

    /// The line of a step, and what it asks, if a reply comes; nothing for what is no line.
    fn line(&self, step: &Step) -> Option<(Vec<u8>, Option<Ask>)> {
        match step {
            Step::Ask { drawn, style } => {
                let ask = drawn.find(&self.naive, &self.slots);
                Some((write(&ask, &mut Rng::new(*style)), Some(ask)))
            }
            Step::Spoilt { drawn, style } => {
                let ask = drawn.find(&self.naive, &self.slots);
                let (line, code) = spoil(&ask, &mut Rng::new(*style));
                Some((line, Some(Ask::Bad(code))))
            }
            Step::Silence(line) => Some((line.as_bytes().to_vec(), None)),
            _ => None,
        }
    }

    async fn answer(&mut self, sent: &Sent) -> Result<(), SnapshotErrorKind> {
        self.said.push(format!("> {}", sent.shown));
        let Some(ask) = &sent.ask else { return Ok(()) };
        let before = now();
        let reply = self.conn.reply().await;
        let reply = reply.ok_or_else(|| (sent.at, "the server closed instead of an answer".to_owned()))?;
        self.said.push(shown(&reply));
        self.naive.check(ask, &reply, [before, now()]).map_err(|what| (sent.at, what))
    }

    /// Something that is answered, and behind which the server closes.
    async fn last_words(&mut self, at: usize, bytes: &[u8], ask: &Ask) -> Result<(), SnapshotErrorKind> {
        self.conn.send(bytes).await;
        let shown = String::from_utf8_lossy(bytes).into_owned();
        self.answer(&Sent { at, shown, ask: Some(ask.clone()) }).await?;
        self.closed(at).await
    }

    async fn closed(&mut self, at: usize) -> Result<(), SnapshotErrorKind> {
        if let Some(reply) = self.conn.reply().await {
            return Err((at, format!("it was to close, and said {}", shown(&reply))));
        }
        self.conn = connect(self.server.as_ref().expect("it runs")).await;
        Ok(())
    }

    async fn restart(&mut self, step: &Step, at: usize) -> Result<(), SnapshotErrorKind> {
        self.said.push(format!("({step:?})"));
        let server = self.server.take().expect("it runs");
        // Nobody is left who would have to be told.
        self.conn.finish().await;
        let directory = if matches!(step, Step::Kill) { server.kill().await } else { server.stop().await };
        let started = Server::on_with(directory, |config| configure(config, self.conditions)).await;
        let server = started.map_err(|refused| (at, format!("it does not start again: {refused}")))?;
        self.conn = connect(&server).await;
        self.server = Some(server);
        Ok(())
    }

    async fn look_at_everything(&mut self, at: usize) -> Result<(), SnapshotErrorKind> {
        let asks = everything(&self.naive, &self.slots);
        let mut style = Rng::new(at as u64);
        for some in asks.chunks(200) {
            let mut bytes = Vec::new();
            for ask in some {
                bytes.extend(write(ask, &mut style));
                bytes.push(b'\n');
            }
            self.conn.send(&bytes).await;
            for ask in some {
                let before = now();
                let reply = self.conn.reply().await.ok_or_else(|| (at, "it closed".to_owned()))?;
                self.naive.check(ask, &reply, [before, now()]).map_err(|what| {
                    self.said.push(format!("> (looking) {ask:?}"));
                    self.said.push(shown(&reply));
                    (at, what)
                })?;
            }
        }
        Ok(())
    }
}

fn shown(reply: &Reply) -> String {
    let code = reply.code.as_ref().map_or("OK".to_owned(), |code| format!("ERR {code}"));
    let mut text: String = reply.rows.iter().map(|row| format!("< ROW {row}\n    ")).collect();
    text.push_str(&format!("< {code} {}", reply.body));
    if text.len() > 3_000 {
        text = format!("{}… ({} bytes)", text.chars().take(3_000).collect::<String>(), text.len());
    }
    text
}
