//! AUTH.

use std::sync::Arc;

use bookline_protocol::Refusal;
use bookline_protocol::commands::Auth;
use bookline_protocol::commands::auth::AccountReply;
use bookline_protocol::reply::write_ok;
use bookline_protocol::secret::TOKEN_PREFIX;

use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::login::TooManyConnections;
use super::service::Service;
use super::turn::Turn;
use crate::auth::hashing::{Hashed, QueueFull, Work};
use crate::auth::verify_token;
use crate::domain::account::StoredSecret;
use crate::state::{Account, UnusedKey};

/// When an AUTH may be sent again that found the queue of passwords full.
const QUEUE_RETRY_MS: u64 = 1_000;

impl Command for Auth<'_> {
    fn execute(&self, turn: &mut Turn, service: &Service, _: Option<UnusedKey<'_>>) -> ExecutionStatus {
        if !service.authentication.is_required() {
            return turn.refuse(no_accounts());
        }
        if self.secret.starts_with(TOKEN_PREFIX) {
            let account = service.store.account(&mut turn.context, &self.name);
            let stored = match account.as_deref() {
                Some(Account { secret: StoredSecret::Token(stored), .. }) => Some(stored),
                _ => None,
            };
            let is_proved = verify_token(&self.secret, stored);
            return turn.end_attempt(service, account.filter(|_| is_proved), &self.name);
        }
        match turn.login.hashed.take() {
            None => turn.begin_attempt(service, self),
            Some(hashed) => {
                // The account may have another secret by now.
                let account = service.store.account(&mut turn.context, &self.name);
                let account = account.filter(|account| is_proved(account, &hashed));
                turn.end_attempt(service, account, &self.name)
            }
        }
    }
}

/// Whether the password of this account was verified.
fn is_proved(account: &Account, hashed: &Hashed) -> bool {
    match (&account.secret, hashed) {
        (StoredSecret::Password(current), Hashed::Verified { stored: Some(stored), matches: true }) => {
            current == stored
        }
        _ => false,
    }
}

impl Turn {
    /// Lets the password be hashed. The request is executed again with the result.
    fn begin_attempt(&mut self, service: &Service, Auth { name, secret }: &Auth<'_>) -> ExecutionStatus {
        let Some(hashing) = service.authentication.hashing() else { return self.refuse(no_accounts()) };
        let attempt = match service.authentication.delays.begin(name, &self.login.peer.origin.network()) {
            Ok(attempt) => attempt,
            Err(delay) => {
                let ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX).max(1);
                let message = format!(
                    "attempts with wrong passwords from this address delay the next one: wait {} s",
                    delay.as_secs_f64().ceil()
                );
                return self.refuse(Refusal::rate_limited(message, ms));
            }
        };
        let stored = match service.store.account(&mut self.context, name).as_deref() {
            Some(Account { secret: StoredSecret::Password(stored), .. }) => Some(stored.clone()),
            _ => None,
        };
        match hashing.submit(Work::Verify { password: secret.clone().into_owned(), stored }) {
            Ok(hashing) => {
                self.login.attempt = Some(attempt);
                self.login.hashing = Some(hashing);
                ExecutionStatus::Hashing
            }
            Err(QueueFull) => {
                attempt.cancel();
                self.refuse(queue_full())
            }
        }
    }

    /// Ends an attempt that has proved this account, or none.
    fn end_attempt(
        &mut self,
        service: &Service,
        account: Option<Arc<Account>>,
        name: &str,
    ) -> ExecutionStatus {
        let attempt = self.login.attempt.take();
        let Some(account) = account else { return self.refuse_attempt(service, name) };
        if let Some(attempt) = attempt {
            attempt.succeed();
        }
        match self.login.log_in(&mut self.context, account.clone(), service) {
            Ok(()) => {
                write_ok(&mut self.replies, &account_reply(&account));
                ExecutionStatus::Complete
            }
            Err(TooManyConnections { limit }) => self.refuse(Refusal::busy_account(&account.name, limit)),
        }
    }

    fn refuse_attempt(&mut self, service: &Service, name: &str) -> ExecutionStatus {
        // A name that no account has may be a secret, in the wrong place.
        let known = service.store.account(&mut self.context, name).map(|account| account.name.clone());
        let account = known.as_deref().unwrap_or("(unknown)");
        tracing::warn!(target: "audit", account, address = %self.login.peer.origin, "audit: AUTH refused");
        let closes = self.login.fail();
        let more = if closes { "; this was the third attempt, and the connection is closed" } else { "" };
        self.refuse(Refusal::unauthenticated(format!("the name or the secret is wrong{more}")));
        if closes { ExecutionStatus::Close } else { ExecutionStatus::Complete }
    }
}

/// The refusal of commands about accounts on a server that has none.
pub(super) fn no_accounts() -> Refusal {
    Refusal::not_found(
        "this server has no accounts: stop it, add the first one with booklined account add NAME --role admin, \
         and start it again",
    )
}

/// Too many passwords wait to be hashed.
pub(super) fn queue_full() -> Refusal {
    Refusal::rate_limited(
        "the server checks as many passwords as it can: try again in a second, or use a token",
        QUEUE_RETRY_MS,
    )
}

/// An account, as replies show it.
pub(super) fn account_reply(account: &Account) -> AccountReply<'_> {
    AccountReply {
        account: account.name.as_str().into(),
        role: account.role,
        person: account.person.as_deref().map(Into::into),
    }
}
