//! Orders: what OUCH says happens to them, who trades with whom, and flow from a file.

mod support;

use cws_venue::{Mode, Port, Venue};
use cws_wire::ouch42::Outbound;
use serde_json::json;
use support::{Line, at, cancel, command, config, enter, open, replace, token};

const RISK: (&str, &str) = ("RISK01", "changeme");
const OTHER: (&str, &str) = ("RISK02", "other");

/// No flow, an open book.
fn quiet() -> Venue {
    open(config(|config| {
        config.mode = Mode::Free;
        config
            .symbols
            .iter_mut()
            .for_each(|symbol| symbol.rate_per_s = 0);
        config.flow = serde_json::from_value(json!({"kind": "none"})).expect("a flow");
    }))
}

#[test]
fn an_order_lives_as_ouch_says() {
    let mut venue = quiet();
    let mut line = Line::login(&mut venue, Port::Orders, RISK, 1);
    let mut other = Line::login(&mut venue, Port::Orders, OTHER, 1);
    let mut copy = Line::login(&mut venue, Port::DropCopy, ("DROP01", "changeme"), 1);
    let mut say = |line: &mut Line, bytes: &[u8]| line.order(&mut venue, bytes, at(1));
    say(&mut line, &enter("A", b'B', 500, 18_000).to_bytes());
    say(&mut line, &enter("A", b'B', 100, 18_000).to_bytes()); // the token again: silence
    say(&mut line, &replace("A", "B", 400, 18_000).to_bytes());
    say(&mut line, &replace("A", "C", 400, 18_000).to_bytes()); // not open any more: silence
    say(&mut other, &enter("A", b'S', 100, 18_000).to_bytes());
    say(&mut line, &cancel("B", 250).to_bytes());
    say(&mut line, &cancel("B", 0).to_bytes());
    say(&mut line, &cancel("B", 0).to_bytes());
    say(&mut line, b"Xshort");
    say(&mut line, &enter("NO WAY", b'B', 100, 18_000).to_bytes()); // no token: silence
    let mut bad = enter("Z", b'B', 100, 18_000);
    bad.stock = *b"NONE    ";
    say(&mut line, &bad.to_bytes());
    line.read(&mut venue);
    copy.read(&mut venue);
    assert_eq!(line.letters(), "SAUECCJ");
    assert_eq!(copy.letters(), "AUAEE");
    let told = line.outbound();
    let Outbound::Replaced(replaced) = told[2] else {
        panic!("replaced")
    };
    assert_eq!(
        (replaced.shares, replaced.previous_order_token),
        (400, token("A"))
    );
    let Outbound::Executed(executed) = told[3] else {
        panic!("executed")
    };
    let filled = (
        executed.executed_shares,
        executed.execution_price.0,
        executed.liquidity_flag,
    );
    assert_eq!(
        (executed.order_token, filled),
        (token("B"), (100, 1_800_000, b'A'))
    );
    let cuts = told.iter().filter_map(|message| match message {
        Outbound::Canceled(canceled) => Some((canceled.decrement_shares, canceled.reason)),
        _ => None,
    });
    assert_eq!(cuts.collect::<Vec<_>>(), [(150, b'U'), (150, b'U')]);
    let Outbound::Rejected(rejected) = told[6] else {
        panic!("rejected")
    };
    assert_eq!((rejected.order_token, rejected.reason), (token("Z"), b'S'));
    assert_eq!(
        command(&mut venue, json!({"cmd": "status"}))["refused_bytes"],
        json!(1)
    );
}

#[test]
fn terms_that_are_not_offered_are_refused_by_letter() {
    let mut venue = quiet();
    let mut line = Line::login(&mut venue, Port::Orders, RISK, 1);
    let good = enter("A", b'B', 100, 18_000);
    type Change = fn(&mut cws_wire::ouch42::EnterOrder);
    let cases: [(Change, u8); 9] = [
        (|order| order.side = b'Q', b'O'),
        (|order| order.cross_type = b'O', b'R'),
        (|order| order.minimum_quantity = 50, b'N'),
        (|order| order.time_in_force = 60, b'O'),
        (|order| order.price = cws_wire::Price4::MARKET, b'X'),
        (|order| order.price.0 += 1, b'X'),
        (|order| order.shares = 0, b'Z'),
        (|order| order.shares = 1_000_000, b'Z'),
        (
            |order| (order.display, order.time_in_force) = (b'P', 0),
            b'D',
        ),
    ];
    for (number, (change, letter)) in cases.iter().enumerate() {
        let mut order = good;
        order.order_token = token(&format!("A{number}"));
        change(&mut order);
        line.order(&mut venue, &order.to_bytes(), at(1));
        let Some(Outbound::Rejected(rejected)) = line.outbound().last().copied() else {
            panic!("case {number} is accepted")
        };
        assert_eq!(rejected.reason, *letter, "case {number}");
    }
    command(&mut venue, json!({"cmd": "halt", "symbol": "AAPL"}));
    line.order(&mut venue, &enter("H", b'B', 100, 18_000).to_bytes(), at(1));
    let Some(Outbound::Rejected(rejected)) = line.outbound().last().copied() else {
        panic!("halted")
    };
    assert_eq!(rejected.reason, b'H');
}

#[test]
fn sessions_of_one_firm_do_not_trade_with_each_other() {
    for (firm, letters) in [("CWS1", "SAC"), ("CWS2", "SAE")] {
        let mut venue = open(config(|config| {
            config.mode = Mode::Free;
            config.flow = serde_json::from_value(json!({"kind": "none"})).expect("a flow");
            config.sessions[1].firm = firm.into();
        }));
        let mut line = Line::login(&mut venue, Port::Orders, RISK, 1);
        let mut other = Line::login(&mut venue, Port::Orders, OTHER, 1);
        line.order(&mut venue, &enter("A", b'B', 100, 18_000).to_bytes(), at(1));
        other.order(&mut venue, &enter("B", b'S', 100, 18_000).to_bytes(), at(1));
        assert_eq!(other.letters(), letters);
        if firm == "CWS1" {
            let Some(Outbound::Canceled(canceled)) = other.outbound().last().copied() else {
                panic!("a cancel")
            };
            assert_eq!((canceled.decrement_shares, canceled.reason), (100, b'Q'));
        }
    }
}

#[test]
fn a_file_is_replayed_at_its_times_under_its_own_ids() {
    let rows = "time_ns,symbol,action,side,price,qty,id\n\
        1000,AAPL,add,B,180.00,300,1\n\
        2000,AAPL,add,S,180.00,100,2\n\
        3000,AAPL,replace,,180.01,150,1\n\
        3000,AAPL,halt,,,,\n\
        4000,AAPL,resume,,,,\n\
        5000,AAPL,reduce,,,50,1\n\
        6000,AAPL,market,S,,20,3\n\
        7000,AAPL,cancel,,,,1\n";
    let settings = config(|config| {
        config.start_ns = 0;
        config.flow =
            serde_json::from_value(json!({"kind": "replay", "file": "x"})).expect("a flow");
    });
    let names: Vec<String> = settings
        .symbols
        .iter()
        .map(|symbol| symbol.name.clone())
        .collect();
    let rows = cws_venue::parse_replay(rows, &names).expect("good rows");
    let mut venue = Venue::new(settings, 0, rows).expect("a good configuration");
    venue.start(Vec::new(), at(0));
    let mut receiver = support::Receiver::default();
    let mut seq = json!(0);
    loop {
        let answer = command(&mut venue, json!({"cmd": "ack", "seq": seq}));
        receiver.read(&mut venue);
        seq = answer["published"].clone();
        if answer["finished"] == json!(true) {
            break;
        }
    }
    let told: Vec<(char, u64)> = receiver.sequence()[7..]
        .iter()
        .map(|bytes| {
            (
                bytes[0] as char,
                u64::from_be_bytes([
                    0, 0, bytes[5], bytes[6], bytes[7], bytes[8], bytes[9], bytes[10],
                ]),
            )
        })
        .collect();
    let wanted = [
        ('A', 1_000),
        ('E', 2_000),
        ('U', 3_000),
        ('H', 3_000),
        ('H', 4_000),
        ('X', 5_000),
        ('E', 6_000),
        ('D', 7_000),
        ('S', 7_000),
        ('S', 7_000),
        ('S', 7_000),
    ];
    assert_eq!(told, wanted);
}
