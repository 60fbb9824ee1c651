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
            Hod<'a> in hod: "HOD";
            Delete<'a> in delete: "DELETE";
            Put<'a> in put: "PUT";
            Hello in hello: "HELLO";
            Help in help: "HELP";
            Ping in ping: "PING";
            Stats in stats: "STATS";
            Snapshot in snapshot: "SNAPSHOT";
            Quit in quit: "QUIT" | "EXIT";
        }
    };
}

mod arguments;
mod bookings;
mod command;
mod form;
mod meeting;
pub(crate) mod verb;

pub use bookings::{BookedEvents, Booking, Bookings};
pub use form::CommandForm;
pub use meeting::RequestedMeeting;
pub use verb::Verb;

use arguments::Args;
use command::Command;

use crate::byte_class::ByteClasses;
use crate::refusal::Refusal;

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
        }

        impl Verb {
            /// The forms of the command with this verb.
            pub const fn forms(self) -> &'static [CommandForm] {
                match self {
                    $(Self::$variant => $variant::FORMS,)*
                }
            }
        }

        fn arguments<'a>(verb: Verb, args: &mut Args<'a>) -> Result<Request<'a>, Refusal> {
            let request = match verb {
                $(Verb::$variant => $variant::parse(args)?.into(),)*
            };
            args.finish()?;
            Ok(request)
        }
    };
}

for_each_command!(define_requests);

impl Verb {
    /// The names of the options of all forms of the command.
    pub fn options(self) -> impl Iterator<Item = &'static str> {
        self.forms().iter().flat_map(CommandForm::options)
    }
}

/// Parses the text of a line, which is neither blank nor a comment, and has no control characters but tabs.
pub(crate) fn parse(line: &str, classes: ByteClasses) -> Result<Request<'_>, Refusal> {
    let mut args = Args::of(line, classes);
    let verb = Verb::parse(&args.verb()?)?;
    args.set_command(verb.forms());
    // An argument that only looks like an option shifts the arguments after it, and one of those is then
    // refused. The unknown option is the cause, so it is the one to report.
    arguments(verb, &mut args).map_err(|refusal| args.find_unknown_option().unwrap_or(refusal))
}
