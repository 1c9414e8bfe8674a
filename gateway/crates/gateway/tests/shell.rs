//! The shell's parts on real files: capture, epochs, rings, settings, the directory of symbols.

use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};

use cws_abi::{Consumer, ExecKind, Execution, IntentKind, OrderId, OrderIntent, Producer, Side};
use cws_gateway::config::{CaptureSettings, Config};
use cws_gateway::desk::Desk;
use cws_gateway::directory::{Directory, Halt};
use cws_gateway::shell::capture::{CLOCK_SOURCE, Capture, Places};
use cws_gateway::shell::epoch;
use cws_gateway::shell::restart::cancel_earlier;
use cws_gateway::shell::rings::{Executions, Intents};
use cws_wire::capture::CaptureReader;
use cws_wire::itch50::{StockDirectory, StockTradingAction};
use cws_wire::mold::PacketBuilder;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("cws-gateway-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder of our own");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

fn places() -> Places {
    let at = |text: &str| text.parse::<SocketAddrV4>().expect("an address");
    Places {
        feeds: [at("239.1.1.1:7001"), at("239.1.1.2:7002")],
        server: at("127.0.0.1:7003"),
        own: at("127.0.0.1:7004"),
    }
}

fn captured(folder: &Path, name: &str) -> Vec<(u64, Vec<u8>)> {
    let file = std::fs::read(folder.join(name)).expect("the capture is there");
    let clock = CLOCK_SOURCE.as_bytes();
    assert!(
        file.windows(clock.len()).any(|part| part == clock),
        "the clock source is in it"
    );
    let mut reader = CaptureReader::new(&file).expect("pcapng");
    let mut found = Vec::new();
    for packet in &mut reader {
        let packet = packet.expect("sound");
        found.push((packet.ts_ns, packet.bytes.to_vec()));
    }
    found
}

#[test]
fn packets_are_captured_with_nanoseconds_and_their_headers() {
    let folder = Folder::new("capture");
    let told = (places(), "test".to_owned());
    let mut capture =
        Capture::start(CaptureSettings::default(), &folder.0, 3, told).expect("starts");
    capture.offer(1_700_000_000_123_456_789, 0, b"from A");
    capture.offer(1_700_000_000_123_456_790, 1, b"from B");
    capture.offer(1_700_000_000_123_456_791, 2, b"again");
    drop(capture); // Writes what is queued.
    let found = captured(&folder.0, "md-00003-0001.pcapng");
    assert_eq!(found.len(), 3);
    assert_eq!(found[0].0, 1_700_000_000_123_456_789);
    assert!(found[0].1.ends_with(b"from A") && found[2].1.ends_with(b"again"));
    let ports: Vec<[u8; 2]> = found
        .iter()
        .map(|(_, frame)| [frame[36], frame[37]])
        .collect();
    assert_eq!(ports, [7001_u16, 7002, 7004].map(u16::to_be_bytes));
}

#[test]
fn files_are_bounded_and_what_does_not_fit_is_counted() {
    let folder = Folder::new("bounded");
    let settings = CaptureSettings {
        file_bytes_max: 100,
        files_max: 2,
        queue_packets: 4,
        ..CaptureSettings::default()
    };
    let told = (places(), "test".to_owned());
    let mut capture = Capture::start(settings, &folder.0, 1, told).expect("starts");
    let mut offered = 0;
    while !capture.has_failed() {
        capture.offer(offered, 0, &[7; 64]);
        offered += 1;
        assert!(offered < 10_000_000, "two files of a packet each fill up");
    }
    capture.offer(offered, 0, b"too late");
    let (written, dropped) = (capture.written(), capture.dropped());
    assert_eq!(written, 2, "one packet a file");
    assert!(dropped > 0 && written + dropped <= offered + 1);
    let files = std::fs::read_dir(&folder.0).expect("a folder").count();
    assert_eq!(files, 2);
}

#[test]
fn epochs_rise_above_file_and_journal_and_end() {
    let folder = Folder::new("epoch");
    let path = folder.0.join("gateway.epoch");
    assert_eq!(epoch::raise(&path, 0), Ok(1));
    assert_eq!(epoch::raise(&path, 9), Ok(10));
    assert_eq!(epoch::raise(&path, 0), Ok(11));
    std::fs::write(&path, "46655\n").expect("ours");
    assert_eq!(
        epoch::raise(&path, 0).expect_err("used up").code,
        "CWS-GATEWAY-002"
    );
}

#[test]
fn intents_that_were_written_over_are_counted_and_passed() {
    let folder = Folder::new("intents");
    let (ring, cursor) = (
        folder.0.join("intents.ring"),
        folder.0.join("intents.cursor"),
    );
    let mut producer = Producer::<OrderIntent>::open(&ring, &cursor, 4).expect("opens");
    let mut push = |seq| {
        producer.try_push(&OrderIntent {
            seq,
            ..OrderIntent::default()
        })
    };
    push(1).expect("room");
    let mut intents = Intents::open(&folder.0).expect("opens");
    assert_eq!(
        intents.take().expect("sound").map(|intent| intent.seq),
        Some(1)
    );
    for seq in 2..=4 {
        push(seq).expect("room");
    }
    // Risk has taken them all; the hot thread writes the next ring over what we have not seen.
    let mut risk = Consumer::<OrderIntent>::open(&ring, &cursor).expect("opens");
    let mut taken_all = || {
        while risk.take().expect("sound").is_some() {}
        risk.release();
    };
    taken_all();
    for seq in 5..=8 {
        push(seq).expect("room again");
    }
    assert_eq!(intents.take().expect("passes over"), None);
    assert_eq!(intents.missed, 7);
    taken_all();
    push(9).expect("room again");
    assert_eq!(
        intents.take().expect("sound").map(|intent| intent.seq),
        Some(9)
    );
}

fn committed() -> Config {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/gateway.toml");
    cws_process::config::load(Path::new(path)).expect("every key is known")
}

#[test]
fn the_committed_settings_load_and_are_in_range() {
    let config = committed();
    config.validate().expect("in range");
    let hot = config.hot_config(1, 1, 0);
    assert_eq!((hot.region, hot.parents, hot.burst), (b'H', 4_096, 1_000));
}

#[test]
fn the_directory_learns_names_and_halts_from_packets() {
    // Type, locate, tracking number, stamp, stock: the same in both messages.
    let message = |kind: u8, length: usize| {
        let mut bytes = vec![b' '; length];
        bytes[0] = kind;
        bytes[1..3].copy_from_slice(&9_u16.to_be_bytes());
        bytes[11..19].copy_from_slice(b"ABC     ");
        bytes
    };
    let entry = message(StockDirectory::TYPE, StockDirectory::LENGTH);
    let action = |state| {
        let mut bytes = message(StockTradingAction::TYPE, StockTradingAction::LENGTH);
        bytes[19] = state;
        bytes
    };
    let packet = |messages: &[&[u8]]| {
        let mut builder = PacketBuilder::new(*b"S         ", 1);
        for message in messages {
            assert!(builder.push(message));
        }
        builder.finish().to_vec()
    };
    let mut directory = Directory::default();
    assert_eq!(directory.locate("ABC"), None);
    let halted = packet(&[&entry, &action(b'H')]);
    assert_eq!(
        directory.read(&halted),
        [Halt {
            symbol: 9,
            halted: true
        }]
    );
    assert_eq!((directory.locate("ABC"), directory.len()), (Some(9), 1));
    assert_eq!(directory.read(&halted), [], "feed B says it again");
    assert_eq!(
        directory.read(&packet(&[&action(b'T')])),
        [Halt {
            symbol: 9,
            halted: false
        }]
    );
    assert_eq!(directory.read(b"no packet"), []);
}

#[test]
fn a_ring_that_is_being_made_is_waited_for() {
    const LIVES: usize = 300;
    let folder = Folder::new("young");
    for life in 0..LIVES {
        let run_dir = folder.0.join(life.to_string());
        std::fs::create_dir(&run_dir).expect("a folder of its own");
        let (ring, cursor) = (
            run_dir.join("executions.ring"),
            run_dir.join("executions.cursor"),
        );
        std::thread::scope(|scope| {
            scope.spawn(|| Producer::<Execution>::open(&ring, &cursor, 4).map(|_| ()));
            let mut executions = Executions::new(&run_dir);
            while !executions.attach().expect("young, not foreign") {}
        });
    }
}

/// All that an earlier life left of it is an execution that nobody had read: its journal is gone, its parent unknown.
#[test]
fn an_order_that_only_its_execution_tells_of_is_cancelled() {
    let folder = Folder::new("told");
    let config = Config {
        run_dir: folder.0.clone(),
        ..committed()
    };
    let order_id = OrderId::new(b'H', 1, 1).expect("an id").bits();
    let mut desk = Desk::new(config.desk_limits());
    desk.execution(&Execution {
        seq: 1,
        order_id,
        parent_id: 7,
        kind: ExecKind::Accepted as u8,
        side: Side::Buy as u8,
        price: 1_000_000_000,
        leaves_qty: 100,
        symbol: 1,
        strategy: 1,
        ..Execution::default()
    });
    assert_eq!(cancel_earlier(&config, &mut desk, 2).expect("room"), 2);
    assert!(desk.notes().any(|note| note.code == "CWS-GATEWAY-005"));
    let (ring, cursor) = (
        folder.0.join("intents.ring"),
        folder.0.join("intents.cursor"),
    );
    let mut intents: Consumer<OrderIntent> = Consumer::open(&ring, &cursor).expect("made");
    let cancel = intents.take().expect("sound").expect("one is there");
    assert_eq!(
        (cancel.kind, cancel.orig_order_id),
        (IntentKind::Cancel as u8, order_id)
    );
}
