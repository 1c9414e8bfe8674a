//! The table: written down as it is, whole, and sane.

use cws_gateway::oms::{EVENTS, Event, Next, STATES, State, markdown, next};

#[test]
fn the_page_equals_the_table() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/oms.md");
    let written = std::fs::read_to_string(&page).unwrap_or_default();
    if written != markdown() {
        let printed = std::env::temp_dir().join("cws-oms.md");
        std::fs::write(&printed, markdown()).expect("a temporary file");
        panic!(
            "docs/oms.md is not the table; it was printed to {}",
            printed.display()
        );
    }
}

#[test]
fn what_is_final_opens_again_only_by_a_contradiction() {
    for state in STATES.into_iter().filter(|state| state.is_final()) {
        for event in EVENTS {
            match next(state, event) {
                Next::To(to) => assert!(to.is_final(), "{state:?} {event:?}"),
                Next::Working => panic!("{state:?} {event:?} opens an order that has ended"),
                Next::Stay | Next::Illegal | Next::Contradiction(_) => {}
            }
        }
    }
}

#[test]
fn a_cancel_is_asked_for_in_every_open_state_and_ends_every_one() {
    for state in STATES.into_iter().filter(|state| !state.is_final()) {
        assert_eq!(next(state, Event::CancelSent), Next::Working, "{state:?}");
        assert_eq!(
            next(state, Event::CancelDone),
            Next::To(State::Canceled),
            "{state:?}"
        );
    }
}

#[test]
fn every_state_but_the_first_is_reached() {
    for state in STATES
        .into_iter()
        .filter(|state| *state != State::PendingNew)
    {
        let direct = STATES.into_iter().any(|from| {
            EVENTS.into_iter().any(|event| {
                matches!(next(from, event), Next::To(to) | Next::Contradiction(to) if to == state)
            })
        });
        let open = matches!(
            state,
            State::New
                | State::PartiallyFilled
                | State::PendingCancel
                | State::PendingReplace
                | State::Suspended
        );
        assert!(direct || open, "{state:?}");
    }
}
