//! Ctrl-C: the first one ends the run, a second one everything.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::Error;

/// What a shell makes of a process that SIGINT ended: 128 and the number of the signal.
const INTERRUPTED: i32 = 130;

/// Whether Ctrl-C was pressed, or SIGTERM sent.
#[derive(Clone, Debug)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Takes signals from now on. They are awaited beside the measurement, on a thread that otherwise sleeps.
    pub fn watch() -> Result<Self, Error> {
        let came = Arc::new(AtomicBool::new(false));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .map_err(|source| Error::Start { source })?;
        let signals = {
            let _entered = runtime.enter();
            signal(SignalKind::interrupt()).and_then(|int| Ok((int, signal(SignalKind::terminate())?)))
        };
        let (mut int, mut term) = signals.map_err(|source| Error::Start { source })?;
        let noted = came.clone();
        let watching = move || {
            runtime.block_on(async {
                loop {
                    either(&mut int, &mut term).await;
                    if noted.swap(true, Ordering::Relaxed) {
                        std::process::exit(INTERRUPTED);
                    }
                }
            });
        };
        let started = thread::Builder::new().name("signals".to_owned()).spawn(watching);
        started.map_err(|source| Error::Start { source })?;
        Ok(Self(came))
    }

    /// Whether one came.
    #[inline]
    pub fn came(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The next one ends everything.
    pub fn let_it_end(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

async fn either(int: &mut Signal, term: &mut Signal) {
    tokio::select! {
        _ = int.recv() => {}
        _ = term.recv() => {}
    }
}
