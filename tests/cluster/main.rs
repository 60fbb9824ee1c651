//! The replicated log, with NATS servers that the tests start and stop.

mod bucket;
mod founding;
mod guide;
mod log;
mod members;
mod nats_stream;
mod processes;
mod simulation;
