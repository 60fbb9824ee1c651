//! The runtime of a cluster's log.

use std::io;

use tokio::runtime::{Builder, Handle, Runtime};

/// The runtime of NATS and of the driver: neither waits for the threads that serve.
#[derive(Debug)]
pub(super) struct LogRuntime(Option<Runtime>);

impl LogRuntime {
    pub fn start() -> io::Result<Self> {
        let runtime =
            Builder::new_multi_thread().worker_threads(1).thread_name("cluster").enable_all().build()?;
        Ok(Self(Some(runtime)))
    }

    pub fn handle(&self) -> &Handle {
        self.0.as_ref().expect("it is taken only when this is dropped").handle()
    }
}

impl Drop for LogRuntime {
    /// Without waiting, which a task must not.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
