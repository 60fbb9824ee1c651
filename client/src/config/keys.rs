//! The keys of the configuration file. All but two are flags of the command line.

use std::error::Error;

use clap::ValueEnum;
use thiserror::Error;

use crate::cli::{Args, parse_timeout};
use crate::net::retry::TRIES_MAX;

/// Sets the flag of a key to a value.
pub type Setter = fn(&mut Args, &str) -> Result<(), Box<dyn Error>>;

const KEYS: [(&str, Setter); 14] = [
    ("addr", |args, text| put(&mut args.addr, text.parse()?)),
    ("timeout", |args, text| put(&mut args.timeout, parse_timeout(text)?)),
    ("retry", |args, text| put(&mut args.retry, Some(tries(text)?))),
    ("format", |args, text| put(&mut args.format, choice(text)?)),
    ("color", |args, text| put(&mut args.color, choice(text)?)),
    ("history", |args, text| put(&mut args.history, choice(text)?)),
    (TLS, |args, text| put(&mut args.access.tls, text.parse()?)),
    ("ca", |args, text| put(&mut args.access.ca, Some(text.into()))),
    ("cert", |args, text| put(&mut args.access.cert, Some(text.into()))),
    ("key", |args, text| put(&mut args.access.key, Some(text.into()))),
    ("user", |args, text| put(&mut args.access.user, Some(text.to_owned()))),
    ("secret-file", |args, text| put(&mut args.access.secret_file, Some(text.into()))),
    ("edit-mode", |args, text| put(&mut args.edit_mode, choice(text)?)),
    ("pager", |args, text| put(&mut args.pager, Some(text.to_owned()))),
];

/// The key that is true or false.
pub const TLS: &str = "tls";

/// What sets the key with this name, if there is one.
pub fn setter(name: &str) -> Option<Setter> {
    KEYS.iter().find(|(key, _)| *key == name).map(|(_, setter)| *setter)
}

/// The keys, with commas between them.
pub fn names() -> String {
    KEYS.map(|(key, _)| key).join(", ")
}

fn put<T>(place: &mut T, value: T) -> Result<(), Box<dyn Error>> {
    *place = value;
    Ok(())
}

#[derive(Debug, Error)]
enum ValueError {
    #[error("write {possible}")]
    Choice { possible: String },
    #[error("write a number from 0 to {TRIES_MAX}")]
    Tries,
}

/// One of the values that a flag can have.
fn choice<T: ValueEnum>(text: &str) -> Result<T, ValueError> {
    T::from_str(text, false).map_err(|_| {
        let values = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        let names: Vec<_> = values.map(|value| value.get_name().to_owned()).collect();
        ValueError::Choice { possible: names.join(", ") }
    })
}

fn tries(text: &str) -> Result<u32, ValueError> {
    text.parse().ok().filter(|&tries| tries <= TRIES_MAX).ok_or(ValueError::Tries)
}
