//! Shows the board until the user leaves it.

use std::future::pending;
use std::io::IsTerminal;
use std::time::Duration;

use bookline_protocol::{Date, Group};
use rustix::process::{Signal, kill_current_process_group};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use crate::board::clock::ServerClock;
use crate::board::draw::{draw, fit};
use crate::board::events::Events;
use crate::board::feed::{Feed, Update};
use crate::board::keys::{self, Input};
use crate::board::load::Wanted;
use crate::board::model::{Action, LinkState, Model, Subject};
use crate::board::signals::{self, Signaled};
use crate::board::terminal::{BoardTerminal, leave};
use crate::board::week::Week;
use crate::calendar::calendar_date::CalendarDate;
use crate::calendar::days::{invalid, parse_date};
use crate::cli::Args;
use crate::cli::board::BoardArgs;
use crate::error::Error;
use crate::exit::Exit;
use crate::interrupt::Interrupt;
use crate::net::connection::parse_hello_of_account;
use crate::net::wait;
use crate::render::text::quoted;
use crate::screen::{Screen, is_dumb};
use crate::target::Target;

const USAGE: &str = "board [<who>,<who> [<week>]]";

/// People whose weeks are shown at once: more rows than anybody scrolls through.
const PEOPLE_MAX: usize = 100;

/// The time between two screens: faster than anybody reads, and slow enough for a slow line.
const FRAME: Duration = Duration::from_millis(100);

/// How soon what moves with the time is drawn again.
const SECOND: Duration = Duration::from_secs(1);

/// Updates that wait to be shown. A client that is stopped reads no more: the server ends its watching then.
const UPDATES_MAX: usize = 16;

/// Keys that wait.
const INPUTS_MAX: usize = 64;

/// Shows the board.
///
/// # Errors
///
/// There is no terminal or no Bookline server, the arguments are invalid, the server refuses, or the
/// connection is lost for more tries than `--retry` allows.
pub fn run(args: &Args, target: &Target, board: &BoardArgs) -> Result<Exit, Error> {
    let is_terminal = std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
    if !is_terminal || is_dumb() {
        return Err(Error::NoTerminal);
    }
    let (wanted, date) = parse(board)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Error::Start { source })?;
    let ended = runtime.block_on(connect_and_show(args, target, wanted, date));
    // The client does not wait for the keyboard.
    runtime.shutdown_background();
    ended
}

fn parse(board: &BoardArgs) -> Result<(Wanted, CalendarDate), Error> {
    let Some(people) = &board.people else { return Ok((Wanted::Events, CalendarDate::TODAY)) };
    let invalid_people = |error| invalid(format!("people {} {error}", quoted(people)), USAGE);
    let group = Group::new(people.as_str()).map_err(invalid_people)?;
    if group.len() > PEOPLE_MAX {
        return Err(invalid(format!("{} people are too many: it shows {PEOPLE_MAX}", group.len()), USAGE));
    }
    let date = parse_date(&board.week, USAGE)?;
    Ok((Wanted::People(group.iter().map(str::to_owned).collect()), date))
}

async fn connect_and_show(
    args: &Args,
    target: &Target,
    wanted: Wanted,
    date: CalendarDate,
) -> Result<Exit, Error> {
    // Until the terminal is in use, a signal just ends the client.
    let opened = wait::open(target, &Interrupt::default()).await?;
    let not_bookline = || Error::NotBookline { address: target.address.clone(), reply: opened.1.clone() };
    let hello = parse_hello_of_account(&opened.1, &target.address)?;
    let now = std::time::Instant::now();
    let clock = ServerClock::of_hello(&hello, now).ok_or_else(not_bookline)?;
    let date = date.on(clock.zone.date(clock.time(now)));
    let subject = match &wanted {
        Wanted::Events => Subject::Events(Events::default()),
        Wanted::People(people) => Subject::Week(Week::empty(people.clone(), date)),
    };
    let (dates, date) = watch::channel(date);
    let (to_board, updates) = mpsc::channel(UPDATES_MAX);
    let feed = Feed::new(target.clone(), wanted, date, to_board, args.retry);
    let (to_inputs, inputs) = mpsc::channel(INPUTS_MAX);
    let (to_signals, signals) = mpsc::channel(INPUTS_MAX);
    signals::listen(to_signals)?;
    let mut shown = Shown {
        terminal: BoardTerminal::enter()?,
        screen: Screen::of_stdout(args.color),
        model: Model::new(target.cluster.last().to_string(), subject, clock),
        dates,
        drawn: None,
        is_stale: true,
    };
    keys::listen(to_inputs)?;
    let feed = tokio::spawn(feed.run(opened));
    shown.run(Sources { updates, inputs, signals, feed }).await
}

/// Where what is new comes from.
struct Sources {
    updates: mpsc::Receiver<Update>,
    inputs: mpsc::Receiver<Input>,
    signals: mpsc::Receiver<Signaled>,
    feed: JoinHandle<()>,
}

/// The board on the terminal.
struct Shown {
    terminal: BoardTerminal,
    screen: Screen,
    model: Model,
    /// The day that the week has which the feed asks for.
    dates: watch::Sender<Date>,
    /// When the screen was last drawn.
    drawn: Option<Instant>,
    /// Whether the screen shows less than the model has.
    is_stale: bool,
}

impl Shown {
    async fn run(&mut self, mut sources: Sources) -> Result<Exit, Error> {
        loop {
            let next = self.next_draw();
            let draw_time = async {
                match next {
                    Some(at) => sleep_until(at).await,
                    None => pending().await,
                }
            };
            let exit = tokio::select! {
                update = sources.updates.recv() => match update {
                    Some(update) => self.update(update).map(|()| None)?,
                    None => return Err(panicked(sources.feed).await),
                },
                Some(input) = sources.inputs.recv() => self.input(input)?,
                Some(signal) = sources.signals.recv() => self.signal(signal)?,
                () = draw_time => self.draw().map(|()| None)?,
            };
            if let Some(exit) = exit {
                return Ok(exit);
            }
        }
    }

    /// When the screen is to be drawn next, if nothing else happens.
    fn next_draw(&self) -> Option<Instant> {
        let Some(drawn) = self.drawn else { return Some(Instant::now()) };
        if self.is_stale {
            return Some(drawn + FRAME);
        }
        let now = self.model.clock.time(std::time::Instant::now());
        if self.model.is_moving(now) {
            return Some(drawn + SECOND);
        }
        // At midnight another day is today.
        Some(drawn + time_to_midnight(&self.model))
    }

    fn draw(&mut self) -> Result<(), Error> {
        let now = self.model.clock.time(std::time::Instant::now());
        let size = self.terminal.size()?;
        fit(&mut self.model, size, self.screen, now);
        let (model, screen) = (&self.model, self.screen);
        self.terminal.draw(|frame| draw(frame, model, screen, now))?;
        self.drawn = Some(Instant::now());
        self.is_stale = false;
        Ok(())
    }

    fn update(&mut self, update: Update) -> Result<(), Error> {
        let now = std::time::Instant::now();
        match update {
            Update::Connected(clock) => {
                self.model.clock = clock;
                self.model.link = LinkState::Loading;
            }
            Update::Loaded { loaded, sequence } => {
                let time = self.model.clock.time(now);
                self.model.load(loaded, sequence, time);
            }
            Update::Resumed => self.model.link = LinkState::Live,
            Update::Changes(changes) => self.model.apply(&changes, now),
            Update::Lost(error) => self.model.link = LinkState::Lost(error.to_string()),
            Update::Ended(error) => return Err(error),
        }
        self.is_stale = true;
        Ok(())
    }

    fn input(&mut self, input: Input) -> Result<Option<Exit>, Error> {
        let key = match input {
            Input::Key(key) => key,
            Input::Resized => {
                self.is_stale = true;
                return Ok(None);
            }
            Input::Ended(source) => return Err(Error::Input { source }),
        };
        self.is_stale = true;
        match self.model.press(key) {
            Action::Quit => return Ok(Some(Exit::Ok)),
            Action::Interrupt => return Ok(Some(Exit::Interrupted)),
            Action::Load(date) => {
                self.dates.send_replace(date);
            }
            Action::Suspend => {
                leave();
                // It stops this process, too. A shell without jobs ignores it, and the client goes on.
                let _ = kill_current_process_group(Signal::TSTP);
                self.terminal.enter_again()?;
            }
            Action::Redraw => self.terminal.clear()?,
            Action::Nothing => {}
        }
        Ok(None)
    }

    fn signal(&mut self, signal: Signaled) -> Result<Option<Exit>, Error> {
        match signal {
            Signaled::End => Ok(Some(Exit::Interrupted)),
            Signaled::Continued => {
                self.is_stale = true;
                self.terminal.enter_again().map(|()| None)
            }
        }
    }
}

/// The time until the server's date is another one.
fn time_to_midnight(model: &Model) -> Duration {
    const HOUR: u64 = 3_600;
    let now = model.clock.time(std::time::Instant::now());
    let [hours, minutes, seconds] = [0, 3, 6].map(|at| {
        let time = model.clock.zone.time(now);
        time.get(at..at + 2).and_then(|digits| digits.parse::<u64>().ok()).unwrap_or(0)
    });
    // Where clocks are changed, the hour before is drawn once more.
    Duration::from_secs((24 * HOUR).saturating_sub(hours * HOUR + minutes * 60 + seconds).clamp(1, HOUR))
}

/// The feed ends first only by a panic, which goes on here.
async fn panicked(feed: JoinHandle<()>) -> Error {
    match feed.await {
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        _ => Error::Start { source: std::io::Error::other("the feed has ended") },
    }
}
