//! The status of a cluster as a table for people, of 80 columns.

use std::fmt::Write;

use super::status::{MemberStatus, SnapshotStatus, Status};
use crate::cluster::MemberRole;
use crate::storage::replicated::nats::{ReplicaReport, StreamReport};

const COLUMNS: usize = 80;

/// The status as a table: a section for each thing, and what is wrong at the end, where it is seen.
pub fn of(status: &Status) -> String {
    let sections = [
        members(&status.members),
        stream(status.stream.as_ref()),
        snapshots(&status.snapshots),
        format!("sync: {}\n", status.sync),
        problems(status),
    ];
    sections.join("\n")
}

fn members(members: &[MemberStatus]) -> String {
    let mut text = format!(
        "{:<28} {:<9} {:>5} {:>11} {:>7} {}\n",
        "MEMBER", "ROLE", "TERM", "APPLIED", "LAG", "VERSION"
    );
    for MemberStatus { info, lag } in members {
        let role = match info.role {
            MemberRole::Standby if info.catching_up => "joining",
            role => role.name(),
        };
        let (address, term, applied, version) = (&info.address, info.term, info.applied, &info.version);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{address:<28} {role:<9} {term:>5} {applied:>11} {lag:>7} {version}");
    }
    text
}

fn stream(stream: Option<&StreamReport>) -> String {
    let Some(stream) = stream else { return "STREAM\nthere is none\n".into() };
    let StreamReport { name, created, messages, bytes, first, last, .. } = stream;
    let leader = stream.leader.as_deref().unwrap_or("nobody");
    let mut text = format!(
        "STREAM {name}\ncreated   {created}\nmessages  {messages}, {first} to {last}, {bytes} bytes\nleader    {leader}\n"
    );
    let _ = writeln!(text, "replicas  {} of {}", stream.replicas.len(), stream.replicas_wanted);
    for replica in &stream.replicas {
        let _ = writeln!(text, "  {:<26} {}", replica.node, state(replica));
    }
    text
}

fn snapshots(snapshots: &[SnapshotStatus]) -> String {
    if snapshots.is_empty() {
        return "SNAPSHOTS\nthere are none\n".into();
    }
    let mut text = format!(
        "{:<11} {:>11} {:>11} {:<21} {}\n",
        "SNAPSHOT", "COMMITS", "BYTES", "MADE BY", "CONFIRMED BY"
    );
    for SnapshotStatus { message, commit, bytes, maker, confirmed_by } in snapshots {
        let confirmed_by = confirmed_by.as_deref().unwrap_or("nobody yet");
        let _ = writeln!(text, "{message:<11} {commit:>11} {bytes:>11} {maker:<21} {confirmed_by}");
    }
    text
}

fn state(replica: &ReplicaReport) -> String {
    match replica {
        ReplicaReport { is_offline: true, .. } => "offline".into(),
        ReplicaReport { is_current: true, .. } => "current".into(),
        ReplicaReport { lag, .. } => format!("{lag} appends behind"),
    }
}

fn problems(status: &Status) -> String {
    match &status.problems[..] {
        [] => format!("the cluster {} is as it should be\n", status.cluster),
        problems => {
            let lines: String = problems.iter().map(|problem| item(problem)).collect();
            format!("NOT AS IT SHOULD BE\n{lines}")
        }
    }
}

/// An item of a list, on as many lines as it needs. A long word is not divided: it may be copied.
fn item(text: &str) -> String {
    let mut item = String::from("-");
    let mut columns = item.len();
    for word in text.split(' ') {
        let width = word.chars().count();
        if columns + 1 + width > COLUMNS && columns > 1 {
            item.push_str("\n ");
            columns = 1;
        }
        item.push(' ');
        item.push_str(word);
        columns += 1 + width;
    }
    item.push('\n');
    item
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_problem_is_wrapped() {
        let text = item(&"a problem ".repeat(20));
        assert!(text.lines().count() == 3 && text.lines().all(|line| line.len() <= COLUMNS), "{text}");
        assert!(text.starts_with("- a problem a") && text.contains("\n  a"), "{text}");
        assert_eq!(item(&"x".repeat(90)), format!("- {}\n", "x".repeat(90)));
    }
}
