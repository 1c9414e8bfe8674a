//! Nothing is allocated after the start: the process's heap stands still while packets, executions and intents go
//! through. One test alone in its file, and so in its process: another's allocations would be counted as its own.

mod rig;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

use cws_abi::ExecKind;
use cws_book::flow::{Flow, FlowConfig};
use cws_book::hot_abi::{HotParent, Style};
use rig::{Rig, SECOND, answer, config, packet, parent};

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's layout, passed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller's block, passed on.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
fn the_heap_stands_still_while_packets_go_through() {
    let mut rig = Rig::new(config());
    rig.now_ns = SECOND;
    for (id, style) in [(1, Style::Child), (2, Style::Peg), (3, Style::Quote)] {
        let day = HotParent {
            parent_id: id,
            quantity: 1 << 30,
            half_spread: 2 * rig::CENT,
            end_ns: 80_000 * SECOND,
            ..parent(style)
        };
        rig.control.set_parent(&day).expect("sound");
    }
    let mut flow = Flow::new(FlowConfig {
        seed: 5,
        symbols: 5,
        live: 30,
        hostile_one_in: 0,
    });
    rig.packet(&flow.opening());
    let mut message = Vec::new();
    let mut packets = Vec::new();
    for sequence in 7..5_007 {
        flow.next(&mut message);
        packets.push(packet(sequence, std::slice::from_ref(&message)));
    }
    // SAFETY: a system call without arguments.
    let heap = || unsafe { libc::mallinfo2() }.uordblks;
    let before = (ALLOCATIONS.load(Ordering::Relaxed), heap());
    let mut intents = 0;
    for (at, bytes) in packets.iter().enumerate() {
        rig.hot.step(bytes, SECOND + at as u64 * 1_000_000);
        while let Some(intent) = rig.ring.take().expect("sound") {
            rig.ring.release();
            intents += 1;
            let kind = match intent.kind {
                1 if intent.terms == 2 || at % 2 == 0 => ExecKind::Filled,
                1 => ExecKind::Accepted,
                2 => ExecKind::Canceled,
                _ => ExecKind::Replaced,
            };
            let quantity = if kind == ExecKind::Filled {
                intent.quantity
            } else {
                0
            };
            rig.hot.execution(&answer(&intent, kind, quantity));
        }
    }
    let after = (ALLOCATIONS.load(Ordering::Relaxed), heap());
    assert!(intents > 300, "{intents} intents");
    assert_eq!(before, after);
}
