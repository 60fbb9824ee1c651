//! The configuration file: it sets what neither the command line nor the environment sets.
//!
//! Its keys are those of `keys`. A table `[profiles.<name>]` has the same keys, and takes precedence where
//! the user chooses it.

mod error;
mod keys;

use std::fs;
use std::io;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::cli::Args;
use crate::config::error::{ConfigError, Problem};
use crate::xdg::Directory;

/// The key of the table of profiles.
const PROFILES: &str = "profiles";

/// A key that a user may expect to exist.
const SECRET: &str = "secret";

/// Sets what the command line and the environment leave open.
///
/// # Errors
///
/// The file exists and cannot be read, or something in it is not known, or the profile that the user has
/// chosen is not in it.
pub fn complete(args: &mut Args) -> Result<(), ConfigError> {
    let Some(file) = Directory::Config.file("config.toml") else {
        let no_home = |profile: &String| Err(ConfigError::NoHome { profile: profile.clone() });
        return args.profile.as_ref().map_or(Ok(()), no_home);
    };
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(source) if source.kind() == io::ErrorKind::NotFound => String::new(),
        Err(source) => return Err(ConfigError::Read { file, source }),
    };
    read(&text, args).map_err(|(at, problem)| match at {
        Some(at) => ConfigError::Invalid { file, line: line_of(&text, &at), problem },
        None => ConfigError::Incomplete { file, problem },
    })
}

/// A problem, and the bytes of the text that have it.
type Located = (Option<Range<usize>>, Problem);

/// Sets what the text says, and checks all of it.
fn read(text: &str, args: &mut Args) -> Result<(), Located> {
    let file =
        DeTable::parse(text).map_err(|error| (error.span(), Problem::Syntax(error.message().to_owned())))?;
    let mut profiles = Vec::new();
    for (key, value) in file.get_ref() {
        if key.get_ref() == PROFILES {
            profiles.extend(table(key.get_ref(), value)?);
        } else {
            set(args, key, value)?;
        }
    }
    let chosen = args.profile.clone();
    let known: Vec<String> = profiles.iter().map(|(name, _)| name.get_ref().to_string()).collect();
    let mut others = args.clone();
    for (name, profile) in profiles {
        let is_chosen = chosen.as_deref() == Some(name.get_ref());
        let args = if is_chosen { &mut *args } else { &mut others };
        for (key, value) in table(name.get_ref(), profile)? {
            set(args, key, value)?;
        }
    }
    match chosen {
        Some(name) if !known.contains(&name) => Err((None, Problem::UnknownProfile { name, known })),
        _ => Ok(()),
    }
}

/// Sets one key, unless the command line or the environment does.
fn set(args: &mut Args, key: &Spanned<DeString<'_>>, value: &Spanned<DeValue<'_>>) -> Result<(), Located> {
    let name: &str = key.get_ref();
    let Some(set) = keys::setter(name) else {
        let is_secret = name.eq_ignore_ascii_case(SECRET);
        let problem = if is_secret { Problem::Secret } else { Problem::UnknownKey(name.to_owned()) };
        return Err((Some(key.span()), problem));
    };
    let is_switch = name == keys::TLS;
    let text = match value.get_ref() {
        DeValue::Boolean(true) if is_switch => "true",
        DeValue::Boolean(false) if is_switch => "false",
        other if is_switch => {
            return Err((Some(value.span()), Problem::not_a_switch(name, other.type_str())));
        }
        DeValue::String(text) => text,
        DeValue::Integer(number) => number.as_str(),
        other => return Err((Some(value.span()), Problem::not_text(name, other.type_str()))),
    };
    let mut unused = args.clone();
    let target = if args.is_chosen(name) { &mut unused } else { args };
    set(target, text).map_err(|reason| {
        (Some(value.span()), Problem::Value { key: name.to_owned(), value: text.to_owned(), reason })
    })
}

fn table<'a, 'i>(name: &str, value: &'a Spanned<DeValue<'i>>) -> Result<&'a DeTable<'i>, Located> {
    let not_a_table = || (Some(value.span()), Problem::not_a_table(name, value.get_ref().type_str()));
    value.get_ref().as_table().ok_or_else(not_a_table)
}

/// The number of the line in which the bytes begin, from 1.
fn line_of(text: &str, at: &Range<usize>) -> usize {
    text.as_bytes().iter().take(at.start).filter(|&&byte| byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cli::Format;
    use crate::cli::access::AccessArgs;
    use crate::prompt::history::HistoryPolicy;
    use crate::prompt::settings::EditMode;
    use crate::screen::ColorChoice;

    fn args(words: &[&str]) -> Args {
        Args::parse_from([&["bookline"], words].concat().iter().map(Into::into)).unwrap()
    }

    /// The arguments that the text completes, or the line and the problem.
    fn completed(text: &str, words: &[&str]) -> Result<Args, String> {
        let mut args = args(words);
        match read(text, &mut args) {
            Ok(()) => Ok(args),
            Err((None, problem)) => Err(problem.to_string()),
            Err((Some(at), problem)) => Err(format!("{}: {problem}", line_of(text, &at))),
        }
    }

    const ALL: &str = "\
        addr = \"tickets.example\"\n\
        timeout = \"3s\"\n\
        retry = 7\n\
        format = \"raw\"\n\
        color = \"never\"\n\
        history = \"all\"\n\
        tls = true\n\
        ca = \"ca.pem\"\n\
        cert = \"own.pem\"\n\
        key = \"own.key\"\n\
        user = \"anna\"\n\
        secret-file = \"secret\"\n\
        edit-mode = \"vi\"\n\
        pager = \"\"\n";

    #[test]
    fn every_key_sets_what_the_command_line_leaves_open() {
        let args = completed(ALL, &[]).unwrap();
        assert_eq!(args.addr.to_string(), "tickets.example:2665");
        assert_eq!((args.timeout, args.retry), (Duration::from_secs(3), Some(7)));
        assert_eq!((args.format, args.color), (Format::Raw, ColorChoice::Never));
        assert_eq!((args.history, args.edit_mode), (HistoryPolicy::All, EditMode::Vi));
        assert_eq!(args.pager.as_deref(), Some(""));
        let files = |args: &Args| {
            let AccessArgs { ca, cert, key, secret_file, .. } = args.access.clone();
            [ca, cert, key, secret_file].map(|file| file.unwrap().display().to_string())
        };
        assert_eq!(files(&args), ["ca.pem", "own.pem", "own.key", "secret"]);
        assert_eq!((args.access.tls, args.access.user.as_deref()), (true, Some("anna")));

        let chosen = ["--ca=a", "--cert=b", "--key=c", "--secret-file=d", "--user=e"];
        let args = completed(ALL, &chosen).unwrap();
        assert_eq!(files(&args), ["a", "b", "c", "d"]);
        assert_eq!(args.access.user.as_deref(), Some("e"));

        let chosen = ["--addr=h", "--timeout=10s", "--retry=0", "--format=auto", "--color=auto"];
        let args = completed(ALL, &[&chosen[..], &["--history=no-tickets", "PING"]].concat()).unwrap();
        assert_eq!(args.addr.to_string(), "h:2665");
        assert_eq!((args.timeout, args.retry), (Duration::from_secs(10), Some(0)));
        assert_eq!((args.format, args.color), (Format::Auto, ColorChoice::Auto));
        assert_eq!(args.history, HistoryPolicy::NoTickets);
    }

    #[test]
    fn flag_of_a_local_command_takes_precedence() {
        let args = completed(ALL, &["ics", "F1", "--addr", "h"]).unwrap();
        assert_eq!(args.addr.to_string(), "h:2665");
        assert_eq!(args.timeout, Duration::from_secs(3));
    }

    #[test]
    fn chosen_profile_takes_precedence_over_the_file() {
        let text =
            "addr = 'a'\ntimeout = 5\n[profiles.office]\naddr = 'b,b2:99'\n[profiles.door]\naddr = 'c'\n";
        let address = |words: &[&str]| completed(text, words).unwrap().addr.to_string();
        assert_eq!(address(&[]), "a:2665");
        assert_eq!(address(&["--profile", "office"]), "b:2665,b2:99");
        assert_eq!(address(&["--profile", "door"]), "c:2665");
        assert_eq!(address(&["--profile", "door", "--addr", "h"]), "h:2665");
        assert_eq!(completed(text, &["--profile", "door"]).unwrap().timeout, Duration::from_secs(5));
        assert_eq!(
            completed(text, &["--profile", "x"]).unwrap_err(),
            "there is no profile \"x\": the profiles are door, office"
        );
        assert_eq!(
            completed("", &["--profile", "x"]).unwrap_err(),
            "there is no profile \"x\": a profile is a table [profiles.<name>] in this file"
        );
    }

    #[test]
    fn mistake_is_named_with_its_line_and_what_is_possible() {
        let keys = "addr, timeout, retry, format, color, history, tls, ca, cert, key, user, secret-file, \
                    edit-mode, pager";
        let unknown = format!(
            "2: \"colour\" is not a key: the keys are {keys}, and tables [profiles.<name>] with the same keys"
        );
        for (text, message) in [
            ("# é\ncolour = \"never\"", unknown.as_str()),
            ("\n\nedit-mode = \"nano\"", "3: edit-mode is \"nano\": write emacs, vi"),
            ("retry = 1001", "1: retry is \"1001\": write a number from 0 to 1000"),
            ("addr = \"h:0\"", "1: addr is \"h:0\": \"0\" is not a port: it is a number from 1 to 65535"),
            ("timeout = 0", "1: timeout is \"0\": it must be more than zero"),
            ("pager = false", "1: pager is of type boolean: write a string, in quotes"),
            ("tls = \"yes\"", "1: tls is of type string: write true or false"),
            ("user = true", "1: user is of type boolean: write a string, in quotes"),
            ("profiles = 5", "1: profiles is of type integer: write a table, as [profiles.<name>]"),
            ("[profiles.a]\nretry = -1", "2: retry is \"-1\": write a number from 0 to 1000"),
        ] {
            assert_eq!(completed(text, &[]).unwrap_err(), message);
            // What a flag sets is checked as well.
            let flags = ["--addr=h", "--timeout=1", "--retry=1", "--color=auto"];
            assert_eq!(completed(text, &flags).unwrap_err(), message);
        }
        for text in ["secret = \"correct horse\"", "[profiles.a]\nSecret = 12345678"] {
            let message = completed(text, &[]).unwrap_err();
            assert!(message.contains(": a secret has no place in this file: "), "{message}");
            assert!(!message.contains("horse") && !message.contains("12345678"), "{message}");
        }
        assert!(completed("addr = \"a\"\naddr = ", &[]).unwrap_err().starts_with("2: "));
        assert!(completed("addr = \"a\"\naddr = \"b\"", &[]).unwrap_err().starts_with("2: "));
    }
}
