//! `booklined account add`: adds an account to the data of a stopped server, or to a cluster without a
//! leader. It makes the first account, and another admin if the secret of the only one is lost.

#[cfg(feature = "cluster")]
mod cluster;
mod secret_file;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use bookline_protocol::{Id, Role, Secret};
use clap::{Args, Subcommand};

use crate::argument::parse_id;
use crate::auth::{PasswordHasher, new_token, token_hash};
use crate::config::Config;
use crate::log;
use crate::state::ticket_place::PlaceCipher;
use crate::state::{
    AccountRejection, AccountValues, Context, Error, Records, StateLimits, Store, StoredSecret,
};
use crate::storage::data_dir::{DataDir, DataDirError};
use crate::storage::journal::Journal;
use crate::storage::log::{AppendError, Log, LogExt};
use crate::storage::recovery;
use crate::time::clock::Clock;
use crate::time::source::OsTime;
pub use secret_file::SecretFileError;

/// What a new data directory records as its time zone. No calendar has hours yet, so the first start records
/// that of the server.
const NO_ZONE: &str = "UTC";

/// Work on the accounts of a stopped server.
#[derive(Debug, Clone, Subcommand)]
pub enum AccountCommand {
    /// Add an account, and print its token alone on standard output. The server must be stopped, or all
    /// members of the cluster: while it runs, an admin adds accounts with ACCOUNT ADD
    Add(AccountAdd),
}

#[derive(Debug, Clone, Args)]
pub struct AccountAdd {
    /// Its name, 1 to 64 of A-Z a-z 0-9 . _ -
    #[arg(value_parser = parse_id)]
    name: Id<'static>,
    /// What it may do: viewer, door, seller, organizer or admin, each what those before may
    #[arg(long, value_parser = parse_role)]
    role: Role,
    /// The person whose calendar is its own
    #[arg(long, value_name = "ID", value_parser = parse_id)]
    person: Option<Id<'static>>,
    /// Make no token: the secret is the first line of this file, or of standard input if it is -
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// The data directory, unless --cluster is given; created if it does not exist
    #[arg(long, env = "BOOKLINE_DATA_DIR", default_value = "./bookline-data", value_name = "DIR")]
    data_dir: PathBuf,
    #[cfg(feature = "cluster")]
    #[command(flatten)]
    cluster: cluster::ClusterOfAccount,
}

impl AccountCommand {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// [`SecretFileError`] if the secret cannot be read. Any other error says whether the account was added.
    pub fn run(&self) -> anyhow::Result<()> {
        let Self::Add(add) = self;
        // A thread beside this one, for what speaks to NATS.
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.context("starting the runtime")?;
        let done = runtime.block_on(add.run());
        runtime.shutdown_background();
        done
    }
}

impl AccountAdd {
    async fn run(&self) -> anyhow::Result<()> {
        let (secret, token) = match &self.secret_file {
            Some(file) => (stored(&secret_file::read(file)?), None),
            None => {
                let (token, hash) = new_token();
                (StoredSecret::Token(hash), Some(token))
            }
        };
        let name = self.name.as_str();
        let has_admin = self.add(&secret).await.map_err(|error| {
            let failure = self.failure(&error);
            error.context(failure)
        })?;
        if let Some(token) = token {
            print_token(&token).with_context(|| {
                format!("account {name} is added, and nobody has its token: add another account")
            })?;
        }
        let with = secret.as_hash().kind();
        log::print_line(&format!(
            "booklined: account {name} is added with the role {}, by a {with}",
            self.role
        ));
        if !has_admin {
            log::print_line(
                "booklined: no account is an admin, so nobody can add, change or drop accounts while the server \
                 runs: add one with --role admin",
            );
        }
        Ok(())
    }

    /// What has become of the account after this error.
    fn failure(&self, error: &anyhow::Error) -> String {
        let name = self.name.as_str();
        #[cfg(feature = "cluster")]
        if error.is::<cluster::OutcomeUnknown>() {
            return format!("it is not known whether account {name} is added");
        }
        let _ = error;
        format!("account {name} is not added")
    }

    /// Adds the account, durably. Returns whether any account is an admin.
    async fn add(&self, secret: &StoredSecret) -> anyhow::Result<bool> {
        let values = AccountValues {
            name: self.name.as_str(),
            role: self.role,
            person: self.person.as_ref().map_or("", Id::as_str),
            secret: secret.as_hash(),
        };
        #[cfg(feature = "cluster")]
        if let Some(options) = self.cluster.options() {
            return self.cluster.add(options, &values).await;
        }
        let data_dir = lock(&self.data_dir)?;
        let (store, journal) = recover(&data_dir)?;
        let added = append(&store, &values).await;
        if let Err(error) = close(&data_dir, &journal) {
            tracing::warn!("{error:#}: the next start cannot check where the journal ended");
        }
        added?;
        Ok(has_admin(&store))
    }
}

fn has_admin(store: &Store) -> bool {
    let accounts = store.accounts_page(&mut Context::default(), None, usize::MAX);
    accounts.iter().any(|account| account.role == Role::Admin)
}

/// What a secret is checked against.
fn stored(secret: &Secret<'_>) -> StoredSecret {
    if secret.is_token() {
        StoredSecret::Token(token_hash(secret.expose()))
    } else {
        StoredSecret::Password(PasswordHasher::new().hash(secret.expose()).into())
    }
}

/// Locks the data directory, which a running server has locked.
fn lock(path: &Path) -> anyhow::Result<DataDir> {
    match DataDir::open(path) {
        Err(error @ DataDirError::InUse { .. }) => {
            bail!("{error}. While it runs, an admin adds accounts with ACCOUNT ADD")
        }
        opened => Ok(opened?),
    }
}

/// Recovers the state as a server does. No limit is checked: they are for what clients add.
fn recover(data_dir: &DataDir) -> anyhow::Result<(Store, Arc<Journal>)> {
    let config = Config::default();
    let place_cipher = PlaceCipher::new(data_dir.keep_ticket_key());
    let recovered = recovery::recover(&data_dir.disks(), &config.recovery(), data_dir.is_fresh(), || {
        Records::with_place_cipher(config.shards, place_cipher)
    })?;
    if data_dir.is_fresh() {
        data_dir.keep_zone(NO_ZONE, false)?;
    }
    let journal = Arc::new(recovered.journal);
    data_dir.keep_feed_start(journal.appended());
    let clock = Arc::new(Clock::new(Arc::new(OsTime), recovered.last_commit_micros));
    let store = Store::new(recovered.state, StateLimits::NONE, journal.clone(), clock);
    Ok((store, journal))
}

/// Adds the account, and waits until that is durable.
async fn append(store: &Store, values: &AccountValues<'_>) -> anyhow::Result<()> {
    let mut context = Context::default();
    loop {
        match store.add_account(&mut context, values) {
            Ok(_) => break,
            Err(Error::Append(AppendError::Backpressure)) => store.log().capacity().await,
            Err(Error::Append(AppendError::Closed)) => return Err(store.log().failed().await.into()),
            Err(Error::Append(
                error @ (AppendError::ReadOnly { .. }
                | AppendError::Misconfigured { .. }
                | AppendError::Unavailable { .. }),
            )) => return Err(error.into()),
            Err(Error::Rejected(AccountRejection::NameTaken)) => {
                bail!("the name is taken: choose another, or an admin changes it with ACCOUNT SET")
            }
            Err(Error::Rejected(
                AccountRejection::NoSuchAccount | AccountRejection::LastAdmin | AccountRejection::NoAdmin,
            )) => {
                unreachable!("an account is added")
            }
            Err(Error::Full(full)) => return Err(full.into()),
            Err(Error::TooLarge(_)) => unreachable!("an account is no calendar entry"),
            Err(Error::NoShare(_)) => unreachable!("only a reply needs a share"),
        }
    }
    Ok(store.log().settle(context.depends_on.0).await?)
}

/// Ends the journal in order, so that the next start can check where it ends.
fn close(data_dir: &DataDir, journal: &Journal) -> anyhow::Result<()> {
    journal.close()?;
    Ok(data_dir.record_stop(journal.durable())?)
}

/// Prints the token alone on standard output. `print!` would panic if that is closed or full.
fn print_token(token: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{token}").and_then(|()| out.flush()).context("writing to standard output")
}

fn parse_role(text: &str) -> Result<Role, String> {
    text.parse().map_err(|e| format!("it {e}"))
}
