//! An account, as the state and its connections have it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize};

use bookline_protocol::Role;
use compact_str::{CompactString, ToCompactString};
use tokio_util::sync::CancellationToken;

use crate::domain::account::{AccountNumber, AccountValues, Actor, StoredSecret};

/// The values of an account at one moment. A change of the account makes another one.
#[derive(Debug)]
pub struct Account {
    pub number: AccountNumber,
    pub name: CompactString,
    pub role: Role,
    /// The person whose calendar is the account's own.
    pub person: Option<CompactString>,
    /// What its secret is checked against.
    pub secret: StoredSecret,
    /// The number in digits: keys of requests belong to it.
    pub key_owner: CompactString,
    /// What all connections of the account share, over its changes.
    pub shared: Arc<SharedByConnections>,
}

impl Account {
    pub(super) fn new(
        number: AccountNumber,
        values: &AccountValues<'_>,
        shared: Arc<SharedByConnections>,
    ) -> Self {
        let AccountValues { name, role, person, secret } = *values;
        let person = (!person.is_empty()).then(|| person.into());
        let key_owner = number.0.to_compact_string();
        Self { number, name: name.into(), role, person, secret: secret.to_stored(), key_owner, shared }
    }

    /// As changes hold them.
    pub fn values(&self) -> AccountValues<'_> {
        let Self { name, role, person, secret, .. } = self;
        let person = person.as_deref().unwrap_or_default();
        AccountValues { name, role: *role, person, secret: secret.as_hash() }
    }
}

/// What all connections of an account share, over its changes.
#[derive(Debug, Default)]
pub struct SharedByConnections {
    /// Canceled when the account is dropped.
    pub dropped: CancellationToken,
    /// The connections that it has.
    pub connections: AtomicUsize,
    /// When its next change is due if it makes as many as it may, evenly, in microseconds since 1970 (UTC).
    pub next_change: AtomicI64,
}

/// Who sends a request.
#[derive(Debug, Clone, Default)]
pub enum Identity {
    /// Anybody: the server has no accounts, or the connection has not authenticated.
    #[default]
    Anybody,
    /// The operator, who has started the server with requests of its own: it may do everything.
    Operator,
    Account(Arc<Account>),
}

impl Identity {
    pub fn account(&self) -> Option<&Arc<Account>> {
        match self {
            Self::Anybody | Self::Operator => None,
            Self::Account(account) => Some(account),
        }
    }

    /// Who makes the commits of its requests.
    pub fn actor(&self) -> Option<Actor<'_>> {
        self.account().map(|account| Actor { account: account.number, name: &account.name })
    }

    /// Whose keys its requests use.
    pub fn key_owner(&self) -> &str {
        self.account().map_or("", |account| &account.key_owner)
    }
}
