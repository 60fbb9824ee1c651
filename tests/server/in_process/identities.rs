//! Requests of accounts, without connections.

use bookline_protocol::Role;
use bookline_server::commands::{ChunkStatus, ExecutionStatus, Service, Turn};
use bookline_server::domain::account::{AccountValues, SecretHash};
use bookline_server::session::execute_line;
use bookline_server::state::{Context, Identity};
use bookline_server::storage::log::LogExt;
use bookline_testkit::in_process::Server;

/// Adds an account, which nobody does: as `booklined account add`.
pub fn add_account(server: &Server, name: &str, role: Role, person: &str) -> Identity {
    let values = AccountValues { name, role, person, secret: SecretHash::Token([7; 32]) };
    let added = server.service.store.add_account(&mut Context::default(), &values);
    Identity::Account(added.expect("another name"))
}

/// Executes a request of this account, and returns its reply when it may be sent.
pub async fn ask_as(server: &Server, identity: &Identity, line: &str) -> String {
    let service: &Service = &server.service;
    let mut turn = Turn::default();
    turn.context.identity = identity.clone();
    match execute_line(&mut turn, service, line).await {
        ExecutionStatus::Complete => {}
        ExecutionStatus::Chunked(mut reply) => {
            while reply.write(&mut turn, service, usize::MAX) != ChunkStatus::Complete {
                turn.budget.begin(service.clock.now(), true);
            }
        }
        status => panic!("{line}: {status:?}"),
    }
    service.store.log().wait_durable(turn.context.depends_on.0).await;
    String::from_utf8(turn.replies).expect("text")
}
