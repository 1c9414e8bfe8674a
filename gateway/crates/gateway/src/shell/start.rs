//! From a configuration to a gateway that can run.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{SocketAddr, SocketAddrV4, UdpSocket};

use cws_abi::Beat;
use cws_book::hot::{self, Hot};
use cws_journal::Entry;
use cws_process::build_hash::build_hash;
use cws_process::clock;
use cws_process::fault::Fault;
use cws_process::line_socket::LineSocket;
use cws_process::trusted_folder::own_uid;

use super::capture::{Capture, Places};
use super::gateway::{Gateway, LockstepState};
use super::pause::Pauses;
use super::restart::{cancel_earlier, rebuild, ring_fault, unusable};
use super::rings::{Executions, Intents};
use super::risk_link::RiskLink;
use super::strays::Strays;
use super::{epoch, free, lockstep, status, udp};
use crate::config::{Config, Mode};
use crate::directory::Directory;

const DAY_NS: u64 = 86_400_000_000_000;

/// Market data in, requests for what is missing out.
pub struct Sockets {
    pub feeds: [UdpSocket; 2],
    pub request: UdpSocket,
}

/// Runs a gateway until SIGTERM. `version` is for the journal.
///
/// # Errors
/// Whatever keeps it from starting or going on, with its code.
pub fn run(config: Config, version: &str) -> Result<(), Fault> {
    config.validate()?;
    std::fs::create_dir_all(&config.run_dir).map_err(|error| io_fault("run_dir", &error))?;
    let sockets = sockets(&config)?;
    let (mut gateway, hot) = open(config, version, &sockets)?;
    let path = gateway.config.run_dir.join("gateway.sock");
    let mut socket =
        LineSocket::bind(&path, 0o600).map_err(|error| io_fault("gateway.sock", &error))?;
    println!(
        "cws-gateway {version} build {} epoch {} ready",
        gateway.build_hash, gateway.epoch
    );
    let outcome = match gateway.config.mode {
        Mode::Free => free::run(&mut gateway, hot, sockets, &mut socket),
        Mode::Lockstep => lockstep::run(&mut gateway, hot, sockets, &mut socket),
    };
    gateway.commit();
    outcome
}

pub(super) fn sockets(config: &Config) -> Result<Sockets, Fault> {
    let md = &config.market_data;
    let feed = |group, place| {
        udp::feed(group, md.interface, md.receive_buffer_bytes)
            .map_err(|error| io_fault(place, &error))
    };
    Ok(Sockets {
        feeds: [
            feed(md.group_a, "market_data.group_a")?,
            feed(md.group_b, "market_data.group_b")?,
        ],
        request: udp::requests(md.request, md.interface)
            .map_err(|error| io_fault("market_data.request", &error))?,
    })
}

pub(super) fn open(
    config: Config,
    version: &str,
    sockets: &Sockets,
) -> Result<(Gateway, Hot), Fault> {
    let run_dir = config.run_dir.clone();
    let now_ns = clock::utc_ns();
    let build_hash = build_hash().map_err(|error| io_fault("build hash", &error))?;
    let rebuilt = rebuild(&config, now_ns)?;
    let (mut desk, mut journal) = (rebuilt.desk, rebuilt.journal);
    let epoch = epoch::raise(&run_dir.join("gateway.epoch"), rebuilt.epoch)?;
    let start = Entry::Start {
        build_hash: hash_bytes(&build_hash),
        version: version.into(),
    };
    let life = Entry::Epoch {
        region: config.region as u8,
        epoch,
    };
    for entry in [start, life] {
        journal
            .append(now_ns, &entry)
            .map_err(|error| unusable(&error))?;
    }
    // What risk said while nobody was here comes first: an order that has ended needs no cancel.
    let mut executions = Executions::new(&run_dir);
    if executions.attach().map_err(|error| ring_fault(&error))? {
        while let Some(execution) = executions.take().map_err(|error| ring_fault(&error))? {
            if execution.seq > desk.orders.execution_seq() {
                journal.stage(now_ns, &Entry::Execution(execution));
            }
            desk.execution(&execution);
        }
        journal.flush().map_err(|error| unusable(&error))?;
        executions.release();
    }
    let next_counter = cancel_earlier(&config, &mut desk, epoch)?;
    let midnight_ns = match (config.market_data.midnight_ns, config.mode) {
        (0, Mode::Lockstep) => now_ns / DAY_NS * DAY_NS,
        (set, _) => set,
    };
    let settings = config.hot_config(epoch, next_counter, midnight_ns);
    let (hot, control) = hot::open(&settings, &run_dir, config.hot.ring_capacity)
        .map_err(|error| io_fault("hot", &std::io::Error::other(error)))?;
    let intents = Intents::open(&run_dir).map_err(|error| ring_fault(&error))?;
    let capture = start_capture(&config, epoch, &build_hash, sockets)?;
    let beat = Beat::open(&run_dir.join("gateway.beat"))
        .map_err(|error| io_fault("gateway.beat", &error))?;
    let mut gateway = Gateway {
        epoch,
        started_ns: now_ns,
        midnight_ns,
        desk,
        directory: Directory::default(),
        control,
        capture,
        intents,
        executions,
        journal,
        journal_fault: None,
        unnamed: BTreeSet::new(),
        no_slot: BTreeSet::new(),
        earlier: BTreeMap::new(),
        beat,
        risk_beat: None,
        risk_link: RiskLink::new(
            run_dir.join("risk.sock"),
            config.risk_user.unwrap_or_else(own_uid),
            build_hash.clone(),
        ),
        last_packet_ns: 0,
        to_ack: status::histogram(),
        held_since_ns: None,
        pauses: Pauses::default(),
        reasons: BTreeMap::new(),
        untold: VecDeque::new(),
        ended: Vec::new(),
        strays: Strays::default(),
        lockstep: LockstepState {
            begun: rebuilt.begun,
            ..LockstepState::default()
        },
        // A lockstep day that goes on is first caught up with: nothing is worked on packets of the past.
        ready: !rebuilt.begun,
        ticked_ns: 0,
        build_hash,
        session: [b' '; 10],
        config,
    };
    gateway.resume();
    Ok((gateway, hot))
}

fn start_capture(
    config: &Config,
    epoch: u16,
    build_hash: &str,
    sockets: &Sockets,
) -> Result<Capture, Fault> {
    let md = &config.market_data;
    let own = match sockets.request.local_addr() {
        Ok(SocketAddr::V4(own)) => own,
        _ => SocketAddrV4::new(md.interface, 0),
    };
    let places = Places {
        feeds: [md.group_a, md.group_b],
        server: md.request,
        own,
    };
    let application = format!("cws-gateway, build {build_hash}");
    let folder = config.run_dir.join("capture");
    Capture::start(config.capture, &folder, epoch, (places, application))
        .map_err(|error| io_fault("capture", &error))
}

fn hash_bytes(hex: &str) -> [u8; 32] {
    std::array::from_fn(|place| {
        let digits = hex.get(2 * place..2 * place + 2).unwrap_or("00");
        u8::from_str_radix(digits, 16).expect("the hash is written in hex")
    })
}

fn io_fault(place: &str, error: &std::io::Error) -> Fault {
    Fault::new(
        "CWS-GATEWAY-011",
        error.to_string(),
        place,
        "check the configuration and what this user may do",
    )
}
