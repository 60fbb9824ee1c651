//! Clients that pipeline requests, and a kill after a given number of replies.

use std::sync::atomic::{AtomicUsize, Ordering};

use bookline_testkit::{Conn, Reply, Rng};
use rustix::process::{Pid, Signal, kill_process};

/// Kills the server as soon as its clients have read a given number of replies.
pub struct Killer {
    pid: Pid,
    left: AtomicUsize,
}

impl Killer {
    /// Kills the process `pid` after `replies` replies.
    pub fn new(pid: u32, replies: usize) -> Self {
        Self { pid: Pid::from_raw(pid.try_into().unwrap()).unwrap(), left: AtomicUsize::new(replies) }
    }

    fn count_reply(&self) {
        // The counter wraps below zero, so that it kills once.
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            kill_process(self.pid, Signal::KILL).unwrap();
        }
    }
}

/// A client that records its outstanding requests and the acknowledged changes.
pub trait Client {
    /// The line of the next request, without its LF. The request is outstanding from now on.
    fn next(&mut self, rng: &mut Rng) -> Vec<u8>;
    /// Handles the reply to the oldest outstanding request.
    fn on_reply(&mut self, reply: Reply);
}

/// Sends requests in bursts, with some replies outstanding, until the connection ends.
pub fn drive(client: &mut impl Client, conn: &mut Conn, rng: &mut Rng, killer: &Killer) {
    // Lines have telnet commands in them.
    conn.strips_telnet_answers = true;
    let mut waiting = 0;
    let mut sending = true;
    loop {
        if sending {
            let burst = rng.range(1, 40);
            let lines: Vec<Vec<u8>> = (0..burst).map(|_| [&client.next(rng)[..], b"\n"].concat()).collect();
            waiting += burst;
            sending = conn.try_send_bytes(&lines.concat()).is_ok();
        }
        // After sending has failed, the replies that arrived before are read.
        let keep = if sending { rng.below(20) } else { 0 };
        while waiting > keep {
            let Ok(reply) = conn.try_reply() else { return };
            client.on_reply(reply);
            killer.count_reply();
            waiting -= 1;
        }
        if !sending {
            return;
        }
    }
}
