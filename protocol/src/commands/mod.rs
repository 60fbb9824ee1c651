//! The commands: a module for each, with its usage and help, its request, its argument parser and its
//! replies.
//!
//! A command is a module here, a line in [`for_each_command!`](crate::for_each_command), and a module in the
//! server that executes it.

/// The list of commands, in the order of `protocol.md`. It calls `$callback!` with a line for each command:
/// the type of its requests, its module, its verb, and other words for the verb.
#[macro_export]
macro_rules! for_each_command {
    ($callback:ident) => {
        $callback! {
            Create<'a> in create: "CREATE";
            Update<'a> in update: "UPDATE";
            Get<'a> in get: "GET";
            Book<'a> in book: "BOOK";
            Hold<'a> in hold: "HOLD";
            Confirm<'a> in confirm: "CONFIRM";
            Extend in extend: "EXTEND";
            Release in release: "RELEASE";
            Ticket in ticket: "TICKET";
            Tickets<'a> in tickets: "TICKETS";
            Cancel in cancel: "CANCEL";
            Checkin in checkin: "CHECKIN";
            Block<'a> in block: "BLOCK";
            Meet<'a> in meet: "MEET";
            Free<'a> in free: "FREE";
            Hod<'a> in hod: "HOD";
            Delete<'a> in delete: "DELETE";
            Put<'a> in put: "PUT";
            Hello in hello: "HELLO";
            Help in help: "HELP";
            Ping in ping: "PING";
            Stats in stats: "STATS";
            Snapshot in snapshot: "SNAPSHOT";
            Watch<'a> in watch: "WATCH";
            Unwatch<'a> in unwatch: "UNWATCH";
            Auth<'a> in auth: "AUTH";
            Whoami in whoami: "WHOAMI";
            Account<'a> in account: "ACCOUNT";
            Quit in quit: "QUIT" | "EXIT";
        }
    };
}

mod arguments;
mod bookings;
mod command;
mod form;
mod keyed;
mod line_writer;
mod meeting;
mod recurrence;
pub(crate) mod secret_line;
pub(crate) mod verb;
mod watched_words;
mod window;

pub use bookings::{BookedEvents, Booking, Bookings};
pub use form::{CommandForm, Topic};
pub use keyed::KeyedRequest;
pub use meeting::RequestedMeeting;
pub use verb::Verb;

use arguments::Args;
use command::Command;
use line_writer::LineWriter;
use secret_line::may_have_secret;

use crate::byte_class::ByteClasses;
use crate::key::Key;
use crate::needs::Needs;
use crate::refusal::Refusal;
use crate::secret::TOKEN_PREFIX;

macro_rules! define_requests {
    ($(
        $variant:ident $(<$lifetime:lifetime>)? in $module:ident: $word:literal $(| $alias:literal)*;
    )*) => {
        $(
            pub mod $module;
            pub use $module::$variant;
        )*

        /// A request of a client. Its values are valid by themselves; whether it can be granted is for the
        /// server to decide.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Request<'a> {
            $(
                #[doc = concat!("`", $word, "`")]
                $variant($variant $(<$lifetime>)?),
            )*
        }

        $(
            impl<'a> From<$variant $(<$lifetime>)?> for Request<'a> {
                fn from(request: $variant $(<$lifetime>)?) -> Self {
                    Self::$variant(request)
                }
            }
        )*

        impl Request<'_> {
            /// The verb of the request.
            pub const fn verb(&self) -> Verb {
                match self {
                    $(Self::$variant(_) => Verb::$variant,)*
                }
            }

            /// Whether the request changes the state when it is granted. If its reply is lost, it may have
            /// been executed or not.
            pub fn changes(&self) -> bool {
                match self {
                    $(Self::$variant(request) => request.changes(),)*
                }
            }

            /// What the request needs on a server with accounts.
            #[inline]
            pub fn needs(&self) -> Needs {
                match self {
                    $(Self::$variant(request) => request.needs(),)*
                }
            }

            /// Whether the calendar that the request is about, if it needs [`Needs::Calendar`], is this
            /// person's own.
            pub fn is_own_of(&self, person: &str) -> bool {
                match self {
                    $(Self::$variant(request) => request.is_own_of(person),)*
                }
            }

            /// Appends the request as a line, without a key and without the end of the line.
            ///
            /// The line parses to the same request, and a request has one line only, however it was written:
            /// dates are in one format, options in one order, and those at their default are left out. So
            /// two requests have the same line exactly if they are equal.
            ///
            /// The server stores hashes of these lines, so the line of a request must not change from
            /// version to version. An option that a version adds has a default, and is left out at it.
            pub fn write_line(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(self.verb().as_str().as_bytes());
                match self {
                    $(Self::$variant(request) => request.write_arguments(&mut LineWriter(out)),)*
                }
            }
        }

        impl Verb {
            /// The forms of the command with this verb.
            pub const fn forms(self) -> &'static [CommandForm] {
                match self {
                    $(Self::$variant => $variant::FORMS,)*
                }
            }

            /// Whether requests with this verb take a key. One that only reads ignores it.
            pub const fn takes_key(self) -> bool {
                match self {
                    $(Self::$variant => $variant::CHANGES,)*
                }
            }
        }

        fn arguments<'a>(
            verb: Verb,
            args: &mut Args<'a>,
            key: &mut Option<Key<'a>>,
        ) -> Result<Request<'a>, Refusal> {
            let request = match verb {
                $(Verb::$variant => $variant::parse(args)?.into(),)*
            };
            if verb.takes_key() {
                *key = args.option_key()?;
            }
            args.finish()?;
            Ok(request)
        }
    };
}

for_each_command!(define_requests);

impl Verb {
    /// Whether requests with this verb have secrets among their words.
    pub const fn has_secrets(self) -> bool {
        matches!(self, Self::Auth | Self::Account)
    }

    /// The names of the options of all forms of the command.
    pub fn options(self) -> impl Iterator<Item = &'static str> {
        self.forms().iter().flat_map(CommandForm::options)
    }
}

/// Parses the text of a line, which is neither blank nor a comment, and has no control characters but tabs.
/// `key` is set to the key, if the line has one. It is not a part of the result, which is large already.
pub(crate) fn parse<'a>(
    line: &'a str,
    classes: ByteClasses,
    key: &mut Option<Key<'a>>,
) -> Result<Request<'a>, Refusal> {
    let mut args = Args::of(line, classes);
    let verb = args.verb().map_err(|refusal| if may_have_secret(line) { hidden_line() } else { refusal })?;
    let verb =
        Verb::parse(&verb).map_err(|refusal| if is_secret(&verb) { hidden_verb() } else { refusal })?;
    args.set_command(verb.forms());
    arguments(verb, &mut args, key).map_err(|refusal| {
        if verb.has_secrets() {
            return refusal;
        }
        // An argument that only looks like an option shifts the arguments after it, and one of those is then
        // refused. The unknown option is the cause, so it is the one to report.
        args.find_unknown_option().unwrap_or(refusal)
    })
}

/// Whether a first word is more than one: a line in quotes, or a token.
fn is_secret(word: &str) -> bool {
    word.contains(TOKEN_PREFIX) || (word.contains(char::is_whitespace) && may_have_secret(word))
}

/// The refusal of a first word that may have a secret.
fn hidden_verb() -> Refusal {
    let message = "the first word is not a command, and is not repeated because it may have a secret: HELP lists \
                   the commands";
    Refusal::unknown_command(message, None)
}

/// The refusal of a line that cannot be split into words and may have a secret.
fn hidden_line() -> Refusal {
    Refusal::bad_request(
        "the line has a misplaced or unclosed quote; it is not repeated because it may have a secret",
    )
}
