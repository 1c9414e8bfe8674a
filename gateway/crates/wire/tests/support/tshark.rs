//! Runs Wireshark's dissectors over a capture of ours.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cws_wire::capture::{Interface, LINK_ETHERNET, PcapngWriter, Section};

/// Wireshark's `PI_WARN`.
const WARNING: u32 = 0x0060_0000;
pub const START_NS: u64 = 1_700_000_000_123_456_789;

pub type Writer = PcapngWriter<Vec<u8>>;

/// One interface, `cws0`.
pub fn writer() -> Writer {
    let section = Section {
        application: "cws-wire test",
        clock_source: "software timestamps, CLOCK_REALTIME",
    };
    let interface = Interface {
        name: "cws0",
        description: "test",
        link_type: LINK_ETHERNET,
    };
    PcapngWriter::new(Vec::new(), section, &[interface]).expect("memory")
}

/// Rows of the asked fields, one a packet; None where tshark is absent.
pub fn tshark(
    name: &str,
    writer: Writer,
    decode_as: &str,
    fields: &[&str],
) -> Option<Vec<Vec<String>>> {
    let path: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, writer.into_inner()).expect("a capture file");
    let checks = [
        "ip.check_checksum:TRUE",
        "udp.check_checksum:TRUE",
        "tcp.check_checksum:TRUE",
    ];
    let mut command = Command::new("tshark");
    command
        .arg("-n")
        .arg("-r")
        .arg(&path)
        .args(["-d", decode_as]);
    command.args(checks.iter().flat_map(|check| ["-o", check]));
    command.args(["-T", "fields", "-E", "separator=|", "-E", "aggregator=;"]);
    command.args(fields.iter().flat_map(|field| ["-e", field]));
    let Ok(output) = command.output() else {
        eprintln!("skipped: there is no tshark");
        return None;
    };
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).expect("tshark writes UTF-8");
    Some(
        text.lines()
            .map(|line| line.split('|').map(str::to_owned).collect())
            .collect(),
    )
}

/// Nothing is malformed, and no expert has a warning or an error; remarks (a heartbeat, a SYN) may be.
pub fn assert_sound(row: &[String]) {
    assert_eq!(row[0], "", "malformed: {row:?}");
    let severities = row[1].split(';').filter(|text| !text.is_empty());
    let worst = severities.map(|text| text.parse().expect("a number")).max();
    assert!(worst.unwrap_or(0) < WARNING, "{row:?}");
}
