//! The commands: the table of their forms, the requests that they make, and how their arguments are read.

mod arguments;
pub(crate) mod parsers;
pub(crate) mod request;
pub(crate) mod table;
pub(crate) mod verb;
