//! How accounts prove who they are, and how much each of them may send.

use std::io;
use std::sync::Arc;

use crate::auth::delays::Delays;
use crate::auth::hashing::HashingPool;

/// How accounts prove who they are, and how much each of them may send.
#[derive(Debug)]
pub struct Authentication {
    /// Hashes passwords. `None` on a server without accounts, which requires no authentication.
    hashing: Option<HashingPool>,
    pub delays: Arc<Delays>,
    pub limits: AccountLimits,
}

/// The limits of each account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AccountLimits {
    /// Connections at a time.
    pub connections: Option<usize>,
    /// Changes per second, on average and in one moment.
    pub changes_per_second: Option<u32>,
}

impl Authentication {
    /// Of a server without accounts.
    pub fn not_required() -> Self {
        Self { hashing: None, delays: Arc::default(), limits: AccountLimits::default() }
    }

    /// Of a server with accounts, which hashes passwords on some of so many processors.
    ///
    /// # Errors
    ///
    /// A thread cannot be started.
    pub fn required(processors: usize, limits: AccountLimits) -> io::Result<Self> {
        Ok(Self { hashing: Some(HashingPool::start(processors)?), delays: Arc::default(), limits })
    }

    /// Whether requests need an account. It does not change while the server runs: the first account is made
    /// without it, and the last admin stays.
    #[inline]
    pub fn is_required(&self) -> bool {
        self.hashing.is_some()
    }

    pub fn hashing(&self) -> Option<&HashingPool> {
        self.hashing.as_ref()
    }
}
