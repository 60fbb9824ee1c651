//! The phases of a run in order.

use std::sync::atomic::AtomicBool;

use crate::config::Config;
use crate::delete::DeleteEvents;
use crate::driver::Driver;
use crate::error::Error;
use crate::leader;
use crate::load::Load;
use crate::meter::{Meter, Progress};
use crate::names::RunId;
use crate::prepare::{CreateEvents, Greet, check_empty};
use crate::report::Report;
use crate::stats::ReadStats;
use crate::verify::{self, Verification};

/// A run against one server.
pub struct Run<'a> {
    config: &'a Config,
    id: RunId,
    server_version: String,
    driver: Driver,
    load: Load<'a>,
}

impl<'a> Run<'a> {
    /// Connects, checks that the server may be loaded, and creates the events of the run.
    ///
    /// Setting `stop` ends the creation of events and the measurement early. `on_progress` is called once a
    /// second during the measurement.
    ///
    /// # Errors
    ///
    /// No connection, no Bookline server, a server that has data while the configuration does not allow
    /// that, or an event that cannot be created.
    pub fn prepare(
        config: &'a Config,
        stop: &'a AtomicBool,
        on_progress: Option<Box<dyn FnMut(Progress) + 'a>>,
    ) -> Result<Self, Error> {
        let id = RunId::random();
        let mut driver = Driver::connect(config, &leader::find(config)?)?;
        let mut greet = Greet::new(config.connections);
        driver.run(&mut greet, 1)?;
        if config.retry {
            driver.retry_requests();
        }
        if !config.allow_data {
            let mut read = ReadStats::default();
            driver.run(&mut read, 1)?;
            check_empty(&read)?;
        }
        let mut create = CreateEvents::new(config, id, stop);
        driver.run(&mut create, verify::DEPTH)?;
        let meter = Meter::new(config.duration, stop, on_progress)?;
        let load = Load::new(config, id, create.created, meter);
        Ok(Self { config, id, server_version: greet.server_version, driver, load })
    }

    /// The address of the server, in a cluster of the leader as far as it is known.
    pub fn address(&self) -> &str {
        self.driver.address()
    }

    /// Loads the server and measures it. Returns the report, without a verification, and the error that ended
    /// the measurement early, if there was one.
    pub fn measure(&mut self) -> (Report, Result<(), Error>) {
        self.load.meter.start(self.driver.now());
        let result = self.driver.run(&mut self.load, self.config.depth.into());
        self.load.meter.end(self.driver.now());
        let retries = self.driver.retries();
        let lost = result.is_err();
        let report = Report::new(self.config, self.id, &self.server_version, &self.load, retries, lost);
        (report, result)
    }

    /// Asks the server for everything that it acknowledged. The measurement must have ended without an error.
    ///
    /// # Errors
    ///
    /// A lost connection, a timeout, or a line that is not a reply. What the server has lost or sold twice is
    /// no error but a [`Finding`](crate::Finding).
    pub fn verify(&mut self) -> Result<Verification, Error> {
        verify::verify(&mut self.driver, &mut self.load.ledger, self.id, self.config)
    }

    /// Deletes the events of the run, with their tickets and holds. Calendar entries stay.
    ///
    /// # Errors
    ///
    /// A lost connection, a timeout, a line that is not a reply, or a refusal.
    pub fn delete_events(&mut self) -> Result<(), Error> {
        self.driver.run(&mut DeleteEvents::new(self.id, self.load.events), verify::DEPTH)
    }
}
