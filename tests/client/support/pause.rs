//! A point at which a fake server waits for the test.

use std::sync::mpsc::{Receiver, Sender, channel};

/// The server's end.
pub struct Pause {
    reached: Sender<()>,
    released: Receiver<()>,
}

/// The test's end.
pub struct Paused {
    reached: Receiver<()>,
    released: Sender<()>,
}

/// Both ends of a pause.
pub fn pause() -> (Pause, Paused) {
    let ((reached, is_reached), (release, released)) = (channel(), channel());
    (Pause { reached, released }, Paused { reached: is_reached, released: release })
}

impl Pause {
    /// Waits until the test has released the server. Panics if the test has failed.
    pub fn wait(self) {
        self.reached.send(()).unwrap();
        self.released.recv().unwrap();
    }
}

impl Paused {
    /// Waits until the server waits. Panics if its script has failed.
    pub fn wait(&self) {
        self.reached.recv().unwrap();
    }

    /// Lets the server go on.
    pub fn release(self) {
        // A script that has failed reports it when it is joined.
        let _ = self.released.send(());
    }
}
