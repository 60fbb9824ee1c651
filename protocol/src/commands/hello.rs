//! HELLO.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::arguments::Args;
use super::command::Command;
use super::form::{CommandForm, Topic};
use crate::limits::UNAUTHENTICATED_LINE_BYTES_MAX;
use crate::needs::Needs;
use crate::refusal::Refusal;
use crate::reply::ClusterReply;

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
        needs: Needs::Nothing,
        example: "HELLO",
    }];

    fn parse(_: &mut Args<'_>) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

/// What HELLO says before AUTH, on a server with accounts.
pub const AUTH_REQUIRED: &str = "required";

/// What HELLO says to an account.
pub const AUTH_DONE: &str = "done";

/// The reply to HELLO. Before AUTH, a server with accounts sends `server`, `protocol`, `max_line` and `auth`
/// only; the other texts are empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelloReply<'a> {
    /// Always `bookline`.
    #[serde(borrow)]
    pub server: Cow<'a, str>,
    /// The version of the server.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub version: Cow<'a, str>,
    /// The version of the protocol: [`PROTOCOL_VERSION`].
    pub protocol: u32,
    /// [`WELCOME`].
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub welcome: Cow<'a, str>,
    /// [`crate::limits::LINE_BYTES_MAX`] of the server, or before AUTH
    /// [`crate::limits::UNAUTHENTICATED_LINE_BYTES_MAX`].
    pub max_line: usize,
    /// The IANA name of the server's time zone.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub time_zone: Cow<'a, str>,
    /// The time in that zone, in RFC 3339 format.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub now: Cow<'a, str>,
    /// 16 hexadecimal digits that the server draws at each start, so that a client knows whether it is
    /// connected to the same process as before. A server of version 0.1.0 sends none.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub instance: Cow<'a, str>,
    /// Of a server with accounts: [`AUTH_REQUIRED`] or [`AUTH_DONE`].
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub auth: Cow<'a, str>,
    /// Of a server in a cluster.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterReply<'a>>,
}

impl HelloReply<'static> {
    /// The reply before AUTH, on a server with accounts.
    pub fn before_auth() -> Self {
        Self {
            server: "bookline".into(),
            version: "".into(),
            protocol: PROTOCOL_VERSION,
            welcome: "".into(),
            max_line: UNAUTHENTICATED_LINE_BYTES_MAX,
            time_zone: "".into(),
            now: "".into(),
            instance: "".into(),
            auth: AUTH_REQUIRED.into(),
            cluster: None,
        }
    }
}
