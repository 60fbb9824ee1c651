//! What a client asked, and what it was answered.

use bookline_testkit::Reply;

use super::clock::Moment;
use super::request::Request;

#[derive(Debug, Clone)]
pub struct Record {
    pub client: usize,
    pub request: Request,
    /// The key of a change.
    pub key: Option<String>,
    /// When it was sent. What is sent again with its key, after it was not known whether it was executed, was
    /// sent when it was sent first.
    pub sent: Moment,
    /// `None` if it is unknown whether it is executed.
    pub answer: Option<(Moment, Reply)>,
}
