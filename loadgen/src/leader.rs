//! Finds the leader among the servers of a run, before it begins.

use std::error::Error as _;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::config::Config;
use crate::driver::Driver;
use crate::error::Error;
use crate::prepare::Greet;

/// The shortest time that a server has to answer, however many there are.
const TRY_MIN: Duration = Duration::from_secs(1);

/// The pause before the servers are asked again.
const PAUSE: Duration = Duration::from_millis(250);

/// The address of the leader. A single server is not asked.
///
/// # Errors
///
/// A server refuses the account, or none leads within the timeout of the configuration.
pub fn find(config: &Config) -> Result<String, Error> {
    if config.others.is_empty() {
        return Ok(config.address.clone());
    }
    let count = config.addresses().count() as u32;
    let timeout = (config.timeout / count).max(TRY_MIN).min(config.timeout);
    let probe = Config { connections: 1, timeout, ..config.clone() };
    let deadline = Instant::now() + config.timeout;
    loop {
        let mut said = Vec::new();
        for address in config.addresses() {
            match ask(&probe, address) {
                Ok(true) => return Ok(address.to_owned()),
                Ok(false) => said.push(format!("{address} is a standby")),
                Err(error @ Error::AuthRefused { .. }) => return Err(error),
                Err(error) => {
                    let cause = error.source().map_or_else(String::new, |cause| format!(": {cause}"));
                    said.push(format!("{address}: {error}{cause}"));
                }
            }
        }
        if Instant::now() + PAUSE >= deadline {
            return Err(Error::NoLeader { said });
        }
        sleep(PAUSE);
    }
}

/// Whether a server leads, or is in no cluster.
fn ask(probe: &Config, address: &str) -> Result<bool, Error> {
    let mut driver = Driver::connect(probe, address)?;
    let mut greet = Greet::new(probe.connections);
    driver.run(&mut greet, 1)?;
    Ok(!greet.is_standby)
}
