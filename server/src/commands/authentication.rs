//! How accounts prove who they are, and how much each of them may send.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use crate::auth::delays::Delays;
use crate::auth::hashing::HashingPool;

/// How accounts prove who they are, and how much each of them may send.
#[derive(Debug)]
pub struct Authentication {
    is_required: AtomicBool,
    /// Hashes passwords. `None` on a server that never has accounts.
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
        let (is_required, limits) = (false.into(), AccountLimits::default());
        Self { is_required, hashing: None, delays: Arc::default(), limits }
    }

    /// Of a server with accounts, which hashes passwords on some of so many processors.
    ///
    /// # Errors
    ///
    /// A thread cannot be started.
    pub fn required(processors: usize, limits: AccountLimits) -> io::Result<Self> {
        let required = Self::of_member(processors, limits)?;
        required.require();
        Ok(required)
    }

    /// Of a member of a cluster, which learns from the log whether there are accounts. It hashes passwords on
    /// some of so many processors.
    ///
    /// # Errors
    ///
    /// A thread cannot be started.
    pub fn of_member(processors: usize, limits: AccountLimits) -> io::Result<Self> {
        let hashing = Some(HashingPool::start(processors)?);
        Ok(Self { is_required: false.into(), hashing, delays: Arc::default(), limits })
    }

    /// Requires an account of every request from now on: there is one.
    pub fn require(&self) {
        self.is_required.store(true, Relaxed);
    }

    /// Whether requests need an account. On a single server it does not change while it runs: the first
    /// account is made without it, and the last admin stays.
    #[inline]
    pub fn is_required(&self) -> bool {
        self.is_required.load(Relaxed)
    }

    pub fn hashing(&self) -> Option<&HashingPool> {
        self.hashing.as_ref()
    }
}
