//! Accounts: the replies to AUTH, WHOAMI and ACCOUNT.

use bookline_protocol::Role;
use bookline_protocol::commands::account::{ChangedAccountReply, DroppedAccountReply};
use bookline_protocol::commands::auth::AccountReply;

use crate::render::layout::{Column, ColumnKind, Table};
use crate::render::page::Page;
use crate::render::text::printable;

const COLUMNS: &[Column] =
    &[("Account", ColumnKind::Atom), ("Role", ColumnKind::Atom), ("Person", ColumnKind::Atom)];

/// Who an account is. A token that the server has made is in a line of its own, to be copied.
pub fn account(changed: &ChangedAccountReply<'_>) -> String {
    let AccountReply { account, role, person } = &changed.account;
    let calendar = person.as_ref().map(|id| format!(", with the calendar of {}", printable(id)));
    let sentence = format!("{} is {}{}.", printable(account), noun(*role), calendar.unwrap_or_default());
    match &changed.secret {
        None => sentence,
        Some(secret) => {
            format!("{sentence}\nThis is its token, which is shown this once:\n{}", printable(secret))
        }
    }
}

pub fn dropped(dropped: &DroppedAccountReply<'_>) -> String {
    format!("The account {} is dropped.", printable(&dropped.dropped))
}

/// The accounts of ACCOUNT LIST.
pub fn accounts(accounts: &[AccountReply<'_>], page: &Page) -> String {
    let rows = accounts.iter().map(|AccountReply { account, role, person }| {
        let person = person.as_deref().unwrap_or_default();
        vec![account.as_ref().into(), role.as_str().into(), person.into()]
    });
    Table::new(COLUMNS, rows).lay_out(page)
}

const fn noun(role: Role) -> &'static str {
    match role {
        Role::Viewer => "a viewer",
        Role::Door => "at the door",
        Role::Seller => "a seller",
        Role::Organizer => "an organizer",
        Role::Admin => "an admin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(body: &str) -> String {
        account(&serde_json::from_str(body).unwrap())
    }

    #[test]
    fn account_is_a_sentence() {
        assert_eq!(shown(r#"{"account":"anna","role":"seller"}"#), "anna is a seller.");
        assert_eq!(shown(r#"{"account":"kiosk","role":"door"}"#), "kiosk is at the door.");
        assert_eq!(
            shown(r#"{"account":"anna","role":"organizer","person":"F1"}"#),
            "anna is an organizer, with the calendar of F1."
        );
    }

    #[test]
    fn token_is_shown_with_the_word_that_it_is_shown_once() {
        let token = "bkl_0123456789012345678901234567890123456789";
        assert_eq!(
            shown(&format!(r#"{{"account":"anna","role":"admin","secret":"{token}"}}"#)),
            format!("anna is an admin.\nThis is its token, which is shown this once:\n{token}")
        );
    }
}
