//! Running a scenario against a server in this process and the model.

use std::sync::Arc;

use bookline_server::time::source::ManualTime;
use bookline_server::{Config, maintenance};
use bookline_testkit::in_process::Server;
use bookline_testkit::model::{Model, Request, Slot, request_line};
use bookline_testkit::{AsyncConn, Rng};

use super::moment::{manual_time, now};
use super::steps::{Conditions, Step, all_reads, line_end, slots};
use super::transcript::{Failure, line_text, reply_text};

/// A line that was sent, and the request that the model checks.
struct Sent {
    at: usize,
    text: String,
    request: Option<Request>,
}

struct Scenario {
    conditions: Conditions,
    time: Arc<ManualTime>,
    /// `None` only during a restart.
    server: Option<Server>,
    conn: AsyncConn,
    naive: Model,
    slots: Vec<Slot>,
    transcript: Vec<String>,
}

/// Runs the steps, and compares all of the state after each start and at the end.
pub async fn run(steps: &[Step], conditions: Conditions) -> Result<(), Failure> {
    let time = manual_time();
    let server = Server::fresh_with(|config| configure(config, conditions, &time)).await;
    let conn = connect(&server).await;
    let mut scenario = Scenario {
        conditions,
        conn,
        server: Some(server),
        naive: Model::new(conditions.durable(), conditions.limits),
        slots: slots(now(&time)),
        transcript: Vec::new(),
        time,
    };
    let result = scenario.run(steps).await;
    let Scenario { server, conn, transcript, .. } = scenario;
    drop(conn);
    if let Some(server) = server {
        server.stop().await;
    }
    result.map_err(|(at, what)| Failure { at, transcript, what })
}

/// Sets what the conditions say, and the time.
pub fn configure(config: &mut Config, conditions: Conditions, time: &Arc<ManualTime>) {
    config.shards = conditions.shards;
    config.durability = conditions.durability;
    config.limits = conditions.limits;
    config.time_source = Some(time.clone());
    config.background_maintenance = false;
}

/// Opens a connection, and waits until it is served.
pub async fn connect(server: &Server) -> AsyncConn {
    let mut conn = server.connect().await;
    conn.ask("PING").await.ok();
    conn
}

/// The index of the step, and what is wrong.
type StepFailure = (usize, String);

impl Scenario {
    async fn run(&mut self, steps: &[Step]) -> Result<(), StepFailure> {
        let mut at = 0;
        while at < steps.len() {
            at = match &steps[at] {
                Step::Restart | Step::Kill => {
                    self.restart(&steps[at], at).await?;
                    self.check_all_state(at).await?;
                    at + 1
                }
                Step::Http => {
                    let line = b"GET / HTTP/1.1\r\nHost: localhost\r\nBOOK jazz 1\r\n\r\n";
                    self.expect_last_reply(at, line, &Request::Invalid("BAD_REQUEST")).await?;
                    at + 1
                }
                Step::Unfinished(line) => {
                    self.conn.send(line.as_bytes()).await;
                    self.conn.finish().await;
                    self.expect_last_reply(at, b"", &Request::Invalid("INCOMPLETE")).await?;
                    at + 1
                }
                Step::Advance(advance) => {
                    self.transcript.push(format!("({:?})", steps[at]));
                    // A microsecond passes before the next line.
                    self.time.advance(advance.micros(&self.naive, now(&self.time)) - 1);
                    at + 1
                }
                Step::Maintain => {
                    self.maintain(at).await?;
                    at + 1
                }
                _ => self.lines(steps, at).await?,
            };
        }
        self.check_all_state(steps.len().saturating_sub(1)).await
    }

    /// Sends the next lines as one batch, and checks their replies. Returns the index of the next step.
    async fn lines(&mut self, steps: &[Step], from: usize) -> Result<usize, StepFailure> {
        let (mut bytes, mut sent, mut at) = (Vec::new(), Vec::new(), from);
        let (mut quits, mut sets_deadline) = (false, false);
        self.time.advance(1);
        while at < steps.len() && sent.len() < self.conditions.pipelined && !quits && !sets_deadline {
            let Some((line, request)) = steps[at].line(&self.naive, &self.slots) else { break };
            quits = request == Some(Request::Quit);
            // No two holds have one deadline: then the order in which they end is not specified.
            sets_deadline = matches!(request, Some(Request::Hold { .. } | Request::Extend { .. }));
            sent.push(Sent { at, text: line_text(&line), request });
            bytes.extend(line);
            bytes.extend_from_slice(line_end(at));
            at += 1;
        }
        if quits {
            bytes.extend_from_slice(b"BOOK jazz 1\nBLOCK F1 2028-02-29 23:00\n");
        }
        self.conn.send(&bytes).await;
        for sent in sent {
            self.check_reply(&sent).await?;
        }
        if quits {
            self.expect_close(at - 1).await?;
        }
        Ok(at)
    }

    async fn check_reply(&mut self, sent: &Sent) -> Result<(), StepFailure> {
        self.transcript.push(format!("> {}", sent.text));
        let Some(request) = &sent.request else { return Ok(()) };
        let reply = self.conn.reply().await;
        let reply = reply.ok_or_else(|| (sent.at, "the connection was closed without a reply".to_owned()))?;
        self.transcript.push(reply_text(&reply));
        self.naive.check(request, &reply, now(&self.time)).map_err(|what| (sent.at, what))
    }

    /// Sends bytes that the server answers before it closes the connection.
    async fn expect_last_reply(
        &mut self,
        at: usize,
        bytes: &[u8],
        request: &Request,
    ) -> Result<(), StepFailure> {
        self.conn.send(bytes).await;
        let text = String::from_utf8_lossy(bytes).into_owned();
        self.check_reply(&Sent { at, text, request: Some(request.clone()) }).await?;
        self.expect_close(at).await
    }

    async fn expect_close(&mut self, at: usize) -> Result<(), StepFailure> {
        if let Some(reply) = self.conn.reply().await {
            return Err((at, format!("a reply instead of the close: {}", reply_text(&reply))));
        }
        self.conn = connect(self.server.as_ref().expect("a running server")).await;
        Ok(())
    }

    async fn restart(&mut self, step: &Step, at: usize) -> Result<(), StepFailure> {
        self.transcript.push(format!("({step:?})"));
        let server = self.server.take().expect("a running server");
        // The server must not wait for the connection.
        self.conn.finish().await;
        let directory = if matches!(step, Step::Kill) { server.kill().await } else { server.stop().await };
        let started = Server::on_with(directory, |config| {
            configure(config, self.conditions, &self.time);
        })
        .await;
        let server = started
            .map_err(|refused| (at, format!("the restart failed: {:#}", anyhow::Error::from(refused))))?;
        self.naive.end_due_holds(now(&self.time));
        self.conn = connect(&server).await;
        self.server = Some(server);
        Ok(())
    }

    async fn maintain(&mut self, at: usize) -> Result<(), StepFailure> {
        self.transcript.push("(Maintain)".to_owned());
        let server = self.server.as_ref().expect("a running server");
        let round = maintenance::round(&server.service.store).await;
        round.map_err(|error| (at, error.to_string()))?;
        self.naive.maintain(now(&self.time));
        // Its reply waits until the commits of maintenance are durable.
        self.conn.send(b"STATS\n").await;
        self.check_reply(&Sent { at, text: "STATS".to_owned(), request: Some(Request::Stats) }).await
    }

    async fn check_all_state(&mut self, at: usize) -> Result<(), StepFailure> {
        let requests = all_reads(&self.naive, &self.slots);
        let mut style = Rng::new(at as u64);
        for some in requests.chunks(200) {
            let mut bytes = Vec::new();
            for request in some {
                bytes.extend(request_line(request, &mut style));
                bytes.push(b'\n');
            }
            self.conn.send(&bytes).await;
            for request in some {
                let reply =
                    self.conn.reply().await.ok_or_else(|| (at, "the connection was closed".to_owned()))?;
                self.naive.check(request, &reply, now(&self.time)).map_err(|what| {
                    self.transcript.push(format!("> (final check) {request:?}"));
                    self.transcript.push(reply_text(&reply));
                    (at, what)
                })?;
            }
        }
        Ok(())
    }
}
