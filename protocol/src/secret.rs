//! The secrets of accounts.

use std::borrow::Cow;
use std::fmt;

use thiserror::Error;

use crate::limits::{PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN};

/// What a token begins with. No password does, so that the two are told apart by their form.
pub const TOKEN_PREFIX: &str = "bkl_";

/// Hexadecimal digits of a token after its prefix: 160 random bits.
pub const TOKEN_DIGITS: usize = 40;

/// The secret of an account: a token that a server made, or a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<'a>(Cow<'a, str>);

/// Why a text is not a secret. The message does not repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SecretError {
    /// A password is too short or too long.
    #[error(
        "is no password: one has {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters and does not begin \
         with {TOKEN_PREFIX}"
    )]
    Password,
    /// A text begins as a token does, and is none.
    #[error("begins as a token and is none: one is {TOKEN_PREFIX} and {TOKEN_DIGITS} hexadecimal digits")]
    Token,
}

impl<'a> Secret<'a> {
    /// Validates a text.
    ///
    /// # Errors
    ///
    /// See [`SecretError`].
    pub fn new(text: impl Into<Cow<'a, str>>) -> Result<Self, SecretError> {
        let secret = Self(text.into());
        match secret.0.strip_prefix(TOKEN_PREFIX) {
            Some(digits) if is_token(digits) => Ok(secret),
            Some(_) => Err(SecretError::Token),
            None if (PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&secret.0.chars().count()) => {
                Ok(secret)
            }
            None => Err(SecretError::Password),
        }
    }

    /// Whether it is a token, not a password.
    pub fn is_token(&self) -> bool {
        self.0.starts_with(TOKEN_PREFIX)
    }

    /// The secret itself. It must not be shown or logged.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

fn is_token(digits: &str) -> bool {
    digits.len() == TOKEN_DIGITS && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Without the secret.
impl fmt::Debug for Secret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_is_a_token_or_a_password() {
        let token = format!("{TOKEN_PREFIX}{}", "0123456789".repeat(4));
        assert!(Secret::new(token.as_str()).unwrap().is_token());
        assert!(!Secret::new("correct horse").unwrap().is_token());
        assert_eq!(Secret::new("bkl_12345678"), Err(SecretError::Token));
        assert_eq!(Secret::new("seven77"), Err(SecretError::Password));
        assert_eq!(Secret::new("x".repeat(201)), Err(SecretError::Password));
        assert!(Secret::new("ü".repeat(200)).is_ok());
        assert_eq!(format!("{:?}", Secret::new("correct horse")), "Ok(Secret(…))");
    }
}
