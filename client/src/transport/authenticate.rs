//! AUTH, with which a connection becomes that of an account.

use std::time::Duration;

use bookline_protocol::Code;
use bookline_protocol::reply::{ErrBody, ReplyLine};
use tokio::time::{Instant, sleep_until};

use super::opened::Opened;
use crate::error::Error;
use crate::login::Login;
use crate::render::refusal::sentence;
use crate::target::Target;

/// Sends AUTH until it is granted or refused. A server that asks for a pause is asked again after it, if that
/// is before the deadline.
///
/// # Errors
///
/// The server refuses the account, or there is no reply in time.
pub async fn authenticate(
    opened: &mut Opened,
    login: &Login,
    target: &Target,
    deadline: Instant,
) -> Result<(), Error> {
    let address = || target.address.clone();
    loop {
        let asked = opened.ask(&login.line(), target, deadline).await;
        let line = asked.map_err(|error| match error {
            // A peer that repeats what it gets repeats the secret.
            Error::NotBookline { address, .. } => Error::AuthReply { address },
            error => error,
        })?;
        let (code, body) = match ReplyLine::parse(&line) {
            Ok(ReplyLine::Ok(_)) => return Ok(()),
            Ok(ReplyLine::Err { code, body }) => (code, body),
            _ => return Err(Error::AuthReply { address: address() }),
        };
        match code.parse() {
            Ok(Code::Busy | Code::ShuttingDown) => {
                return Err(Error::Rejected { address: address(), refusal: Some(line) });
            }
            Ok(Code::RateLimited) if let Some(at) = next_try(body).filter(|at| *at < deadline) => {
                sleep_until(at).await;
            }
            _ => return Err(Error::AuthRefused { sentence: sentence(code, body) }),
        }
    }
}

/// When the server takes the next AUTH, if it says so.
fn next_try(body: &str) -> Option<Instant> {
    let pause = serde_json::from_str::<ErrBody>(body).ok()?.retry_after_ms?;
    Instant::now().checked_add(Duration::from_millis(pause))
}
