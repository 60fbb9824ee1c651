//! ACCOUNT.

use std::sync::Arc;

use bookline_protocol::commands::Account as AccountRequest;
use bookline_protocol::commands::account::{ChangedAccountReply, DroppedAccountReply, NewSecret};
use bookline_protocol::reply::{CountReply, write_ok, write_row};
use bookline_protocol::{Id, Refusal, Role, Secret};
use compact_str::CompactString;

use super::auth::{account_reply, no_accounts, queue_full};
use super::chunk_status::ChunkStatus;
use super::chunked_reply::ChunkedReply;
use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::service::Service;
use super::turn::Turn;
use super::turn_budget::Cost;
use crate::auth::hashing::{Hashed, Work};
use crate::auth::{new_token, token_hash};
use crate::domain::account::{AccountUpdate, AccountValues, StoredSecret};
use crate::state::{Account, AccountRejection, Error, UnusedKey};

/// Accounts that are looked up at a time for ACCOUNT LIST.
const PAGE_ACCOUNTS: usize = 64;

impl Command for AccountRequest<'_> {
    fn execute(&self, turn: &mut Turn, service: &Service, _: Option<UnusedKey<'_>>) -> ExecutionStatus {
        if !service.authentication.is_required() {
            return turn.refuse(no_accounts());
        }
        match self {
            Self::Add { name, role, person, secret } => {
                let hashed = match turn.hash(service, secret) {
                    Ok(hashed) => hashed,
                    Err(status) => return status,
                };
                let person = person.as_ref().map_or("", Id::as_str);
                let values = AccountValues {
                    name: name.as_str(),
                    role: *role,
                    person,
                    secret: hashed.stored.as_hash(),
                };
                let added = service.store.add_account(&mut turn.context, &values);
                turn.reply_changed(added, hashed.token, name)
            }
            Self::Set { name, role, person, secret } => {
                let hashed = match secret.as_ref().map(|secret| turn.hash(service, secret)).transpose() {
                    Ok(hashed) => hashed,
                    Err(status) => return status,
                };
                let person = person.as_ref().map(|person| person.as_ref().map_or("", Id::as_str));
                let secret = hashed.as_ref().map(|hashed| hashed.stored.as_hash());
                let update = AccountUpdate { role: *role, person, secret };
                let set = service.store.set_account(&mut turn.context, name.as_str(), &update);
                turn.reply_changed(set, hashed.and_then(|hashed| hashed.token), name)
            }
            Self::Drop { name } => match service.store.drop_account(&mut turn.context, name.as_str()) {
                Ok(dropped) => {
                    let reply = DroppedAccountReply { dropped: dropped.name.as_str().into() };
                    write_ok(&mut turn.replies, &reply);
                    ExecutionStatus::Complete
                }
                Err(error) => turn.fail(error, |rejection| reject(rejection, name)),
            },
            Self::List => ExecutionStatus::Chunked(Box::new(ChunkedAccounts::default())),
        }
    }
}

/// What is stored of a new secret, and the token, if the server has made one.
struct HashedSecret {
    stored: StoredSecret,
    token: Option<String>,
}

impl Turn {
    /// What is stored of a new secret. Fails with the status while a password is hashed, after which the
    /// request is executed again.
    fn hash(&mut self, service: &Service, secret: &NewSecret<'_>) -> Result<HashedSecret, ExecutionStatus> {
        let secret = match secret {
            NewSecret::MadeByServer => {
                let (token, hash) = new_token();
                return Ok(HashedSecret { stored: StoredSecret::Token(hash), token: Some(token) });
            }
            NewSecret::Given(secret) => secret,
        };
        let stored = match self.login.hashed.as_ref() {
            _ if secret.is_token() => StoredSecret::Token(token_hash(secret.expose())),
            // It stays until the request is executed: the log may have no capacity.
            Some(Hashed::Hash(hash)) => StoredSecret::Password(hash.as_str().into()),
            _ => return Err(self.begin_hash(service, secret)),
        };
        Ok(HashedSecret { stored, token: None })
    }

    fn begin_hash(&mut self, service: &Service, secret: &Secret<'_>) -> ExecutionStatus {
        let Some(pool) = service.authentication.hashing() else { return self.refuse(no_accounts()) };
        match pool.submit(Work::Hash { password: secret.expose().to_owned() }) {
            Ok(hashing) => {
                self.login.hashing = Some(hashing);
                ExecutionStatus::Hashing
            }
            Err(_) => self.refuse(queue_full()),
        }
    }

    fn reply_changed(
        &mut self,
        changed: Result<Arc<Account>, Error<AccountRejection>>,
        token: Option<String>,
        name: &Id<'_>,
    ) -> ExecutionStatus {
        match changed {
            Ok(account) => {
                let secret = token.as_deref().map(Into::into);
                let reply = ChangedAccountReply { account: account_reply(&account), secret };
                write_ok(&mut self.replies, &reply);
                ExecutionStatus::Complete
            }
            Err(error) => self.fail(error, |rejection| reject(rejection, name)),
        }
    }
}

fn reject(rejection: AccountRejection, name: &Id<'_>) -> Refusal {
    match rejection {
        AccountRejection::NoAdmin => Refusal::forbidden_needs(
            "your account was dropped or demoted meanwhile, and this ACCOUNT needs an admin",
            Role::Admin.as_str(),
        ),
        AccountRejection::NameTaken => Refusal::conflict(format!(
            "there is an account {name} already: choose another name, or change it with ACCOUNT SET"
        )),
        AccountRejection::NoSuchAccount => {
            Refusal::not_found(format!("there is no account {name}: ACCOUNT LIST lists all"))
        }
        AccountRejection::LastAdmin => Refusal::conflict(format!(
            "{name} is the last admin, without whom nobody could change accounts: make another one first"
        )),
    }
}

/// The reply to ACCOUNT LIST.
#[derive(Debug, Default)]
struct ChunkedAccounts {
    /// The name of the account that was written last.
    after: Option<CompactString>,
    count: u64,
}

impl ChunkedReply for ChunkedAccounts {
    fn write(&mut self, turn: &mut Turn, service: &Service, bytes_target: usize) -> ChunkStatus {
        loop {
            if turn.replies.len() >= bytes_target || turn.budget.is_exhausted() {
                return ChunkStatus::Partial;
            }
            let page = service.store.accounts_page(&mut turn.context, self.after.as_deref(), PAGE_ACCOUNTS);
            let Some(last) = page.last() else {
                write_ok(&mut turn.replies, &CountReply::of(self.count));
                return ChunkStatus::Complete;
            };
            page.iter().for_each(|account| write_row(&mut turn.replies, &account_reply(account)));
            self.count += page.len() as u64;
            self.after = Some(last.name.clone());
            turn.budget.charge(Cost::High, &service.clock);
        }
    }
}
