//! The account of a connection, and its attempts to authenticate.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::service::Service;
use crate::auth::Peer;
use crate::auth::delays::Attempt;
use crate::auth::hashing::{Hashed, Hashing};
use crate::state::{Account, Context, Identity, SharedByConnections};

/// Failed attempts after which a connection is closed.
const FAILURES_MAX: u8 = 3;

/// The account of a connection, and its attempts to authenticate.
#[derive(Debug, Default)]
pub struct Login {
    pub peer: Peer,
    /// Whether the account that the transport proves was looked up.
    is_begun: bool,
    /// The version of the accounts when the identity was looked up.
    version: u64,
    /// The place among the connections of the account.
    place: Option<AccountPlace>,
    failures: u8,
    /// The attempt whose password is being hashed.
    pub(super) attempt: Option<Attempt>,
    /// What the connection has to wait for before the request is executed again.
    pub hashing: Option<Hashing>,
    /// The result of the wait.
    pub hashed: Option<Hashed>,
}

/// The account of the connection was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dropped;

/// The account has as many connections as it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyConnections {
    pub limit: usize,
}

impl Login {
    pub fn new(peer: Peer) -> Self {
        Self { peer, ..Self::default() }
    }

    /// What all connections of the account share, if there is one.
    pub fn shared(&self) -> Option<&Arc<SharedByConnections>> {
        self.place.as_ref().map(|place| &place.0)
    }

    /// Begins with the account that the transport has proved, if it exists and has a place left.
    pub fn begin(&mut self, context: &mut Context, service: &Service) {
        if std::mem::replace(&mut self.is_begun, true) || !service.authentication.is_required() {
            return;
        }
        let Some(name) = self.peer.account.take() else { return };
        self.version = service.store.accounts_version();
        if let Some(account) = service.store.account(context, &name) {
            // Without a place it may still AUTH as another account.
            let _ = self.log_in(context, account, service);
        }
    }

    /// Gives the connection an account.
    pub(super) fn log_in(
        &mut self,
        context: &mut Context,
        account: Arc<Account>,
        service: &Service,
    ) -> Result<(), TooManyConnections> {
        let is_same = self.shared().is_some_and(|shared| Arc::ptr_eq(shared, &account.shared));
        if !is_same {
            self.place =
                Some(AccountPlace::take(&account.shared, service.authentication.limits.connections)?);
        }
        context.identity = Identity::Account(account);
        Ok(())
    }

    /// Looks the account up again if any account has changed since. So a changed role counts from the next
    /// request on.
    ///
    /// # Errors
    ///
    /// [`Dropped`]
    #[inline]
    pub fn refresh(&mut self, context: &mut Context, service: &Service) -> Result<(), Dropped> {
        let version = service.store.accounts_version();
        if version == self.version { Ok(()) } else { self.look_up_again(context, service, version) }
    }

    #[cold]
    fn look_up_again(
        &mut self,
        context: &mut Context,
        service: &Service,
        version: u64,
    ) -> Result<(), Dropped> {
        self.version = version;
        let Some(account) = context.identity.account() else { return Ok(()) };
        let number = account.number;
        match service.store.account_by_number(context, number) {
            Some(account) => {
                context.identity = Identity::Account(account);
                Ok(())
            }
            None => Err(Dropped),
        }
    }

    /// Waits for the password that is being hashed.
    pub async fn wait_for_hash(&mut self) {
        if let Some(hashing) = self.hashing.take() {
            self.hashed = Some(hashing.done().await);
        }
    }

    /// Counts a failed attempt. Returns whether the connection is to be closed.
    pub(super) fn fail(&mut self) -> bool {
        self.failures += 1;
        self.failures >= FAILURES_MAX
    }
}

/// Counts as a connection of an account until it is dropped.
#[derive(Debug)]
struct AccountPlace(Arc<SharedByConnections>);

impl AccountPlace {
    fn take(shared: &Arc<SharedByConnections>, limit: Option<usize>) -> Result<Self, TooManyConnections> {
        let before = shared.connections.fetch_add(1, Relaxed);
        // It is given back when it is dropped.
        let place = Self(shared.clone());
        match limit {
            Some(limit) if before >= limit => Err(TooManyConnections { limit }),
            _ => Ok(place),
        }
    }
}

impl Drop for AccountPlace {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Relaxed);
    }
}
