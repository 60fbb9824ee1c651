//! The accounts: one table behind one mutex, as they are few and change seldom.
//!
//! A change of accounts is decided under this lock and needs no other. Lock order: after the keys, before
//! every shard.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Release};

use bookline_protocol::Role;
use compact_str::CompactString;

use super::account::{Account, SharedByConnections};
use crate::codec::Sequence;
use crate::domain::Contradiction;
use crate::domain::account::{AccountNumber, AccountValues};
use crate::sync::{AtomicU64, Mutex, MutexGuard};

#[derive(Debug, Default)]
pub struct Accounts {
    table: Mutex<AccountTable>,
    /// The last commit that changed an account, so that connections see without a lock that theirs may have
    /// changed. It is set under the lock, after the change is applied.
    version: AtomicU64,
}

impl Accounts {
    /// A thread that panicked under this lock may have applied half of a change, so the process ends.
    pub fn lock(&self) -> MutexGuard<'_, AccountTable> {
        self.table.lock().unwrap_or_else(|_| crate::fatal("a thread panicked while it held the accounts"))
    }

    pub fn version(&self) -> u64 {
        self.version.load(Acquire)
    }

    /// Makes a change of the table visible in the version. The caller holds the lock.
    pub fn publish(&self, table: &AccountTable) {
        self.version.store(table.last.0, Release);
    }
}

/// The accounts that the lock guards.
#[derive(Debug, Default)]
pub struct AccountTable {
    /// The last commit that changed an account.
    pub last: Sequence,
    by_name: BTreeMap<CompactString, Arc<Account>>,
    by_number: BTreeMap<AccountNumber, Arc<Account>>,
    /// The number of admins.
    admins: usize,
}

impl AccountTable {
    pub fn count(&self) -> usize {
        self.by_name.len()
    }

    pub fn find(&self, name: &str) -> Option<&Arc<Account>> {
        self.by_name.get(name)
    }

    pub fn find_by_number(&self, number: AccountNumber) -> Option<&Arc<Account>> {
        self.by_number.get(&number)
    }

    /// The accounts after this name, in the order of their names.
    pub fn after(&self, name: Option<&str>) -> impl Iterator<Item = &Arc<Account>> {
        let start = name.map_or(Bound::Unbounded, Bound::Excluded);
        self.by_name.range::<str, _>((start, Bound::Unbounded)).map(|(_, account)| account)
    }

    /// Whether this account is the only admin.
    pub fn is_last_admin(&self, account: &Account) -> bool {
        account.role == Role::Admin && self.admins == 1
    }

    /// Adds an account by the commit `sequence`, which in a snapshot is the number of the account.
    pub fn add(
        &mut self,
        sequence: Sequence,
        number: AccountNumber,
        values: &AccountValues<'_>,
    ) -> Result<Arc<Account>, Contradiction> {
        if self.find(values.name).is_some() {
            return Err(Contradiction(format!("account {} is added, and its name is taken", number.0)));
        }
        if self.find_by_number(number).is_some() {
            return Err(Contradiction(format!("account {} is added twice", number.0)));
        }
        let account = Arc::new(Account::new(number, values, Arc::default()));
        self.insert(sequence, account.clone());
        Ok(account)
    }

    /// Sets the values of an account, whose name stays.
    pub fn set(
        &mut self,
        sequence: Sequence,
        number: AccountNumber,
        values: &AccountValues<'_>,
    ) -> Result<Arc<Account>, Contradiction> {
        let before = self.named("is set", number, values.name)?;
        let shared: Arc<SharedByConnections> = before.shared.clone();
        self.take_out(&before);
        let account = Arc::new(Account::new(number, values, shared));
        self.insert(sequence, account.clone());
        Ok(account)
    }

    /// Drops an account, and returns it.
    pub fn remove(
        &mut self,
        sequence: Sequence,
        number: AccountNumber,
        name: &str,
    ) -> Result<Arc<Account>, Contradiction> {
        let account = self.named("is dropped", number, name)?;
        self.take_out(&account);
        self.last = sequence;
        Ok(account)
    }

    /// The account of this number, which has this name. `what` says what becomes of it.
    fn named(&self, what: &str, number: AccountNumber, name: &str) -> Result<Arc<Account>, Contradiction> {
        let account = self.find_by_number(number);
        let account = account
            .ok_or_else(|| Contradiction(format!("account {} {what} and does not exist", number.0)))?;
        if account.name != name {
            return Err(Contradiction(format!("account {} {what} under another name", number.0)));
        }
        Ok(account.clone())
    }

    fn insert(&mut self, sequence: Sequence, account: Arc<Account>) {
        self.admins += usize::from(account.role == Role::Admin);
        self.by_number.insert(account.number, account.clone());
        self.by_name.insert(account.name.clone(), account);
        self.last = sequence;
    }

    fn take_out(&mut self, account: &Account) {
        self.admins -= usize::from(account.role == Role::Admin);
        self.by_number.remove(&account.number);
        self.by_name.remove(&account.name);
    }
}
