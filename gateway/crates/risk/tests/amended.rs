//! Trades that the venue takes back, or says to have been at another price: shares and money follow, at risk and in what
//! drop copy is held against.

mod common;
#[path = "common/play.rs"]
mod play;

use common::{PRICE, S, id, order, signed};
use cws_abi::{ExecKind, Side};
use cws_risk::core::Core;
use cws_risk::effects::Effects;
use cws_risk::limits::Phase;
use cws_risk::settings::Settings;
use cws_wire::Price4;
use cws_wire::ouch42::{BrokenTrade, PriceCorrection, Rejected};
use play::{Play, canceled, executed, records, rejected};

const DOLLAR: i64 = S as i64;

fn corrected(counter: u64, match_number: u64, price: i64) -> Vec<u8> {
    let message = PriceCorrection {
        timestamp: 6,
        order_token: id(counter).token(),
        match_number,
        new_execution_price: Price4::from_nanos(price).expect("a price of the wire"),
        reason: b'E',
    };
    message.to_bytes().to_vec()
}

fn broken(counter: u64, match_number: u64) -> Vec<u8> {
    let message = BrokenTrade {
        timestamp: 6,
        order_token: id(counter).token(),
        match_number,
        reason: b'E',
    };
    message.to_bytes().to_vec()
}

/// 100 bought in two trades at 100 and 101; positions are worth 101 a share.
fn bought() -> Play {
    let mut play = Play::new();
    play.place(&order(1, Side::Buy, 100, PRICE + DOLLAR));
    play.say(&executed(1, 60, PRICE, 1));
    play.say(&executed(1, 40, PRICE + DOLLAR, 2));
    play
}

/// Its token is none.
fn rejected_stranger(reason: u8) -> Vec<u8> {
    let message = Rejected {
        timestamp: 5,
        order_token: [b'?'; 14],
        reason,
    };
    message.to_bytes().to_vec()
}

fn made(play: &Play) -> i128 {
    play.core.book.exposure.firm_pnl / i128::from(S)
}

#[test]
fn a_corrected_price_moves_the_profit_and_no_share() {
    let mut play = bought();
    assert_eq!(made(&play), 60);
    play.say(&corrected(1, 1, PRICE - 2 * DOLLAR));
    let told = play.last();
    let said = (told.kind, told.exec_id, told.last_qty, told.price);
    assert_eq!(said, (ExecKind::Corrected as u8, 1, 60, PRICE - 2 * DOLLAR));
    assert_eq!((made(&play), play.position()), (180, 100));
    play.say(&corrected(1, 1, PRICE - 2 * DOLLAR));
    assert_eq!(play.last().kind, ExecKind::SessionEvent as u8, "no news");
    assert_eq!(made(&play), 180);
    // What positions are valued at was the price of the last trade, and that was another.
    play.say(&corrected(1, 2, PRICE - 5 * DOLLAR));
    assert_eq!(made(&play), -180);
    // What is taken back is what it was corrected to.
    play.say(&broken(1, 1));
    assert_eq!((made(&play), play.position()), (0, 40));
    play.say(&corrected(1, 1, PRICE));
    assert_eq!(made(&play), 0, "it is gone");
    assert!(!play.core.status.killed_firm);

    let mut again = Core::new(Settings::default());
    again.take_limits(signed());
    let mut fx = Effects::default();
    for record in records(&play.entries) {
        again.replay(&record, &mut fx).expect("its own journal");
    }
    assert_eq!(again.book.trades, play.core.book.trades);
    assert_eq!(again.book.exposure.firm_pnl, 0);
}

/// Its reason's letter is one that, said of the day, begins or ends it.
#[test]
fn what_is_no_news_about_an_order_is_no_news_about_the_day() {
    let mut play = bought();
    play.say(&broken(1, 1));
    play.place(&order(2, Side::Buy, 100, PRICE));
    play.say(&canceled(2, 100));
    let repeated = [
        broken(1, 1),
        corrected(1, 1, PRICE),
        rejected(2, b'E'),
        rejected(2, b'S'),
        rejected_stranger(b'E'),
        rejected_stranger(b'S'),
    ];
    for phase in [Phase::Open, Phase::After] {
        play.core.status.phase = phase;
        for message in &repeated {
            play.say(message);
            assert_eq!(play.last().kind, ExecKind::SessionEvent as u8);
            assert_eq!(play.core.status.phase, phase, "{message:?}");
        }
    }
}

#[test]
fn a_correction_may_be_the_loss_that_kills() {
    let mut play = bought();
    let limits = &mut play.core.limits.as_mut().expect("set").limits;
    limits.firm.max_daily_loss = 300 * i128::from(S);
    play.say(&corrected(1, 1, PRICE + 8 * DOLLAR));
    assert!(play.core.status.killed_firm);
}

#[test]
fn what_amends_a_trade_that_nobody_knows_kills() {
    for message in [
        broken(1, 9),
        corrected(1, 9, PRICE),
        broken(8, 1),
        corrected(8, 1, PRICE),
    ] {
        let mut play = bought();
        play.say(&message);
        assert!(play.core.status.killed_firm);
        assert_eq!(play.position(), 100);
    }
}

#[test]
fn drop_copy_must_tell_the_same_of_it() {
    let mut play = bought();
    let at = PRICE + 2 * DOLLAR;
    play.say(&corrected(1, 1, at));
    play.say(&broken(1, 2));
    let told = [
        executed(1, 60, PRICE, 1),
        executed(1, 40, PRICE + DOLLAR, 2),
        corrected(1, 1, at),
        broken(1, 2),
        broken(1, 2),
    ];
    for (message, seq) in told.iter().zip(1..) {
        assert_ne!(play.core.drop_copy.open == 0, seq < 5);
        play.drop_copy(seq, message);
    }
    assert_eq!(
        (play.core.drop_copy.open, play.core.drop_copy.trades),
        (0, 2)
    );
    play.drop_copy(6, &corrected(1, 1, PRICE));
    assert_eq!(play.core.drop_copy.open, 1);
    play.say(&corrected(1, 1, PRICE));
    assert_eq!(play.core.drop_copy.open, 0);
}

/// Drop copy is ahead, and the second correction says what is booked until the first one comes.
#[test]
fn a_correction_that_is_corrected_back_is_told_by_both() {
    let mut play = bought();
    let trades = [
        executed(1, 60, PRICE, 1),
        executed(1, 40, PRICE + DOLLAR, 2),
    ];
    let there_and_back = [corrected(1, 1, PRICE + DOLLAR), corrected(1, 1, PRICE)];
    for (message, seq) in trades.iter().chain(&there_and_back).zip(1..) {
        play.drop_copy(seq, message);
    }
    for message in &there_and_back {
        assert_ne!(play.core.drop_copy.open, 0);
        play.say(message);
    }
    assert_eq!(play.core.drop_copy.open, 0);
}
