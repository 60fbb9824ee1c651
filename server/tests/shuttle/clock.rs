//! Readings of the clock while the system clock is set.

use std::sync::Arc;

use shuttle::sync::atomic::AtomicI64;
use shuttle::sync::atomic::Ordering::SeqCst;
use shuttle::thread::spawn;

use crate::explore::explore;
use crate::time::clock::Clock;
use crate::time::source::TimeSource;

/// What passes with every reading. A few of them make a look due.
const READING_MICROS: i64 = 4_000;

/// The steps of the system clock: two back, the second while the clock runs at half speed, and one forward.
const STEPS: [i64; 3] = [-20_000, -1_000_000, 3_000_000];

#[derive(Debug, Default)]
struct Time {
    boot: AtomicI64,
    offset: AtomicI64,
}

impl TimeSource for Time {
    fn boot_micros(&self) -> i64 {
        self.boot.fetch_add(READING_MICROS, SeqCst)
    }

    fn system_micros(&self) -> i64 {
        self.boot.load(SeqCst) + self.offset.load(SeqCst)
    }
}

/// It would fail if a reading mixed two timelines, or used the old one after the new one began.
#[test]
fn time_goes_back_in_no_thread_while_the_system_clock_is_set() {
    explore(|| {
        let time = Arc::new(Time::default());
        let clock = Arc::new(Clock::new(time.clone(), None));
        let latest = Arc::new(AtomicI64::new(0));
        let readers = [(); 2].map(|()| {
            let (clock, latest) = (clock.clone(), latest.clone());
            spawn(move || {
                for _ in 0..6 {
                    let before = latest.load(SeqCst);
                    let now = clock.now();
                    assert!(now > before, "{now} after {before}");
                    latest.fetch_max(now, SeqCst);
                }
            })
        });
        for step in STEPS {
            time.offset.fetch_add(step, SeqCst);
            clock.now();
        }
        for reader in readers {
            reader.join().expect("a reader");
        }
    });
}
