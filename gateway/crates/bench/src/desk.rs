//! The product's processes as a measurement starts them: configuration, signed limits as wide as they go, sockets.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cws_process::clock::utc_ns;
use serde_json::{Value, json};

use crate::children::Children;

pub const DAY_NS: u64 = 86_400_000_000_000;
pub const GROUP_A: &str = "239.195.1.1";
pub const GROUP_B: &str = "239.195.1.2";
pub const USER: &str = "RISK01";
pub const PASSWORD: &str = "measured";
const ANSWER_WAIT: Duration = Duration::from_secs(20);
const WIDE: &str = "4_000_000_000";

/// Where the venue of a measurement listens; the drop copy session is left out where there is none.
#[derive(Clone, Copy)]
pub struct Ports {
    pub feed_a: u16,
    pub feed_b: u16,
    pub request: u16,
    pub orders: u16,
    pub drop_copy: Option<u16>,
}

/// How the loops of the product wait: without work this long awake, and on these cores (-1 for none).
#[derive(Clone, Copy)]
pub struct Loops {
    pub awake_us: u32,
    pub hot_core: i64,
    pub risk_core: i64,
}

impl Default for Loops {
    fn default() -> Self {
        Self {
            awake_us: 0,
            hot_core: -1,
            risk_core: -1,
        }
    }
}

pub struct Desk {
    pub folder: PathBuf,
    pub children: Children,
}

impl Desk {
    /// Writes every file that risk and the gateway read.
    pub fn prepare(folder: &Path, ports: Ports, loops: Loops) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        write_secret(&folder.join("session.password"), PASSWORD)?;
        std::fs::write(folder.join("limits.toml"), limits())?;
        let desk = Self {
            folder: folder.into(),
            children: Children::new(),
        };
        let public = desk.risk_says(&["keygen", "--key", "limits.key"])?;
        desk.risk_says(&["sign", "--key", "limits.key", "limits.toml"])?;
        std::fs::write(folder.join("risk.toml"), risk(ports, loops, public.trim()))?;
        std::fs::write(folder.join("gateway.toml"), gateway(ports, loops))?;
        Ok(desk)
    }

    fn risk_says(&self, words: &[&str]) -> io::Result<String> {
        let done = Command::new(binary("cws-risk")?)
            .args(words)
            .current_dir(&self.folder)
            .output()?;
        if !done.status.success() {
            return Err(io::Error::other(
                String::from_utf8_lossy(&done.stderr).into_owned(),
            ));
        }
        String::from_utf8(done.stdout).map_err(io::Error::other)
    }

    /// Starts `cws-NAME --config NAME.toml` and waits until its socket answers.
    pub fn start(&mut self, name: &str) -> io::Result<u32> {
        let log = std::fs::File::create(self.folder.join(format!("{name}.log")))?;
        let mut command = Command::new(binary(&format!("cws-{name}"))?);
        command
            .args(["--config", &format!("{name}.toml")])
            .current_dir(&self.folder);
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let pid = self.children.start(&mut command)?;
        self.until(name, |_| true)?;
        Ok(pid)
    }

    /// Asks for status until `good` says so.
    pub fn until(&mut self, name: &str, good: impl Fn(&Value) -> bool) -> io::Result<Value> {
        let until = Instant::now() + ANSWER_WAIT;
        loop {
            match self.ask(name, &json!({"cmd": "status"})) {
                Ok(status) if good(&status) => return Ok(status),
                found if Instant::now() > until || self.children.any_ended() => {
                    let log = std::fs::read_to_string(self.folder.join(format!("{name}.log")))?;
                    return Err(io::Error::other(format!(
                        "{name} is not ready: {found:?} {log}"
                    )));
                }
                _ => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }

    /// One command, one answer.
    pub fn ask(&self, name: &str, request: &Value) -> io::Result<Value> {
        let mut stream = UnixStream::connect(self.folder.join(format!("{name}.sock")))?;
        stream.set_read_timeout(Some(ANSWER_WAIT))?;
        stream.write_all(format!("{request}\n").as_bytes())?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line)?;
        serde_json::from_str(&line).map_err(io::Error::other)
    }

    /// Registers a parent of `quantity` shares with risk alone: its children come from the measurement itself.
    pub fn register(&self, parent_id: u64, quantity: u64) -> io::Result<()> {
        self.hand_over(&["risk"], parent_id, "child", quantity)
    }

    /// Registers a pegged parent of 100 shares with risk, then hands it to the gateway.
    pub fn peg(&self, parent_id: u64) -> io::Result<()> {
        self.hand_over(&["risk", "gateway"], parent_id, "peg", 100)
    }

    fn hand_over(&self, to: &[&str], parent_id: u64, style: &str, quantity: u64) -> io::Result<()> {
        let now = utc_ns();
        let request = json!({
            "cmd": "parent", "parent_id": parent_id, "strategy": "measured", "strategy_no": 1, "symbol": "ABC",
            "side": "buy", "quantity": quantity, "limit_price": 0, "style": style, "slice_quantity": 100,
            "start_ns": now, "end_ns": now + 3_600_000_000_000_u64, "patch": "", "data_version": "", "ledger_id": "",
        });
        for name in to {
            let answer = self.ask(name, &request)?;
            if answer["ok"] != true {
                return Err(io::Error::other(format!("{name}: {answer}")));
            }
        }
        Ok(())
    }
}

/// The product's binaries lie beside this one.
pub fn binary(name: &str) -> io::Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    if path.is_file() {
        return Ok(path);
    }
    Err(io::Error::other(format!(
        "{} is not built: cargo build --release in gateway/",
        path.display()
    )))
}

fn write_secret(path: &Path, text: &str) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())
}

fn risk(ports: Ports, loops: Loops, public_key: &str) -> String {
    let session = |port: u16| {
        format!(
            "address = \"127.0.0.1:{port}\"\nuser = \"{USER}\"\npassword_file = \"session.password\"\nsilence_ms = 600_000\n"
        )
    };
    let drop_copy = ports.drop_copy.map_or(String::new(), |port| {
        format!("[drop_copy]\n{}", session(port))
    });
    // A process that stands still while another way is measured has no heartbeat: that is no loss of the gateway here.
    format!(
        "run_dir = \".\"\nregion = \"H\"\nvenue = \"CWS\"\nlimits = \"limits.toml\"\n\
         limits_public_key = \"{public_key}\"\nbeat_timeout_ms = 600_000\nbeat_cancel_ms = 1_200_000\n\
         ack_timeout_ms = 600_000\nawake_us = {}\ncore = {}\n\n[order_session]\n{}\n{drop_copy}",
        loops.awake_us,
        loops.risk_core,
        session(ports.orders)
    )
}

fn gateway(ports: Ports, loops: Loops) -> String {
    format!(
        "run_dir = \".\"\nmode = \"free\"\nregion = \"H\"\n\n[market_data]\n\
         group_a = \"{GROUP_A}:{}\"\ngroup_b = \"{GROUP_B}:{}\"\nrequest = \"127.0.0.1:{}\"\n\n\
         [hot]\nsymbols = 16\nbook_orders = 65_536\ncollar_ppm = 1_000_000\nrate_per_s = 1_000_000\nburst = 1_000_000\n\
         awake_us = {}\ncore = {}\n",
        ports.feed_a, ports.feed_b, ports.request, loops.awake_us, loops.hot_core
    )
}

fn limits() -> String {
    let money = [
        "max_order_notional",
        "max_gross_notional",
        "max_net_notional",
        "max_open_notional",
        "max_daily_loss",
        "reduce_at_loss",
        "capital",
    ];
    let firm: String = money
        .iter()
        .map(|name| format!("{name} = 1e15\n"))
        .collect();
    let now = utc_ns();
    format!(
        "version = 1\nvalid_until_ns = {}\n\n[firm]\n{firm}messages_per_s = {WIDE}\nmessage_burst = {WIDE}\nmargin_bps = 0\n\
         currencies = [\"USD\"]\nmax_orders_a_day = {WIDE}\nmax_reference_age_s = 86_400\nmax_market_data_age_ms = 600_000\n\
         day_starts_s = 0\ngateway_builds = [\"any\"]\n\n\
         [[strategy]]\nno = 1\nname = \"measured\"\nenabled = true\npatches = [\"any\"]\ncurrency = \"USD\"\nphases = [\"open\"]\n\
         max_order_quantity = 100_000\nmax_order_notional = 1e15\nmax_position = 4_000_000_000\nmax_daily_loss = 1e15\n\
         messages_per_s = {WIDE}\nmessage_burst = {WIDE}\nrate_kills_at = 4_000_000\nmax_cancel_ratio = 4_000_000\n\
         free_cancels = 4_000_000\nduplicate_window_ms = 0\nmax_repeated_executions = {WIDE}\nrepeated_window_ms = 0\n\n\
         [[symbol]]\nlocate = 1\nname = \"ABC\"\ncurrency = \"USD\"\ntick = 0.01\nlot = 1\nunit = 1\nmax_order_quantity = 100_000\n\
         reference_price = 100.0\nreference_ns = {now}\ncollar_bps = 10_000\nadv = 100_000_000\nmax_adv_share_bps = 10_000\n\
         short_locate = 1_000_000\nrestricted = \"no\"\nhalted = false\n",
        now + DAY_NS
    )
}
