//! Misbehaving clients.
//!
//! Catches: memory exhausted by an endless line or by replies that a client does not read, an off-by-one
//! error in the maximum length of a line, a panic on unexpected bytes, connections that are never released, a
//! refusal lost in a reset, a listing that holds a lock while others wait.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, SocketAddrV4, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use bookline_testkit::process::{Home, Server, raise_open_files};
use bookline_testkit::{Conn, HANG_TIMEOUT, Rng};
use rustix::net::{AddressFamily, SocketType};

/// The maximum length of a line without its end.
const LONGEST: usize = 65_536;

/// `PING`, padded with spaces to `length` bytes.
fn line_of(length: usize) -> Vec<u8> {
    let mut line = b"PING".to_vec();
    line.resize(length, b' ');
    line
}

#[test]
fn line_of_the_maximum_length_is_executed_and_a_longer_one_is_refused() {
    let server = Server::fresh();
    let mut conn = server.connect();
    for end in ["\n", "\r\n", "\r\0"] {
        for length in [LONGEST - 1, LONGEST] {
            conn.send_bytes([&line_of(length), end.as_bytes()].concat());
            assert_eq!(conn.line(), "OK {}", "{length} bytes and {end:?}");
        }
        for length in [LONGEST + 1, LONGEST + 2, 2 * LONGEST, 2 * LONGEST + 1, 1_000_000] {
            conn.send_bytes([&line_of(length), end.as_bytes(), b"PING\n"].concat());
            conn.reply().err("LINE_TOO_LONG");
            assert_eq!(conn.line(), "OK {}", "after {length} bytes and {end:?}");
        }
    }
    conn.half_close();
    conn.expect_end();
}

#[test]
fn line_that_is_too_long_is_refused_whatever_its_contents() {
    let server = Server::fresh();
    let mut conn = server.connect();
    conn.ask("CREATE x 2026-01-01 5 id=x").ok();
    for line in [
        "#".repeat(LONGEST + 1),
        " ".repeat(LONGEST + 1),
        "é".repeat(LONGEST),
        format!("BOOK x 1{}", " ".repeat(LONGEST)),
    ] {
        conn.send_bytes(format!("{line}\nPING\n"));
        conn.reply().err("LINE_TOO_LONG");
        assert_eq!(conn.line(), "OK {}");
    }
    // The bytes after the 65,536th are not a line of their own.
    conn.send_bytes(format!("{}BOOK x 1\nGET x\n", " ".repeat(LONGEST)));
    conn.reply().err("LINE_TOO_LONG");
    assert_eq!(conn.reply().number("available_tickets"), 5);
}

#[test]
fn endless_line_takes_no_memory() {
    let server = Server::fresh();
    let mut conn = server.connect();
    assert!(conn.ask("PING").is_ok());
    let before = server.resident_kib();
    let megabyte = vec![b'x'; 1 << 20];
    for _ in 0..64 {
        conn.send_bytes(&megabyte);
    }
    conn.send_bytes("\nPING\n");
    conn.reply().err("LINE_TOO_LONG");
    assert_eq!(conn.line(), "OK {}");
    let grown = server.resident_kib().saturating_sub(before);
    assert!(grown < 8 * 1024, "{grown} KiB for a line that was discarded");

    conn.send_bytes(&megabyte);
    conn.half_close();
    let rest = conn.rest();
    assert_eq!(rest.lines().count(), 1, "one reply to an endless line at half-close: {rest}");
    assert!(rest.starts_with("ERR LINE_TOO_LONG ") || rest.starts_with("ERR INCOMPLETE "), "{rest}");
}

/// Reads replies up to the one that names `mark`. Each must be well-formed.
fn read_to(conn: &mut Conn, mark: &str) {
    loop {
        let reply = conn.reply();
        if reply.code.as_deref() == Some("NOT_FOUND")
            && reply.body["message"].as_str().unwrap().contains(mark)
        {
            return;
        }
    }
}

#[test]
fn random_bytes_get_well_formed_replies() {
    let mut rng = Rng::from_environment();
    let server = Server::fresh();
    let mut conn = server.connect();
    conn.strips_telnet_answers = true;
    assert!(conn.ask("PING").is_ok(), "a first line that is junk would end it");
    for round in 0..200 {
        let mut junk: Vec<u8> = (0..rng.range(1, 3_000)).map(|_| rng.next() as u8).collect();
        if rng.one_in(2) {
            // A small alphabet, so that line ends, IAC and its commands are often adjacent.
            let letters = b"\xff\xfa\xf0\xfb\xfd\r\n\0 \"#P=\\u";
            junk.iter_mut().for_each(|byte| *byte = letters[*byte as usize % letters.len()]);
        }
        conn.send_bytes([&junk[..], format!("\nGET mark-{round}\n").as_bytes()].concat());
        read_to(&mut conn, &format!("mark-{round}"));
    }
    assert_eq!(conn.ask("STATS").number("sequence"), server.connect().ask("STATS").number("sequence"));
}

/// A name that changes the direction of text, that has a line separator for Python's `splitlines`, or that
/// has invisible characters, is stored unchanged and sent with escapes.
#[test]
fn invisible_characters_in_names_and_titles_are_escaped() {
    let server = Server::fresh();
    let mut conn = server.connect();
    let name = "a\u{202e}b\u{2066}c\u{2028}OK {}\u{200b}\u{feff}\u{e0041}d";
    let escaped = r"a\u202eb\u2066c\u2028OK {}\u200b\ufeff\udb40\udc41d";
    for line in [
        &format!("CREATE \"{name}\" 2026-12-31 5 id=x"),
        "GET x",
        "GET",
        &format!("MEET F1 2026-12-31 09:00 \"{name}\" F2"),
        "GET F2 2026-12-31",
    ] {
        conn.send(line);
        let reply = conn.line();
        assert!(reply.contains(escaped), "{line}: {reply}");
        if reply.starts_with("ROW ") {
            assert_eq!(conn.line(), "OK {\"count\":1}");
        }
    }
    assert_eq!(conn.ask("GET x").ok()["name"], name, "nothing of it is lost");
    // Messages replace such characters where they repeat the request.
    let refusal = conn.ask("BO\u{200b}OK x 1");
    assert_eq!(
        refusal.body["message"],
        "\"BO\u{fffd}OK\" is not a command: did you mean BOOK? HELP lists the commands"
    );
}

/// Valid requests with bytes removed, duplicated and changed, and lines joined.
#[test]
fn mutated_requests_get_well_formed_replies() {
    let mut rng = Rng::from_environment();
    let server = Server::fresh();
    let mut conn = server.connect();
    conn.strips_telnet_answers = true;
    assert!(conn.ask("PING").is_ok(), "a first line that is junk would end it");
    let good = [
        "CREATE \"Rust Conf\" 2026-12-31 100 id=rustconf",
        "GET limit=3 after=AAAA",
        "GET rustconf",
        "BOOK rustconf 2",
        "TICKET 01234567-89ab-8def-8123-456789abcdef",
        "BLOCK F1 2026-11-21 09:00",
        "MEET F1 2026-11-21 10:00 \"class \\u0041 meeting\\n\" F2,F3 F4",
        "GET F1 21-11-2026",
        "HOD F10",
        "DELETE F1 2026-11-21 10:00",
        "PUT F1 2026-11-21 10:00 MEET 2026-11-21 11:00 title F2,F3",
        "HELP GET",
        "STATS",
        "HELLO",
    ];
    let bytes = b"\"\\=,-:. \t#09azAZ\x00\x07\x7f\x80\xc3\xa9\xff\xfd";
    for round in 0..300 {
        let mut batch = Vec::new();
        for _ in 0..20 {
            let mut line = rng.pick(&good).as_bytes().to_vec();
            for _ in 0..rng.range(0, 4) {
                let at = rng.below(line.len());
                match rng.below(4) {
                    0 => drop(line.remove(at)),
                    1 => line.insert(at, line[at]),
                    2 => line[at] = *rng.pick(bytes),
                    _ => line.insert(at, *rng.pick(bytes)),
                }
                if line.is_empty() {
                    line.push(b'x');
                }
            }
            line.push(b'\n');
            batch.extend(line);
        }
        batch.extend(format!("GET mark-{round}\n").as_bytes());
        conn.send_bytes(batch);
        read_to(&mut conn, &format!("mark-{round}"));
    }
    let stats = conn.ask("STATS");
    assert_eq!(stats.number("sequence"), stats.number("durable_sequence"));
}

/// A request of four bytes lists some hundred kilobytes of events. It is sent thousands of times, and no
/// reply is read.
#[test]
fn clients_that_never_read_are_bounded_in_memory_and_delay_nobody() {
    const STALLED: usize = 20;
    let server = with_events(2_000, &[]);
    let mut conn = server.connect();
    assert_eq!(conn.ask("GET").rows.len(), 2_000);
    let before = server.resident_kib();
    let mut stalled: Vec<TcpStream> = Vec::new();
    let writers: Vec<_> = (0..STALLED)
        .map(|_| {
            let stream = server.connect().stream();
            stalled.push(stream.try_clone().unwrap());
            thread::spawn(move || (&stream).write_all(&b"GET\n".repeat(500_000)))
        })
        .collect();
    // Wait until each client has received a byte of a reply.
    for stream in &stalled {
        assert_eq!(stream.peek(&mut [0]).unwrap(), 1);
    }
    let mut slowest = Duration::ZERO;
    for n in 0..3_000 {
        let started = Instant::now();
        assert!(conn.ask(["BOOK e7 1", "GET e7", "PING"][n % 3]).is_ok());
        slowest = slowest.max(started.elapsed());
    }
    let grown = server.resident_kib().saturating_sub(before);
    println!("{STALLED} stalled clients: {grown} KiB, slowest command of another {slowest:?}");
    // Two megabytes each are generous for buffers and cached rows. Unread replies would take gigabytes.
    assert!(grown < (STALLED as u64 * 2 + 16) * 1024, "{grown} KiB for {STALLED} clients that do not read");
    assert!(slowest < Duration::from_secs(2), "a command took {slowest:?} beside clients that do not read");
    stalled.iter().for_each(|stream| drop(stream.shutdown(Shutdown::Both)));
    writers.into_iter().for_each(|writer| drop(writer.join()));
}

/// A client that sends all its requests before it reads gets every reply.
#[test]
fn client_that_reads_late_gets_every_reply() {
    let server = with_events(500, &[]);
    let mut conn = server.connect();
    let requests = 200;
    conn.send_bytes("GET\n".repeat(requests));
    for _ in 0..500 {
        assert!(server.connect().ask("PING").is_ok());
    }
    conn.half_close();
    for _ in 0..requests {
        assert_eq!(conn.reply().number("count"), 500);
    }
    conn.expect_end();
}

/// The write timeout (60 s) closes a connection whose client never reads.
#[test]
#[ignore = "takes over a minute: it is a timeout"]
fn client_that_never_reads_is_disconnected() {
    let server = with_events(2_000, &[]);
    let stalled = server.connect();
    let stream = stalled.stream();
    stream.set_write_timeout(Some(Duration::from_secs(120))).unwrap();
    let begun = Instant::now();
    let outcome = (&stream).write_all(&b"GET\n".repeat(5_000_000));
    let took = begun.elapsed();
    assert!(outcome.is_err(), "the server read everything");
    assert!((55..90).contains(&took.as_secs()), "closed after {took:?}");
    let mut conn = server.connect();
    assert_eq!(conn.ask("STATS").number("connections"), 1);
}

#[test]
fn connections_that_were_reset_are_released() {
    let server = Server::fresh();
    let mut conn = server.connect();
    conn.ask("CREATE x 2026-01-01 1000000 id=x").ok();
    for round in 0..300 {
        let mut other = server.connect();
        other.send_bytes("BOOK x 1\nGET x\n".repeat(1 + round % 50));
        if round % 3 > 0 {
            // Dropping a connection with an unread reply makes the kernel send a reset.
            other.stream().peek(&mut [0]).unwrap();
        }
    }
    // The server needs a moment to notice. Each check is a round trip.
    let until = Instant::now() + HANG_TIMEOUT;
    while conn.ask("STATS").number("connections") > 1 {
        assert!(Instant::now() < until, "connections that are gone still count");
    }
    let left = conn.ask("GET x").number("available_tickets");
    assert_eq!(conn.ask("STATS").number("tickets"), 1_000_000 - left);
}

/// Connects until a connection is served, once the server has noticed that another was closed.
fn until_served(connect: impl Fn() -> Conn) {
    let until = Instant::now() + HANG_TIMEOUT;
    loop {
        let mut next = connect();
        let _ = next.try_send_bytes(b"PING\n");
        let reply = next.reply();
        if reply.is_ok() {
            break;
        }
        reply.err("BUSY");
        assert!(Instant::now() < until, "the closed connection still counts");
    }
}

#[test]
fn connection_above_the_limit_gets_busy() {
    let server = Server::fresh_with(&["--max-connections", "3"]);
    let mut connected: Vec<Conn> = (0..3).map(|_| server.connect()).collect();
    connected.iter_mut().for_each(|conn| assert!(conn.ask("PING").is_ok()));
    for sends in [false, true] {
        let mut refused = server.connect();
        if sends {
            // Unread requests must not turn the refusal into a reset.
            let _ = refused.try_send_bytes(&b"PING\n".repeat(10_000));
        }
        refused.reply().err("BUSY");
        refused.expect_end();
    }
    connected.iter_mut().for_each(|conn| assert!(conn.ask("PING").is_ok()));
    let mut leaving = connected.pop().unwrap();
    leaving.half_close();
    leaving.expect_end();
    until_served(|| server.connect());
}

/// A connection from this local address.
fn connect_from(address: Ipv4Addr, to: SocketAddr) -> Conn {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    rustix::net::bind(&socket, &SocketAddrV4::new(address, 0)).unwrap();
    rustix::net::connect(&socket, &to).unwrap();
    Conn::over(socket.into()).unwrap()
}

#[test]
#[cfg(target_os = "linux")] // other systems have 127.0.0.1 only
fn connection_above_the_limit_of_its_address_gets_busy_and_others_do_not() {
    let server = Server::fresh_with(&["--max-per-address", "2"]);
    let (one, other) = (Ipv4Addr::LOCALHOST, Ipv4Addr::new(127, 0, 0, 2));
    let mut connected = [one, one, other].map(|address| connect_from(address, server.addr()));
    connected.iter_mut().for_each(|conn| assert!(conn.ask("PING").is_ok()));
    let mut refused = connect_from(one, server.addr());
    let reply = refused.reply();
    reply.err("BUSY");
    let message = reply.body["message"].as_str().unwrap();
    assert!(message.contains("2 connections of your address"), "{message}");
    refused.expect_end();
    assert_eq!(connected[2].ask("STATS").number("connections"), 3);
    assert!(connect_from(other, server.addr()).ask("PING").is_ok());

    let [mut leaving, ..] = connected;
    leaving.half_close();
    leaving.expect_end();
    until_served(|| connect_from(one, server.addr()));
}

/// The kernel's timer of the server's socket of this connection: its kind, and the seconds until it is due.
fn timer(conn: &Conn) -> (String, f64) {
    let port = |address: SocketAddr| format!(":{:04X}", address.port());
    let stream = conn.stream();
    let (ours, servers) = (port(stream.local_addr().unwrap()), port(stream.peer_addr().unwrap()));
    let connections = fs::read_to_string("/proc/net/tcp").unwrap();
    let fields = connections.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let found = fields.into_iter().find(|fields| fields[1].ends_with(&servers) && fields[2].ends_with(&ours));
    let (kind, due) = found.expect("it is connected")[5].split_once(':').unwrap();
    (kind.to_owned(), i64::from_str_radix(due, 16).unwrap() as f64 / 100.0)
}

/// Only keepalive probes detect a peer that lost power.
#[test]
#[cfg(target_os = "linux")]
fn silent_connection_has_a_keepalive_timer() {
    const KEEPALIVE: &str = "02";
    let server = Server::fresh();
    let mut conn = server.connect();
    assert!(conn.ask("PING").is_ok());
    // Until the client's kernel acknowledges the reply, the retransmission timer runs.
    let until = Instant::now() + HANG_TIMEOUT;
    let due = loop {
        let (kind, due) = timer(&conn);
        if kind == KEEPALIVE {
            break due;
        }
        assert!(Instant::now() < until, "there is no keepalive timer, but {kind}");
    };
    assert!(due <= 31.0, "the first probe is in {due} seconds");
}

#[test]
fn thousands_of_connections_are_served() {
    let files = raise_open_files();
    let count = (files.saturating_sub(500) as usize).min(4_000);
    let server = Server::fresh();
    server.connect().ask("CREATE x 2026-01-01 100000 id=x").ok();
    let before = server.resident_kib();
    let streams: Vec<TcpStream> = (0..count)
        .map(|n| {
            let stream =
                TcpStream::connect(server.addr()).unwrap_or_else(|error| panic!("connection {n}: {error}"));
            stream.set_read_timeout(Some(HANG_TIMEOUT)).unwrap();
            stream
        })
        .collect();
    for round in ["PING\n", "BOOK x 1\n", "GET x\n"] {
        streams.iter().for_each(|mut stream| stream.write_all(round.as_bytes()).unwrap());
        for mut stream in &streams {
            let mut reply = [0; 512];
            let n = stream.read(&mut reply).unwrap();
            assert!(reply[..n].starts_with(b"OK {"), "{round:?}: {:?}", String::from_utf8_lossy(&reply[..n]));
        }
    }
    let mut conn = server.connect();
    let stats = conn.ask("STATS");
    assert_eq!(stats.number("connections"), count as u64 + 1);
    assert_eq!(conn.ask("GET x").number("available_tickets"), 100_000 - count as u64);
    let grown = server.resident_kib().saturating_sub(before);
    println!("{count} connections: {grown} KiB, {} KiB each", grown / count as u64);
}

/// An idle connection takes little memory, whatever it did before.
#[test]
fn idle_connections_release_the_memory_of_their_requests() {
    const CONNECTIONS: u64 = 200;
    const WARM_UP_CONNECTIONS: u64 = 20;
    // The limit is 16 KiB; the allocator adds overhead.
    const IDLE_KIB_MAX: u64 = 20;
    let server = with_events(1_000, &[]);
    let group: Vec<String> = (0..1_000).map(|n| format!("{n:0>60}")).collect();
    let meet = format!("MEET F1 2026-11-21 09:00 planning {}", group.join(","));
    server.connect().ask(&meet).ok();
    let telnet = [&b"\xff\xf1".repeat(30_000)[..], b"PING"].concat();
    let requests: [&[u8]; 6] = [
        b"BOOK nosuch 10000",
        &telnet,
        b"GET",
        meet.as_bytes(),
        b"GET F1 2026-11-21",
        &b"PING\n".repeat(5_000),
    ];
    let serve_all = |connections: &mut [Conn]| {
        for conn in connections {
            for request in requests {
                conn.send_bytes([request, b"\nGET nosuch\n"].concat());
                read_to(conn, "no event nosuch");
            }
        }
    };
    let connect = |count| (0..count).map(|_| server.connect()).collect::<Vec<Conn>>();
    // What the threads of the server keep for the next request is not counted.
    serve_all(&mut connect(WARM_UP_CONNECTIONS));
    let before = server.resident_kib();
    let mut connections = connect(CONNECTIONS);
    serve_all(&mut connections);
    let each = server.resident_kib().saturating_sub(before) / CONNECTIONS;
    println!("an idle connection takes {each} KiB");
    assert!(each < IDLE_KIB_MAX, "an idle connection takes {each} KiB");
}

/// A client books while another reads a hundred thousand rows slowly.
#[test]
fn long_listing_to_a_slow_client_does_not_delay_bookings() {
    const EVENTS: usize = 100_000;
    let server = with_events(EVENTS, &["--segment-size", "4MiB"]);
    let mut reader = server.connect();
    reader.send("GET");
    let mut rows = vec![reader.line()];
    let mut slowest = Duration::ZERO;
    let mut booker = server.connect();
    let mut booked = vec![0; EVENTS];
    for n in 0..2_000 {
        let event = (n * 7_919) % EVENTS;
        let started = Instant::now();
        booker.ask(&format!("BOOK e{event} 1")).ok();
        slowest = slowest.max(started.elapsed());
        booked[event] += 1;
        for _ in 0..10 {
            rows.push(reader.line());
        }
    }
    println!("slowest booking beside the listing: {slowest:?}");
    assert!(slowest < Duration::from_secs(2), "a booking took {slowest:?} beside a listing");
    let last = loop {
        let line = reader.line();
        if !line.starts_with("ROW ") {
            break line;
        }
        rows.push(line);
    };
    assert_eq!(last, format!("OK {{\"count\":{EVENTS}}}"));
    let mut before = (String::new(), String::new(), String::new());
    for row in &rows {
        let row: serde_json::Value = serde_json::from_str(row.strip_prefix("ROW ").unwrap()).unwrap();
        let word = |field: &str| row[field].as_str().unwrap().to_owned();
        let key = (word("date"), word("name"), word("id"));
        assert!(before < key, "{before:?} stands before {key:?}");
        let (total, left) =
            (row["total_tickets"].as_u64().unwrap(), row["available_tickets"].as_u64().unwrap());
        let event: usize = key.2[1..].parse().unwrap();
        assert!(total == 1_000 && left <= total && left >= total - booked[event], "{row}");
        before = key;
    }
    assert_eq!(rows.len(), EVENTS);
}

/// A server with events e0, e1, … of 1,000 tickets each.
fn with_events(count: usize, flags: &[&str]) -> Server {
    let home = Home::new();
    let events: Vec<String> = (0..count)
        .map(|n| {
            let date = format!("20{:02}-{:02}-{:02}", 26 + n % 10, 1 + n % 12, 1 + n % 28);
            format!("{{\"id\":\"e{n}\",\"name\":\"Event number {n}\",\"date\":\"{date}\",\"totalTickets\":1000,\"availableTickets\":1000}}")
        })
        .collect();
    let file = home.file("events.json", &format!("[{}]", events.join(",\n")));
    home.start(&[&["--import", file.to_str().unwrap()], flags].concat())
}
