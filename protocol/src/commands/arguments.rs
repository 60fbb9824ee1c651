//! A cursor over the arguments of a request. Arguments and options that remain at the end are errors.

use std::borrow::Cow;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use thiserror::Error;

use super::form::CommandForm;
use crate::byte_class::ByteClasses;
use crate::date::Date;
use crate::date_range::DateRange;
use crate::group::Group;
use crate::hour::{Hour, Slot};
use crate::id::Id;
use crate::key::{KEY_OPTION, Key};
use crate::number::parse_digits;
use crate::parse::words::Words;
use crate::refusal::Refusal;
use crate::shown::Echo;
use crate::text::Text;

/// The arguments and options of one request. They are taken in this order: the verb, the arguments, the
/// options, and [`Args::finish`]. The names of arguments in error messages are those of the usage.
pub(crate) struct Args<'a> {
    /// All forms of the command, once the verb has shown which it is.
    forms: &'static [CommandForm],
    /// The form of the request, once the arguments have shown which it is.
    form: Option<&'static CommandForm>,
    words: Words<'a>,
}

/// Why the words of a command cannot be used that may have a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UnusableWords {
    /// For a reason that repeats no word.
    Named(String),
    /// For one that would.
    Hidden,
}

/// Drops the message, which repeats words.
impl From<Refusal> for UnusableWords {
    fn from(_: Refusal) -> Self {
        Self::Hidden
    }
}

/// Why a word is not a number. The message continues a sentence that begins with the word: `n "0" is out of
/// range: …`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
enum NumberError {
    #[error("is not a whole number: write one from {min} to {max} in digits only")]
    Form { min: u32, max: u32 },
    #[error("is out of range: write a whole number from {min} to {max}")]
    Range { min: u32, max: u32 },
}

/// Why a word is not a sequence number. The message continues a sentence that begins with the word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not the sequence number of a commit: write a whole number from 0 in digits only")]
struct SequenceError;

impl<'a> Args<'a> {
    /// `line` has no control characters but tabs.
    pub(crate) fn of(line: &'a str, classes: ByteClasses) -> Self {
        Self { forms: &[], form: None, words: Words::of(line, classes) }
    }

    /// The verb as written, which is the first argument.
    pub(crate) fn verb(&mut self) -> Result<Cow<'a, str>, Refusal> {
        self.words
            .next()?
            .ok_or_else(|| Refusal::bad_request("there are options but no command: HELP lists the commands"))
    }

    /// Sets the forms of the command, which error messages quote.
    pub(crate) fn set_command(&mut self, forms: &'static [CommandForm]) {
        self.forms = forms;
    }

    /// Narrows the usage that error messages quote to one form.
    pub(crate) fn set_form(&mut self, form: &'static CommandForm) {
        self.form = Some(form);
    }

    /// Whether there is another argument.
    pub(crate) fn has_next(&mut self) -> Result<bool, Refusal> {
        Ok(self.words.peek()?.is_some())
    }

    /// The next argument, not validated.
    pub(crate) fn next_word(&mut self, name: &str) -> Result<Cow<'a, str>, Refusal> {
        let word = self.words.next()?;
        word.ok_or_else(|| Refusal::bad_request(format!("<{name}> is missing: write {}", self.usage())))
    }

    pub(crate) fn next_id(&mut self, name: &str) -> Result<Id<'a>, Refusal> {
        validated(name, self.next_word(name)?, Id::new)
    }

    /// The next argument, a name or title.
    pub(crate) fn next_text(&mut self, name: &str) -> Result<Text<'a>, Refusal> {
        validated(name, self.next_word(name)?, Text::new)
    }

    pub(crate) fn next_group(&mut self) -> Result<Group<'a>, Refusal> {
        validated("group", self.next_word("group")?, Group::new)
    }

    pub(crate) fn next_date(&mut self) -> Result<Date, Refusal> {
        self.next_value("date")
    }

    /// The next two arguments, a date and a time.
    pub(crate) fn next_slot(&mut self) -> Result<Slot, Refusal> {
        let date = self.next_date()?;
        let hour = self.next_value::<Hour>("time")?;
        Ok(Slot { date, hour })
    }

    /// The next argument, the last date of a range that begins with `first`.
    pub(crate) fn next_range_end(&mut self, first: Date) -> Result<DateRange, Refusal> {
        let range = DateRange::new(first, self.next_value("to")?);
        range.map_err(|error| Refusal::bad_request(error.to_string()))
    }

    /// The next argument, a number from 1 to `max`.
    pub(crate) fn next_number(&mut self, name: &str, max: u32) -> Result<u32, Refusal> {
        validated(name, self.next_word(name)?, |word| number(&word, 1..=max))
    }

    /// The next argument, of a type whose error says what is wrong.
    pub(crate) fn next_value<T>(&mut self, name: &str) -> Result<T, Refusal>
    where
        T: FromStr<Err: Display>,
    {
        validated(name, self.next_word(name)?, |word| word.parse())
    }

    /// Whether an option is given that was not taken. The caller has taken all arguments, as for
    /// [`Args::option`].
    pub(crate) fn has_options(&mut self) -> Result<bool, Refusal> {
        self.refuse_remaining_argument()?;
        Ok(self.words.has_options())
    }

    /// The first of these options that is given.
    pub(crate) fn first_given(&mut self, names: &[&'static str]) -> Result<Option<&'static str>, Refusal> {
        self.refuse_remaining_argument()?;
        Ok(names.iter().copied().find(|name| self.words.remaining_options().any(|given| given == *name)))
    }

    /// The value of an option, if it is given. The caller has taken all arguments: this reads the rest of the
    /// line for options, and refuses an argument among them.
    pub(crate) fn option(&mut self, name: &str) -> Result<Option<Cow<'a, str>>, Refusal> {
        self.refuse_remaining_argument()?;
        Ok(self.words.take_option(name))
    }

    pub(crate) fn option_id(&mut self, name: &str) -> Result<Option<Id<'a>>, Refusal> {
        self.option(name)?.map(|value| validated(name, value, Id::new)).transpose()
    }

    /// The value of an option, a name or title.
    pub(crate) fn option_text(&mut self, name: &str) -> Result<Option<Text<'a>>, Refusal> {
        self.option(name)?.map(|value| validated(name, value, Text::new)).transpose()
    }

    /// The value of an option, of a type whose error says what is wrong.
    pub(crate) fn option_value<T>(&mut self, name: &str) -> Result<Option<T>, Refusal>
    where
        T: FromStr<Err: Display>,
    {
        self.option(name)?.map(|value| validated(name, value, |value| value.parse())).transpose()
    }

    /// The value of an option, a number from 1 to `max`.
    pub(crate) fn option_number(&mut self, name: &str, max: u32) -> Result<Option<u32>, Refusal> {
        self.option_number_within(name, 1..=max)
    }

    /// The value of an option, a number of a range.
    pub(crate) fn option_number_within(
        &mut self,
        name: &str,
        range: RangeInclusive<u32>,
    ) -> Result<Option<u32>, Refusal> {
        self.option(name)?.map(|value| validated(name, value, |value| number(&value, range))).transpose()
    }

    /// The value of an option, the sequence number of a commit, or zero.
    pub(crate) fn option_sequence(&mut self, name: &str) -> Result<Option<u64>, Refusal> {
        let parse = |value: Cow<'a, str>| {
            let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
            value.parse::<u64>().ok().filter(|_| is_number).ok_or(SequenceError)
        };
        self.option(name)?.map(|value| validated(name, value, parse)).transpose()
    }

    /// The key, if one is given. The refusal of an invalid one does not repeat it.
    pub(crate) fn option_key(&mut self) -> Result<Option<Key<'a>>, Refusal> {
        let key = self.option(KEY_OPTION)?.map(Key::new).transpose();
        key.map_err(|error| Refusal::bad_request(format!("{KEY_OPTION}= {error}")))
    }

    /// Whether an option is given that has only one value.
    pub(crate) fn option_flag(&mut self, name: &str, only: &str) -> Result<bool, Refusal> {
        match self.option(name)? {
            None => Ok(false),
            Some(value) if value == only => Ok(true),
            Some(value) => Err(Refusal::bad_request(format!(
                "{name} {} is not {only}: write {name}={only}, or leave it out",
                Echo(&value)
            ))),
        }
    }

    /// Takes all words of a command that may have a secret. A refusal repeats none of them.
    pub(crate) fn hide_words<T>(
        &mut self,
        take: impl FnOnce(&mut Self) -> Result<T, UnusableWords>,
    ) -> Result<T, Refusal> {
        take(self).map_err(|unusable| {
            let usage = self.usage();
            Refusal::bad_request(match unusable {
                UnusableWords::Named(reason) => format!("{reason}: write {usage}"),
                UnusableWords::Hidden => format!(
                    "the words do not fit, and none is repeated because one may be a secret: write {usage}, with \
                     quotes around what has blanks or looks like an option"
                ),
            })
        })
    }

    /// The next argument of a command that may have a secret, not validated.
    pub(crate) fn next_hidden_word(&mut self, name: &str) -> Result<Cow<'a, str>, UnusableWords> {
        let word = self.words.next().map_err(|_| UnusableWords::Hidden)?;
        word.ok_or_else(|| UnusableWords::Named(format!("<{name}> is missing")))
    }

    /// The next argument of a command that may have a secret, an id.
    pub(crate) fn next_hidden_id(&mut self, name: &str) -> Result<Id<'a>, UnusableWords> {
        Id::new(self.next_hidden_word(name)?).map_err(|_| UnusableWords::Hidden)
    }

    /// Refuses an argument or an option that was not taken.
    pub(crate) fn finish(&mut self) -> Result<(), Refusal> {
        self.refuse_remaining_argument()?;
        match self.words.remaining_options().next() {
            None => Ok(()),
            Some(name) => Err(self.unknown_option(name)),
        }
    }

    /// The refusal of an option that no form of the command has, if there is one anywhere in the line.
    pub(crate) fn find_unknown_option(&mut self) -> Option<Refusal> {
        // Reading the words collects the options between them, up to the first error.
        while let Ok(Some(_)) = self.words.next() {}
        let is_known = |name: &str| self.forms.iter().any(|form| form.options().any(|known| known == name));
        let name = self.words.remaining_options().find(|name| !is_known(name))?;
        Some(self.unknown_option(name))
    }

    fn unknown_option(&self, name: &str) -> Refusal {
        Refusal::bad_request(format!(
            "option {} is unknown here: write {}, with quotes around an argument that only looks like an \
             option",
            Echo(name),
            self.usage()
        ))
    }

    #[inline]
    fn refuse_remaining_argument(&mut self) -> Result<(), Refusal> {
        // Each option asks for this.
        if self.words.is_at_end() { Ok(()) } else { self.refuse_next_argument() }
    }

    fn refuse_next_argument(&mut self) -> Result<(), Refusal> {
        match self.words.next()? {
            None => Ok(()),
            Some(word) => Err(Refusal::bad_request(format!(
                "{} is one argument too many: write {}, with quotes around an argument that has blanks",
                Echo(&word),
                self.usage()
            ))),
        }
    }

    /// The usage of the form that was set, or of all forms of the command.
    pub(crate) fn usage(&self) -> String {
        match self.form {
            Some(form) => form.usage.to_owned(),
            None => self.forms.iter().map(|form| form.usage).collect::<Vec<_>>().join(" or "),
        }
    }
}

/// Validates an argument. The refusal says which argument is wrong, what was given, and what to write
/// instead.
pub(crate) fn validated<'a, T, E: Display>(
    name: &str,
    word: Cow<'a, str>,
    validate: impl FnOnce(Cow<'a, str>) -> Result<T, E>,
) -> Result<T, Refusal> {
    // A copy for the message. A borrowed word is cheap to clone, and only a word with escapes is owned.
    let given = word.clone();
    validate(word).map_err(|error| Refusal::bad_request(format!("{name} {} {error}", Echo(&given))))
}

/// A number of a range, in ASCII digits.
fn number(word: &str, range: RangeInclusive<u32>) -> Result<u32, NumberError> {
    let (&min, &max) = (range.start(), range.end());
    let digits = word.strip_prefix('-').unwrap_or(word);
    let number = parse_digits(digits.as_bytes()).ok_or(NumberError::Form { min, max })?;
    if range.contains(&number) && digits.len() == word.len() {
        Ok(number)
    } else {
        Err(NumberError::Range { min, max })
    }
}
