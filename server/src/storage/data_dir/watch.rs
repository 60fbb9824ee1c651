//! Looks once a second whether the data directory is still the one that was opened.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;
use std::{io, thread};

use tokio::sync::watch;

use super::error::DataDirError;
use super::held::Held;

/// So long changes may be acknowledged that are in a directory which was renamed away.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The handle of the thread that looks; it ends when this is dropped.
#[derive(Debug)]
pub struct Watch {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
    gone: watch::Receiver<Option<Arc<DataDirError>>>,
}

impl Watch {
    /// Starts the thread.
    pub(super) fn start(held: Arc<Held>) -> io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let (found, gone) = watch::channel(None);
        let body = move || look(&held, &stopped, &found);
        let thread = thread::Builder::new().name("data-dir".into()).spawn(body)?;
        Ok(Self { stop: Some(stop), thread: Some(thread), gone })
    }

    /// Ready when the directory is no longer the one that was opened.
    pub async fn gone(&self) -> Arc<DataDirError> {
        let mut gone = self.gone.clone();
        let found = gone.wait_for(Option::is_some).await.ok().and_then(|found| found.clone());
        match found {
            Some(error) => error,
            // While `self` is there, only a panic ends the thread without a finding.
            None => crate::fatal("the thread that watches the data directory ended"),
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It changes nothing that a panic could leave half done.
            let _ = thread.join();
        }
    }
}

fn look(held: &Held, stopped: &Receiver<()>, found: &watch::Sender<Option<Arc<DataDirError>>>) {
    while stopped.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
        if let Err(gone) = held.check_in_place() {
            found.send_replace(Some(gone.into()));
            return;
        }
        held.restore_lock_file();
    }
}
