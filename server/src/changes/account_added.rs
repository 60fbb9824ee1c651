//! An account was added.
//!
//! Body: its values.

use super::account_values::{
    account_values, account_values_bytes, check_account_values, put_account_fields, put_account_values,
};
use super::compaction::Compaction;
use super::invalid::InvalidChange;
use super::kind::Kind;
use super::listener::{Listener, TellError};
use super::origin::Origin;
use super::target::Target;
use crate::codec::DecodeError;
use crate::codec::fields::Fields;
use crate::domain::Contradiction;
use crate::domain::account::{AccountNumber, AccountValues};

/// Adds an account. In a snapshot it has the values that the last change of the account set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountAdded<'a>(pub AccountValues<'a>);

impl<'a> Kind<'a> for AccountAdded<'a> {
    fn body_bytes(&self) -> usize {
        account_values_bytes(&self.0)
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        put_account_values(out, &self.0);
    }

    fn decode_body(body: &mut Fields<'a>, _type_on_disk: u8) -> Result<Self, DecodeError> {
        account_values(body).map(Self)
    }

    fn check(&self, number: u64) -> Result<(), InvalidChange> {
        check_account_values(number, &self.0)
    }

    fn apply(&self, origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        target.add_account(AccountNumber(origin.sequence.0), &self.0)
    }

    fn compaction(&self, _origin: Origin) -> Compaction<'a> {
        Compaction::Account(self.0)
    }

    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
        listener.account(self.0.name, &|line| {
            line.open("account_added", origin.micros);
            put_account_fields(line, &self.0);
        });
        Ok(())
    }
}
