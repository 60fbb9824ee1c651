//! Changes of accounts: what they show, and what is refused of them.

use bookline_protocol::Role;
use bookline_protocol::limits::ID_BYTES_MAX;

use super::{AT, dumped, told};
use crate::auth::PASSWORD_HASH_BYTES_MAX;
use crate::changes::{AccountAdded, AccountDropped, AccountSet, Change, account_set};
use crate::domain::account::{AccountNumber, AccountValues, SecretHash};

const PASSWORD: &str = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

const ANNA: AccountValues<'_> =
    AccountValues { name: "anna", role: Role::Seller, person: "F1", secret: SecretHash::Password(PASSWORD) };

const BEN: AccountValues<'_> =
    AccountValues { name: "ben", role: Role::Admin, person: "", secret: SecretHash::Token([0xab; 32]) };

const NUMBER: AccountNumber = AccountNumber(7);

fn set(values: AccountValues<'_>) -> Change<'_> {
    AccountSet { account: NUMBER, values }.into()
}

fn dropped(name: &str) -> Change<'_> {
    AccountDropped { account: NUMBER, name }.into()
}

#[test]
fn only_dump_shows_accounts_and_never_a_hash() {
    let changes = [AccountAdded(ANNA).into(), AccountAdded(BEN).into(), set(ANNA), dropped("anna")];
    assert!(told(&changes).lines.is_empty(), "watchers are not told");
    let dumped = dumped(&changes);
    assert_eq!(dumped.subjects(), ["account anna", "account ben", "account anna", "account anna"]);
    let anna = r#""account":"anna","role":"seller","person":"F1","secret":"password""#;
    assert_eq!(
        dumped.objects(),
        [
            format!(r#"{{"kind":"account_added",{AT},{anna}}}"#),
            format!(r#"{{"kind":"account_added",{AT},"account":"ben","role":"admin","secret":"token"}}"#),
            format!(r#"{{"kind":"account_set",{AT},{anna}}}"#),
            format!(r#"{{"kind":"account_dropped",{AT},"account":"anna"}}"#),
        ]
    );
    for change in changes {
        let shown = format!("{change:?}");
        assert!(!shown.contains("argon2") && !shown.contains("171"), "{shown}");
    }
}

#[test]
fn every_role_and_every_kind_of_secret_is_read_as_it_was_written() {
    for role in Role::ALL {
        for secret in [ANNA.secret, BEN.secret] {
            for values in [AccountValues { role, secret, ..ANNA }, AccountValues { role, secret, ..BEN }] {
                for change in [AccountAdded(values).into(), set(values)] {
                    let mut bytes = Vec::new();
                    change.encode(&mut bytes);
                    assert_eq!(bytes.len(), change.encoded_len(), "{change:?}");
                    assert_eq!(Change::split(&bytes), Ok((change, &[][..])));
                }
            }
        }
    }
}

/// The numbers of roles on disk stay what they are.
#[test]
fn bytes_of_accounts_are_these() {
    let mut bytes = Vec::new();
    for change in [AccountAdded(BEN).into(), dropped("anna")] {
        change.encode(&mut bytes);
    }
    let token = [0xab; 32];
    let expected = [
        &[32, 41, 0, 0, 4, 3, 0][..],
        b"ben",
        &[0, 0, 0],
        &token,
        &[34, 14, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 4, 0],
        b"anna",
    ];
    assert_eq!(bytes, expected.concat());
    // A role, and a kind of secret, that no version writes.
    for (at, value) in [(4, 5), (12, 2)] {
        let mut bytes = bytes.clone();
        bytes[at] = value;
        assert!(Change::split(&bytes).is_err(), "byte {at}");
    }
}

#[test]
fn check_refuses_accounts_that_the_protocol_refuses_without_showing_a_hash() {
    let expensive = PASSWORD.replace("m=256", "m=4000000000");
    let no_hash = "the password of account 9 has no hash";
    for (values, expected) in [
        (AccountValues { name: "", ..ANNA }, "the name of account 9 is empty"),
        (AccountValues { name: "an na", ..ANNA }, "the name of account 9 holds a blank"),
        (AccountValues { person: "F/1", ..ANNA }, "the person of account 9 holds \"/\""),
        (AccountValues { secret: SecretHash::Password(""), ..ANNA }, no_hash),
        (AccountValues { secret: SecretHash::Password("correct horse"), ..ANNA }, no_hash),
        (AccountValues { secret: SecretHash::Password(&expensive), ..ANNA }, no_hash),
    ] {
        let message = Change::from(AccountAdded(values)).check(9).expect_err(expected).to_string();
        assert!(message.starts_with(expected), "{message}");
        let of_set = AccountSet { account: AccountNumber(9), values };
        assert_eq!(Change::from(of_set).check(10).expect_err(expected).to_string(), message);
        assert!(!message.contains("m=4000000000") && !message.contains("horse"), "{message}");
    }
    assert!(dropped("").check(9).is_err());
    for change in [set(ANNA), dropped("anna")] {
        assert_eq!(change.check_in_commit(8), Ok(()));
        let message = change.check_in_commit(7).expect_err("an account of a later commit").to_string();
        assert_eq!(
            message,
            "commit 7 changes event, entry or account 7, which no commit before it can have created"
        );
    }
}

#[test]
fn largest_change_of_an_account_has_the_largest_body() {
    let id = "x".repeat(ID_BYTES_MAX);
    let hash = "x".repeat(PASSWORD_HASH_BYTES_MAX);
    let values = AccountValues { name: &id, person: &id, secret: SecretHash::Password(&hash), ..ANNA };
    assert_eq!(set(values).encoded_len(), 4 + account_set::BODY_BYTES_MAX);
}
