//! Tokens: secrets that a server makes. A token is random, so its SHA-256 reveals nothing of it, and is
//! computed in a microsecond.

use std::fmt::Write;

use bookline_protocol::{TOKEN_DIGITS, TOKEN_PREFIX};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Random bytes of a token.
const RANDOM_BYTES: usize = TOKEN_DIGITS / 2;

/// Makes a token, by a cryptographic generator (ChaCha12, seeded by the system), and its hash. The token
/// itself is shown once and stored nowhere.
pub fn new_token() -> (String, [u8; 32]) {
    let random: [u8; RANDOM_BYTES] = rand::random();
    let mut token = String::with_capacity(TOKEN_PREFIX.len() + TOKEN_DIGITS);
    token.push_str(TOKEN_PREFIX);
    for byte in random {
        write!(token, "{byte:02x}").expect("a string takes everything");
    }
    let hash = token_hash(&token);
    (token, hash)
}

/// The hash of a token, by which it is stored.
pub fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// Whether a token has this hash. It takes the same time for every token, and without a hash.
pub fn verify_token(token: &str, hash: Option<&[u8; 32]>) -> bool {
    let is_equal = token_hash(token).ct_eq(hash.unwrap_or(&[0; 32]));
    bool::from(is_equal) & hash.is_some()
}

#[cfg(test)]
mod tests {
    use bookline_protocol::Secret;

    use super::*;

    #[test]
    fn every_token_is_another_one_and_has_its_own_hash() {
        let (one, hash) = new_token();
        let (other, other_hash) = new_token();
        for token in [&one, &other] {
            assert!(Secret::new(token.as_str()).expect("a secret").is_token());
        }
        assert_ne!(one, other);
        assert_eq!(hash, token_hash(&one));
        assert!(verify_token(&one, Some(&hash)));
        assert!(!verify_token(&one, Some(&other_hash)) && !verify_token(&one, None));
    }

    /// `printf bkl_000… | sha256sum`: another version must find the tokens that are stored.
    #[test]
    fn hash_of_a_token_is_its_sha_256() {
        let token = format!("{TOKEN_PREFIX}{}", "0".repeat(TOKEN_DIGITS));
        let digits = token_hash(&token).map(|byte| format!("{byte:02x}")).concat();
        assert_eq!(digits, "737e6b9347ead33e0c1d252ddd7fd650ba0a23be52669d86bb402e82f5b7d677");
    }
}
