//! The conditions of a measurement.

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
    std::thread::available_parallelism().map_or(1, usize::from)
}
