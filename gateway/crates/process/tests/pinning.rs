//! A pinned thread stays where it was put.

use cws_process::pinning;

#[test]
fn a_thread_is_pinned_to_a_core_that_is_there_and_to_no_other() {
    // On a thread of its own: a pin stays with its thread.
    let pinned = std::thread::spawn(|| {
        pinning::pin(-1).expect("stays where it is");
        let cores = pinning::cores();
        assert!(pinning::pin(i64::MAX).is_err());
        // SAFETY: a set of bits that the call fills.
        let mut mine: libc::cpu_set_t = unsafe { std::mem::zeroed() };
        // SAFETY: the place and its length belong together.
        unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &mut mine) };
        // SAFETY: the number is below the size of the set.
        let first =
            (0..libc::CPU_SETSIZE as usize).find(|core| unsafe { libc::CPU_ISSET(*core, &mine) });
        let first = first.expect("a thread runs somewhere");
        pinning::pin(first as i64).expect("a core of ours");
        // SAFETY: as above.
        unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &mut mine) };
        // SAFETY: as above.
        assert_eq!(unsafe { libc::CPU_COUNT(&mine) }, 1);
        assert_eq!(
            pinning::cores(),
            cores,
            "pinned or not, the machine is what it is"
        );
    });
    pinned.join().expect("pins");
}
