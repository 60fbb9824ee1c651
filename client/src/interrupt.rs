//! Ctrl-C, as a key or as a signal.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

use crate::error::Error;

/// Whether the user wants what is done now to end.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    came: AtomicBool,
    news: Notify,
}

impl Interrupt {
    /// Takes SIGINT and SIGTERM from now on. `again` is done when another one comes while the one before it is still
    /// to be heeded.
    pub fn watch(again: impl Fn() + Send + Sync + 'static) -> Result<Self, Error> {
        let interrupt = Self::default();
        let noted = interrupt.clone();
        on_signals(&[SignalKind::interrupt(), SignalKind::terminate()], move || {
            if noted.raise() {
                again();
            }
        })?;
        Ok(interrupt)
    }

    /// Notes one. Returns whether there was one already.
    pub fn raise(&self) -> bool {
        let again = self.0.came.swap(true, Ordering::Relaxed);
        self.0.news.notify_one();
        again
    }

    /// Whether one came. It costs a load, so that a loop over rows can ask at each of them.
    #[inline]
    pub fn came(&self) -> bool {
        self.0.came.load(Ordering::Relaxed)
    }

    /// The flag that one raises, for code that has no other use for this type.
    pub fn flag(&self) -> &AtomicBool {
        &self.0.came
    }

    /// Forgets the one that came: it belongs to what was done until now.
    pub fn clear(&self) {
        self.0.came.store(false, Ordering::Relaxed);
    }

    /// Waits for one.
    pub async fn wait(&self) {
        // A notice of one that was cleared may be left over, so the flag decides.
        while !self.came() {
            self.0.news.notified().await;
        }
    }
}

/// Calls `then` for each of these signals that comes, on a thread that otherwise sleeps: the runtime of the work itself
/// looks at signals only when it has nothing to do, and a long listing leaves it no such moment.
pub fn on_signals(kinds: &[SignalKind], then: impl Fn() + Send + Sync + 'static) -> Result<(), Error> {
    let start = |source| Error::Start { source };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().map_err(start)?;
    let then = Arc::new(then);
    for &kind in kinds {
        let then = then.clone();
        let mut signals = {
            let _entered = runtime.enter();
            signal(kind).map_err(start)?
        };
        runtime.spawn(async move {
            while signals.recv().await.is_some() {
                then();
            }
        });
    }
    let watching = move || runtime.block_on(std::future::pending::<()>());
    thread::Builder::new().name("signals".to_owned()).spawn(watching).map_err(start)?;
    Ok(())
}

/// Ends the process as a shell expects of one that was interrupted, whatever it was about to do.
pub fn end_at_once() {
    std::process::exit(crate::exit::Exit::Interrupted as i32);
}
