//! What the endpoints look at.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::commands::{CurrentService, Service};
use crate::storage::stall::StallCheck;

/// The service, as it is at each request.
#[derive(Debug)]
pub struct Source {
    current: CurrentService,
    stopping: CancellationToken,
    stall: Mutex<StallCheck>,
}

impl Source {
    /// `stopping` is canceled when the server begins to stop.
    pub fn new(current: CurrentService, stopping: CancellationToken) -> Self {
        Self { current, stopping, stall: StallCheck::new(Instant::now()).into() }
    }

    /// The service of the current generation, if this server is a member of a cluster.
    pub fn service(&self) -> Arc<Service> {
        self.current.borrow().clone()
    }

    pub fn is_stopping(&self) -> bool {
        self.stopping.is_cancelled()
    }

    /// For how long the log has not done what was wanted of it at an earlier look. `None` after its end.
    pub fn stalled_for(&self, service: &Service) -> Option<Duration> {
        let progress = service.store.log().progress()?;
        let mut stall = self.stall.lock().unwrap_or_else(|e| e.into_inner());
        Some(stall.stalled_for(service.instance, progress, Instant::now()))
    }
}
