//! A client in Rust, with the types of the protocol. It creates an event and books tickets.
//!
//! ```sh
//! cargo run -p bookline --example client -- 127.0.0.1:2665
//! ```

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use bookline_protocol::commands::book::BookReply;
use bookline_protocol::quote;
use bookline_protocol::reply::{ErrBody, EventReply, ReplyLine};

/// A connection to a server.
pub struct Client(BufReader<TcpStream>);

impl Client {
    /// Connects to `host:port`.
    pub fn connect(address: &str) -> std::io::Result<Self> {
        Ok(Self(BufReader::new(TcpStream::connect(address)?)))
    }

    /// Sends a request. Returns the object of its `OK`; its error is the code and the message of an `ERR`.
    pub fn request(&mut self, words: &[&str]) -> Result<String, Box<dyn Error>> {
        let words: Vec<_> = words.iter().map(|word| quote(word)).collect();
        writeln!(self.0.get_mut(), "{}", words.join(" "))?;
        let mut line = String::new();
        while self.0.read_line(&mut line)? > 0 {
            match ReplyLine::parse(&line)? {
                ReplyLine::Ok(body) => return Ok(body.to_owned()),
                ReplyLine::Err { code, body } => {
                    let message = serde_json::from_str::<ErrBody>(body)?.message;
                    return Err(format!("{code}: {message}").into());
                }
                // The requests of this example have no rows. Lines of a later version are skipped.
                _ => line.clear(),
            }
        }
        Err("the server closed the connection".into())
    }
}

/// Returns what `main` prints.
pub fn run(address: &str) -> Result<String, Box<dyn Error>> {
    let mut client = Client::connect(address)?;
    let event = client.request(&["CREATE", "Rust Conf", "2026-12-31", "3"])?;
    let event: EventReply<'_> = serde_json::from_str(&event)?;
    let booked = client.request(&["BOOK", &event.id, "2"])?;
    let booked: BookReply<'_> = serde_json::from_str(&booked)?;
    let first =
        format!("{} tickets for {}, {} left", booked.tickets.len(), event.name, booked.available_tickets);
    match client.request(&["BOOK", &event.id, "2"]) {
        Ok(_) => Err("the last ticket was sold twice".into()),
        Err(refusal) => Ok(format!("{first}\n{refusal}")),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:2665".to_owned());
    println!("{}", run(&address)?);
    Ok(())
}
