//! A member with a log, and a list of commits as its state.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bookline_server::changes::commit::Commit;
use bookline_server::codec::salt::Salt;
use bookline_server::domain::Contradiction;
use bookline_server::storage::replicated::genesis::GenesisMismatch;
use bookline_server::storage::replicated::log::{Driver, End, ReplicatedLog, Role};
use bookline_server::storage::replicated::member::Settings;
use bookline_server::storage::replicated::position::Position;
use bookline_server::storage::replicated::replica::{Lost, Replica};
use bookline_server::storage::replicated::start::Start;
use bookline_server::storage::replicated::stream_sequence::StreamSequence;
use bookline_testkit::HANG_TIMEOUT;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::memory_stream::{MemoryStream, Messages};

/// The lease of the members, shorter than any that the command line allows.
const LEASE: Duration = Duration::from_millis(200);

/// How long an append may be undecided before changes are refused.
pub const UNDECIDED_MAX: Duration = Duration::from_millis(100);

const FRAME_BYTES_MAX: usize = 512 << 10;

/// What a member has been told, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// The time of a commit, which the tests use as its content.
    Commit(i64),
    Leads(Option<i64>),
}

#[derive(Debug, Default)]
struct Recorder {
    told: Arc<Mutex<Vec<Told>>>,
    /// Refuses the commit of this time.
    contradicts: Option<i64>,
    /// The messages of the stream that it has seen before.
    seen: u64,
}

impl Replica for Recorder {
    fn begin(&mut self, genesis: &[u8]) -> Result<(), GenesisMismatch> {
        assert_eq!(genesis, b"genesis");
        Ok(())
    }

    fn apply(&mut self, commit: Commit<'_>) -> Result<(), Contradiction> {
        if self.contradicts == Some(commit.micros) {
            return Err(Contradiction("it does not fit".into()));
        }
        self.told.lock().expect("no test panics with it").push(Told::Commit(commit.micros));
        Ok(())
    }

    fn reached(&mut self, _: Position) -> Result<(), Lost> {
        Ok(())
    }

    fn lead(&mut self, last_micros: Option<i64>) {
        self.told.lock().expect("no test panics with it").push(Told::Leads(last_micros));
    }

    fn end(&mut self, _: Position) {}
}

/// A member whose driver runs.
pub struct Member {
    pub log: Arc<ReplicatedLog>,
    pub stream: Arc<MemoryStream>,
    told: Arc<Mutex<Vec<Told>>>,
    driver: JoinHandle<End>,
}

impl Member {
    pub fn start(messages: &Messages) -> Self {
        Self::with(messages, Recorder::default())
    }

    /// A member that finds that the commit of this time does not fit its state.
    pub fn that_contradicts(messages: &Messages, micros: i64) -> Self {
        Self::with(messages, Recorder { contradicts: Some(micros), ..Recorder::default() })
    }

    /// A member that has seen so many messages before.
    pub fn that_has_seen(messages: &Messages, seen: u64) -> Self {
        Self::with(messages, Recorder { seen, ..Recorder::default() })
    }

    fn with(messages: &Messages, recorder: Recorder) -> Self {
        let salt = Salt::new([7; 16]);
        let stream = Arc::new(MemoryStream::new(messages.clone()));
        let log =
            ReplicatedLog::new(stream.clone(), salt, FRAME_BYTES_MAX, Handle::current(), Start::default());
        let settings = Settings {
            lease: LEASE,
            jitter: Duration::ZERO,
            salt,
            nonce: rand::random(),
            advertise: "a:1".into(),
            seen: StreamSequence(recorder.seen),
            genesis: b"genesis"[..].into(),
            resigned: None,
            planted: None,
        };
        let told = recorder.told.clone();
        let driver = Driver::new(&log, stream.clone(), recorder, settings, UNDECIDED_MAX);
        Self { log: Arc::new(log), stream, told, driver: tokio::spawn(driver.run()) }
    }

    pub fn told(&self) -> Vec<Told> {
        self.told.lock().expect("no test panics with it").clone()
    }

    pub async fn leads(&self) {
        let leads = async { self.log.role().wait_for(|role| *role == Role::Leader).await.map(drop) };
        timeout(HANG_TIMEOUT, leads).await.expect("it leads").expect("its log exists");
    }

    pub async fn ended(self) -> End {
        timeout(HANG_TIMEOUT, self.driver).await.expect("it ends").expect("it does not panic")
    }
}
