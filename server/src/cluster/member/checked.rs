//! What the checks of a cluster have found.

use std::io;
use std::sync::Arc;

use super::sync_report::{SyncReport, SyncState};
use crate::storage::replicated::nats::{Monitor, NodeReport};

/// What the checks of a member have found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// What is wrong, and what to do. Changes are refused as long as something is.
    pub wrong: Option<Arc<str>>,
    pub sync: SyncReport,
}

/// What the monitoring ports have said last.
#[derive(Debug, Default)]
pub struct CheckedNodes {
    nodes: Vec<CheckedNode>,
}

#[derive(Debug)]
struct CheckedNode {
    monitor: Monitor,
    /// Its last answer. A server that was not as it has to be is started again to correct it, and so is not
    /// right before it answers.
    last: Option<NodeReport>,
    is_silent: bool,
}

impl CheckedNodes {
    pub fn new(monitors: &[Monitor]) -> Self {
        let node = |monitor: &Monitor| CheckedNode { monitor: monitor.clone(), last: None, is_silent: false };
        Self { nodes: monitors.iter().map(node).collect() }
    }

    /// Notes their answers, in the order of the monitors. Returns the errors of those that have become
    /// silent.
    pub fn note(&mut self, answers: Vec<io::Result<NodeReport>>) -> Vec<(Monitor, io::Error)> {
        let mut silent = Vec::new();
        for (node, answer) in self.nodes.iter_mut().zip(answers) {
            let was_silent = std::mem::replace(&mut node.is_silent, answer.is_err());
            match answer {
                Ok(report) => node.last = Some(report),
                Err(error) if !was_silent => silent.push((node.monitor.clone(), error)),
                Err(_) => {}
            }
        }
        silent
    }

    /// What is wrong with them, if a message may have `max_payload` bytes.
    pub fn wrong(&self, max_payload: usize) -> Vec<String> {
        let check = |node: &CheckedNode| node.last.as_ref()?.check(&node.monitor, max_payload).err();
        self.nodes.iter().filter_map(check).map(|error| error.to_string()).collect()
    }

    pub fn sync(&self) -> SyncReport {
        let known = || self.nodes.iter().filter_map(|node| node.last.as_ref());
        let late: Vec<_> =
            known().filter(|node| !node.syncs_always()).map(|node| node.name.clone()).collect();
        let state = match (known().next(), &late[..]) {
            (None, _) => SyncState::Unchecked,
            (Some(_), []) => SyncState::Always,
            (Some(_), _) => SyncState::NotAlways,
        };
        let silent = self.nodes.iter().filter(|node| node.is_silent).map(|node| node.monitor.to_string());
        SyncReport { state, late, silent: silent.collect() }
    }
}
