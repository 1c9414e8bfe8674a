//! The queue behind a stalled line against the obvious one: a list of frames, each with how much of it has left.

use cws_risk::session::{About, SendQueue};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Order { len: usize },
    Cancel { of: u64, len: usize },
    Take(usize),
    Withdraw { modulus: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1..40_usize).prop_map(|len| Step::Order { len }),
        1 => (1..30_u64, 1..40_usize).prop_map(|(of, len)| Step::Cancel { of, len }),
        2 => (0..120_usize).prop_map(Step::Take),
        1 => (1..4_u64).prop_map(|modulus| Step::Withdraw { modulus }),
    ]
}

struct Frame {
    bytes: Vec<u8>,
    left: usize,
    about: About,
}

fn all(frames: &[Frame]) -> Vec<u8> {
    let rest = frames
        .iter()
        .map(|frame| &frame.bytes[frame.bytes.len() - frame.left..]);
    rest.flatten().copied().collect()
}

fn take(frames: &mut Vec<Frame>, mut count: usize) {
    for frame in frames.iter_mut() {
        let taken = frame.left.min(count);
        (frame.left, count) = (frame.left - taken, count - taken);
    }
    frames.retain(|frame| frame.left > 0);
}

fn withdraw(frames: &mut Vec<Frame>, modulus: u64) -> Vec<u64> {
    let whole = |frame: &Frame| frame.left == frame.bytes.len();
    let found = frames.iter().filter(|frame| whole(frame));
    let ids = found.map(|frame| frame.about.order_id);
    let gone: Vec<u64> = ids.filter(|id| *id != 0 && id % modulus == 0).collect();
    frames.retain(|frame| {
        let about = [frame.about.order_id, frame.about.cancels];
        !(whole(frame) && about.iter().any(|id| gone.contains(id)))
    });
    gone
}

proptest! {
    #[test]
    fn it_holds_what_the_obvious_one_holds(steps in prop::collection::vec(step(), 1..60)) {
        let (mut queue, mut frames) = (SendQueue::default(), Vec::<Frame>::new());
        let (mut next_id, mut fill) = (1, 0_u8);
        for step in steps {
            fill = fill.wrapping_add(1);
            let (about, len) = match step {
                Step::Order { len } => {
                    next_id += 1;
                    (About { order_id: next_id, cancels: 0 }, len)
                }
                Step::Cancel { of, len } => (About { order_id: 0, cancels: of }, len),
                Step::Take(count) => {
                    let count = count.min(queue.bytes().len());
                    queue.took(count);
                    take(&mut frames, count);
                    continue;
                }
                Step::Withdraw { modulus } => {
                    let gone = queue.withdraw(|id| id % modulus == 0);
                    prop_assert_eq!(gone, withdraw(&mut frames, modulus));
                    prop_assert_eq!(queue.bytes(), all(&frames));
                    continue;
                }
            };
            let bytes = vec![fill; len];
            queue.push(&bytes, about);
            frames.push(Frame { left: len, bytes, about });
        }
        prop_assert_eq!(queue.bytes(), all(&frames));
    }
}

#[test]
fn a_frame_that_has_begun_is_finished() {
    let mut queue = SendQueue::default();
    for order_id in 1..=3 {
        let cancels = 0;
        queue.push(&[order_id as u8; 10], About { order_id, cancels });
    }
    queue.push(
        &[9; 4],
        About {
            order_id: 0,
            cancels: 2,
        },
    );
    queue.push(
        &[8; 4],
        About {
            order_id: 0,
            cancels: 1,
        },
    );
    queue.took(4);
    assert_eq!(queue.withdraw(|_| true), [2, 3]);
    assert_eq!(queue.bytes(), [[1; 6].as_slice(), &[8; 4]].concat());
    queue.took(6);
    queue.took(4);
    assert!(queue.is_empty());
}
