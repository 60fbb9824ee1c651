//! What the process tells the service manager.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use bookline_testkit::process::{Home, spawn_listening};
use bookline_testkit::{Conn, HANG_TIMEOUT};
use rustix::process::Signal;

fn receive(socket: &UnixDatagram) -> String {
    let mut buffer = [0; 256];
    let length = socket.recv(&mut buffer).expect("a message");
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

#[test]
fn service_manager_hears_of_the_start_of_the_watchdog_and_of_the_stop() {
    let home = Home::new();
    let path = home.data().with_extension("notify");
    let name = format!("bookline-test-{}", std::process::id());
    let of_path = UnixDatagram::bind(&path).unwrap();
    let of_name = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    let abstract_name = format!("@{name}");
    for (socket, address) in [(of_path, path.to_str().unwrap()), (of_name, &abstract_name)] {
        socket.set_read_timeout(Some(HANG_TIMEOUT)).unwrap();
        let mut command = home.command::<&str>(&[]);
        command.env("NOTIFY_SOCKET", address).env("WATCHDOG_USEC", "500000");
        let (mut process, server) = spawn_listening(&mut command);
        assert_eq!(receive(&socket), "READY=1\n");
        Conn::open(server).ask("PING").ok();
        for _ in 0..3 {
            assert_eq!(receive(&socket), "WATCHDOG=1\n");
        }
        process.signal(Signal::TERM);
        while receive(&socket) != "STOPPING=1\n" {}
        assert_eq!(process.wait(HANG_TIMEOUT).and_then(|status| status.code()), Some(0));
    }
}

#[test]
fn server_runs_without_a_service_manager_that_answers() {
    let home = Home::new();
    for (address, warning) in [
        ("/nowhere/at-all", "the service manager was not told that the server is ready"),
        ("vsock:2:1234", "the service manager is told nothing"),
    ] {
        let (mut process, server) = spawn_listening(home.command::<&str>(&[]).env("NOTIFY_SOCKET", address));
        Conn::open(server).ask("PING").ok();
        assert!(process.wait_for_stderr(|text| text.contains(warning)), "{}", process.stderr());
        process.signal(Signal::TERM);
        assert_eq!(process.wait(HANG_TIMEOUT).and_then(|status| status.code()), Some(0));
    }
}

#[test]
fn messages_arrive_again_when_the_service_manager_has_a_new_socket() {
    let home = Home::new();
    let path = home.data().with_extension("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let mut command = home.command::<&str>(&[]);
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "500000");
    let (process, _) = spawn_listening(&mut command);
    assert_eq!(receive(&socket), "READY=1\n");
    drop(socket);
    std::fs::remove_file(&path).unwrap();
    assert!(process.wait_for_stderr(|text| text.contains("not told that the server is well")));
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(HANG_TIMEOUT)).unwrap();
    assert_eq!(receive(&socket), "WATCHDOG=1\n");
    assert_eq!(process.stderr().matches("was not told").count(), 1, "{}", process.stderr());
}

/// The watchdog of another process, as of a shell that has started the server.
#[test]
fn watchdog_of_another_process_is_none() {
    let home = Home::new();
    let path = home.data().with_extension("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let mut command = home.command::<&str>(&[]);
    command.env("NOTIFY_SOCKET", &path).envs([("WATCHDOG_USEC", "1000"), ("WATCHDOG_PID", "1")]);
    let (mut process, _) = spawn_listening(&mut command);
    process.signal(Signal::TERM);
    process.wait(HANG_TIMEOUT).expect("it stops");
    socket.set_nonblocking(true).unwrap();
    let messages: Vec<String> =
        std::iter::from_fn(|| socket.recv(&mut [0; 256]).ok().map(|length| format!("{length}"))).collect();
    assert_eq!(messages, ["8", "11"], "READY=1 and STOPPING=1");
}
