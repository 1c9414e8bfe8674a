//! The main loop: one thread; journal, then wire, then ring.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cws_abi::{Beat, BeatReader, Consumer, OrderIntent};
use cws_journal::{Entry, JournalError, Tail, Writer};
use cws_process::clock::{monotonic_ns, utc_ns};
use cws_process::fault::Fault;
use cws_process::line_socket::LineSocket;
use cws_process::waiting::Waiting;
use cws_process::{build_hash, stop};
use cws_risk::Now;
use cws_risk::commands::{Asker, answer};
use cws_risk::core::Core;
use cws_risk::effects::Effects;
use cws_risk::session::{Soup, SoupEvent};
use cws_risk::signing::{self, SignedLimits, unhex};
use ed25519_dalek::VerifyingKey;
use serde_json::json;

use super::capture::Capture;
use super::config::{Config, OnStop, Session};
use super::connection::{Connection, Trouble};
use super::outbox::Outbox;

/// Intents taken before the venue is listened to again.
const BATCH: usize = 64;
/// What is not worth a look in every round: sockets of commands, clocks, files.
const TICK_NS: u64 = 500_000;
const SLOW_TICK_NS: u64 = 50_000_000;
/// How long a stop waits for the venue to confirm cancels.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

pub struct Runner {
    config: Config,
    key: VerifyingKey,
    core: Core,
    fx: Effects,
    journal: Writer,
    capture: Capture,
    orders: Connection,
    drop_copy: Option<Connection>,
    outbox: Outbox,
    intents: Option<Consumer<OrderIntent>>,
    beat: Beat,
    gateway_beat: Option<BeatReader>,
    ticked_ns: u64,
    slow_ticked_ns: u64,
    build: String,
    uid: u32,
}

pub fn now() -> Now {
    Now {
        utc_ns: utc_ns(),
        mono_ns: monotonic_ns(),
    }
}

fn say(what: &str) {
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
        match limits {
            Ok(signed) => core.set_limits(signed, start, &mut fx),
            Err(fault) => say(&format!("no limits, HALTED: {fault}")),
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
            beat,
            gateway_beat: None,
            ticked_ns: 0,
            slow_ticked_ns: 0,
            build,
            uid,
            config,
        })
    }

    /// Until SIGTERM; then what `on_stop` says.
    pub fn run(&mut self, socket: &mut LineSocket) {
        let mut waiting = Waiting::new(self.config.spinners);
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
        let mut worked = self.take_intents(now);
        worked |= self.listen(now);
        worked |= self.outbox.drain();
        if now.mono_ns.saturating_sub(self.ticked_ns) >= TICK_NS {
            self.ticked_ns = now.mono_ns;
            worked |= self.tick(socket, now);
        }
        worked
    }

    fn take_intents(&mut self, now: Now) -> bool {
        let Some(ring) = self.intents.as_mut().filter(|_| !self.outbox.congested()) else {
            return false;
        };
        let mut taken = 0;
        let mut broken = None;
        while taken < BATCH {
            match ring.take() {
                // Read again: an intent that came while we were not running is not from the future.
                Ok(Some(intent)) => self.core.intent(&intent, self::now(), &mut self.fx),
                Ok(None) => break,
                Err(error) => {
                    broken = Some(error.to_string());
                    break;
                }
            }
            taken += 1;
        }
        if let Some(why) = broken {
            say(&why);
            self.intents = None;
            self.core.ring_failed(&why, now, &mut self.fx);
        }
        if taken > 0 || !self.fx.is_empty() {
            self.commit(now);
        }
        if let Some(ring) = self.intents.as_mut().filter(|_| taken > 0) {
            ring.release();
        }
        taken > 0
    }

    /// Makes what the core decided happen: journal, then bytes, then executions.
    fn commit(&mut self, now: Now) {
        if self.fx.is_empty() {
            return;
        }
        if !self.core.status.journal_failed {
            for (ts_ns, entry) in self.fx.entries.drain(..) {
                self.journal.stage(ts_ns, &entry);
            }
            if let Err(error) = self.journal.flush() {
                self.give_up_orders(&error.to_string(), now);
            }
        }
        let mut bytes = Vec::with_capacity(64 * self.fx.outgoing.len());
        for outgoing in self.fx.outgoing.drain(..) {
            bytes.extend_from_slice(outgoing.frame.bytes());
        }
        let mut trouble = None;
        if !bytes.is_empty() && self.orders.is_open() {
            trouble = self.orders.send(&bytes, &mut self.capture, now).err();
        }
        let relogin = std::mem::take(&mut self.fx.relogin);
        self.fx.entries.clear();
        self.fx
            .executions
            .drain(..)
            .for_each(|execution| self.outbox.push(execution));
        if relogin {
            trouble.get_or_insert(Trouble::Line("an answer is overdue".into()));
        }
        if let Some(trouble) = trouble {
            self.orders_broke(trouble, now);
        }
    }

    /// The journal said no: orders of this batch stay here, cancels go.
    fn give_up_orders(&mut self, why: &str, now: Now) {
        say(&format!("HALTED: {why}"));
        let (orders, cancels): (Vec<_>, Vec<_>) = self
            .fx
            .outgoing
            .drain(..)
            .partition(|outgoing| outgoing.order_id != 0);
        self.fx.outgoing = cancels;
        for order in orders {
            self.core.unsent(order.order_id, now, &mut self.fx);
        }
        self.core.journal_failed(now, &mut self.fx);
    }

    fn orders_broke(&mut self, trouble: Trouble, now: Now) {
        match trouble {
            Trouble::Capture(error) => {
                // What cannot be captured may not be sent; cancels still may.
                self.give_up_orders(&format!("capture: {error}"), now);
                self.commit(now);
            }
            Trouble::Line(why) => {
                self.orders.close();
                self.core.session_down(&why, now, &mut self.fx);
                self.commit(now);
            }
        }
    }

    /// What the venue said, on both sessions.
    fn listen(&mut self, now: Now) -> bool {
        let (core, fx) = (&mut self.core, &mut self.fx);
        let heard = self
            .orders
            .poll(&mut self.capture, now, |event, soup| match event {
                SoupEvent::LoggedIn { new_session } => {
                    core.session_up(&soup.session(), new_session, now, fx)
                }
                SoupEvent::Message { seq, payload } => core.message(seq, payload.bytes(), now, fx),
                SoupEvent::Idle => core.session_idle(now, fx),
                SoupEvent::Broken { why } => core.session_down(&why, now, fx),
                SoupEvent::Ended => core.session_down("the venue ended the session", now, fx),
            });
        let worked = self.settle(heard, now);
        self.commit(now);
        worked
    }

    fn settle(&mut self, heard: Result<bool, Trouble>, now: Now) -> bool {
        match heard {
            Ok(worked) => worked,
            Err(trouble) => {
                self.orders_broke(trouble, now);
                true
            }
        }
    }

    fn listen_drop_copy(&mut self, now: Now) -> bool {
        let Some(line) = self.drop_copy.as_mut() else {
            return false;
        };
        let (core, fx) = (&mut self.core, &mut self.fx);
        let heard = line
            .open(&mut self.capture, now)
            .and_then(|()| line.tick(&mut self.capture, now))
            .and_then(|()| {
                line.poll(&mut self.capture, now, |event, soup| match event {
                    SoupEvent::LoggedIn { new_session } => {
                        core.drop_copy_up(&soup.session(), new_session, now, fx);
                    }
                    SoupEvent::Message { seq, payload } => {
                        core.drop_copy_message(seq, payload.bytes(), now, fx);
                    }
                    SoupEvent::Idle | SoupEvent::Broken { .. } | SoupEvent::Ended => {}
                })
            });
        self.commit(now);
        match heard {
            Ok(worked) => worked,
            Err(Trouble::Capture(error)) => {
                self.orders_broke(Trouble::Capture(error), now);
                true
            }
            Err(Trouble::Line(_)) => {
                if let Some(line) = self.drop_copy.as_mut() {
                    line.close();
                }
                true
            }
        }
    }

    fn tick(&mut self, socket: &mut LineSocket, now: Now) -> bool {
        let opened = self.orders.open(&mut self.capture, now);
        let ticked = opened.and_then(|()| self.orders.tick(&mut self.capture, now));
        self.settle(ticked.map(|()| false), now);
        let mut worked = self.listen_drop_copy(now);
        worked |= self.commands(socket, now);
        if now.mono_ns.saturating_sub(self.slow_ticked_ns) >= SLOW_TICK_NS {
            self.slow_ticked_ns = now.mono_ns;
            self.look_for_gateway(now);
        }
        let desk_age_ns = self.desk_age_ns(now);
        self.core.tick(desk_age_ns, now, &mut self.fx);
        if self.journal.health().is_err() && !self.core.status.journal_failed {
            self.give_up_orders("the journal's commit failed", now);
        }
        self.commit(now);
        if let Err(error) = self.capture.flush() {
            self.orders_broke(Trouble::Capture(error), now);
        }
        worked
    }

    fn look_for_gateway(&mut self, now: Now) {
        let dir = &self.config.run_dir;
        if !self.core.status.beating(now) {
            self.gateway_beat = BeatReader::open(&dir.join("gateway.beat")).ok();
        }
        if self.intents.is_none() && !self.core.status.ring_failed {
            let ring = Consumer::open(&dir.join("intents.ring"), &dir.join("intents.cursor")).ok();
            if let Some(ring) = &ring {
                self.core.skip_intents(ring.taken());
            }
            self.intents = ring;
        }
    }

    fn desk_age_ns(&self, now: Now) -> Option<u64> {
        let path = self.config.dead_man_file.as_ref()?;
        let refreshed = std::fs::metadata(path)
            .and_then(|found| found.modified())
            .ok();
        let refreshed = refreshed.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        let refreshed_ns = refreshed.and_then(|since| u64::try_from(since.as_nanos()).ok());
        // A file from the future was not refreshed by an honest clock.
        let ahead = now.utc_ns.saturating_add(1_000_000_000);
        let age = refreshed_ns
            .filter(|at| *at <= ahead)
            .map(|at| now.utc_ns.saturating_sub(at));
        Some(age.unwrap_or(u64::MAX))
    }

    fn commands(&mut self, socket: &mut LineSocket, now: Now) -> bool {
        let (core, fx, key) = (&mut self.core, &mut self.fx, &self.key);
        let operators = &self.config.operators;
        let uid = self.uid;
        let journal = &self.journal;
        let (build, waiting) = (&self.build, self.outbox.waiting());
        let mut load = |path: &str, in_force: Option<u64>| -> Result<SignedLimits, Fault> {
            signing::load(&PathBuf::from(path), key, in_force, now.utc_ns)
        };
        let worked = socket.poll(|peer, request| {
            let is_hello = request.get("cmd").is_some_and(|cmd| cmd == "gateway");
            let mut asker = Asker {
                operator: peer.uid == uid || operators.contains(&peer.uid),
                build: is_hello.then(|| build_hash::build_hash_of_pid(peer.pid).ok()).flatten(),
                load_limits: &mut load,
            };
            let mut reply = answer(core, request, &mut asker, now, fx);
            if let (Some("status"), Some(reply)) =
                (request.get("cmd").and_then(|cmd| cmd.as_str()), reply.as_object_mut())
            {
                let head = journal.head();
                reply.insert("build_hash".into(), json!(build));
                reply.insert("version".into(), json!(env!("CARGO_PKG_VERSION")));
                reply.insert("executions_waiting".into(), json!(waiting));
                let health = journal.health().err().map(|error| error.to_string());
                reply.insert("journal".into(), json!({"seq": head.seq, "synced": journal.synced_seq(),
                    "hash": signing::hex(&head.hash), "bytes": journal.len_bytes(), "failure": health}));
            }
            reply
        });
        self.commit(now);
        worked
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
            && self.core.book.orders.values().any(|open| open.open())
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
