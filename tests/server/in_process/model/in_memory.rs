//! Running a scenario against a server on a log in memory and the model.

use std::task::Waker;

use bookline_server::state::StateLimits;
use bookline_server::storage::log::Log;
use bookline_testkit::in_memory::Server;
use bookline_testkit::model::{Model, Request, Slot, request_line};
use bookline_testkit::{MemoryLog, Rng};
use chrono::{NaiveDateTime, Utc};

use super::steps::{Conditions, Step, all_reads, line_end, slots};
use super::transcript::{Failure, line_text, reply_text};

/// A change that is lost with the log before it is durable.
const LOST: &[u8] = b"CREATE lost 2026-01-01 1 id=lost\n";

struct Scenario {
    server: Server,
    naive: Model,
    slots: Vec<Slot>,
    transcript: Vec<String>,
}

/// Runs the steps that need no connection, and compares all of the state after each start and at the end.
pub fn run(steps: &[Step], conditions: Conditions) -> Result<(), Failure> {
    let log = if conditions.durable() { MemoryLog::held() } else { MemoryLog::default() };
    let limits = conditions.limits.map_or(StateLimits::NONE, |[events, tickets, person_hours]| StateLimits {
        events,
        tickets,
        person_hours,
        ..StateLimits::NONE
    });
    let mut scenario = Scenario {
        server: Server::on(log, conditions.shards, limits),
        naive: Model::new(true).with_limits(conditions.limits),
        slots: slots(now()),
        transcript: Vec::new(),
    };
    let mut each = (0..).zip(steps).map(|(at, step)| (at, scenario.step(at, step)));
    let failed = each.find_map(|(at, result)| result.err().map(|what| (at, what)));
    let last = steps.len().saturating_sub(1);
    let failed = failed.or_else(|| scenario.check_all_state().err().map(|what| (last, what)));
    let Scenario { transcript, .. } = scenario;
    failed.map_or(Ok(()), |(at, what)| Err(Failure { at, transcript, what }))
}

fn now() -> NaiveDateTime {
    Utc::now().naive_utc()
}

impl Scenario {
    fn step(&mut self, at: usize, step: &Step) -> Result<(), String> {
        match step {
            Step::Restart => {
                self.server.log.close().map_err(|failure| failure.to_string())?;
                self.restart(step)
            }
            Step::Kill => {
                self.server.execute(LOST);
                self.restart(step)
            }
            step => match step.line(&self.naive, &self.slots) {
                // There is no snapshotter.
                Some((_, Some(Request::Snapshot))) | None => Ok(()),
                Some((line, request)) => self.line(at, &line, request.as_ref()),
            },
        }
    }

    fn restart(&mut self, step: &Step) -> Result<(), String> {
        self.transcript.push(format!("({step:?})"));
        self.server.restart();
        self.check_all_state()
    }

    /// Executes a line, and checks its reply, if there is one.
    fn line(&mut self, at: usize, line: &[u8], request: Option<&Request>) -> Result<(), String> {
        self.transcript.push(format!("> {}", line_text(line)));
        let before = now();
        let replies = self.server.execute(&[line, line_end(at)].concat());
        self.transcript.extend(replies.iter().map(reply_text));
        self.acknowledge()?;
        match (request, &replies[..]) {
            (None, []) => Ok(()),
            (Some(request), [reply]) => self.naive.check(request, reply, [before, now()]),
            (_, replies) => Err(format!("{} replies to one line", replies.len())),
        }
    }

    /// Makes the commit of a line durable. Before that, its reply has to wait.
    fn acknowledge(&self) -> Result<(), String> {
        let (log, depends_on) = (&self.server.log, self.server.depends_on());
        let may_be_sent = || log.poll_durable(depends_on, true, Waker::noop()).is_ready();
        if may_be_sent() != (log.durable() == log.appended()) {
            let (appended, durable) = (log.appended(), log.durable());
            return Err(format!("it depends on {depends_on:?} of {appended:?}, and {durable:?} is durable"));
        }
        log.sync();
        if may_be_sent() { Ok(()) } else { Err("it is never sent".to_owned()) }
    }

    fn check_all_state(&mut self) -> Result<(), String> {
        let mut style = Rng::new(self.transcript.len() as u64);
        for request in all_reads(&self.naive, &self.slots) {
            let line = request_line(&request, &mut style);
            self.line(0, &line, Some(&request))
                .map_err(|what| format!("{what} (comparing all of the state)"))?;
        }
        Ok(())
    }
}
