//! The binary between a gateway and a venue that the test plays itself.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cws_abi::{Beat, Consumer, ExecKind, Execution, OrderIntent, Producer};
use cws_process::clock::{monotonic_ns, utc_ns};
use cws_risk::order::Order;
use cws_risk::signing::{hex, sign, signature_path};
use cws_wire::Price4;
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};

use crate::broken_disk::{Broken, breaks};
use crate::common::intent;
use crate::venue::{PATIENCE, Venue};

pub struct Desk {
    pub dir: PathBuf,
    pub key: SigningKey,
    child: Option<Child>,
    pub intents: Producer<OrderIntent>,
    pub executions: Option<Consumer<Execution>>,
    beating: Arc<AtomicBool>,
    extra: String,
    pub broken: Option<Broken>,
}

impl Desk {
    /// A folder with everything that risk needs; `extra` goes into its configuration.
    pub fn new(name: &str, venue: &Venue, extra: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("cws-risk-{name}-{}", std::process::id()));
        std::fs::remove_dir_all(&dir).ok();
        std::fs::create_dir_all(&dir).expect("a folder of our own");
        let key = SigningKey::from_bytes(&[9; 32]);
        let intents = Producer::open(&dir.join("intents.ring"), &dir.join("intents.cursor"), 1024)
            .expect("opens");
        let desk = Self {
            key,
            child: None,
            intents,
            executions: None,
            beating: beat(&dir),
            extra: extra.into(),
            broken: None,
            dir,
        };
        desk.password(0o600);
        desk.limits(1, |text| text);
        desk.configure(venue);
        desk
    }

    pub fn password(&self, mode: u32) {
        let path = self.dir.join("password");
        std::fs::write(&path, "secret\n").expect("writes");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("sets");
    }

    /// Limits of now, signed, at `limits.toml`.
    pub fn limits(&self, version: u64, change: impl FnOnce(String) -> String) {
        let text = crate::common::LIMITS
            .replace("version = 1\n", &format!("version = {version}\n"))
            .replace(
                "1800000100000000000",
                &(utc_ns() + 3_600_000_000_000).to_string(),
            )
            .replace("1799999990000000000", &utc_ns().to_string())
            .replace("[\"aa\"]", "[\"any\"]");
        let text = change(text);
        let path = self.dir.join("limits.toml");
        std::fs::write(&path, &text).expect("writes");
        std::fs::write(signature_path(&path), sign(text.as_bytes(), &self.key)).expect("writes");
    }

    fn configure(&self, venue: &Venue) {
        let dir = self.dir.display();
        let text = format!(
            "run_dir = \"{dir}\"\nregion = \"A\"\nvenue = \"SIM\"\nlimits = \"{dir}/limits.toml\"\n\
             limits_public_key = \"{}\"\nbeat_timeout_ms = 500\n{}\n\
             [order_session]\naddress = \"{}\"\nuser = \"CWS01\"\npassword_file = \"{dir}/password\"\n",
            hex(self.key.verifying_key().as_bytes()),
            self.extra,
            venue.address(),
        );
        std::fs::write(self.dir.join("risk.toml"), text).expect("writes");
    }

    /// Starts risk; false where it refuses to.
    pub fn try_start(&mut self) -> Result<(), String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cws-risk"));
        command.arg("--config").arg(self.dir.join("risk.toml"));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(broken) = self.broken {
            breaks(&mut command, broken);
        }
        let mut child = command.spawn().expect("starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let first = lines.next();
        assert!(
            first.is_some_and(|line| line.is_ok_and(|line| line.starts_with("cws-risk 1."))),
            "name, version, build"
        );
        if lines.next().is_some() {
            let mut errors = child.stderr.take().expect("piped");
            std::thread::spawn(move || std::io::copy(&mut errors, &mut std::io::sink()));
            self.child = Some(child);
            return Ok(());
        }
        let mut said = String::new();
        child
            .stderr
            .take()
            .expect("piped")
            .read_to_string(&mut said)
            .ok();
        child.wait().expect("ends");
        Err(said)
    }

    pub fn start(&mut self) {
        self.try_start().expect("risk starts");
    }

    /// Starts, logs in, opens the day, registers parents 1 (buy), 2 (sell), 3 (short); risk is ACTIVE then.
    pub fn open_day(&mut self, venue: &mut Venue) {
        self.start();
        venue.accept();
        venue.start_of_day();
        for (id, side) in [(1, "buy"), (2, "sell"), (3, "sell_short")] {
            let answer = self.ask(&json!({
                "cmd": "parent", "parent_id": id, "strategy": "one", "strategy_no": 1, "symbol": "AAPL", "side": side,
                "quantity": 1_000_000, "patch": "p1", "data_version": "d", "ledger_id": "l",
            }));
            assert_eq!(answer["ok"], true, "{answer}");
        }
        self.wait(|status| status["state"] == "ACTIVE" && status["phase"] == "open");
    }

    pub fn ask(&self, request: &Value) -> Value {
        let mut stream = UnixStream::connect(self.dir.join("risk.sock")).expect("connects");
        stream.set_read_timeout(Some(PATIENCE)).expect("sets");
        writeln!(stream, "{request}").expect("asks");
        let mut line = String::new();
        BufReader::new(stream)
            .read_line(&mut line)
            .expect("answers");
        serde_json::from_str(&line).expect("JSON")
    }

    pub fn status(&self) -> Value {
        self.ask(&json!({"cmd": "status"}))
    }

    pub fn wait(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let status = self.status();
            if wanted(&status) {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "it never comes to that: {status}"
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Puts the intent into the ring, stamped with now.
    pub fn push(&mut self, order: &Order) {
        self.push_intent(intent(0, order));
    }

    pub fn push_intent(&mut self, intent: OrderIntent) {
        let seq = self.intents.written() + 1;
        let intent = OrderIntent {
            seq,
            ts_recv_ns: utc_ns(),
            ..intent
        };
        self.intents.try_push(&intent).expect("room");
    }

    pub fn written(&self) -> u64 {
        self.intents.written()
    }

    /// An execution that is there already.
    fn take_execution(&mut self) -> Option<Execution> {
        if self.executions.is_none() {
            let (ring, cursor) = (
                self.dir.join("executions.ring"),
                self.dir.join("executions.cursor"),
            );
            self.executions = Consumer::open(&ring, &cursor).ok();
        }
        let ring = self.executions.as_mut()?;
        let execution = ring.take().expect("a sound ring")?;
        ring.release();
        Some(execution)
    }

    /// Passes over all executions that are there.
    pub fn drain(&mut self) {
        while self.take_execution().is_some() {}
    }

    /// The next execution, whatever it is.
    pub fn execution(&mut self) -> Execution {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(execution) = self.take_execution() {
                return execution;
            }
            assert!(Instant::now() < deadline, "no execution comes");
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    pub fn expect(&mut self, kind: ExecKind) -> Execution {
        let execution = self.execution();
        assert_eq!(
            ExecKind::try_from(execution.kind),
            Ok(kind),
            "{execution:?}"
        );
        execution
    }

    pub fn stop_beating(&self) {
        self.beating.store(false, Ordering::Relaxed);
    }

    pub fn signal(&mut self, signal: i32) {
        let child = self.child.as_ref().expect("runs");
        // SAFETY: a process of ours, by its id.
        unsafe { libc::kill(child.id() as i32, signal) };
    }

    /// kill -9, and everything that was only in memory is gone.
    pub fn kill9(&mut self) {
        self.signal(libc::SIGKILL);
        self.child.take().expect("runs").wait().expect("ends");
    }

    /// The exit status after SIGTERM.
    pub fn join(&mut self) -> std::process::ExitStatus {
        self.child.take().expect("runs").wait().expect("ends")
    }

    pub fn alive(&mut self) -> bool {
        self.child
            .as_mut()
            .is_some_and(|child| child.try_wait().is_ok_and(|ended| ended.is_none()))
    }
}

fn beat(dir: &std::path::Path) -> Arc<AtomicBool> {
    let beating = Arc::new(AtomicBool::new(true));
    let shared = Arc::clone(&beating);
    let beat = Beat::open(&dir.join("gateway.beat")).expect("opens");
    std::thread::spawn(move || {
        while shared.load(Ordering::Relaxed) {
            beat.beat(monotonic_ns());
            std::thread::sleep(Duration::from_millis(5));
        }
    });
    beating
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.stop_beating();
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
        if !std::thread::panicking() {
            std::fs::remove_dir_all(&self.dir).ok();
        }
    }
}

/// A price of the wire.
pub fn price4(price: i64) -> Price4 {
    Price4::from_nanos(price).expect("a price of the wire")
}
