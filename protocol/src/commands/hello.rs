//! HELLO.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::arguments::Args;
use super::command::Command;
use super::form::{CommandForm, Topic};
use crate::refusal::Refusal;

/// The version of the protocol that this crate implements.
pub const PROTOCOL_VERSION: u32 = 1;

/// The welcome message of HELLO.
pub const WELCOME: &str = "Welcome to the ticket reservation system";

/// Describes the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello;

impl Command<'_> for Hello {
    const FORMS: &'static [CommandForm] = &[CommandForm {
        usage: "HELLO",
        help: "shows the server's name, version, limits and time",
        topic: Topic::Server,
        example: "HELLO",
    }];

    fn parse(_: &mut Args<'_>) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

/// The reply to HELLO.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelloReply<'a> {
    /// Always `bookline`.
    #[serde(borrow)]
    pub server: Cow<'a, str>,
    /// The version of the server.
    #[serde(borrow)]
    pub version: Cow<'a, str>,
    /// The version of the protocol: [`PROTOCOL_VERSION`].
    pub protocol: u32,
    /// [`WELCOME`].
    #[serde(borrow)]
    pub welcome: Cow<'a, str>,
    /// [`crate::limits::LINE_BYTES_MAX`] of the server.
    pub max_line: usize,
    /// The IANA name of the server's time zone.
    #[serde(borrow)]
    pub time_zone: Cow<'a, str>,
    /// The time in that zone, in RFC 3339 format.
    #[serde(borrow)]
    pub now: Cow<'a, str>,
    /// 16 hexadecimal digits that the server draws at each start, so that a client knows whether it is
    /// connected to the same process as before. A server of version 0.1.0 sends none.
    #[serde(borrow, default)]
    pub instance: Cow<'a, str>,
}
