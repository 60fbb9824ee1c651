//! The tasks of a member beside its log: they answer what is asked over NATS, check the stream, and compare
//! the versions of the members.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::generation::Generation;
use crate::cluster::{Answering, Checked, Checks, ClusterConfig, CurrentMember, Identity, KnownKinds};
use crate::storage::replicated::nats::NatsStream;

/// The tasks of a member, as long as its process runs.
#[derive(Debug)]
pub(super) struct MemberTasks {
    current: watch::Sender<CurrentMember>,
    checked: watch::Receiver<Checked>,
    _answering: AbortOnDropHandle<()>,
    _checking: AbortOnDropHandle<()>,
    _comparing: AbortOnDropHandle<()>,
}

impl MemberTasks {
    pub fn start(
        cluster: &ClusterConfig,
        stream: &Arc<NatsStream>,
        generation: &Generation,
        runtime: &Handle,
    ) -> Self {
        let current = watch::Sender::new(generation.current_member());
        let checks = Checks::new(stream.clone());
        let checked = checks.checked();
        let answering = Answering {
            client: stream.client().clone(),
            cluster: cluster.nats.cluster.clone(),
            identity: Identity {
                address: cluster.advertise.clone(),
                lease: cluster.lease,
                replicas: cluster.nats.replicas,
            },
            current: current.subscribe(),
            checked: checked.clone(),
        };
        let (client, name) = (stream.client().clone(), cluster.nats.cluster.clone());
        let comparing = KnownKinds::default().run(client, name, current.subscribe());
        Self {
            _comparing: AbortOnDropHandle::new(runtime.spawn(comparing)),
            _answering: AbortOnDropHandle::new(runtime.spawn(answering.run())),
            _checking: AbortOnDropHandle::new(runtime.spawn(checks.run(current.subscribe()))),
            current,
            checked,
        }
    }

    /// Another state is the current one.
    pub fn follow(&self, generation: &Generation) {
        generation.log.set_misconfigured(self.checked.borrow().wrong.clone());
        self.current.send_replace(generation.current_member());
    }
}
