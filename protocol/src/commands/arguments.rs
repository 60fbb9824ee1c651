//! A cursor over the arguments of a request. What it does not hand out, it complains of at the end.

use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;

use thiserror::Error;

use super::table::{COMMANDS, CommandForm};
use super::verb::Verb;
use crate::byte_class::ByteClasses;
use crate::date::Date;
use crate::group::Group;
use crate::hour::{Hour, Slot};
use crate::id::Id;
use crate::parse::words::Words;
use crate::refusal::Refusal;
use crate::shown::Echo;
use crate::text::Text;

/// The arguments and options of one request, taken one by one: the verb, the arguments in their order, the options,
/// the end. Names of arguments are those of the usage.
pub(crate) struct Args<'a> {
    verb: Option<Verb>,
    /// Which form of the verb it has turned out to be.
    form: Option<CommandForm>,
    words: Words<'a>,
}

/// Why a text is no number. Reads on from the text itself: `n "0" is out of range: …`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
enum NumberError {
    #[error("is not a whole number: write one from 1 to {max} in digits only")]
    Form { max: u32 },
    #[error("is out of range: write a whole number from 1 to {max}")]
    Range { max: u32 },
}

impl<'a> Args<'a> {
    /// Begins at the start of a line that has no control characters but tabs.
    pub(crate) fn of(line: &'a str, classes: ByteClasses) -> Self {
        Self { verb: None, form: None, words: Words::of(line, classes) }
    }

    /// The verb, which is the first argument.
    pub(crate) fn verb(&mut self) -> Result<Verb, Refusal> {
        let word = self.words.next()?;
        let word = word.ok_or_else(|| {
            Refusal::bad_request("there are options but no command: HELP lists the commands")
        })?;
        let verb = Verb::read(&word)?;
        self.verb = Some(verb);
        Ok(verb)
    }

    /// Settles which form of the verb it is, for the messages to come.
    pub(crate) fn settle(&mut self, form: CommandForm) {
        self.form = Some(form);
    }

    /// Whether there is another argument.
    pub(crate) fn has_next(&mut self) -> Result<bool, Refusal> {
        Ok(self.words.peek()?.is_some())
    }

    /// The next argument as it is.
    pub(crate) fn next_word(&mut self, name: &str) -> Result<Cow<'a, str>, Refusal> {
        let word = self.words.next()?;
        word.ok_or_else(|| Refusal::bad_request(format!("<{name}> is missing: write {}", self.usage())))
    }

    /// The next argument, an id.
    pub(crate) fn next_id(&mut self, name: &str) -> Result<Id<'a>, Refusal> {
        checked(name, self.next_word(name)?, Id::new)
    }

    /// The next argument, a name or title.
    pub(crate) fn next_text(&mut self, name: &str) -> Result<Text<'a>, Refusal> {
        checked(name, self.next_word(name)?, Text::new)
    }

    /// The next argument, a group.
    pub(crate) fn next_group(&mut self) -> Result<Group<'a>, Refusal> {
        checked("group", self.next_word("group")?, Group::new)
    }

    /// The next argument, a date.
    pub(crate) fn next_date(&mut self) -> Result<Date, Refusal> {
        self.next_value("date")
    }

    /// The next two arguments, a date and a time.
    pub(crate) fn next_slot(&mut self) -> Result<Slot, Refusal> {
        let date = self.next_date()?;
        let hour = self.next_value::<Hour>("time")?;
        Ok(Slot { date, hour })
    }

    /// The next argument, a number from 1 to `max`.
    pub(crate) fn next_number(&mut self, name: &str, max: u32) -> Result<u32, Refusal> {
        checked(name, self.next_word(name)?, |word| number(&word, max))
    }

    /// The next argument, of a type that says itself what is wrong.
    pub(crate) fn next_value<T>(&mut self, name: &str) -> Result<T, Refusal>
    where
        T: FromStr<Err: Display>,
    {
        checked(name, self.next_word(name)?, |word| word.parse())
    }

    /// The value of an option, if it is given. Whoever asks has taken all arguments: the rest of the line is read for
    /// options, and an argument among them is left over.
    pub(crate) fn option(&mut self, name: &str) -> Result<Option<Cow<'a, str>>, Refusal> {
        self.refuse_left_over()?;
        Ok(self.words.take_option(name))
    }

    /// The value of an option, an id.
    pub(crate) fn option_id(&mut self, name: &str) -> Result<Option<Id<'a>>, Refusal> {
        self.option(name)?.map(|value| checked(name, value, Id::new)).transpose()
    }

    /// The value of an option, a number from 1 to `max`.
    pub(crate) fn option_number(&mut self, name: &str, max: u32) -> Result<Option<u32>, Refusal> {
        self.option(name)?.map(|value| checked(name, value, |value| number(&value, max))).transpose()
    }

    /// Refuses what was not taken.
    pub(crate) fn finish(&mut self) -> Result<(), Refusal> {
        self.refuse_left_over()?;
        match self.words.left_options().next() {
            None => Ok(()),
            Some(name) => Err(self.unknown(name)),
        }
    }

    /// Refuses an option that no form of the verb has, if there is one anywhere in the line.
    pub(crate) fn unknown_option(&mut self) -> Option<Refusal> {
        // Options are met in passing, as far as the line can be cut.
        while let Ok(Some(_)) = self.words.next() {}
        let verb = self.verb?;
        let name = self.words.left_options().find(|name| verb.options().all(|known| known != *name))?;
        Some(self.unknown(name))
    }

    fn unknown(&self, name: &str) -> Refusal {
        Refusal::bad_request(format!(
            "option {} is unknown here: write {}, with quotes around an argument that only looks like an option",
            Echo(name),
            self.usage()
        ))
    }

    fn refuse_left_over(&mut self) -> Result<(), Refusal> {
        match self.words.next()? {
            None => Ok(()),
            Some(word) => Err(Refusal::bad_request(format!(
                "{} is one argument too many: write {}, with quotes around an argument that has blanks",
                Echo(&word),
                self.usage()
            ))),
        }
    }

    /// The form it is, or all forms it may be.
    pub(crate) fn usage(&self) -> String {
        let forms = COMMANDS.iter().filter(|form| match self.form {
            Some(settled) => **form == settled,
            None => self.verb == Some(form.verb),
        });
        forms.map(|form| form.usage).collect::<Vec<_>>().join(" or ")
    }
}

/// Reads a value, or says which argument is wrong, what was typed, and what to type instead.
pub(crate) fn checked<'a, T, E: Display>(
    name: &str,
    word: Cow<'a, str>,
    read: impl FnOnce(Cow<'a, str>) -> Result<T, E>,
) -> Result<T, Refusal> {
    // Kept for the message before the word is given away: a borrowed word costs nothing to clone, and an owned one
    // had escapes in it, which is rare.
    let typed = word.clone();
    read(word).map_err(|error| Refusal::bad_request(format!("{name} {} {error}", Echo(&typed))))
}

/// A number from 1 to `max`, in ASCII digits.
fn number(word: &str, max: u32) -> Result<u32, NumberError> {
    let digits = word.strip_prefix('-').unwrap_or(word);
    if digits.is_empty() {
        return Err(NumberError::Form { max });
    }
    let mut number: u32 = 0;
    for digit in digits.bytes() {
        if !digit.is_ascii_digit() {
            return Err(NumberError::Form { max });
        }
        // Whatever is too large for a u32 is out of every range.
        number = number.saturating_mul(10).saturating_add(u32::from(digit - b'0'));
    }
    if (1..=max).contains(&number) && digits.len() == word.len() {
        Ok(number)
    } else {
        Err(NumberError::Range { max })
    }
}
