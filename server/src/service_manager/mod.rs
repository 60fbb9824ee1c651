//! What the server tells the service manager that has started it, as sd_notify(3) of systemd describes: that
//! it is ready, that it stops, and that it is well.

mod notifier;
mod watchdog;

pub use notifier::{Notifier, State};
pub use watchdog::{Watchdog, period_of_environment};
