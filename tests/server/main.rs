//! The tests of the server: the real binary from outside, and the server in this process.

mod abuse;
mod audit;
mod contention;
mod crash;
mod descriptors;
mod door_list;
mod framing;
mod import;
mod in_process;
mod lifecycle;
mod limits;
mod log_output;
mod long_replies;
mod mistakes;
mod month;
mod other_protocols;
mod ownership;
mod protocol_md;
mod read_only;
mod readers;
mod refusal_order;
mod repository;
mod storage;
mod telnet;
mod ticket_races;
mod transcripts;
