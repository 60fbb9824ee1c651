//! An account was dropped.
//!
//! Body: number of the account u64, name.

use super::account_values::check_account_name;
use super::compaction::Compaction;
use super::earlier::Earlier;
use super::invalid::InvalidChange;
use super::kind::Kind;
use super::listener::{Listener, TellError};
use super::origin::Origin;
use super::target::Target;
use crate::codec::DecodeError;
use crate::codec::fields::{Fields, put_string};
use crate::domain::Contradiction;
use crate::domain::account::AccountNumber;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountDropped<'a> {
    pub account: AccountNumber,
    pub name: &'a str,
}

impl<'a> Kind<'a> for AccountDropped<'a> {
    fn body_bytes(&self) -> usize {
        8 + 2 + self.name.len()
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.account.0.to_le_bytes());
        put_string(out, self.name);
    }

    fn decode_body(body: &mut Fields<'a>, _type_on_disk: u8) -> Result<Self, DecodeError> {
        Ok(Self { account: AccountNumber(body.u64()?), name: body.string()? })
    }

    fn check(&self, _number: u64) -> Result<(), InvalidChange> {
        check_account_name(self.account.0, self.name)
    }

    fn modifies(&self) -> Option<u64> {
        Some(self.account.0)
    }

    fn apply(&self, _origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        target.drop_account(self.account, self.name)
    }

    fn compaction(&self, _origin: Origin) -> Compaction<'a> {
        Compaction::Omitted
    }

    fn supersede(&self, _at: i64, earlier: &mut impl Earlier) {
        earlier.drop_account(self.account);
    }

    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
        listener.account(self.name, &|line| {
            line.open("account_dropped", origin.micros);
            line.id("account", self.name);
        });
        Ok(())
    }
}
