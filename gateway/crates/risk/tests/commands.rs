//! `risk.sock`, command by command, without the socket.

mod common;
#[path = "common/play.rs"]
mod play;

use cws_abi::Side;
use cws_process::fault::Fault;
use cws_risk::commands::{Asker, answer};
use cws_risk::signing::SignedLimits;
use play::Play;
use serde_json::{Value, json};

fn ask_as(play: &mut Play, operator: bool, build: Option<&str>, request: Value) -> Value {
    let mut load =
        |_: &str, _: Option<u64>| -> Result<SignedLimits, Fault> { Ok(common::signed()) };
    let mut reply = Value::Null;
    play.act(|core, now, fx| {
        let mut asker = Asker {
            operator,
            gateway: true,
            build: build.map(str::to_owned),
            load_limits: &mut load,
        };
        reply = answer(core, &request, &mut asker, now, fx);
    });
    reply
}

fn ask(play: &mut Play, request: Value) -> Value {
    ask_as(play, true, None, request)
}

fn parent(id: u64) -> Value {
    json!({"cmd": "parent", "parent_id": id, "strategy": "one", "strategy_no": 1, "symbol": "AAPL", "side": "buy",
           "quantity": 100, "limit_price": 0, "patch": "p1", "data_version": "d7", "ledger_id": "l9"})
}

#[test]
fn only_the_gateways_user_speaks_for_the_gateway() {
    let mut play = Play::new();
    let mut load =
        |_: &str, _: Option<u64>| -> Result<SignedLimits, Fault> { Ok(common::signed()) };
    for request in [
        json!({"cmd": "gateway", "build_hash": "bb"}),
        json!({"cmd": "epoch"}),
    ] {
        play.act(|core, now, fx| {
            let mut asker = Asker {
                operator: false,
                gateway: false,
                build: None,
                load_limits: &mut load,
            };
            let said = answer(core, &request, &mut asker, now, fx);
            assert_eq!(said["code"], "CWS-RISK-015", "{said}");
            assert!(fx.is_empty());
        });
    }
    assert_eq!(play.core.status.gateway_build, "aa", "nothing was taken");
}

#[test]
fn a_gateway_may_look_and_kill_and_nothing_more() {
    let mut play = Play::new();
    for request in [
        parent(9),
        json!({"cmd": "limits", "path": "limits.toml"}),
        json!({"cmd": "rearm", "scope": "firm", "who": "me", "reason": "mine"}),
    ] {
        assert_eq!(
            ask_as(&mut play, false, None, request)["code"],
            "CWS-RISK-001"
        );
    }
    for request in [
        json!({"cmd": "status"}),
        json!({"cmd": "positions"}),
        json!({"cmd": "open_orders"}),
        json!({"cmd": "drop_copy"}),
        json!({"cmd": "epoch"}),
        json!({"cmd": "kill", "scope": "venue", "name": "venue", "who": "gw", "reason": "lost"}),
    ] {
        assert_eq!(
            ask_as(&mut play, false, None, request.clone())["ok"],
            true,
            "{request}"
        );
    }
    assert!(play.core.status.killed_venue);
}

#[test]
fn what_is_malformed_or_unknown_has_its_code() {
    let mut play = Play::new();
    for (request, code) in [
        (json!({}), "CWS-RISK-002"),
        (json!({"cmd": "sell everything"}), "CWS-RISK-002"),
        (
            json!({"cmd": "kill", "scope": "world", "who": "a", "reason": "b"}),
            "CWS-RISK-002",
        ),
        (
            json!({"cmd": "kill", "scope": "firm", "who": " ", "reason": "b"}),
            "CWS-RISK-003",
        ),
        (
            json!({"cmd": "kill", "scope": "firm", "name": "x".repeat(1_025), "who": "a", "reason": "b"}),
            "CWS-RISK-002",
        ),
        (
            json!({"cmd": "rearm", "scope": "firm", "who": "a"}),
            "CWS-RISK-003",
        ),
        (
            json!({"cmd": "kill", "scope": "strategy", "name": "two", "who": "a", "reason": "b"}),
            "CWS-RISK-004",
        ),
        (
            json!({"cmd": "rearm", "scope": "venue", "name": "moon", "who": "a", "reason": "b"}),
            "CWS-RISK-004",
        ),
    ] {
        assert_eq!(ask(&mut play, request.clone())["code"], code, "{request}");
    }
    for (key, value) in [
        ("symbol", json!("ACME")),
        ("side", json!("hold")),
        ("side", json!(4)),
        ("quantity", json!(1e30)),
        ("strategy_no", json!(70_000)),
        ("parent_id", json!(-1)),
        ("limit_price", json!(101.5)),
        ("limit_price", json!("101")),
        ("limit_price", json!(null)),
        ("slice_quantity", json!(1e30)),
        ("end_ns", json!(-1)),
        ("style", json!(7)),
        ("ledger_id", json!("x".repeat(1_025))),
        ("limit_prize", json!(1)),
    ] {
        let mut request = parent(9);
        request[key] = value;
        assert_eq!(
            ask(&mut play, request.clone())["code"],
            "CWS-RISK-002",
            "{request}"
        );
    }
}

#[test]
fn a_parent_is_registered_once_and_carries_its_ids() {
    let mut play = Play::new();
    assert_eq!(ask(&mut play, parent(0))["code"], "CWS-RISK-010");
    assert_eq!(ask(&mut play, parent(9))["ok"], true);
    assert_eq!(
        ask(&mut play, parent(9))["ok"],
        true,
        "the same again is no other order"
    );
    let mut other = parent(9);
    other["quantity"] = json!(101);
    assert_eq!(ask(&mut play, other)["code"], "CWS-RISK-011");
    let child = cws_risk::order::Order {
        parent_id: 9,
        ..common::order(1, Side::Buy, 100, common::PRICE)
    };
    play.place(&child);
    let open = ask(&mut play, json!({"cmd": "open_orders"}));
    let row = &open["open_orders"][0];
    let ids = [
        &row["patch"],
        &row["data_version"],
        &row["ledger_id"],
        &row["token"],
        &row["state"],
    ];
    assert_eq!(ids, ["p1", "d7", "l9", "A00700000001", "SENT"]);
}

#[test]
fn a_gateway_says_who_it_is_and_the_kernel_checks() {
    let mut play = Play::new();
    let hello = json!({"cmd": "gateway", "build_hash": "bb"});
    let lied = ask_as(&mut play, false, Some("cc"), hello.clone());
    assert_eq!(lied["code"], "CWS-RISK-005");
    assert_eq!(play.core.status.gateway_build, "aa");
    assert_eq!(
        ask_as(&mut play, false, Some("bb"), hello.clone())["verified"],
        true
    );
    assert_eq!(ask_as(&mut play, false, None, hello)["verified"], false);
    assert_eq!(play.core.status.gateway_build, "bb");
}

#[test]
fn an_epoch_fences_the_one_before() {
    let mut play = Play::new();
    play.place(&common::order(1, Side::Buy, 100, common::PRICE));
    assert_eq!(
        ask(&mut play, json!({"cmd": "epoch"})),
        json!({"ok": true, "region": "A", "epoch": 8})
    );
    play.place(&common::order(2, Side::Buy, 100, common::PRICE));
    assert_eq!(play.last().reason, 11);
}

#[test]
fn a_kill_that_comes_before_the_limits_holds_when_they_come() {
    let mut play = Play::bare(cws_risk::core::Core::new(Default::default()));
    let kill =
        json!({"cmd": "kill", "scope": "strategy", "name": "one", "who": "ops", "reason": "drill"});
    assert_eq!(
        ask(&mut play, kill)["ok"],
        true,
        "no limits, no names: it is taken at its word"
    );
    play.act(|core, now, fx| core.set_limits(common::signed(), now, fx));
    assert!(play.core.status.killed_strategies.contains("one"));
    let rearm =
        json!({"cmd": "rearm", "scope": "strategy", "name": "one", "who": "ops", "reason": "over"});
    assert_eq!(ask(&mut play, rearm)["ok"], true);
    assert!(play.core.status.killed_strategies.is_empty());
}
