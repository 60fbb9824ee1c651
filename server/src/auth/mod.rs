//! How accounts prove who they are: tokens, the hashes that tokens and passwords are checked against, the
//! threads that hash passwords, and the delays after wrong ones.

pub mod delays;
pub mod hashing;
mod password_hash;
mod password_hasher;
mod peer;
mod token;

pub use password_hash::{PASSWORD_HASH_BYTES_MAX, PasswordHash};
pub use password_hasher::PasswordHasher;
pub use peer::{Peer, PeerOrigin, network};
pub use token::{new_token, token_hash, verify_token};
