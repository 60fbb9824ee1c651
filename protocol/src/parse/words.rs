//! The words of a line in their order, its options set aside.

use std::borrow::Cow;

use super::token::{Token, TokenError, Tokens};
use crate::byte_class::ByteClasses;

/// Options that are kept: no command has more than two, and two more still name what is unknown or repeated.
const OPTIONS_MAX: usize = 4;

/// Reads a line no further than it is asked to.
pub(crate) struct Words<'a> {
    tokens: Tokens<'a>,
    /// The next word, when someone has looked ahead.
    ahead: Option<Cow<'a, str>>,
    /// Options met so far and not taken, their names and values; the free places may be anywhere.
    options: [Option<(&'a str, Cow<'a, str>)>; OPTIONS_MAX],
}

impl<'a> Words<'a> {
    /// Begins at the start of a line that has no control characters but tabs.
    pub(crate) fn of(line: &'a str, classes: ByteClasses) -> Self {
        Self {
            tokens: Tokens::of(line, classes.may_have_quoting()),
            ahead: None,
            options: [const { None }; OPTIONS_MAX],
        }
    }

    /// The next word, if there is one.
    pub(crate) fn next(&mut self) -> Result<Option<Cow<'a, str>>, TokenError> {
        match self.ahead.take() {
            Some(word) => Ok(Some(word)),
            None => self.read(),
        }
    }

    /// The next word, if there is one, which stays the next.
    pub(crate) fn peek(&mut self) -> Result<Option<&str>, TokenError> {
        if self.ahead.is_none() {
            self.ahead = self.read()?;
        }
        Ok(self.ahead.as_deref())
    }

    /// The value of an option that is not behind the next word. When no word is left, that is any option.
    pub(crate) fn take_option(&mut self, name: &str) -> Option<Cow<'a, str>> {
        let place =
            self.options.iter_mut().find(|place| matches!(place, Some((given, _)) if *given == name))?;
        place.take().map(|(_, value)| value)
    }

    /// The names of the options that were met and that nobody has taken.
    pub(crate) fn left_options(&self) -> impl Iterator<Item = &'a str> {
        self.options.iter().flatten().map(|(name, _)| *name)
    }

    fn read(&mut self) -> Result<Option<Cow<'a, str>>, TokenError> {
        loop {
            match self.tokens.next()? {
                Some(Token::Word(word)) => return Ok(Some(word)),
                Some(Token::Option(name, value)) => self.set_aside(name, value)?,
                None => return Ok(None),
            }
        }
    }

    fn set_aside(&mut self, name: &'a str, value: Cow<'a, str>) -> Result<(), TokenError> {
        if self.options.iter().flatten().any(|(given, _)| *given == name) {
            return Err(TokenError::Repeated { name: name.to_owned() });
        }
        match self.options.iter_mut().find(|place| place.is_none()) {
            Some(place) => {
                *place = Some((name, value));
                Ok(())
            }
            None => Err(TokenError::TooManyOptions { name: name.to_owned() }),
        }
    }
}
