//! Accounts over the protocol, from outside.
//!
//! Catches: a request that a role may not make and gets, or may and does not get; an account that is guessed
//! fast; a right that outlives its role; an account that takes more than its share; a secret that is written
//! down anywhere.

mod attempts;
mod rights_change;
mod roles;
mod secrets;
mod shares;

use std::collections::HashMap;

use bookline_protocol::Role;
use bookline_testkit::connection::Conn;
use bookline_testkit::process::{Home, Server};

/// A server with an account of each role, which is named after it and has a token.
struct Staffed {
    server: Server,
    tokens: HashMap<String, String>,
}

impl Staffed {
    fn start(flags: &[&str]) -> Self {
        Self::with_people(flags, &[])
    }

    /// Some of the accounts have a person.
    fn with_people(flags: &[&str], people: &[(Role, &str)]) -> Self {
        let home = Home::new();
        let mut tokens = HashMap::new();
        for role in Role::ALL {
            let person = people.iter().find(|(of, _)| *of == role);
            let mut arguments = vec!["--role", role.as_str()];
            arguments.extend(person.iter().flat_map(|(_, person)| ["--person", person]));
            tokens.insert(role.to_string(), home.add_account_with_token(role.as_str(), &arguments));
        }
        Self { server: home.start(flags), tokens }
    }

    /// A connection of the account of this role.
    fn connect(&self, role: Role) -> Conn {
        let mut conn = self.server.connect();
        conn.ask(&format!("AUTH {role} {}", self.tokens[role.as_str()])).ok();
        conn
    }
}
