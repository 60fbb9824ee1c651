//! Replies read in full, for those that the fast comparison by position does not recognize.

use bookline_protocol::Code;
use bookline_protocol::reply::{ClusterReply, ClusterRole, ErrBody, ReplyLine};
use serde::Deserialize;

use crate::error::{Error, excerpt};

/// The final line of a reply.
pub enum FinalLine<'a> {
    Ok { body: &'a str },
    Err { code: &'a str, body: &'a str },
}

impl<'a> FinalLine<'a> {
    pub fn parse(line: &'a [u8]) -> Result<Self, Error> {
        match std::str::from_utf8(line).ok().map(ReplyLine::parse) {
            Some(Ok(ReplyLine::Ok(body))) => Ok(Self::Ok { body }),
            Some(Ok(ReplyLine::Err { code, body })) => Ok(Self::Err { code, body }),
            _ => Err(Error::Malformed { line: excerpt(line) }),
        }
    }
}

/// The object of a line that is an `OK` and has an object of this type.
pub fn parse_ok<'a, T: Deserialize<'a>>(line: &'a [u8]) -> Option<T> {
    match FinalLine::parse(line) {
        Ok(FinalLine::Ok { body }) => serde_json::from_str(body).ok(),
        _ => None,
    }
}

/// A refusal after which the same request may succeed.
pub struct TemporaryRefusal<'a> {
    pub code: &'a str,
    pub message: String,
    /// The leader that it names, as `host:port`.
    pub leader: Option<String>,
}

impl<'a> TemporaryRefusal<'a> {
    #[cold]
    pub fn parse(line: &'a [u8]) -> Option<Self> {
        let Ok(FinalLine::Err { code, body }) = FinalLine::parse(line) else { return None };
        let ErrBody { message, retry, leader, .. } = serde_json::from_str(body).ok()?;
        retry.then_some(Self { code, message, leader })
    }

    /// What the STATS of a standby stand for. It answers them itself, and what it holds may be less than what
    /// the leader does.
    #[cold]
    pub fn of_stats(line: &[u8]) -> Option<Self> {
        let cluster = parse_ok::<InCluster<'_>>(line)?.cluster?;
        let leader = cluster.leader.map(|leader| leader.into_owned());
        let message = "STATS are those of a standby".to_owned();
        (cluster.role == ClusterRole::Standby).then_some(Self {
            code: Code::NotLeader.as_str(),
            message,
            leader,
        })
    }
}

/// What the replies to HELLO and STATS say of the cluster.
#[derive(Deserialize)]
struct InCluster<'a> {
    #[serde(borrow, default)]
    cluster: Option<ClusterReply<'a>>,
}

/// Whether the reply to HELLO is that of a standby.
pub fn is_of_standby(line: &[u8]) -> bool {
    let cluster = parse_ok::<InCluster<'_>>(line).and_then(|hello| hello.cluster);
    cluster.is_some_and(|cluster| cluster.role == ClusterRole::Standby)
}

/// The message in the object of a refusal.
pub fn message(body: &str) -> String {
    serde_json::from_str::<ErrBody>(body).map_or_else(|_| body.to_owned(), |body| body.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stats_of_a_standby_are_no_reply() {
        let stats = |role: &str| {
            format!(
                "OK {{\"events\":0,\"cluster\":{{\"name\":\"sales\",\"role\":\"{role}\",\"term\":3,\
                 \"leader\":\"a:2665\"}}}}"
            )
        };
        let refusal = TemporaryRefusal::of_stats(stats("standby").as_bytes()).unwrap();
        assert_eq!((refusal.code, refusal.leader.as_deref()), ("NOT_LEADER", Some("a:2665")));
        assert!(TemporaryRefusal::of_stats(stats("leader").as_bytes()).is_none());
        assert!(TemporaryRefusal::of_stats(b"OK {\"events\":0}").is_none());
        assert!(is_of_standby(stats("standby").as_bytes()) && !is_of_standby(stats("leader").as_bytes()));
    }
}
