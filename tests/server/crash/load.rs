//! Clients that pipeline, and the plug that is pulled at a given number of replies.

use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::process::{Pid, Signal, kill_process};

use crate::common::{Answer, Conn, Rng};

/// Kills the server, at once, by the hand of whoever reads the last reply that it is granted.
pub struct Plug {
    pid: Pid,
    left: AtomicUsize,
}

impl Plug {
    /// A server that may reply so often.
    pub fn new(pid: u32, replies: usize) -> Self {
        Self { pid: Pid::from_raw(pid.try_into().unwrap()).unwrap(), left: AtomicUsize::new(replies) }
    }

    fn heard_one(&self) {
        // Once below zero it wraps: the plug is pulled once.
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            kill_process(self.pid, Signal::KILL).unwrap();
        }
    }
}

/// A client that remembers what it asked and what it was promised.
pub trait Client {
    /// The next request; it is unanswered from now on.
    fn next(&mut self, rng: &mut Rng) -> String;
    /// The reply to the oldest unanswered request.
    fn answered(&mut self, answer: Answer);
}

/// Requests in bursts, with a part of the replies outstanding, until the connection is gone.
pub fn drive(client: &mut impl Client, conn: &mut Conn, rng: &mut Rng, plug: &Plug) {
    let mut waiting = 0;
    let mut sending = true;
    loop {
        if sending {
            let burst = rng.range(1, 40);
            let lines: Vec<String> = (0..burst).map(|_| client.next(rng) + "\n").collect();
            waiting += burst;
            sending = conn.try_send_bytes(lines.concat().as_bytes()).is_ok();
        }
        // When sending fails, replies that arrived before are still to be read.
        let keep = if sending { rng.below(20) } else { 0 };
        while waiting > keep {
            let Ok(answer) = conn.try_answer() else { return };
            client.answered(answer);
            plug.heard_one();
            waiting -= 1;
        }
        if !sending {
            return;
        }
    }
}
