//! Journal and snapshots on a simulated disk.

mod clean_stop;
mod journal;
mod loading;
mod snapshot;
