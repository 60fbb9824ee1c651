//! A thread that checks regularly whether the data directory was removed, renamed or replaced.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;
use std::{io, thread};

use tokio::sync::watch;

use super::error::Gone;
use super::locked::LockedDirectories;

/// The time between two checks. Within it, changes may be acknowledged that are in a directory that was
/// renamed.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The handle of the thread, which ends when this is dropped.
#[derive(Debug)]
pub struct Watch {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
    gone: watch::Receiver<Option<Gone>>,
}

impl Watch {
    /// Starts the thread.
    pub(super) fn start(locked: Arc<LockedDirectories>) -> io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let (found, gone) = watch::channel(None);
        let body = move || watch_directory(&locked, &stopped, &found);
        let thread = thread::Builder::new().name("data-dir".into()).spawn(body)?;
        Ok(Self { stop: Some(stop), thread: Some(thread), gone })
    }

    /// Waits until the directory was removed, renamed or replaced.
    pub async fn gone(&self) -> Gone {
        let mut gone = self.gone.clone();
        let found = gone.wait_for(Option::is_some).await.ok().and_then(|found| found.clone());
        match found {
            Some(gone) => gone,
            // `self` keeps the thread alive, so only a panic can have ended it without an error.
            None => crate::fatal("the thread that watches the data directory ended"),
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The thread changes no state that a panic could leave inconsistent.
            let _ = thread.join();
        }
    }
}

fn watch_directory(locked: &LockedDirectories, stopped: &Receiver<()>, found: &watch::Sender<Option<Gone>>) {
    while stopped.recv_timeout(CHECK_INTERVAL) == Err(RecvTimeoutError::Timeout) {
        if let Err(gone) = locked.check_in_place() {
            found.send_replace(Some(gone));
            return;
        }
        locked.restore_lock_file();
    }
}
