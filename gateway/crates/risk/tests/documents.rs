//! The page, the examples and the code say the same.

use std::path::{Path, PathBuf};

use cws_risk::checks::CHECKS;
use cws_risk::limits::Limits;

fn gateway() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(gateway().join(path)).expect(path)
}

#[test]
fn the_page_s_table_is_the_code_s() {
    let page = read("docs/risk.md");
    let rows: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("| R"))
        .collect();
    assert_eq!(rows.len(), CHECKS.len());
    for (row, check) in rows.iter().zip(&CHECKS) {
        assert!(
            row.starts_with(&format!("| {} | {} |", check.code, check.name)),
            "{row}"
        );
    }
}

/// Every code stands in the sources once, and on the page.
#[test]
fn every_code_is_raised_once_and_explained() {
    let mut sources = String::new();
    for folder in [
        "src",
        "src/core",
        "src/commands",
        "src/shell",
        "src/checks",
        "src/session",
        "src/book",
    ] {
        for entry in std::fs::read_dir(gateway().join("crates/risk").join(folder)).expect(folder) {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|ext| ext == "rs") {
                sources += &std::fs::read_to_string(path).expect("reads");
            }
        }
    }
    let page = read("docs/risk.md");
    let codes: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| CWS-"))
        .filter_map(|line| line.split(' ').next())
        .collect();
    let mut raised: Vec<&str> = sources
        .split("\"CWS-")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    raised.sort_unstable();
    assert_eq!(raised, codes);
}

/// Every check is tried on both sides of its bound, and against a second statement of its rule.
#[test]
fn each_check_has_a_test_and_a_property() {
    let all = |folder: &str| {
        let files = [
            "account",
            "conduct",
            "identity",
            "market",
            "permission",
            "size",
        ];
        let path = |file| format!("crates/risk/tests/{folder}/{file}.rs");
        files.map(|file| read(&path(file))).concat()
    };
    let (tests, properties) = (all("checks"), all("properties"));
    for check in &CHECKS {
        let name = check.code.to_string().to_lowercase();
        assert!(tests.contains(&format!("#[test]\nfn {name}_")), "{name}");
        let property = format!("#[test]\nfn {name}() {{\n    agrees(");
        let with_cases = format!("#[test]\nfn {name}() {{\n    //");
        assert!(
            properties.contains(&property) || properties.contains(&with_cases),
            "{name}"
        );
        for verdict in ["passed", "refused"] {
            let judged = format!("{verdict}(Code::{},", check.code);
            let words = tests.split_whitespace().collect::<String>();
            assert!(words.contains(&judged), "{name} {verdict}");
        }
    }
}

#[test]
fn the_example_limits_can_be_signed() {
    let limits = Limits::parse(&read("config/limits.toml")).expect("sound");
    assert_eq!(limits.symbols[&1].tick, 10_000_000);
    assert_eq!(limits.symbols[&2].reference_price, 410_000_000_000);
}

#[test]
fn a_limit_that_is_missing_unknown_or_absurd_is_refused() {
    let sound = read("config/limits.toml");
    for (from, to) in [
        ("max_position = 100_000\n", ""),
        (
            "max_position = 100_000\n",
            "max_position = 100_000\nmax_positon = 1\n",
        ),
        ("version = 1\n", "version = 0\n"),
        ("capital = 10_000_000\n", "capital = -1\n"),
        ("capital = 10_000_000\n", "capital = nan\n"),
        ("tick = 0.01\n", "tick = 0\n"),
        ("tick = 0.01\n", "tick = nan\n"),
        ("locate = 2\n", "locate = 1\n"),
        ("no = 1\n", "no = 0\n"),
        ("name = \"MSFT\"\n", "name = \"MSFT MSFT\"\n"),
        ("name = \"MSFT\"\n", "name = \"AAPL\"\n"),
        ("day_starts_s = 0\n", "day_starts_s = 86_400\n"),
    ] {
        let changed = sound.replace(from, to);
        assert_ne!(changed, sound, "{from:?} stands there");
        assert!(Limits::parse(&changed).is_err(), "{to:?}");
    }
}
