//! Accounts: who they are, what they may do, and what proves it.

use std::fmt;
use std::sync::Arc;

use bookline_protocol::Role;

/// The number of an account: the sequence number of the commit that added it. A later account of the same
/// name has another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountNumber(pub u64);

/// The values of an account, as changes hold them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountValues<'a> {
    /// 1 to 64 of the characters of ids.
    pub name: &'a str,
    pub role: Role,
    /// The person whose calendar is the account's own. Empty for none.
    pub person: &'a str,
    pub secret: SecretHash<'a>,
}

/// What a change of an account sets. It leaves what is `None` as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AccountUpdate<'a> {
    pub role: Option<Role>,
    /// Empty for none from now on.
    pub person: Option<&'a str>,
    pub secret: Option<SecretHash<'a>>,
}

impl<'a> AccountUpdate<'a> {
    /// The values after it.
    pub fn of(&self, before: AccountValues<'a>) -> AccountValues<'a> {
        AccountValues {
            name: before.name,
            role: self.role.unwrap_or(before.role),
            person: self.person.unwrap_or(before.person),
            secret: self.secret.unwrap_or(before.secret),
        }
    }
}

/// What a secret is checked against. The secret itself is stored nowhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SecretHash<'a> {
    /// The SHA-256 of a token, which is random.
    Token([u8; 32]),
    /// The Argon2id hash of a password, as a PHC string.
    Password(&'a str),
}

/// A [`SecretHash`] that borrows nothing.
#[derive(Clone, PartialEq, Eq)]
pub enum StoredSecret {
    Token([u8; 32]),
    Password(Arc<str>),
}

impl StoredSecret {
    /// As changes hold it.
    pub fn as_hash(&self) -> SecretHash<'_> {
        match self {
            Self::Token(hash) => SecretHash::Token(*hash),
            Self::Password(hash) => SecretHash::Password(hash),
        }
    }
}

impl SecretHash<'_> {
    pub fn to_stored(self) -> StoredSecret {
        match self {
            Self::Token(hash) => StoredSecret::Token(hash),
            Self::Password(hash) => StoredSecret::Password(hash.into()),
        }
    }

    /// The kind of the secret.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Token(_) => "token",
            Self::Password(_) => "password",
        }
    }
}

/// Without the hash.
impl fmt::Debug for SecretHash<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

/// Without the hash.
impl fmt::Debug for StoredSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_hash().fmt(f)
    }
}

/// Who made a commit: an account, with its name at that time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor<'a> {
    pub account: AccountNumber,
    pub name: &'a str,
}
