//! Journal and snapshots on a simulated disk, and what every log promises.

mod clean_stop;
mod journal;
mod loading;
mod log_contract;
mod snapshot;
