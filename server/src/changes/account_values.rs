//! The values of an account, as several kinds of changes hold them.
//!
//! Encoded: role u8 (0 for a viewer, 1 for the door, 2 for a seller, 3 for an organizer, 4 for an admin),
//! name, person (empty for none), kind of the secret u8, then the SHA-256 of a token (0) of 32 bytes, or the
//! PHC string of the hash of a password (1).

use bookline_protocol::Role;
use bookline_protocol::limits::ID_BYTES_MAX;

use super::invalid::{InvalidChange, check_id};
use super::line::Line;
use crate::auth::{PASSWORD_HASH_BYTES_MAX, PasswordHash};
use crate::codec::DecodeError;
use crate::codec::fields::{Fields, put_string};
use crate::domain::account::{AccountValues, SecretHash};

const TOKEN: u8 = 0;
const PASSWORD: u8 = 1;

/// The bytes of encoded values, without the strings and the hash of the secret.
const FIXED_BYTES: usize = 1 + 2 + 2 + 1;

pub(super) const ACCOUNT_VALUES_BYTES_MAX: usize =
    FIXED_BYTES + 2 * ID_BYTES_MAX + 2 + PASSWORD_HASH_BYTES_MAX;

/// The roles by their numbers on disk.
const ROLES: [Role; 5] = [Role::Viewer, Role::Door, Role::Seller, Role::Organizer, Role::Admin];

pub(super) fn account_values_bytes(values: &AccountValues<'_>) -> usize {
    let secret = match values.secret {
        SecretHash::Token(hash) => hash.len(),
        SecretHash::Password(hash) => 2 + hash.len(),
    };
    FIXED_BYTES + values.name.len() + values.person.len() + secret
}

pub(super) fn put_account_values(out: &mut Vec<u8>, values: &AccountValues<'_>) {
    out.push(match values.role {
        Role::Viewer => 0,
        Role::Door => 1,
        Role::Seller => 2,
        Role::Organizer => 3,
        Role::Admin => 4,
    });
    put_string(out, values.name);
    put_string(out, values.person);
    match values.secret {
        SecretHash::Token(hash) => {
            out.push(TOKEN);
            out.extend_from_slice(&hash);
        }
        SecretHash::Password(hash) => {
            out.push(PASSWORD);
            put_string(out, hash);
        }
    }
}

pub(super) fn account_values<'a>(body: &mut Fields<'a>) -> Result<AccountValues<'a>, DecodeError> {
    let [role] = body.array()?;
    let role = *ROLES.get(usize::from(role)).ok_or(DecodeError::Malformed)?;
    let (name, person) = (body.string()?, body.string()?);
    let secret = match body.array()? {
        [TOKEN] => SecretHash::Token(body.array()?),
        [PASSWORD] => SecretHash::Password(body.string()?),
        [_] => return Err(DecodeError::Malformed),
    };
    Ok(AccountValues { name, role, person, secret })
}

/// Checks the values of the account of this number.
pub(super) fn check_account_values(number: u64, values: &AccountValues<'_>) -> Result<(), InvalidChange> {
    check_account_name(number, values.name)?;
    if !values.person.is_empty() {
        check_id("person of account", number, values.person)?;
    }
    match values.secret {
        SecretHash::Password(hash) if PasswordHash::parse(hash).is_none() => {
            Err(InvalidChange::PasswordHash { number })
        }
        SecretHash::Password(_) | SecretHash::Token(_) => Ok(()),
    }
}

pub(super) fn check_account_name(number: u64, name: &str) -> Result<(), InvalidChange> {
    check_id("name of account", number, name)
}

/// Puts the values, of the secret only its kind.
pub(super) fn put_account_fields(line: &mut Line, values: &AccountValues<'_>) {
    line.id("account", values.name);
    line.id("role", values.role.as_str());
    if !values.person.is_empty() {
        line.id("person", values.person);
    }
    line.id("secret", values.secret.kind());
}
