//! The connection of a session, and what is known of it when it is lost.

use crate::address::Address;
use crate::advice::Advice;
use crate::error::Error;
use crate::login::Login;
use crate::net::connection::{Connection, Target};
use crate::net::pending::PendingRequest;
use crate::net::watching::Watching;

/// The connection of a session, which is opened again after it was lost.
#[derive(Debug, Default)]
pub struct Link {
    connection: Option<Connection>,
    /// Whether the last connection was lost, and there is none since.
    is_lost: bool,
    /// The instance of the server at the last connection. An old server does not name it.
    instance: Option<String>,
    /// The server of the last connection.
    address: Option<Address>,
    /// Changes of earlier commands whose outcome is unknown. They are fewer than an exchange may have without
    /// a reply, because all of them are sent before another command is.
    in_doubt: Vec<PendingRequest>,
    /// What the last connection watched, and the user was not told that it is watched no more.
    unwatched: Option<Watching>,
    /// The account of the last AUTH that was granted, instead of that of the arguments.
    login: Option<Login>,
}

impl From<Connection> for Link {
    fn from(connection: Connection) -> Self {
        let mut link = Self::default();
        link.reopen(connection);
        link
    }
}

impl Link {
    /// Whether the server is gone, as far as is known.
    pub fn is_lost(&self) -> bool {
        self.is_lost
    }

    pub fn is_open(&self) -> bool {
        self.connection.is_some()
    }

    pub fn connection(&mut self) -> Option<&mut Connection> {
        self.connection.as_mut()
    }

    /// The account whose connections are opened: that of the last AUTH, or that of the arguments.
    pub fn login<'a>(&'a self, target: &'a Target) -> Option<&'a Login> {
        self.login.as_ref().or(target.login.as_ref())
    }

    /// Keeps the account whose connections are opened from now on. A connection that is not one of it,
    /// because its AUTH was refused, is closed.
    pub fn keep_login(&mut self, login: Option<Login>) {
        if self.connection.as_ref().is_some_and(|connection| connection.target.login != login) {
            self.connection = None;
        }
        self.login = login;
    }

    /// Takes a new connection. Returns what a user at the prompt has to know about it.
    pub fn reopen(&mut self, connection: Connection) -> Option<String> {
        let is_restarted = match (&self.instance, &connection.instance) {
            (Some(last), Some(new)) => last != new,
            _ => false,
        };
        let was_lost = std::mem::take(&mut self.is_lost);
        self.instance.clone_from(&connection.instance);
        let last = self.address.replace(connection.target.address.clone());
        let other = last.filter(|last| Some(last) != self.address.as_ref()).and(self.address.as_ref());
        self.connection = Some(connection);
        match (other, is_restarted, was_lost) {
            (Some(address), _, _) => Some(format!("reconnected to {address}")),
            (None, true, _) => Some("reconnected; the server was restarted".to_owned()),
            (None, false, true) => Some("reconnected".to_owned()),
            (None, false, false) => None,
        }
    }

    /// Closes the connection after an error. It is lost only if the server has gone.
    pub fn close_after(&mut self, error: &Error) {
        let watching = self.connection.take().map(|connection| connection.watching);
        self.unwatched = watching.filter(|watching| !watching.is_empty()).or(self.unwatched.take());
        self.is_lost |= error.is_loss();
    }

    /// What a user has to know about what is watched no more, once.
    pub fn take_unwatched(&mut self) -> Option<String> {
        let line = self.unwatched.take()?.resuming_line();
        Some(format!("nothing is watched any more; this line goes on where it ended: {line}"))
    }

    /// The changes to ask for before anything else is sent.
    pub fn take_in_doubt(&mut self) -> Vec<PendingRequest> {
        std::mem::take(&mut self.in_doubt)
    }

    /// Whether there are changes to ask for.
    pub fn has_doubt(&self) -> bool {
        !self.in_doubt.is_empty()
    }

    /// Keeps changes to ask for with the next command.
    pub fn keep_in_doubt(&mut self, requests: Vec<PendingRequest>) {
        self.in_doubt = requests;
    }

    /// What a user who leaves has to know about the changes in doubt, if there are any.
    pub fn doubt(&self, target: &Target) -> Option<Error> {
        if self.in_doubt.is_empty() {
            return None;
        }
        let lines: Vec<_> = self.in_doubt.iter().map(PendingRequest::shown_line).collect();
        let unanswered = lines.len() as u64;
        let cause = Box::new(Error::Lost { address: target.cluster.last(), unanswered });
        Some(Error::InDoubt { cause, advice: Advice::SendAgain { lines } })
    }
}
