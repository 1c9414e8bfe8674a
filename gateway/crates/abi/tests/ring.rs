//! The ring between two parties that do not trust each other, and the order id.

use std::path::PathBuf;

use cws_abi::{COUNTER_MAX, Consumer, EPOCH_MAX, OrderId, OrderIntent, Producer, RingFull};
use proptest::prelude::*;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("cws-abi-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder of our own");
        Self(path)
    }
    fn producer(&self) -> Producer<OrderIntent> {
        Producer::open(&self.0.join("x.ring"), &self.0.join("x.cursor"), 4).expect("opens")
    }
    fn consumer(&self) -> Consumer<OrderIntent> {
        Consumer::open(&self.0.join("x.ring"), &self.0.join("x.cursor")).expect("opens")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

fn intent(seq: u64) -> OrderIntent {
    OrderIntent {
        seq,
        quantity: -1,
        ..OrderIntent::default()
    }
}

#[test]
fn a_full_ring_refuses_and_a_release_makes_room() {
    let folder = Folder::new("full");
    let mut producer = folder.producer();
    for seq in 1..=4 {
        producer.try_push(&intent(seq)).expect("room for four");
    }
    assert_eq!(producer.try_push(&intent(5)), Err(RingFull));
    let mut consumer = folder.consumer();
    assert_eq!(
        consumer.take().expect("sound").map(|record| record.seq),
        Some(1)
    );
    assert_eq!(
        producer.try_push(&intent(5)),
        Err(RingFull),
        "taken is not released"
    );
    consumer.release();
    producer
        .try_push(&intent(5))
        .expect("one place was released");
    let rest: Vec<u64> =
        std::iter::from_fn(|| consumer.take().expect("sound").map(|r| r.seq)).collect();
    assert_eq!(rest, [2, 3, 4, 5]);
}

#[test]
fn both_sides_go_on_after_a_death() {
    let folder = Folder::new("death");
    let mut producer = folder.producer();
    for seq in 1..=3 {
        producer.try_push(&intent(seq)).expect("room");
    }
    let mut consumer = folder.consumer();
    consumer.take().expect("sound");
    consumer.release();
    consumer.take().expect("sound");
    drop((producer, consumer));
    let (mut producer, mut consumer) = (folder.producer(), folder.consumer());
    assert_eq!(producer.written(), 3);
    assert_eq!(
        consumer.take().expect("sound").map(|r| r.seq),
        Some(2),
        "what was not released comes again"
    );
    assert_eq!(producer.waiting(), 2);
}

#[test]
fn a_lying_producer_is_noticed() {
    let folder = Folder::new("lie");
    let (producer, mut consumer) = (folder.producer(), folder.consumer());
    let (head, _, _) = producer.raw_parts();
    // SAFETY: the test owns the mapping and plays the liar.
    unsafe { head.cast::<u64>().write(100) };
    assert!(
        consumer
            .take()
            .expect_err("no ring holds a hundred")
            .to_string()
            .contains("CWS-RING-002")
    );
}

#[test]
fn another_capacity_is_refused() {
    let folder = Folder::new("capacity");
    drop(folder.producer());
    let other =
        Producer::<OrderIntent>::open(&folder.0.join("x.ring"), &folder.0.join("x.cursor"), 8);
    assert!(other.is_err());
}

proptest! {
    #[test]
    fn an_order_id_comes_back_from_bits_and_token(
        region in b'A'..=b'Z', epoch in 0..=EPOCH_MAX, counter in 1..=COUNTER_MAX,
    ) {
        let id = OrderId::new(region, epoch, counter).expect("in range");
        prop_assert_eq!(OrderId::from_bits(id.bits()), Some(id));
        prop_assert_eq!(OrderId::from_token(&id.token()), Ok(id));
    }

    #[test]
    fn no_token_is_read_as_another_ones_id(token in proptest::array::uniform14(any::<u8>())) {
        if let Ok(id) = OrderId::from_token(&token) {
            prop_assert_eq!(id.token(), token);
        }
    }
}

#[test]
fn a_ring_that_is_cut_off_is_an_error_and_no_death() {
    cws_abi::guard_foreign_memory().expect("installs");
    let folder = Folder::new("torn");
    let (mut producer, mut consumer) = (folder.producer(), folder.consumer());
    producer.try_push(&intent(1)).expect("room");
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(folder.0.join("x.ring"))
        .expect("opens");
    file.set_len(0).expect("cuts");
    let error = consumer
        .take()
        .expect_err("nothing of it is left")
        .to_string();
    assert!(error.contains("CWS-RING-002"), "{error}");
    file.set_len(128 + 4 * 64).expect("grows again");
    consumer.take().expect_err("what was torn stays torn");
}

#[test]
fn a_beat_that_is_cut_off_is_no_beat() {
    cws_abi::guard_foreign_memory().expect("installs");
    let folder = Folder::new("torn-beat");
    let path = folder.0.join("x.beat");
    let beat = cws_abi::Beat::open(&path).expect("opens");
    beat.beat(7);
    let reader = cws_abi::BeatReader::open(&path).expect("opens");
    assert_eq!(reader.last_ns(), 7);
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .expect("opens");
    file.set_len(0).expect("cuts");
    assert_eq!(reader.last_ns(), 0);
}

#[test]
fn links_and_pipes_are_no_rings() {
    let folder = Folder::new("link");
    drop(folder.producer());
    let path = |name: &str| folder.0.join(name);
    std::os::unix::fs::symlink(path("x.ring"), path("link.ring")).expect("links");
    std::os::unix::fs::symlink(path("x.ring"), path("link.cursor")).expect("links");
    let open = |ring: &str, cursor: &str| Consumer::<OrderIntent>::open(&path(ring), &path(cursor));
    assert!(open("link.ring", "x.cursor").is_err());
    assert!(open("x.ring", "link.cursor").is_err());
    let pipe = std::ffi::CString::new(path("pipe.ring").into_os_string().into_encoded_bytes())
        .expect("a path");
    // SAFETY: a path that ends with its zero.
    assert_eq!(unsafe { libc::mkfifo(pipe.as_ptr(), 0o600) }, 0);
    assert!(
        open("pipe.ring", "x.cursor").is_err(),
        "and it does not wait for a writer"
    );
}

/// Whoever cleans up by hand may leave the cursor: by it, the new ring would be full or a liar's.
#[test]
fn a_ring_that_was_made_anew_counts_anew_whatever_the_cursor_says() {
    let folder = Folder::new("anew");
    let (mut producer, mut consumer) = (folder.producer(), folder.consumer());
    for seq in 1..=3 {
        producer.try_push(&intent(seq)).expect("room");
        consumer.take().expect("sound");
    }
    consumer.release();
    let birth = consumer.birth();
    drop((producer, consumer));
    std::fs::remove_file(folder.0.join("x.ring")).expect("ours");
    let mut producer = folder.producer();
    for seq in 1..=4 {
        producer.try_push(&intent(seq)).expect("room");
    }
    assert_eq!(
        producer.try_push(&intent(5)),
        Err(RingFull),
        "what the cursor released was another ring's"
    );
    let mut consumer = folder.consumer();
    assert!(consumer.birth() > birth && consumer.taken() == 0);
    assert_eq!(consumer.take().expect("sound").map(|r| r.seq), Some(1));
    consumer.release();
    producer.try_push(&intent(5)).expect("one was released");
    drop(consumer);
    let again = folder.consumer();
    assert_eq!(again.taken(), 1);
}
