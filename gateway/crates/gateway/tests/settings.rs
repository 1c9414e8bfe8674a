//! Every setting that has a range is refused outside of it, by its name; the example is sound.

use std::path::Path;

use cws_gateway::config::Config;
use cws_process::config::load;
use cws_process::fault::Fault;

/// The example as it is, with one value in another's place.
fn example(line: &str, other: &str) -> Result<(), Fault> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/gateway.toml");
    let text = std::fs::read_to_string(path).expect("the example");
    assert_eq!(text.matches(line).count(), 1, "{line}");
    let name = format!("cws-settings-{}-{other}.toml", std::process::id());
    let place = std::env::temp_dir().join(name.replace(char::is_whitespace, ""));
    std::fs::write(&place, text.replace(line, other)).expect("written");
    let config: Config = load(&place).expect("readable");
    std::fs::remove_file(&place).expect("ours");
    config.validate()
}

#[test]
fn what_is_out_of_its_range_is_refused_by_name() {
    for (line, least, most, place) in [
        ("symbols = 8_192", 1, 65_535, "hot.symbols"),
        ("held_packets = 256", 1, 4_096, "hot.held_packets"),
        ("\nparents = 4_096", 1, 4_096, "hot.parents"),
        ("ring_capacity = 65_536", 64, 1 << 24, "hot.ring_capacity"),
        ("max_quantity = 999_999", 1, i64::MAX, "hot.max_quantity"),
        ("collar_ppm = 50_000", 0, 1_000_000, "hot.collar_ppm"),
        ("rate_per_s = 10_000", 1, 1_000_000_000, "hot.rate_per_s"),
        ("burst = 1_000", 1, 1_000_000_000, "hot.burst"),
        (
            "gap_give_up_ms = 5_000",
            0,
            (1 << 32) - 1,
            "hot.gap_give_up_ms",
        ),
        (
            "request_interval_us = 1_000",
            0,
            (1 << 32) - 1,
            "hot.request_interval_us",
        ),
        ("orders_max = 1_048_576", 1, 1 << 26, "limits.orders_max"),
        ("parents_max = 65_536", 1, 1 << 24, "limits.parents_max"),
        (
            "journal_commit_ms = 50",
            1,
            1_000,
            "limits.journal_commit_ms",
        ),
        (
            "queue_packets = 16_384",
            1,
            1 << 20,
            "capture.queue_packets",
        ),
    ] {
        let (key, _) = line.split_once(" = ").expect("key = value");
        let set = |value: i64| example(line, &format!("{key} = {value}"));
        for value in [least, most] {
            assert!(set(value).is_ok(), "{key} = {value}");
        }
        // Unsigned settings have no number below 0 that could be read.
        let beyond = [least.checked_sub(1), most.checked_add(1)];
        for value in beyond.into_iter().flatten().filter(|value| *value >= 0) {
            let fault = set(value).expect_err(key);
            assert_eq!(
                (fault.code, fault.place.as_str()),
                ("CWS-GATEWAY-001", place)
            );
        }
    }
}

#[test]
fn what_is_no_whole_step_is_refused_by_name() {
    for (line, other, place) in [
        ("region = \"H\"", "region = \"h\"", "region"),
        (
            "ring_capacity = 65_536",
            "ring_capacity = 65_535",
            "hot.ring_capacity",
        ),
        ("tick = 10_000_000", "tick = 10_000_001", "hot.tick"),
        ("tick = 10_000_000", "tick = 0", "hot.tick"),
        ("rejects_max = 8", "rejects_max = 0", "limits.rejects_max"),
    ] {
        let fault = example(line, other).expect_err(other);
        assert_eq!(
            (fault.code, fault.place.as_str()),
            ("CWS-GATEWAY-001", place)
        );
    }
}
