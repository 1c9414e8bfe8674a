//! The gateway has nothing to say an order with: neither the encoder nor the session's framing is in its build.

use std::process::Command;

fn cargo(words: &[&str]) -> String {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let done = Command::new(env!("CARGO"))
        .args(words)
        .args(["--manifest-path", manifest, "--offline", "--locked"])
        .output()
        .expect("cargo runs");
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    String::from_utf8(done.stdout).expect("text")
}

#[test]
fn the_gateways_dependencies_have_no_order_entry() {
    let tree = cargo(&[
        "tree",
        "-p",
        "cws-gateway",
        "-e",
        "normal,features",
        "-f",
        "{p} {f}",
    ]);
    assert!(
        tree.contains("cws-wire"),
        "it reads market data with it: {tree}"
    );
    assert!(!tree.contains("order-entry"), "{tree}");
    for other in ["cws-risk", "cws-venue", "cws-matching"] {
        assert!(!tree.contains(other), "{other} in {tree}");
    }
    let risk = cargo(&[
        "tree",
        "-p",
        "cws-risk",
        "-e",
        "normal,features",
        "-f",
        "{p} {f}",
    ]);
    assert!(
        risk.contains("order-entry"),
        "the word that is looked for is the right one: {risk}"
    );
}

#[test]
fn the_gateways_binary_has_no_symbol_of_order_entry() {
    let binary = env!("CARGO_BIN_EXE_cws-gateway");
    let listed = Command::new("nm")
        .arg(binary)
        .output()
        .expect("nm comes with g++");
    let symbols = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(
        symbols.contains("itch50"),
        "symbols are there to be looked at"
    );
    for word in ["ouch42", "ouch111", "soup_bin_tcp", "8cws_wire4soup"] {
        assert!(!symbols.contains(word), "{word} is linked into the gateway");
    }
}
