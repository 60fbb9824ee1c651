//! `booklined`: reads its flags, opens the data, serves, and stops on a signal.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use bookline_server::cli::Cli;
use bookline_server::net::listen_address::ListenAddress;
use bookline_server::signals::{self, StopSignals};
use bookline_server::{Config, Server, log, process_limits};

fn main() -> ExitCode {
    let cli = Cli::of_process();
    let _flush = match log::start(cli.log_format) {
        Ok(flush) => flush,
        Err(error) => {
            log::print_line(&format!("booklined: starting the log: {error}"));
            return ExitCode::FAILURE;
        }
    };
    match run(&cli) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            log::print_line(&format!("booklined: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Runs the command, and returns whether it succeeded.
fn run(cli: &Cli) -> anyhow::Result<bool> {
    signals::outlive_file_size_limit().context("handling SIGXFSZ")?;
    match &cli.command {
        Some(command) => command.run(),
        None => serve(cli).map(|()| true),
    }
}

fn serve(cli: &Cli) -> anyhow::Result<()> {
    let mut config = cli.config();
    process_limits::fit_open_files(&mut config)?;
    let threads = process_limits::serving_threads(cli.threads)?;
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(threads).enable_all().build().context("starting the runtime")?;
    let result = runtime.block_on(listen_and_run(&cli.listen, &config));
    // Tasks that did not finish within the time of the shutdown are abandoned.
    runtime.shutdown_background();
    result
}

async fn listen_and_run(listen: &ListenAddress, config: &Config) -> anyhow::Result<()> {
    // Until the data is recovered, a signal ends the process at once: there is nothing to finish.
    let server = Server::open(config).await?;
    let mut signals = StopSignals::handle().context("handling signals")?;
    let listener = listen.bind().await?;
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        tracing::warn!(
            "listening on {address}: there are no accounts yet, so every client can book, read and delete \
             everything. Listen on 127.0.0.1 unless the network is yours alone"
        );
    }
    tracing::info!("listening on {address}");
    announce(format!("booklined {} listening on {address}", env!("CARGO_PKG_VERSION")));
    let shutdown = async move {
        let name = signals.next().await;
        tracing::info!(
            "stopping because of {name}: another signal, a second from now or later, stops at once"
        );
        tokio::spawn(async move {
            let name = signals.next_separate().await;
            log::print_line(&format!("booklined: stopped at once by a second signal, {name}"));
            std::process::exit(1);
        });
    };
    Ok(server.run([listener], shutdown).await?)
}

/// Writes the only line on standard output, which tells a parent process that the server listens. If it is
/// not read, the write blocks, so a separate thread does it, which the end of the process does not wait for.
fn announce(line: String) {
    let write = move || {
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    };
    if let Err(error) = std::thread::Builder::new().name("announce".into()).spawn(write) {
        tracing::warn!("nothing is written to standard output: a thread could not be started: {error}");
    }
}
