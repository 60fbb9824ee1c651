//! What is wrong with the configuration file.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::config::keys;
use crate::render::text::quoted;

#[derive(Debug, Error)]
pub enum ConfigError {
    #[error("cannot read {}: {source}", file.display())]
    Read { file: PathBuf, source: io::Error },
    #[error("{}:{line}: {problem}", file.display())]
    Invalid { file: PathBuf, line: usize, problem: Problem },
    #[error("there is no profile {}: neither XDG_CONFIG_HOME nor HOME is set", quoted(profile))]
    NoHome { profile: String },
    /// Something is missing, which has no line.
    #[error("{}: {problem}", file.display())]
    Incomplete { file: PathBuf, problem: Problem },
}

#[derive(Debug, Error)]
pub enum Problem {
    #[error("{0}")]
    Syntax(String),
    #[error(
        "{} is not a key: the keys are {}, and tables [profiles.<name>] with the same keys",
        quoted(_0),
        keys::names()
    )]
    UnknownKey(String),
    /// Of a value that must not be shown.
    #[error(
        "a secret has no place in this file: name a file that only you can read with secret-file, or set \
         BOOKLINE_SECRET"
    )]
    Secret,
    #[error("{key} is of type {kind}: write {wanted}")]
    Kind { key: String, kind: &'static str, wanted: &'static str },
    #[error("{key} is {}: {reason}", quoted(value))]
    Value { key: String, value: String, reason: Box<dyn std::error::Error> },
    #[error("there is no profile {}: {}", quoted(name), known_profiles(known))]
    UnknownProfile { name: String, known: Vec<String> },
}

impl Problem {
    pub fn not_text(key: &str, kind: &'static str) -> Self {
        Self::Kind { key: key.to_owned(), kind, wanted: "a string, in quotes" }
    }

    pub fn not_a_switch(key: &str, kind: &'static str) -> Self {
        Self::Kind { key: key.to_owned(), kind, wanted: "true or false" }
    }

    pub fn not_a_table(key: &str, kind: &'static str) -> Self {
        Self::Kind { key: key.to_owned(), kind, wanted: "a table, as [profiles.<name>]" }
    }
}

fn known_profiles(known: &[String]) -> String {
    match known {
        [] => "a profile is a table [profiles.<name>] in this file".to_owned(),
        known => format!("the profiles are {}", known.join(", ")),
    }
}
