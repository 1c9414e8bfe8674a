//! The thin shell: sockets, clocks and the journal's file around [`Venue`]. One thread.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::Path;

use cws_process::fault::Fault;
use cws_process::line_socket::LineSocket;
use cws_process::waiting::Waiting;
use cws_process::{clock, stop};
use serde_json::json;

use crate::config::{Config, FlowConfig, Mode};
use crate::journal::{self, Day};
use crate::net::{self, Clients};
use crate::replay;
use crate::session::Port;
use crate::venue::{Now, Venue};

const SOCKET_MODE: u32 = 0o660;
const REPLAY_BYTES_MAX: u64 = 2 << 30;
/// The longest sleep: signals and heartbeats are looked at this often.
const LONGEST_WAIT_NS: u64 = 5_000_000;
/// Rounds without work that are spent spinning before the loop sleeps in the kernel.
const SPIN_ROUNDS: u32 = 2_000;
/// How long clients are given to take the end of the session.
const PARTING_NS: u64 = 1_000_000_000;

fn now() -> Now {
    Now {
        monotonic_ns: clock::monotonic_ns(),
        utc_ns: clock::utc_ns(),
    }
}

fn refuse(place: impl Into<String>) -> impl FnOnce(io::Error) -> Fault {
    let place = place.into();
    |error| {
        Fault::new(
            "CWS-VENUE-020",
            error.to_string(),
            place,
            "free it or name another one",
        )
    }
}

struct Shell {
    venue: Venue,
    journal: File,
    feeds: UdpSocket,
    groups: [SocketAddr; 2],
    requests: UdpSocket,
    orders: TcpListener,
    drop_copy: TcpListener,
    clients: Clients,
    control: LineSocket,
}

/// Runs until SIGTERM; the session is then ended in good order.
///
/// # Errors
/// What cannot be opened, a journal of something else, or a journal that can no longer be written.
pub fn run(config: Config) -> Result<(), Fault> {
    config.validate()?;
    let mut shell = Shell::open(config)?;
    shell.announce().map_err(refuse("stdout"))?;
    let mut waiting = Waiting::new(shell.venue.config.spinners);
    let spins = shell.venue.config.spinners > 0;
    let mut idle_rounds = 0;
    while !stop::asked() {
        if shell.round()? {
            idle_rounds = 0;
            waiting.worked();
        } else if spins && idle_rounds < SPIN_ROUNDS {
            idle_rounds += 1;
            waiting.idle();
        } else {
            shell.wait();
        }
    }
    shell.part()
}

impl Shell {
    fn open(config: Config) -> Result<Self, Fault> {
        std::fs::create_dir_all(&config.run_dir).map_err(refuse("run_dir"))?;
        let day = Day {
            session: crate::itch::alpha(&config.session),
            config: config.hash(),
        };
        let (journal, records) = open_journal(&config.run_dir, &day)?;
        let start_ns = match (records.first(), config.mode) {
            (Some(first), _) => first.time_ns,
            (None, Mode::Lockstep) => config.start_ns,
            (None, Mode::Free) => clock::utc_ns(),
        };
        let rows = replay_rows(&config)?;
        let market_data = &config.market_data;
        let named = std::env::var(net::LISTENERS).ok();
        let [orders, drop_copy] =
            net::listeners(&config.orders, named.as_deref()).map_err(refuse("orders"))?;
        let shell = |venue| -> Result<Self, Fault> {
            Ok(Self {
                venue,
                journal,
                feeds: net::feed_socket(market_data.interface)
                    .map_err(refuse("market_data.interface"))?,
                groups: [market_data.group_a.into(), market_data.group_b.into()],
                requests: net::request_socket(market_data.request)
                    .map_err(refuse("market_data.request"))?,
                orders,
                drop_copy,
                clients: Clients::default(),
                control: LineSocket::bind(&config.run_dir.join("venue.sock"), SOCKET_MODE)
                    .map_err(refuse("venue.sock"))?,
            })
        };
        let mut shell = shell(Venue::new(config.clone(), start_ns, rows)?)?;
        shell.venue.start(records, now());
        shell.flush()?;
        Ok(shell)
    }

    /// One line for whoever started us: where everything listens (a port 0 of the configuration is a free one).
    fn announce(&self) -> io::Result<()> {
        let ready = json!({
            "ready": true,
            "orders": self.orders.local_addr()?.to_string(),
            "drop_copy": self.drop_copy.local_addr()?.to_string(),
            "request": self.requests.local_addr()?.to_string(),
        });
        let mut out = io::stdout().lock();
        writeln!(out, "{ready}")?;
        out.flush()
    }

    /// Everything that can be done without waiting; true if anything was.
    fn round(&mut self) -> Result<bool, Fault> {
        let venue = &mut self.venue;
        let time = now();
        let mut worked = self.clients.accept(&self.orders, Port::Orders, venue, time);
        worked |= self
            .clients
            .accept(&self.drop_copy, Port::DropCopy, venue, time);
        worked |= self.clients.read(venue, time);
        worked |= net::serve_requests(&self.requests, venue, time);
        let mut written = Ok(());
        let journal = &mut self.journal;
        worked |= self.control.poll(|_, request| {
            let answer = venue.command(request, now());
            // The answer says that it happened, so it is in the journal first.
            if let Err(error) = write_journal(journal, venue) {
                written = Err(error);
            }
            answer
        });
        written.map_err(refuse("venue.journal"))?;
        venue.tick(now());
        Ok(self.flush()? | worked)
    }

    /// Journal first, then what follows from it; true if anything went out.
    fn flush(&mut self) -> Result<bool, Fault> {
        write_journal(&mut self.journal, &mut self.venue).map_err(refuse("venue.journal"))?;
        let mut worked = false;
        for datagram in self.venue.feeds.out.drain(..) {
            // What the kernel refuses is lost as on any wire; it is asked for again.
            self.feeds
                .send_to(&datagram.bytes, self.groups[datagram.feed])
                .ok();
            worked = true;
        }
        worked |= self.clients.write(&mut self.venue);
        Ok(worked)
    }

    fn wait(&self) {
        let time = now();
        let flow_ns = self
            .venue
            .next_step_ns()
            .map(|due_ns| due_ns.saturating_sub(time.utc_ns));
        let delayed_ns = self
            .venue
            .feeds
            .due_ns()
            .map(|due_ns| due_ns.saturating_sub(time.monotonic_ns));
        let longest_ns = [flow_ns, delayed_ns]
            .into_iter()
            .flatten()
            .fold(LONGEST_WAIT_NS, u64::min);
        use std::os::fd::AsRawFd;
        let own = [
            self.requests.as_raw_fd(),
            self.orders.as_raw_fd(),
            self.drop_copy.as_raw_fd(),
        ];
        let fds = own
            .into_iter()
            .chain(self.clients.fds())
            .chain(self.control.fds());
        net::wait(fds, longest_ns);
    }

    /// Ends the session and gives clients a moment to read it.
    fn part(&mut self) -> Result<(), Fault> {
        let until_ns = now().monotonic_ns + PARTING_NS;
        self.venue.end(now());
        loop {
            self.round()?;
            if self.venue.is_told() || now().monotonic_ns >= until_ns {
                self.clients.shut(&mut self.venue, now());
                return Ok(());
            }
            self.wait();
        }
    }
}

fn write_journal(journal: &mut File, venue: &mut Venue) -> io::Result<()> {
    if !venue.unwritten.is_empty() {
        journal.write_all(&venue.unwritten)?;
        venue.unwritten.clear();
    }
    Ok(())
}

/// Opens the day's journal behind its last good record; another session's is moved aside.
fn open_journal(run_dir: &Path, day: &Day) -> Result<(File, Vec<crate::Record>), Fault> {
    let path = run_dir.join("venue.journal");
    let open = || {
        let mut options = OpenOptions::new();
        options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
    };
    let mut bytes = Vec::new();
    let mut file = open().map_err(refuse("venue.journal"))?;
    file.read_to_end(&mut bytes)
        .map_err(refuse("venue.journal"))?;
    if day.is_another(&bytes) {
        let session = String::from_utf8_lossy(&bytes[8..18]).trim_end().to_owned();
        let aside = run_dir.join(format!("venue.{session}.journal"));
        std::fs::rename(&path, aside).map_err(refuse("venue.journal"))?;
        file = open().map_err(refuse("venue.journal"))?;
        bytes.clear();
    }
    let (records, good) = journal::read(&bytes, day)?;
    let keep = |file: &mut File| -> io::Result<()> {
        file.set_len(good as u64)?;
        file.seek(SeekFrom::End(0))?;
        if good == 0 {
            file.write_all(&day.head())?;
        }
        Ok(())
    };
    keep(&mut file).map_err(refuse("venue.journal"))?;
    Ok((file, records))
}

fn replay_rows(config: &Config) -> Result<Vec<crate::Row>, Fault> {
    let FlowConfig::Replay { file } = &config.flow else {
        return Ok(Vec::new());
    };
    let place = file.display().to_string();
    let mut text = String::new();
    let opened = File::open(file).map_err(refuse(place.clone()))?;
    opened
        .take(REPLAY_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(refuse(place))?;
    let names: Vec<String> = config
        .symbols
        .iter()
        .map(|symbol| symbol.name.clone())
        .collect();
    replay::parse(&text, &names)
}
