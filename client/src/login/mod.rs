//! Who the client is to a server with accounts.

mod secret_error;
mod source;
mod terminal;

use std::fmt;

use bookline_protocol::{Id, ParsedLine, Request, Verb, parse, quote};

pub use secret_error::{SECRET_VARIABLE, SecretError};
pub use source::SecretSource;
pub use terminal::ask;

/// The name of an account, and its secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    pub name: String,
    secret: String,
}

/// A line that begins with AUTH, as a user types it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthLine {
    /// The secret is missing: it is asked for.
    Name(String),
    /// The line is complete.
    Login(Login),
    /// Too few words or too many, or misplaced quotes: the server says so.
    Other,
}

impl Login {
    pub fn new(name: impl Into<String>, secret: impl Into<String>) -> Self {
        Self { name: name.into(), secret: secret.into() }
    }

    /// The AUTH that proves it, with its line feed.
    pub fn line(&self) -> String {
        format!("{} {} {}\n", Verb::Auth, quote(&self.name), quote(&self.secret))
    }
}

/// Without the secret.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("name", &self.name).finish_non_exhaustive()
    }
}

impl AuthLine {
    /// Reads a line, given without its end. `None` if its verb is another one.
    pub fn parse(line: &str) -> Option<Self> {
        if let ParsedLine::Request(Request::Auth(auth)) = parse(line.as_bytes(), &mut Vec::new()) {
            return Some(Self::Login(Login::new(auth.name, auth.secret)));
        }
        let mut words = line.split_ascii_whitespace();
        let verb = words.next().and_then(Verb::from_word).filter(|verb| *verb == Verb::Auth);
        verb.map(|_| match (words.next(), words.next()) {
            (Some(name), None) if Id::new(name).is_ok() => Self::Name(name.to_owned()),
            _ => Self::Other,
        })
    }
}

/// Whether a line may have a secret, so that it is kept nowhere, shown nowhere and never sent again.
pub fn may_have_secret(line: &[u8]) -> bool {
    // The server leaves telnet sequences out.
    let mut scratch = Vec::new();
    let parsed = parse(line, &mut scratch);
    let is_parsed = matches!(parsed, ParsedLine::Request(Request::Auth(_) | Request::Account(_)));
    is_parsed || bookline_protocol::may_have_secret(&String::from_utf8_lossy(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_of_a_login_is_read_as_that_login() {
        for secret in ["bkl_0123456789abcdef0123456789abcdef01234567", "correct \"horse\"", "a\\b=c", "ž€𝄞"]
        {
            let login = Login::new("anna", secret);
            let parsed = AuthLine::parse(login.line().trim_end());
            assert_eq!(parsed, Some(AuthLine::Login(login)), "{secret}");
        }
        assert_eq!(Login::new("anna", "correct horse").line(), "AUTH anna \"correct horse\"\n");
    }

    #[test]
    fn secret_may_be_missing() {
        let name = |name: &str| Some(AuthLine::Name(name.to_owned()));
        assert_eq!(AuthLine::parse("auth anna"), name("anna"));
        assert_eq!(AuthLine::parse(" AUTH\tanna "), name("anna"));
        for other in ["AUTH", "AUTH anna a b", "AUTH \"a b\"", "AUTH anna \"a"] {
            assert_eq!(AuthLine::parse(other), Some(AuthLine::Other), "{other}");
        }
        assert_eq!(AuthLine::parse("AUHT anna secret"), None);
    }

    #[test]
    fn telnet_sequences_do_not_hide_a_secret() {
        for line in [&b"AUTH anna x"[..], b"\xff\xfb\x01AUTH anna correct", b"A\xff\xf1UTH anna correct"] {
            assert!(may_have_secret(line), "{}", String::from_utf8_lossy(line));
        }
        assert!(!may_have_secret(b"BOOK e 1") && !may_have_secret(b"\xff"));
    }

    #[test]
    fn secret_is_not_shown() {
        let shown = format!("{:?}", Login::new("anna", "correct horse"));
        assert_eq!(shown, "Login { name: \"anna\", .. }");
    }
}
