//! The role, the person or the secret of an account was set.
//!
//! Body: number of the account u64, then its values.

use super::account_values::{
    ACCOUNT_VALUES_BYTES_MAX, account_values, account_values_bytes, check_account_values, put_account_fields,
    put_account_values,
};
use super::compaction::Compaction;
use super::earlier::Earlier;
use super::invalid::InvalidChange;
use super::kind::Kind;
use super::listener::{Listener, TellError};
use super::origin::Origin;
use super::target::Target;
use crate::codec::DecodeError;
use crate::codec::fields::Fields;
use crate::domain::Contradiction;
use crate::domain::account::{AccountNumber, AccountValues};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountSet<'a> {
    pub account: AccountNumber,
    /// All values after the change. The name is that before it.
    pub values: AccountValues<'a>,
}

/// The largest change of an account.
pub(super) const BODY_BYTES_MAX: usize = 8 + ACCOUNT_VALUES_BYTES_MAX;

impl<'a> Kind<'a> for AccountSet<'a> {
    fn body_bytes(&self) -> usize {
        8 + account_values_bytes(&self.values)
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.account.0.to_le_bytes());
        put_account_values(out, &self.values);
    }

    fn decode_body(body: &mut Fields<'a>, _type_on_disk: u8) -> Result<Self, DecodeError> {
        Ok(Self { account: AccountNumber(body.u64()?), values: account_values(body)? })
    }

    fn check(&self, _number: u64) -> Result<(), InvalidChange> {
        check_account_values(self.account.0, &self.values)
    }

    fn modifies(&self) -> Option<u64> {
        Some(self.account.0)
    }

    fn apply(&self, _origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        target.set_account(self.account, &self.values)
    }

    fn compaction(&self, _origin: Origin) -> Compaction<'a> {
        Compaction::Omitted
    }

    fn supersede(&self, _at: i64, earlier: &mut impl Earlier) {
        earlier.set_account(self.account, &self.values);
    }

    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
        listener.account(self.values.name, &|line| {
            line.open("account_set", origin.micros);
            put_account_fields(line, &self.values);
        });
        Ok(())
    }
}
