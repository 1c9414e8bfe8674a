//! A sample of the fuzzer: nothing breaks, every kind of outcome occurs, and the seed says everything.

use std::process::Command;

use cws_bench::fuzz::run;

#[test]
fn damaged_packets_are_refused_and_break_nothing() {
    let outcomes = run(1, 100_000, |_| {}).expect("runs").json();
    assert_eq!(outcomes["failures"], 0, "{outcomes:#}");
    for protocol in outcomes["decoded"]
        .as_object()
        .expect("by protocol")
        .values()
    {
        let said = protocol.as_object().expect("by outcome");
        assert!(
            said.len() >= 2 && said.contains_key("accepted"),
            "{outcomes:#}"
        );
    }
    let books = outcomes["books"].as_object().expect("by code");
    assert!(books.len() >= 12, "{books:?}");
    for counter in [
        "malformed",
        "foreign",
        "duplicates",
        "held",
        "messages",
        "intents",
    ] {
        assert!(
            outcomes["hot"][counter].as_u64() > Some(0),
            "{counter}: {outcomes:#}"
        );
    }
}

#[test]
fn the_same_seed_gives_the_same_hash_and_another_another() {
    let hash = |seed| run(seed, 5_000, |_| {}).expect("runs").json()["hash"].clone();
    assert_eq!(hash(7), hash(7));
    assert_ne!(hash(7), hash(8));
}

#[test]
fn a_child_that_dies_is_an_outcome() {
    let mut fuzzer = Command::new(env!("CARGO_BIN_EXE_cws-fuzz"));
    // No folder can be made there.
    fuzzer
        .args(["--count", "10", "--json"])
        .env("TMPDIR", "/dev/null");
    let ended = fuzzer.output().expect("runs");
    assert_eq!(ended.status.code(), Some(1));
    let said = String::from_utf8(ended.stdout).expect("JSON");
    assert!(
        said.contains("the child ended with exit status: 1"),
        "{said}"
    );
}
