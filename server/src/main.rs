//! `booklined`: reads its flags, opens the data, serves, and stops on a signal.

use std::future::pending;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
#[cfg(feature = "cluster")]
use bookline_server::ClusterServer;
use bookline_server::account_add::SecretFileError;
use bookline_server::cli::{Cli, ListenFlags};
use bookline_server::commands::CurrentService;
use bookline_server::net::listen_policy::Protection;
use bookline_server::net::listener::Listener;
use bookline_server::net::listeners::{self, Opened};
use bookline_server::net::tls::Tls;
use bookline_server::service_manager::{self, Notifier, State, Watchdog};
use bookline_server::signals::{self, StopSignals};
use bookline_server::{Config, Server, log, metrics, process_limits};
use tokio::signal::unix::Signal;
use tokio_util::sync::CancellationToken;

/// The exit status if an argument is invalid, as it is if a flag is.
const INVALID_ARGUMENTS: u8 = 2;

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
            if error.is::<SecretFileError>() { INVALID_ARGUMENTS.into() } else { ExitCode::FAILURE }
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
    let for_metrics = cli.listen.metrics_listen.as_ref().map_or(0, |_| metrics::OPEN_FILES_MAX);
    process_limits::fit_open_files(&mut config, for_metrics)?;
    let threads = process_limits::serving_threads(cli.threads)?;
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(threads).enable_all().build().context("starting the runtime")?;
    let result = runtime.block_on(listen_and_run(&cli.listen, &config));
    // Tasks that did not finish within the time of the shutdown are abandoned.
    runtime.shutdown_background();
    result
}

async fn listen_and_run(flags: &ListenFlags, config: &Config) -> anyhow::Result<()> {
    let tls = flags.tls_files().map(Tls::new).transpose().context("starting TLS")?.map(Arc::new);
    let reload = match &tls {
        Some(tls) => Some((tls.clone(), signals::reload_signal().context("handling SIGHUP")?)),
        None => None,
    };
    // Until the data is recovered, a signal ends the process at once: there is nothing to finish.
    let server = Recovered::open(config).await?;
    let signals = match tls {
        Some(_) => StopSignals::handle_without_hangup(),
        None => StopSignals::handle(),
    };
    let signals = signals.context("handling signals")?;
    let place = config.place();
    let protection = Protection {
        has_accounts: server.requires_authentication(),
        is_waived: flags.insecure,
        place: &place,
    };
    let Opened { clients, metrics } = listeners::open(&flags.config(), tls, protection).await?;
    let stopping = CancellationToken::new();
    if let Some(listener) = metrics {
        let source = metrics::Source::new(server.current_service(), stopping.clone());
        tokio::spawn(metrics::serve(listener, source));
    }
    let names: Vec<String> = clients.iter().map(Listener::to_string).collect();
    let names = names.join(" and on ");
    tracing::info!("listening on {names}");
    announce(format!("booklined {} listening on {names}", env!("CARGO_PKG_VERSION")));
    let notifier = tell_service_manager(&server);
    let shutdown = async move {
        tokio::select! {
            () = stopped(signals) => {}
            () = reload_on_signal(reload) => {}
        }
        stopping.cancel();
        if let Some(notifier) = notifier {
            notifier.notify(State::Stopping);
        }
    };
    server.run(clients, shutdown).await
}

/// Tells the service manager, if there is one, that the server is ready, and from now on that it is well.
fn tell_service_manager(server: &Recovered) -> Option<Arc<Notifier>> {
    let notifier = Arc::new(Notifier::of_environment()?);
    notifier.notify(State::Ready);
    if let Some(period) = service_manager::period_of_environment() {
        let (watchdog, notifier) = (Watchdog::new(server.current_service(), period), notifier.clone());
        tokio::spawn(async move { watchdog.run(&notifier).await });
    }
    Some(notifier)
}

/// A server whose data is recovered.
enum Recovered {
    Single(Server),
    #[cfg(feature = "cluster")]
    Member(Box<ClusterServer>),
}

impl Recovered {
    async fn open(config: &Config) -> anyhow::Result<Self> {
        #[cfg(feature = "cluster")]
        if let Some(cluster) = &config.cluster {
            return Ok(Self::Member(Box::new(ClusterServer::open(config, cluster).await?)));
        }
        Ok(Self::Single(Server::open(config).await?))
    }

    fn requires_authentication(&self) -> bool {
        match self {
            Self::Single(server) => server.requires_authentication(),
            #[cfg(feature = "cluster")]
            Self::Member(server) => server.requires_authentication(),
        }
    }

    fn current_service(&self) -> CurrentService {
        match self {
            Self::Single(server) => server.current_service(),
            #[cfg(feature = "cluster")]
            Self::Member(server) => server.current_service(),
        }
    }

    async fn run(self, listeners: Vec<Listener>, shutdown: impl Future<Output = ()>) -> anyhow::Result<()> {
        match self {
            Self::Single(server) => server.run(listeners, shutdown).await?,
            #[cfg(feature = "cluster")]
            Self::Member(server) => server.run(listeners, shutdown).await?,
        }
        Ok(())
    }
}

/// Waits for a signal to stop. A second one stops at once.
async fn stopped(mut signals: StopSignals) {
    let name = signals.next().await;
    tracing::info!("stopping because of {name}: another signal, a second from now or later, stops at once");
    tokio::spawn(async move {
        let name = signals.next_separate().await;
        log::print_line(&format!("booklined: stopped at once by a second signal, {name}"));
        std::process::exit(1);
    });
}

/// Reads the files of TLS again at every SIGHUP, without end.
async fn reload_on_signal(reload: Option<(Arc<Tls>, Signal)>) {
    let Some((tls, mut signal)) = reload else { return pending().await };
    while signal.recv().await.is_some() {
        let tls = tls.clone();
        // A file may be on a disk that does not answer.
        let Ok(reloaded) = tokio::task::spawn_blocking(move || tls.reload()).await else { continue };
        match reloaded {
            Ok(()) => tracing::info!("SIGHUP: the files of TLS were read again, for new connections"),
            Err(error) => {
                let error = anyhow::Error::from(error);
                tracing::error!("SIGHUP: {error:#}: the files of TLS that were read before stay in use");
            }
        }
    }
    pending().await
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
