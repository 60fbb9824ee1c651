//! The hash of a password, as it is stored: a PHC string of Argon2id.

use argon2::password_hash::phc;
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Params, Version};
use rand::random;

/// Memory of one hash, in KiB. This and the two that follow are OWASP's parameters of Argon2id (Password
/// Storage Cheat Sheet, 2024): 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 << 10;

/// Passes over the memory.
const PASSES: u32 = 2;

/// Lanes, which other implementations compute at the same time.
const LANES: u32 = 1;

/// Bytes of a salt and of the output of Argon2id, as the PHC string format recommends them.
const SALT_BYTES: usize = 16;
const OUTPUT_BYTES: usize = 32;

/// What a stored hash may cost. A file that another program wrote must not make a login take gigabytes or
/// minutes. It leaves space for parameters of later versions.
const MEMORY_KIB_MAX: u32 = 64 << 10;
const PASSES_MAX: u32 = 10;
const LANES_MAX: u32 = 4;

const _: () = assert!(MEMORY_KIB <= MEMORY_KIB_MAX && PASSES <= PASSES_MAX && LANES <= LANES_MAX);

/// The longest PHC string: with the longest salt and output of the format, in base 64.
pub const PASSWORD_HASH_BYTES_MAX: usize = "$argon2id$v=19$m=65536,t=10,p=4$".len()
    + (phc::Salt::MAX_LENGTH * 4).div_ceil(3)
    + "$".len()
    + phc::Output::B64_MAX_LENGTH;

/// A hash of Argon2id, with all that computing it again needs.
pub struct PasswordHash {
    pub(super) params: Params,
    pub(super) salt: phc::Salt,
    pub(super) output: phc::Output,
}

impl PasswordHash {
    /// Reads a PHC string. `None` if it is not in the one form in which booklined writes it, or costs more
    /// than is allowed.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > PASSWORD_HASH_BYTES_MAX {
            return None;
        }
        let parsed = phc::PasswordHash::new(text).ok()?;
        let (salt, output) = (parsed.salt?, parsed.hash?);
        let cost = Params::try_from(&parsed).ok()?;
        // Without other parameters, which the form below has not.
        let params = Params::new(cost.m_cost(), cost.t_cost(), cost.p_cost(), Some(output.len())).ok()?;
        let hash = Self { params, salt, output };
        (hash.is_affordable() && hash.to_phc_string() == text).then_some(hash)
    }

    fn is_affordable(&self) -> bool {
        self.params.m_cost() <= MEMORY_KIB_MAX
            && self.params.t_cost() <= PASSES_MAX
            && self.params.p_cost() <= LANES_MAX
    }

    /// The cost and a random salt for a new hash, whose output is computed next.
    pub(super) fn unset() -> Self {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(OUTPUT_BYTES));
        Self {
            params: params.expect("the parameters are in the ranges of Argon2id"),
            salt: phc::Salt::new(&random::<[u8; SALT_BYTES]>()).expect("the length of a salt"),
            output: phc::Output::new(&[0; OUTPUT_BYTES]).expect("the length of an output"),
        }
    }

    /// The algorithm with the cost of this hash.
    pub(super) fn algorithm(&self) -> Argon2<'static> {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone())
    }

    pub(super) fn to_phc_string(&self) -> String {
        let params = phc::ParamsString::try_from(&self.params);
        let hash = phc::PasswordHash {
            algorithm: ARGON2ID_IDENT,
            version: Some(Version::V0x13.into()),
            params: params.expect("three numbers fit"),
            salt: Some(self.salt),
            hash: Some(self.output),
        };
        hash.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: &str = "c2FsdHNhbHRzYWx0c2FsdA";
    const OUTPUT: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    fn is_read(begin: &str) -> bool {
        PasswordHash::parse(&format!("{begin}${SALT}${OUTPUT}")).is_some()
    }

    #[test]
    fn hashes_of_argon2id_are_read_in_one_form_and_up_to_a_cost() {
        for begin in [
            "$argon2id$v=19$m=19456,t=2,p=1",
            "$argon2id$v=19$m=65536,t=10,p=4",
            "$argon2id$v=19$m=8,t=1,p=1",
        ] {
            assert!(is_read(begin), "{begin}");
        }
        for begin in [
            "$argon2id$v=19$m=65537,t=2,p=1",
            "$argon2id$v=19$m=4294967295,t=2,p=1",
            "$argon2id$v=19$m=19456,t=11,p=1",
            "$argon2id$v=19$m=19456,t=2,p=5",
            "$argon2id$v=19$m=19456,t=0,p=1",
            "$argon2id$v=19$m=7,t=1,p=1",
            "$argon2i$v=19$m=19456,t=2,p=1",
            "$argon2id$v=16$m=19456,t=2,p=1",
            "$argon2id$m=19456,t=2,p=1",
            "$argon2id$v=19",
            "$argon2id$v=19$t=2,m=19456,p=1",
            "$argon2id$v=19$m=19456,t=2,p=1,data=AAAA",
            "$scrypt$v=19$m=19456,t=2,p=1",
            "",
        ] {
            assert!(!is_read(begin), "{begin}");
        }
        let begin = "$argon2id$v=19$m=19456,t=2,p=1";
        for text in [
            begin.to_owned(),
            format!("{begin}${SALT}"),
            format!("{begin}${SALT}${OUTPUT}$"),
            format!("{begin}${SALT}${OUTPUT}="),
            format!("{begin}$c2Fs${OUTPUT}"),
            format!("{begin}${SALT}$AAAA"),
            format!("{begin}${}${OUTPUT}", "A".repeat(PASSWORD_HASH_BYTES_MAX)),
        ] {
            assert!(PasswordHash::parse(&text).is_none(), "{text}");
        }
    }

    #[test]
    fn longest_hash_is_read() {
        let salt = "A".repeat(64);
        let output = "A".repeat(86);
        let longest = format!("$argon2id$v=19$m=65536,t=10,p=4${salt}${output}");
        assert_eq!(longest.len(), PASSWORD_HASH_BYTES_MAX);
        assert!(PasswordHash::parse(&longest).is_some());
    }
}
