//! The machine of a measurement: its conditions, free ports, a folder.

use std::io;
use std::net::{TcpListener, UdpSocket};
use std::path::PathBuf;

use cws_process::pinning;
use serde_json::{Value, json};

/// Cores, processor, and load over the last minute.
pub fn conditions() -> Value {
    let first = |path: &str, key: &str| {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.lines()
            .find(|line| line.starts_with(key))
            .map(|line| line.trim_start_matches(key).to_string())
    };
    let cpu = first("/proc/cpuinfo", "model name").unwrap_or_default();
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    json!({
        "cpu": cpu.trim_start_matches([' ', '\t', ':']),
        "cores": cores(),
        "load": load.split(' ').next().and_then(|text| text.parse::<f64>().ok()),
        "timestamps": "software, clock_gettime",
    })
}

pub fn cores() -> usize {
    pinning::cores()
}

pub fn free_udp_port() -> io::Result<u16> {
    Ok(UdpSocket::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

pub fn free_tcp_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// A folder for one measurement; whoever made it removes it.
pub fn scratch(name: &str) -> io::Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("cws-bench-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}
