//! Running a scenario against a server on a log in memory and the model.

use std::sync::Arc;
use std::task::Waker;

use bookline_server::storage::log::Log;
use bookline_server::time::clock::Clock;
use bookline_server::time::source::ManualTime;
use bookline_testkit::in_memory::Server;
use bookline_testkit::model::{Model, Request, Slot, request_line};
use bookline_testkit::{MemoryLog, Rng};

use super::moment::{manual_time, now};
use super::steps::{Conditions, Step, all_reads, line_end, slots};
use super::transcript::{Failure, line_text, reply_text};

/// A change that is lost with the log before it is durable.
const LOST: &[u8] = b"CREATE lost 2026-01-01 1 id=lost\n";

struct Scenario {
    time: Arc<ManualTime>,
    server: Server,
    naive: Model,
    slots: Vec<Slot>,
    transcript: Vec<String>,
}

/// Runs the steps that need no connection, and compares all of the state after each start and at the end.
pub fn run(steps: &[Step], conditions: Conditions) -> Result<(), Failure> {
    let log = if conditions.durable() { MemoryLog::held() } else { MemoryLog::default() };
    let time = manual_time();
    let clock = Arc::new(Clock::new(time.clone(), None));
    let mut scenario = Scenario {
        server: Server::with_clock(log, conditions.shards, conditions.limits, clock),
        naive: Model::new(true, conditions.limits),
        slots: slots(now(&time)),
        transcript: Vec::new(),
        time,
    };
    let mut each = (0..).zip(steps).map(|(at, step)| (at, scenario.step(at, step)));
    let failed = each.find_map(|(at, result)| result.err().map(|what| (at, what)));
    let last = steps.len().saturating_sub(1);
    let failed = failed.or_else(|| scenario.check_all_state().err().map(|what| (last, what)));
    let Scenario { transcript, .. } = scenario;
    failed.map_or(Ok(()), |(at, what)| Err(Failure { at, transcript, what }))
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
            Step::Advance(advance) => {
                self.transcript.push(format!("({step:?})"));
                // A microsecond passes before the next line.
                self.time.advance(advance.micros(&self.naive, now(&self.time)) - 1);
                Ok(())
            }
            Step::Maintain => {
                self.transcript.push(format!("({step:?})"));
                self.server.maintain();
                self.server.log.sync();
                self.naive.maintain(now(&self.time));
                Ok(())
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
        // No two holds have one deadline: then the order in which they end is not specified.
        self.time.advance(1);
        let replies = self.server.execute(&[line, line_end(at)].concat());
        self.transcript.extend(replies.iter().map(reply_text));
        // Keys may have been forgotten for that of a request that was then refused, of which its reply shows
        // nothing.
        let is_keyed = matches!(request, Some(Request::Keyed { .. }));
        let may_be_early = is_keyed && replies.iter().all(|reply| !reply.is_ok());
        self.acknowledge(may_be_early)?;
        match (request, &replies[..]) {
            (None, []) => Ok(()),
            (Some(request), [reply]) => self.naive.check(request, reply, now(&self.time)),
            (_, replies) => Err(format!("{} replies to one line", replies.len())),
        }
    }

    /// Makes the commit of a line durable. Before that, its reply has to wait, unless it `may_be_early`.
    fn acknowledge(&self, may_be_early: bool) -> Result<(), String> {
        let (log, depends_on) = (&self.server.log, self.server.depends_on());
        let may_be_sent = || log.poll_durable(depends_on, true, Waker::noop()).is_ready();
        let is_durable = log.durable() == log.appended();
        let is_right = if is_durable { may_be_sent() } else { may_be_early || !may_be_sent() };
        if !is_right {
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
