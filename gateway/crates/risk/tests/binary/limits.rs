//! The process and its limits: which count, and that nobody waits for them.

use crate::common::{LIMITS, PRICE, order};
use crate::desk::Desk;
use crate::venue::Venue;
use cws_abi::{ExecKind, Side};
use serde_json::json;

#[test]
fn only_signed_newer_valid_limits_count() {
    let mut venue = Venue::new();
    let mut desk = Desk::new("limits", &venue, "");
    desk.open_day(&mut venue);
    let path = desk.dir.join("limits.toml");
    let reload = |desk: &Desk| desk.ask(&json!({"cmd": "limits", "path": path}));
    assert_eq!(reload(&desk)["code"], "CWS-LIMITS-004", "the same version");
    desk.limits(2, |text| {
        text.replace("max_order_quantity = 1000\n", "max_order_quantity = 10\n")
    });
    assert_eq!(reload(&desk)["version"], 2);
    desk.limits(1, |text| text);
    assert_eq!(reload(&desk)["code"], "CWS-LIMITS-004", "older");
    desk.limits(3, |text| text);
    let tampered = std::fs::read_to_string(&path)
        .expect("reads")
        .replace("max_position = 5000", "max_position = 5001");
    std::fs::write(&path, tampered).expect("writes");
    assert_eq!(reload(&desk)["code"], "CWS-LIMITS-002", "tampered");
    desk.limits(3, |text| text.replace("lot = 1\n", ""));
    assert_eq!(reload(&desk)["code"], "CWS-LIMITS-003", "a key is missing");
    desk.limits(3, |_| {
        LIMITS
            .replace("version = 1\n", "version = 3\n")
            .replace("1800000100000000000", "1000")
    });
    assert_eq!(reload(&desk)["code"], "CWS-LIMITS-005", "stale");
    std::fs::remove_file(&path).expect("removes");
    assert_eq!(reload(&desk)["code"], "CWS-LIMITS-001");
    pipe(&path);
    assert_eq!(
        reload(&desk)["code"],
        "CWS-LIMITS-001",
        "nobody waits for it"
    );
    for odd in ["/dev/zero", "/dev/null", "/"] {
        let answer = desk.ask(&json!({"cmd": "limits", "path": odd}));
        assert_eq!(answer["code"], "CWS-LIMITS-001", "{odd}");
    }
    let status = desk.status();
    assert_eq!(
        (&status["limits"]["version"], &status["limits_refused"]),
        (&json!(2), &json!(10))
    );
    desk.push(&order(1, Side::Buy, 11, PRICE));
    while desk.execution().reason != 1 {}
}

fn pipe(path: &std::path::Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.expect("runs").success());
}

/// Whoever waits for limits, at the start or after a cut of the power, cancels nothing meanwhile.
#[test]
fn a_pipe_for_limits_holds_nobody_up() {
    let mut venue = Venue::new();
    let mut desk = Desk::new("pipe", &venue, "");
    let path = desk.dir.join("limits.toml");
    for odd in [path.clone(), cws_risk::signing::signature_path(&path)] {
        desk.limits(1, |text| text);
        std::fs::remove_file(&odd).expect("removes");
        pipe(&odd);
        desk.start();
        venue.accept();
        assert_eq!(
            desk.wait(|status| status["session"]["state"] == "Up")["why"],
            "no limits"
        );
        desk.kill9();
        venue.hang_up();
        std::fs::remove_file(&odd).expect("removes");
    }
}

#[test]
fn without_good_limits_it_is_halted() {
    let mut venue = Venue::new();
    let mut desk = Desk::new("nolimits", &venue, "");
    desk.limits(1, |text| text + "# changed\n");
    std::fs::write(desk.dir.join("limits.toml.sig"), "00").expect("writes");
    desk.start();
    venue.accept();
    desk.push(&order(1, Side::Buy, 1, PRICE));
    assert_eq!(desk.expect(ExecKind::RejectedByRisk).reason, 16);
    assert_eq!(desk.status()["why"], "no limits");
}

#[test]
fn keys_are_made_and_limits_signed_by_the_binary() {
    let venue = Venue::new();
    let desk = Desk::new("sign", &venue, "");
    let run = |words: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_cws-risk"));
        let done = command
            .args(words)
            .current_dir(&desk.dir)
            .output()
            .expect("runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        (text(&done.stdout), text(&done.stderr))
    };
    let (public, _) = run(&["keygen", "--key", "k"]);
    let (signed_by, _) = run(&["sign", "--key", "k", "limits.toml"]);
    assert_eq!(signed_by, public);
    let key = cws_risk::signing::public_key(&public).expect("a key");
    cws_risk::signing::load(&desk.dir.join("limits.toml"), &key, None, 1)
        .expect("its own signature");
    let (_, again) = run(&["keygen", "--key", "k"]);
    assert!(
        again.contains("CWS-RISK-009"),
        "a key is never overwritten: {again}"
    );
    std::fs::write(desk.dir.join("limits.toml"), "version = 1").expect("writes");
    assert!(
        run(&["sign", "--key", "k", "limits.toml"])
            .1
            .contains("CWS-RISK-009")
    );
}

#[test]
fn a_restart_does_not_bring_older_limits_back() {
    let mut venue = Venue::new();
    let mut desk = Desk::new("older", &venue, "");
    desk.open_day(&mut venue);
    let path = desk.dir.join("limits.toml");
    let files = [path.clone(), cws_risk::signing::signature_path(&path)];
    let read = || {
        files
            .clone()
            .map(|file| std::fs::read(file).expect("reads"))
    };
    let put = |bytes: &[Vec<u8>; 2]| {
        for (file, bytes) in files.iter().zip(bytes) {
            std::fs::write(file, bytes).expect("writes");
        }
    };
    let older = read();
    desk.limits(2, |text| {
        text.replace("max_position = 5000", "max_position = 5001")
    });
    let other = read();
    desk.limits(2, |text| text);
    let newer = read();
    let reload = |desk: &Desk| desk.ask(&json!({"cmd": "limits", "path": path}));
    assert_eq!(reload(&desk)["version"], 2);
    for (lie, why) in [
        (&older, "older"),
        (&other, "the same version, other numbers"),
    ] {
        desk.kill9();
        venue.hang_up();
        put(lie);
        desk.start();
        let status = desk.wait(|status| status["state"] == "HALTED");
        assert_eq!(status["limits"], serde_json::Value::Null, "{why}");
        assert_eq!(reload(&desk)["code"], "CWS-LIMITS-006", "{why}");
    }
    put(&newer);
    assert_eq!(
        reload(&desk)["version"],
        2,
        "those that were in force are good"
    );
}
