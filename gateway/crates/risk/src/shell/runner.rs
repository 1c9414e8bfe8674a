//! The main loop: one thread; kept in shared memory, then wire, then ring, then journal.

use std::path::Path;
use std::time::Duration;

use cws_abi::{Beat, BeatReader, Consumer, OrderIntent};
use cws_journal::{Entry, JournalError, Tail, Writer};
use cws_process::clock::{monotonic_ns, utc_ns};
use cws_process::fault::Fault;
use cws_process::line_socket::LineSocket;
use cws_process::pinning;
use cws_process::stop;
use cws_process::waiting::Waiting;
use cws_risk::Now;
use cws_risk::core::Core;
use cws_risk::effects::Effects;
use cws_risk::session::Soup;
use cws_risk::signing::{self, unhex};
use ed25519_dalek::VerifyingKey;

use super::capture::Capture;
use super::config::{Config, OnStop, Session};
use super::connection::Connection;
use super::outbox::Outbox;

/// What is not worth a look in every round: sockets of commands, clocks, files.
const TICK_NS: u64 = 500_000;
/// Without a reason to, the order session is looked at again after this.
const LOOK_NS: u64 = 10_000;
/// How long a stop waits for the venue to confirm cancels, and for drop copy of what traded.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

pub struct Runner {
    pub(super) config: Config,
    pub(super) key: VerifyingKey,
    pub(super) core: Core,
    pub(super) fx: Effects,
    pub(super) journal: Writer,
    pub(super) capture: Capture,
    pub(super) orders: Connection,
    pub(super) drop_copy: Option<Connection>,
    pub(super) outbox: Outbox,
    pub(super) intents: Option<Consumer<OrderIntent>>,
    /// The file that `intents` was opened from.
    pub(super) ring_file: Option<u64>,
    pub(super) beat: Beat,
    pub(super) gateway_beat: Option<BeatReader>,
    pub(super) ticked_ns: u64,
    pub(super) slow_ticked_ns: u64,
    /// Last look at the order session that found nothing.
    listened_ns: u64,
    pub(super) build: String,
    pub(super) uid: u32,
}

pub fn now() -> Now {
    Now {
        utc_ns: utc_ns(),
        mono_ns: monotonic_ns(),
    }
}

pub(super) fn say(what: &str) {
    eprintln!("cws-risk: {what}");
}

fn start_fault(place: &Path, error: impl ToString) -> Fault {
    Fault::new(
        "CWS-RISK-012",
        error.to_string(),
        place.display().to_string(),
        "see the message; nothing was sent",
    )
}

impl Runner {
    /// Reads the journal, takes the limits, opens everything that is ours. Nothing is sent yet.
    pub fn start(config: Config, build: String) -> Result<Self, Fault> {
        let settings = config.settings()?;
        let key = signing::public_key(&config.limits_public_key).ok_or_else(|| {
            let what = "no Ed25519 public key of 64 hex digits";
            Fault::new(
                "CWS-RISK-013",
                what,
                "limits_public_key",
                "make one: cws-risk keygen --key FILE",
            )
        })?;
        let run_dir = config.run_dir.clone();
        std::fs::create_dir_all(&run_dir).map_err(|error| start_fault(&run_dir, error))?;
        // SAFETY: no arguments, no errors.
        let uid = unsafe { libc::geteuid() };
        let start = now();
        let mut core = Core::new(settings);
        let limits = signing::load(&config.limits, &key, None, start.utc_ns);
        if let Ok(signed) = &limits {
            core.take_limits(signed.clone());
        }
        let mut fx = Effects::default();
        let journal = open_journal(&config, &mut core, &mut fx, start)?;
        let mut outbox = Outbox::open(&run_dir, config.executions_capacity)
            .map_err(|error| start_fault(&run_dir, error))?;
        fx.executions
            .drain(..)
            .for_each(|execution| outbox.push(execution));
        core.skip_executions(outbox.written());
        let hash = unhex(&build).expect("a build hash is 64 hex digits");
        let version = env!("CARGO_PKG_VERSION").to_owned();
        fx.entries.push((
            start.utc_ns,
            Entry::Start {
                build_hash: hash,
                version,
            },
        ));
        core.replayed(start, &mut fx);
        let admitted = limits.and_then(|signed| core.admit_limits(&signed).map(|()| signed));
        match admitted {
            Ok(signed) => core.set_limits(signed, start, &mut fx),
            Err(fault) => {
                core.limits = None;
                say(&format!("no limits, HALTED: {fault}"));
            }
        }
        let capture = Capture::create(
            &run_dir.join("capture"),
            start.utc_ns,
            &format!("cws-risk {build}"),
        )
        .map_err(|error| start_fault(&run_dir.join("capture"), error))?;
        let orders = connection(
            &config.order_session,
            0,
            core.session(),
            core.venue_seq(),
            uid,
        )?;
        let drop_copy = config.drop_copy.as_ref();
        let drop_copy = drop_copy
            .map(|s| connection(s, 1, &core.drop_copy.session, core.drop_copy.seq, uid))
            .transpose()?;
        let beat =
            Beat::open(&run_dir.join("risk.beat")).map_err(|error| start_fault(&run_dir, error))?;
        Ok(Self {
            key,
            core,
            fx,
            journal,
            capture,
            orders,
            drop_copy,
            outbox,
            intents: None,
            ring_file: None,
            beat,
            gateway_beat: None,
            ticked_ns: 0,
            slow_ticked_ns: 0,
            listened_ns: 0,
            build,
            uid,
            config,
        })
    }

    /// Until SIGTERM; then what `on_stop` says.
    pub fn run(&mut self, socket: &mut LineSocket) {
        if let Err(error) = pinning::pin(self.config.core) {
            say(&format!("core {}: {error}; not pinned", self.config.core));
        }
        let mut waiting = Waiting::new(self.config.spinners)
            .awake(Duration::from_micros(u64::from(self.config.awake_us)));
        while !stop::asked() {
            if self.round(socket, now()) {
                waiting.worked();
            } else {
                waiting.idle();
            }
        }
        self.stop(socket);
    }

    fn round(&mut self, socket: &mut LineSocket, now: Now) -> bool {
        self.beat.beat(now.mono_ns);
        if let Some(beat) = &self.gateway_beat {
            let last_ns = beat.last_ns();
            // One that came after this round began is heard in the next; one from the future never is, and grows old.
            if last_ns <= now.mono_ns {
                self.core.beat(last_ns);
            }
        }
        let mut worked = self.take_intents();
        worked |= self.listen_if_due(now);
        worked |= self.outbox.drain();
        if now.mono_ns.saturating_sub(self.ticked_ns) >= TICK_NS {
            self.ticked_ns = now.mono_ns;
            worked |= self.tick(socket, now);
        }
        worked
    }

    /// A look at the order session is a system call, and an intent that comes meanwhile waits for it. It is due where an
    /// answer is, after a look that found something, and else when the last one is some rounds ago.
    fn listen_if_due(&mut self, now: Now) -> bool {
        if !self.orders.expects() && now.mono_ns.saturating_sub(self.listened_ns) < LOOK_NS {
            return false;
        }
        let heard = self.listen(now);
        self.listened_ns = if heard { 0 } else { now.mono_ns };
        heard
    }

    /// SIGTERM: no new orders; cancels if so set; goodbye.
    fn stop(&mut self, socket: &mut LineSocket) {
        let began = now();
        self.intents = None;
        if self.config.on_stop == OnStop::CancelAll {
            self.core.cancel_all(None, began, &mut self.fx);
            self.commit(began);
        }
        let patience = STOP_PATIENCE.as_nanos() as u64;
        while self.config.on_stop == OnStop::CancelAll
            && self.orders.is_open()
            && (self.core.book.open().next().is_some() || self.core.drop_copy.awaits())
            && monotonic_ns().saturating_sub(began.mono_ns) < patience
        {
            self.beat.beat(monotonic_ns());
            if !self.listen(now()) {
                self.tick(socket, now());
                std::thread::sleep(Duration::from_micros(200));
            }
        }
        self.listen_drop_copy(now());
        for line in [Some(&mut self.orders), self.drop_copy.as_mut()]
            .into_iter()
            .flatten()
        {
            if line.is_open() {
                line.logout(&mut self.capture, now());
            }
        }
        self.capture.flush().ok();
        self.outbox.drain();
    }
}

fn open_journal(
    config: &Config,
    core: &mut Core,
    fx: &mut Effects,
    start: Now,
) -> Result<Writer, Fault> {
    let path = config.run_dir.join("risk.journal");
    let settings = cws_journal::Settings {
        max_bytes: config.journal_max_bytes,
        file_bytes: config.journal_file_bytes,
        stash: true,
        commit_every: Duration::from_millis(config.journal_commit_ms),
    };
    let opened = Writer::open(&path, start.utc_ns, settings, |record| {
        core.replay(record, fx)
    });
    let (writer, opened) = opened.map_err(|error: JournalError| start_fault(&path, error))?;
    if let Tail::Torn { at, bytes } = opened.tail {
        say(&format!(
            "journal: {bytes} bytes of a torn record cut off at {at}"
        ));
    }
    if opened.kept > 0 {
        let kept = opened.kept;
        say(&format!(
            "journal: {kept} records written that the life before had no time for"
        ));
    }
    Ok(writer)
}

fn connection(
    session: &Session,
    interface: u32,
    name: &str,
    seen: u64,
    uid: u32,
) -> Result<Connection, Fault> {
    let password = cws_risk::password::read(&session.password_file, uid)?;
    let silence_ns = session.silence_ms.saturating_mul(1_000_000);
    let soup = Soup::new(&session.user, &password, name, seen + 1, silence_ns);
    let soup = soup
        .ok_or_else(|| start_fault(Path::new(&session.user), "user or session name is too long"))?;
    Ok(Connection::new(session.address, interface, soup))
}
