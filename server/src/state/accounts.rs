//! The lookup and the changes of accounts.

use std::sync::Arc;

use bookline_protocol::Role;

use super::account::Account;
use super::account_table::AccountTable;
use super::context::Context;
use super::error::{AccountRejection, Error};
use super::store::Store;
use crate::changes::{AccountAdded, AccountDropped, AccountSet, Change};
use crate::codec::Sequence;
use crate::domain::Contradiction;
use crate::domain::account::{AccountNumber, AccountUpdate, AccountValues};
use crate::storage::log::AppendError;
use crate::sync::MutexGuard;

impl Store {
    /// Whether there are accounts. While a server runs this does not change: the first account is added
    /// offline, only admins change accounts, and the last of them is neither dropped nor demoted.
    pub fn has_accounts(&self) -> bool {
        self.records.accounts.lock().count() > 0
    }

    /// Another number after every change of an account. It is read without a lock.
    pub fn accounts_version(&self) -> u64 {
        self.records.accounts.version()
    }

    pub fn account(&self, context: &mut Context, name: &str) -> Option<Arc<Account>> {
        self.lock_accounts(context).find(name).cloned()
    }

    pub fn account_by_number(&self, context: &mut Context, number: AccountNumber) -> Option<Arc<Account>> {
        self.lock_accounts(context).find_by_number(number).cloned()
    }

    /// Up to `count` accounts after the one of the name `after`, in the order of their names.
    pub fn accounts_page(
        &self,
        context: &mut Context,
        after: Option<&str>,
        count: usize,
    ) -> Vec<Arc<Account>> {
        self.lock_accounts(context).after(after).take(count).cloned().collect()
    }

    /// Adds an account.
    pub fn add_account(
        &self,
        context: &mut Context,
        values: &AccountValues<'_>,
    ) -> Result<Arc<Account>, Error<AccountRejection>> {
        let mut accounts = self.lock_to_change(context)?;
        if accounts.find(values.name).is_some() {
            return Err(AccountRejection::NameTaken.into());
        }
        let reserved = self.usage.accounts.reserve(1)?;
        let change = AccountAdded(*values).into();
        let added = self.commit_accounts(context, &mut accounts, change, |accounts, sequence| {
            accounts.add(sequence, AccountNumber(sequence.0), values)
        })?;
        reserved.keep();
        Ok(added)
    }

    /// Sets values of an account. The last admin is not demoted.
    pub fn set_account(
        &self,
        context: &mut Context,
        name: &str,
        update: &AccountUpdate<'_>,
    ) -> Result<Arc<Account>, Error<AccountRejection>> {
        let mut accounts = self.lock_to_change(context)?;
        let before = accounts.find(name).cloned().ok_or(AccountRejection::NoSuchAccount)?;
        if update.role.is_some_and(|role| role != Role::Admin) && accounts.is_last_admin(&before) {
            return Err(AccountRejection::LastAdmin.into());
        }
        let values = update.of(before.values());
        let change = AccountSet { account: before.number, values }.into();
        let set = self.commit_accounts(context, &mut accounts, change, |accounts, sequence| {
            accounts.set(sequence, before.number, &values)
        })?;
        Ok(set)
    }

    /// Drops an account, unless it is the last admin. Who waits for [`SharedByConnections::dropped`] is
    /// woken.
    ///
    /// [`SharedByConnections::dropped`]: super::account::SharedByConnections::dropped
    pub fn drop_account(
        &self,
        context: &mut Context,
        name: &str,
    ) -> Result<Arc<Account>, Error<AccountRejection>> {
        let mut accounts = self.lock_to_change(context)?;
        let account = accounts.find(name).cloned().ok_or(AccountRejection::NoSuchAccount)?;
        if accounts.is_last_admin(&account) {
            return Err(AccountRejection::LastAdmin.into());
        }
        let change = AccountDropped { account: account.number, name }.into();
        let dropped = self.commit_accounts(context, &mut accounts, change, |accounts, sequence| {
            accounts.remove(sequence, account.number, name)
        })?;
        self.usage.accounts.release(1);
        drop(accounts);
        // Without the lock, as this wakes every connection of the account.
        dropped.shared.dropped.cancel();
        Ok(dropped)
    }

    /// Locks the accounts for a change that an account asks for, which has to be an admin still: it may have
    /// been dropped since its request was authorized.
    fn lock_to_change(
        &self,
        context: &mut Context,
    ) -> Result<MutexGuard<'_, AccountTable>, Error<AccountRejection>> {
        let accounts = self.lock_accounts(context);
        let is_admin = |number| accounts.find_by_number(number).is_some_and(|it| it.role == Role::Admin);
        match context.identity.account() {
            Some(account) if !is_admin(account.number) => Err(AccountRejection::NoAdmin.into()),
            _ => Ok(accounts),
        }
    }

    pub(super) fn lock_accounts(&self, context: &mut Context) -> MutexGuard<'_, AccountTable> {
        let accounts = self.records.accounts.lock();
        context.depends_on.include(accounts.last);
        accounts
    }

    /// Commits a change of accounts, which `apply` applies.
    fn commit_accounts(
        &self,
        context: &mut Context,
        accounts: &mut AccountTable,
        change: Change<'_>,
        apply: impl FnOnce(&mut AccountTable, Sequence) -> Result<Arc<Account>, Contradiction>,
    ) -> Result<Arc<Account>, AppendError> {
        context.now = self.clock.now();
        let mut changed = None;
        self.commit(context, &[change], None, |origin| {
            changed = Some(apply(accounts, origin.sequence)?);
            self.records.accounts.publish(accounts);
            Ok(())
        })?;
        Ok(changed.expect("a commit applies its change"))
    }
}
