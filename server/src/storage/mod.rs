//! Everything on disk: the data directory with its journal and snapshots, recovery, and the commands that
//! work without a server.

pub mod commits;
pub mod data_dir;
pub mod disk_work;
pub mod disks;
pub mod follower;
pub mod journal;
pub mod log;
pub mod offline;
pub mod plain_file;
pub mod recent;
pub mod recovery;
pub mod replay;
pub mod replicated;
pub mod restore;
pub mod snapshot;
pub mod stall;
pub mod statistics;
