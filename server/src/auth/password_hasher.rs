//! Hashes passwords.

use argon2::Block;
use argon2::password_hash::phc::Output;
use subtle::ConstantTimeEq;

use super::password_hash::PasswordHash;

/// Hashes passwords one at a time, in memory that it keeps from one to the next: 19 MiB from the first hash
/// on, and at most the 64 MiB that a stored hash may cost. A hash takes some 20 ms.
#[derive(Default)]
pub struct PasswordHasher {
    memory: Vec<Block>,
}

impl PasswordHasher {
    pub fn new() -> Self {
        Self::default()
    }

    /// The hash of a password with a random salt, as a PHC string.
    pub fn hash(&mut self, password: &str) -> String {
        let mut hash = PasswordHash::unset();
        hash.output = self.compute(password, &hash);
        hash.to_phc_string()
    }

    /// Whether a password has this hash. Without one it takes the same time, and returns false.
    pub fn verify(&mut self, password: &str, hash: Option<&str>) -> bool {
        let known = hash.and_then(PasswordHash::parse);
        let is_known = known.is_some();
        let hash = known.unwrap_or_else(PasswordHash::unset);
        let computed = self.compute(password, &hash);
        bool::from(computed.as_bytes().ct_eq(hash.output.as_bytes())) & is_known
    }

    /// The output of Argon2id for a password, with the cost, the salt and the length of this hash.
    fn compute(&mut self, password: &str, hash: &PasswordHash) -> Output {
        let blocks = hash.params.block_count();
        if self.memory.len() < blocks {
            self.memory.resize(blocks, Block::default());
        }
        let (algorithm, memory) = (hash.algorithm(), &mut self.memory[..]);
        let computed = Output::init_with(hash.output.len(), |out| {
            let hashed =
                algorithm.hash_password_into_with_memory(password.as_bytes(), &hash.salt, out, memory);
            hashed.expect("the memory suffices, and the lengths were checked");
            Ok(())
        });
        computed.expect("the length of an output")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn password_is_verified_by_its_own_hash_alone() {
        let mut hasher = PasswordHasher::new();
        let hash = hasher.hash("correct horse");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(hasher.verify("correct horse", Some(&hash)));
        for wrong in ["correct horsf", "correct hors", "correct horse ", ""] {
            assert!(!hasher.verify(wrong, Some(&hash)), "{wrong}");
        }
        assert!(!hasher.verify("correct horse", None));
        assert_ne!(hasher.hash("correct horse"), hash, "each hash has its own salt");
    }

    /// The hashes are of the reference implementation, with other costs.
    #[test]
    fn hashes_of_other_programs_are_verified() {
        let mut hasher = PasswordHasher::new();
        for hash in [
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
        ] {
            assert!(hasher.verify("password", Some(hash)), "{hash}");
            assert!(!hasher.verify("passwore", Some(hash)), "{hash}");
        }
    }

    #[test]
    fn what_is_no_hash_verifies_no_password() {
        let mut hasher = PasswordHasher::new();
        for text in [
            "",
            "correct horse",
            "$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        ] {
            assert!(!hasher.verify("correct horse", Some(text)), "{text}");
        }
    }
}
