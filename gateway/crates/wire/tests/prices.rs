//! The wire's prices against 1e-9.

use cws_wire::{Price4, Price8, WireError, padded, trimmed};
use proptest::prelude::*;

proptest! {
    #[test]
    fn price4_goes_there_and_back(raw: u32) {
        let nanos = Price4(raw).nanos();
        prop_assert_eq!(nanos, i64::from(raw) * 100_000);
        prop_assert_eq!(Price4::from_nanos(nanos), Ok(Price4(raw)));
    }

    #[test]
    fn a_rest_is_refused(raw: u32, rest in 1_i64..100_000) {
        let refused = Price4::from_nanos(Price4(raw).nanos() + rest).expect_err("a rest");
        prop_assert_eq!(refused.code(), "CWS-WIRE-006");
    }

    #[test]
    fn price8_goes_there_and_back(raw in 0_u64..=922_337_203_685_477_580) {
        let nanos = Price8(raw).nanos().expect("within range");
        prop_assert_eq!(Price8::from_nanos(nanos), Ok(Price8(raw)));
    }
}

#[test]
fn what_the_wire_cannot_say_is_refused() {
    let largest = i64::from(u32::MAX) * 100_000;
    assert_eq!(Price4::from_nanos(largest), Ok(Price4(u32::MAX)));
    for nanos in [largest + 100_000, -100_000, i64::MAX, i64::MIN] {
        assert!(
            matches!(Price4::from_nanos(nanos), Err(WireError::Price { .. })),
            "{nanos}"
        );
    }
    assert!(matches!(
        Price8::from_nanos(11),
        Err(WireError::Price { .. })
    ));
    assert!(matches!(
        Price8::from_nanos(-10),
        Err(WireError::Price { .. })
    ));
}

#[test]
fn what_64_bits_cannot_say_is_refused() {
    let refused = Price8(922_337_203_685_477_581)
        .nanos()
        .expect_err("too large");
    assert_eq!(refused.code(), "CWS-WIRE-007");
    assert!(Price8(u64::MAX).nanos().is_err());
}

#[test]
fn text_is_padded_with_spaces() {
    assert_eq!(padded::<8>("AAPL"), Some(*b"AAPL    "));
    assert_eq!(padded::<4>("ABCDE"), None);
    assert_eq!(padded::<4>("A\n"), None);
    assert_eq!(trimmed(b"AAPL    "), b"AAPL");
}
