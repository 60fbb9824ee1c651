//! The HELLO and the AUTH with which a connection begins, each time that it is opened.

use bookline_protocol::Code;

use crate::config::AuthLine;
use crate::error::{Error, excerpt};
use crate::handshake::Handshake;
use crate::reply::{FinalLine, TemporaryRefusal, message};

const HELLO: &[u8] = b"HELLO\n";

/// The longest reply to one of them: some ten times what a server sends.
const REPLY_BYTES_MAX: usize = 4 * 1024;

/// The AUTH of a connection. A peer that does not answer HELLO as a Bookline server does not get it. Requests
/// may be sent behind it at once: the server executes them after it.
#[derive(Debug)]
pub struct Auth {
    line: AuthLine,
    step: Step,
    /// The bytes that are sent of the request of this step.
    written: usize,
    /// What has arrived of its reply.
    reply: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Hello,
    Auth,
    Done,
}

/// How a server answers.
#[derive(Debug)]
pub enum Answer {
    Granted,
    /// The same may be granted later.
    NotNow {
        code: String,
        message: String,
    },
}

impl Auth {
    pub fn new(line: AuthLine) -> Self {
        Self { line, step: Step::Hello, written: 0, reply: Vec::new() }
    }

    /// Begins again, on a connection that is opened again.
    pub fn restart(&mut self) {
        self.begin(Step::Hello);
    }

    fn begin(&mut self, step: Step) {
        (self.step, self.written) = (step, 0);
        self.reply.clear();
    }

    /// What is to be sent before any request.
    pub fn unsent(&self) -> &[u8] {
        let request = match self.step {
            Step::Hello => HELLO,
            Step::Auth => self.line.0.as_bytes(),
            Step::Done => &[],
        };
        &request[self.written..]
    }

    pub fn on_written(&mut self, count: usize) {
        self.written += count;
    }

    /// Whether the reply to AUTH is still to come.
    #[inline]
    pub fn is_due(&self) -> bool {
        self.step != Step::Done
    }

    /// Whether requests must wait, because AUTH is not sent.
    #[inline]
    pub fn holds_requests(&self) -> bool {
        self.step == Step::Hello
    }

    /// Takes what has arrived. Returns the answer and how many bytes it took, or `None` if all are taken and
    /// there is none: then there may be more to send.
    ///
    /// # Errors
    ///
    /// The peer is not a Bookline server, refuses the account, or sends no reply.
    #[cold]
    pub fn take(&mut self, arrived: &[u8]) -> Result<Option<(Answer, usize)>, Error> {
        let end = memchr::memchr(b'\n', arrived);
        self.reply.extend_from_slice(&arrived[..end.unwrap_or(arrived.len())]);
        let is_hello = self.step == Step::Hello;
        if self.reply.len() > REPLY_BYTES_MAX {
            return Err(if is_hello { not_bookline(&self.reply) } else { Error::AuthReply });
        }
        let Some(end) = end else { return Ok(None) };
        let line = std::mem::take(&mut self.reply);
        let answer = if is_hello { answer_to_hello(&line)? } else { answer(&line)? };
        match answer {
            Answer::NotNow { .. } => {}
            Answer::Granted if is_hello => {
                self.begin(Step::Auth);
                let behind = &arrived[end + 1..];
                // A server sends nothing behind it that nobody has asked for.
                return if behind.is_empty() { Ok(None) } else { Err(not_bookline(behind)) };
            }
            Answer::Granted => self.begin(Step::Done),
        }
        Ok(Some((answer, end + 1)))
    }
}

fn answer_to_hello(line: &[u8]) -> Result<Answer, Error> {
    if let Some(TemporaryRefusal { code, message, .. }) = TemporaryRefusal::parse(line) {
        return Ok(Answer::NotNow { code: code.to_owned(), message });
    }
    Handshake::check(line).map(|_| Answer::Granted)
}

fn not_bookline(reply: &[u8]) -> Error {
    Error::NotBookline { reply: excerpt(reply) }
}

fn answer(line: &[u8]) -> Result<Answer, Error> {
    let (code, body) = match FinalLine::parse(line) {
        Ok(FinalLine::Ok { .. }) => return Ok(Answer::Granted),
        Ok(FinalLine::Err { code, body }) => (code, body),
        // It is not shown: a peer that repeats what it gets repeats the secret.
        Err(_) => return Err(Error::AuthReply),
    };
    match TemporaryRefusal::parse(line) {
        Some(TemporaryRefusal { code, message, .. }) => Ok(Answer::NotNow { code: code.to_owned(), message }),
        None => Err(Error::AuthRefused { code: code.to_owned(), message: message(body) }),
    }
}

impl Answer {
    /// The error of a run that does not try again.
    pub fn error(self) -> Option<Error> {
        match self {
            Self::Granted => None,
            Self::NotNow { code, .. }
                if [Code::Busy, Code::ShuttingDown].iter().any(|it| it.as_str() == code) =>
            {
                Some(Error::Rejected)
            }
            Self::NotNow { code, message } => Some(Error::AuthRefused { code, message }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO_REPLY: &[u8] =
        b"OK {\"server\":\"bookline\",\"protocol\":1,\"max_line\":4096,\"auth\":\"required\"}\n";

    fn auth() -> Auth {
        Auth::new(AuthLine("AUTH anna correct\n".into()))
    }

    /// One whose HELLO is answered.
    fn greeted() -> Auth {
        let mut auth = auth();
        assert_eq!(auth.unsent(), b"HELLO\n");
        auth.on_written(6);
        assert!(auth.holds_requests() && auth.unsent().is_empty());
        assert!(auth.take(HELLO_REPLY).unwrap().is_none());
        assert!(auth.is_due() && !auth.holds_requests());
        auth
    }

    #[test]
    fn reply_may_come_in_pieces_and_with_others_behind_it() {
        let mut auth = greeted();
        assert_eq!(auth.unsent(), b"AUTH anna correct\n");
        auth.on_written(17);
        assert_eq!(auth.unsent(), b"\n");
        assert!(auth.take(b"OK {\"acc").unwrap().is_none() && auth.is_due());
        let taken = auth.take(b"ount\":\"anna\"}\nOK {}\n").unwrap();
        assert!(matches!(taken, Some((Answer::Granted, 14))), "{taken:?}");
        assert!(!auth.is_due() && auth.unsent().is_empty());
        auth.restart();
        assert!(auth.is_due() && auth.unsent() == HELLO);
    }

    #[test]
    fn peer_that_is_not_bookline_does_not_get_the_secret() {
        let behind = [HELLO_REPLY, b"x"].concat();
        for line in [&b"220 mail.example ESMTP\n"[..], b"OK {}\n", &[b'x'; REPLY_BYTES_MAX + 1], &behind] {
            let taken = auth().take(line);
            assert!(matches!(taken, Err(Error::NotBookline { .. })), "{taken:?}");
        }
    }

    #[test]
    fn reply_that_repeats_the_secret_is_not_shown() {
        for line in [&b"AUTH anna correct\n"[..], b"correct", b"\n"] {
            let line = if line == b"correct" { line.repeat(REPLY_BYTES_MAX) } else { line.to_vec() };
            let error = greeted().take(&line).unwrap_err();
            assert!(matches!(error, Error::AuthReply) && !error.to_string().contains("correct"), "{error}");
        }
    }

    #[test]
    fn refusal_ends_the_run_unless_it_is_for_now() {
        let wrong = b"ERR UNAUTHENTICATED {\"message\":\"m\",\"retry\":false}\n";
        assert!(matches!(greeted().take(wrong), Err(Error::AuthRefused { .. })));
        for (code, is_rejected) in [("BUSY", true), ("RATE_LIMITED", false)] {
            let line = format!("ERR {code} {{\"message\":\"m\",\"retry\":true}}\n");
            let (answer, _) = greeted().take(line.as_bytes()).unwrap().unwrap();
            assert!(matches!(answer, Answer::NotNow { .. }));
            assert_eq!(matches!(answer.error(), Some(Error::Rejected)), is_rejected, "{code}");
        }
    }

    #[test]
    fn secret_is_not_shown() {
        assert!(!format!("{:?}", auth()).contains("correct"));
    }
}
