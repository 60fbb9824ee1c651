//! HELLO.

use bookline_protocol::commands::Hello;
use bookline_protocol::commands::hello::{AUTH_DONE, HelloReply, PROTOCOL_VERSION, WELCOME};
use bookline_protocol::limits::LINE_BYTES_MAX;
use bookline_protocol::reply::write_ok;

use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::service::Service;
use super::turn::Turn;
use crate::cluster::Membership;
use crate::state::UnusedKey;

impl Command for Hello {
    fn execute(&self, turn: &mut Turn, service: &Service, _: Option<UnusedKey<'_>>) -> ExecutionStatus {
        let is_required = service.authentication.is_required();
        let cluster = service.cluster.as_ref().map(Membership::reply);
        if is_required && turn.context.identity.account().is_none() {
            // A client shows its secret to the leader only.
            write_ok(&mut turn.replies, &HelloReply { cluster, ..HelloReply::before_auth() });
            return ExecutionStatus::Complete;
        }
        let hello = HelloReply {
            server: "bookline".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            protocol: PROTOCOL_VERSION,
            welcome: WELCOME.into(),
            max_line: LINE_BYTES_MAX,
            time_zone: service.zone.name().into(),
            now: service.zone.text(service.clock.now()).into(),
            instance: format!("{:016x}", service.instance).into(),
            auth: if is_required { AUTH_DONE.into() } else { "".into() },
            cluster,
        };
        write_ok(&mut turn.replies, &hello);
        ExecutionStatus::Complete
    }
}
