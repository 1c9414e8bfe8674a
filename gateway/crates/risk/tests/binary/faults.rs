//! The process when memory, files and clocks fail it; `disk.rs` has the disk, `limits.rs` the limits.

use crate::common::{PRICE, order};
use crate::desk::Desk;
use crate::venue::Venue;
use cws_abi::{ExecKind, Side};

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

/// It would count as fresh for as long as it is ahead.
#[test]
fn a_desk_whose_file_is_from_the_future_is_gone() {
    let mut venue = Venue::new();
    let dir = std::env::temp_dir().join(format!("cws-risk-future-{}", std::process::id()));
    let file = dir.join("desk.beat");
    let extra = format!("dead_man_file = \"{}\"\ndead_man_s = 60", file.display());
    let mut desk = Desk::new("future", &venue, &extra);
    let beat = std::fs::File::create(&file).expect("writes");
    desk.open_day(&mut venue);
    let hour = std::time::Duration::from_secs(3_600);
    beat.set_modified(std::time::SystemTime::now() + hour)
        .expect("sets");
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
            "venue = \"SIM\"",
            "venue = \"SIM\"\njournal_commit_ms = 0",
            "CWS-RISK-008",
        ),
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
