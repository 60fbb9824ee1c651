//! What a failure shows of a scenario.

use bookline_testkit::Reply;

/// Why a scenario failed.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The index of the step.
    pub at: usize,
    /// The lines sent and received up to then.
    pub transcript: Vec<String>,
    /// What is wrong with the last reply.
    pub what: String,
}

/// A line that was sent, shortened.
pub fn line_text(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line).into_owned();
    if text.len() <= 300 {
        return text;
    }
    format!("{}… ({} bytes)", text.chars().take(100).collect::<String>(), line.len())
}

/// A reply, shortened.
pub fn reply_text(reply: &Reply) -> String {
    let code = reply.code.as_ref().map_or("OK".to_owned(), |code| format!("ERR {code}"));
    let mut text: String = reply.rows.iter().map(|row| format!("< ROW {row}\n    ")).collect();
    text.push_str(&format!("< {code} {}", reply.body));
    if text.len() > 3_000 {
        text = format!("{}… ({} bytes)", text.chars().take(3_000).collect::<String>(), text.len());
    }
    text
}
