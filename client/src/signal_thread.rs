//! Threads that handle signals. The runtime of the commands polls signals only when it is idle, and during a
//! long listing it never is.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tokio::signal::unix::{SignalKind, signal};

/// Whether a handler has SIGTERM. The process has one disposition of it.
static IS_SIGTERM_HANDLED: AtomicBool = AtomicBool::new(false);

/// Calls `handler` for each of these signals from now on.
///
/// # Errors
///
/// There is no thread, or the operating system refuses a handler.
pub fn handle(kinds: &[SignalKind], handler: impl Fn(SignalKind) + Send + Sync + 'static) -> io::Result<()> {
    start(kinds, handler)?;
    if kinds.contains(&SignalKind::terminate()) {
        IS_SIGTERM_HANDLED.store(true, Ordering::SeqCst);
    }
    Ok(())
}

/// Until a handler has SIGTERM, it ends the process as it does by itself, but after `restore`.
///
/// # Errors
///
/// As for [`handle`].
pub fn restore_on_sigterm(restore: impl Fn() + Send + Sync + 'static) -> io::Result<()> {
    if IS_SIGTERM_HANDLED.load(Ordering::SeqCst) {
        return Ok(());
    }
    start(&[SignalKind::terminate()], move |kind| {
        if !IS_SIGTERM_HANDLED.load(Ordering::SeqCst) {
            restore();
            std::process::exit(128 + kind.as_raw_value());
        }
    })
}

fn start(kinds: &[SignalKind], handler: impl Fn(SignalKind) + Send + Sync + 'static) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let handler = Arc::new(handler);
    for &kind in kinds {
        let handler = handler.clone();
        let mut signals = {
            let _entered = runtime.enter();
            signal(kind)?
        };
        runtime.spawn(async move {
            while signals.recv().await.is_some() {
                handler(kind);
            }
        });
    }
    let wait = move || runtime.block_on(std::future::pending::<()>());
    thread::Builder::new().name("signals".to_owned()).spawn(wait)?;
    Ok(())
}
