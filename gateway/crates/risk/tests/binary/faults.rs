//! The process when memory, limits, files and clocks fail it; `disk.rs` has the disk.

use crate::common::{LIMITS, PRICE, order};
use crate::desk::Desk;
use crate::venue::Venue;
use cws_abi::{ExecKind, Side};
use serde_json::json;

#[test]
fn a_ring_that_is_cut_off_halts_and_cancels_still_go_out() {
    let mut venue = Venue::new();
    let mut desk = Desk::new("torn", &venue, "");
    desk.open_day(&mut venue);
    let enter = desk.rest(&mut venue, 1, 100);
    let ring = std::fs::OpenOptions::new()
        .write(true)
        .open(desk.dir.join("intents.ring"))
        .expect("opens");
    ring.set_len(0).expect("cuts");
    venue.cancel_of(&enter);
    let status = desk.wait(|status| status["state"] == "HALTED");
    assert_eq!(status["why"], "shared memory was tampered with");
    assert!(desk.alive());
}

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
    let pipe = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(pipe.expect("runs").success());
    assert_eq!(
        reload(&desk)["code"],
        "CWS-LIMITS-001",
        "nobody waits for it"
    );
    let status = desk.status();
    assert_eq!(
        (&status["limits"]["version"], &status["limits_refused"]),
        (&json!(2), &json!(7))
    );
    desk.push(&order(1, Side::Buy, 11, PRICE));
    while desk.execution().reason != 1 {}
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
fn a_password_that_others_may_read_is_refused() {
    let venue = Venue::new();
    let mut desk = Desk::new("password", &venue, "");
    desk.password(0o640);
    let said = desk.try_start().expect_err("refuses to start");
    assert!(said.contains("CWS-RISK-006"), "{said}");
    desk.password(0o600);
    std::fs::write(desk.dir.join("password"), "longer than ten\n").expect("writes");
    assert!(
        desk.try_start()
            .expect_err("refuses")
            .contains("CWS-RISK-007")
    );
}

#[test]
fn a_silent_gateway_is_refused_and_its_orders_cancelled() {
    let mut venue = Venue::new();
    let mut desk = Desk::new("beat", &venue, "beat_cancel_ms = 200");
    desk.open_day(&mut venue);
    let enter = desk.rest(&mut venue, 1, 100);
    desk.stop_beating();
    venue.cancel_of(&enter);
    desk.push(&order(2, Side::Buy, 50, PRICE));
    assert_eq!(desk.expect(ExecKind::RejectedByRisk).reason, 16);
    assert_eq!(desk.status()["why"], "no heartbeat of the gateway");
}

#[test]
fn a_desk_that_is_gone_kills_the_firm() {
    let mut venue = Venue::new();
    let dir = std::env::temp_dir().join(format!("cws-risk-dead-{}", std::process::id()));
    let file = dir.join("desk.beat");
    let extra = format!("dead_man_file = \"{}\"\ndead_man_s = 1", file.display());
    let mut desk = Desk::new("dead", &venue, &extra);
    std::fs::write(&file, "").expect("writes");
    desk.open_day(&mut venue);
    let enter = desk.rest(&mut venue, 1, 100);
    venue.cancel_of(&enter);
    desk.wait(|status| status["killed"]["firm"] == true);
}

#[test]
fn sigterm_cancels_and_says_goodbye() {
    let mut venue = Venue::new();
    let mut desk = Desk::new("term", &venue, "");
    desk.open_day(&mut venue);
    let enter = desk.rest(&mut venue, 1, 100);
    desk.signal(libc::SIGTERM);
    venue.cancel_of(&enter);
    venue.canceled(&enter, 100);
    assert!(venue.logged_out());
    assert!(desk.join().success());
    desk.expect(ExecKind::Canceled);
}

#[test]
fn what_cannot_be_started_says_why() {
    let venue = Venue::new();
    let mut desk = Desk::new("start", &venue, "");
    let path = desk.dir.join("risk.toml");
    let sound = std::fs::read_to_string(&path).expect("reads");
    for (from, to, code) in [
        ("region = \"A\"", "region = \"a\"", "CWS-RISK-008"),
        (
            "limits_public_key = \"",
            "limits_public_key = \"zz",
            "CWS-RISK-013",
        ),
        (
            "venue = \"SIM\"",
            "venue = \"SIM\"\nventure = 1",
            "CWS-CONFIG-004",
        ),
    ] {
        std::fs::write(&path, sound.replace(from, to)).expect("writes");
        let said = desk.try_start().expect_err("refuses to start");
        assert!(said.contains(code), "{said}");
    }
    std::fs::write(&path, &sound).expect("writes");
    std::fs::write(
        desk.dir.join("risk.journal"),
        "this is no journal of ours, is it?",
    )
    .expect("writes");
    let said = desk.try_start().expect_err("refuses to start");
    assert!(
        said.contains("CWS-RISK-012") && said.contains("CWS-JOURNAL-002"),
        "{said}"
    );
    std::fs::remove_file(desk.dir.join("risk.journal")).expect("removes");
    std::fs::create_dir(desk.dir.join("risk.sock")).expect("makes");
    assert!(
        desk.try_start()
            .expect_err("refuses to start")
            .contains("CWS-RISK-014")
    );
}

#[test]
fn a_second_risk_is_refused() {
    let mut venue = Venue::new();
    let mut desk = Desk::new("second", &venue, "");
    desk.open_day(&mut venue);
    let second = std::process::Command::new(env!("CARGO_BIN_EXE_cws-risk"))
        .arg("--config")
        .arg(desk.dir.join("risk.toml"))
        .output()
        .expect("runs");
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("CWS-JOURNAL-005"), "{said}");
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
