//! Journal and snapshots on a simulated disk, what every log promises, and what replay refuses.

mod clean_stop;
mod contradictions;
mod entries;
pub mod following;
mod journal;
mod keys;
mod loading;
mod log_contract;
mod snapshot;
