//! The hot loop: packet -> arbitrate A/B -> decode -> book -> trigger -> own check -> intent. C++ in `gateway/hot/`.
//!
//! [`Hot`] belongs to the one thread that handles packets. [`Control`] belongs to the one thread of the slow path: it sets
//! parents, passes executions on and reads counters while the hot thread runs.

use std::ffi::c_void;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex};

use cws_abi::{Execution, OrderIntent, Producer};

use crate::hot_abi::{Activity, HotConfig, HotGap, HotParent, HotSockets, HotStats};
pub use crate::hot_error::HotError;
use crate::hot_error::check;

unsafe extern "C" {
    fn cws_hot_new(
        config: *const HotConfig,
        head: *mut u8,
        records: *mut u8,
        capacity: u64,
    ) -> *mut c_void;
    fn cws_hot_free(state: *mut c_void);
    fn cws_hot_cursor(state: *mut c_void, cursor: *const u8);
    fn cws_hot_step(state: *mut c_void, packet: *const u8, length: u32, ts_recv_ns: u64) -> u32;
    fn cws_hot_idle(state: *mut c_void, ts_recv_ns: u64) -> u32;
    fn cws_hot_execution(state: *mut c_void, execution: *const Execution) -> u32;
    fn cws_hot_gap(state: *const c_void, out: *mut HotGap);
    fn cws_hot_push_execution(state: *mut c_void, execution: *const Execution) -> u32;
    fn cws_hot_set_parent(state: *mut c_void, slot: u32, parent: *const HotParent);
    fn cws_hot_released(state: *const c_void, slot: u32) -> u64;
    fn cws_hot_push_stray(state: *mut c_void, stray: *const Stray) -> u32;
    fn cws_hot_stats(state: *const c_void, out: *mut HotStats);
    fn cws_hot_stop(state: *mut c_void);
    fn cws_hot_run(state: *mut c_void, sockets: *const HotSockets) -> i32;
    fn cws_hot_checksum(state: *const c_void) -> u64;
    fn cws_hot_touch(state: *const c_void, locate: u32, side: u32) -> u32;
    fn cws_hot_next_counter(state: *const c_void) -> u64;
    fn cws_hot_tap_next(state: *mut c_void, out: *mut u8, room: u32, about: *mut Tapped) -> u32;
}

/// Longest packet that the tap passes on and that is kept when it comes early.
pub const PACKET_MAX: usize = 2048;

/// About a packet of the tap.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tapped {
    pub ts_recv_ns: u64,
    /// 0 feed A, 1 feed B, 2 retransmission.
    pub source: u32,
    pub length: u32,
}

/// An order that no parent of the hot loop works, to be cancelled: of an earlier life.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stray {
    pub order_id: u64,
    pub parent_id: u64,
    pub symbol: u16,
    pub strategy: u16,
    pub side: u8,
    pub reserved: [u8; 3],
}
const _: () = assert!(size_of::<Stray>() == 24);

struct State {
    raw: NonNull<c_void>,
    /// Keeps the ring mapped for as long as either half may write it.
    ring: Mutex<Producer<OrderIntent>>,
}

// SAFETY: which thread may touch which part is kept by `Hot` and `Control`, of which there is one each.
unsafe impl Send for State {}
// SAFETY: as above; what both touch is atomic on the C++ side.
unsafe impl Sync for State {}

impl Drop for State {
    fn drop(&mut self) {
        // SAFETY: the pointer that cws_hot_new gave; the last owner frees it.
        unsafe { cws_hot_free(self.raw.as_ptr()) };
    }
}

/// The hot thread's half.
pub struct Hot {
    state: Arc<State>,
    symbols: u32,
}

/// The slow path's half.
pub struct Control {
    state: Arc<State>,
    parents: Vec<u64>,
    slots: usize,
    symbols: u32,
}

/// Maps all memory, makes or goes on with `intents.ring` in `run_dir`, and gives the two halves.
///
/// # Errors
/// Settings out of range, no memory, or another ring in the way.
pub fn open(
    config: &HotConfig,
    run_dir: &Path,
    ring_capacity: u64,
) -> Result<(Hot, Control), HotError> {
    let ring = Producer::open(
        &run_dir.join("intents.ring"),
        &run_dir.join("intents.cursor"),
        ring_capacity,
    )
    .map_err(HotError::Ring)?;
    let (head, records, capacity) = ring.raw_parts();
    // SAFETY: the ring's mapping is kept beside the state that writes into it.
    let raw = unsafe { cws_hot_new(config, head, records, capacity) };
    let raw = NonNull::new(raw).ok_or(HotError::Config)?;
    let ring = Mutex::new(ring);
    let state = Arc::new(State { raw, ring });
    let mut control = Control {
        state: state.clone(),
        parents: Vec::with_capacity(usize::from(config.parents)),
        slots: usize::from(config.parents),
        symbols: config.book.symbols,
    };
    control.attach();
    let symbols = config.book.symbols;
    Ok((Hot { state, symbols }, control))
}

impl Hot {
    fn raw(&self) -> *mut c_void {
        self.state.raw.as_ptr()
    }

    /// One packet of either feed or of a retransmission; `ts_recv_ns` in UTC ns. Returns how many intents it made.
    pub fn step(&mut self, packet: &[u8], ts_recv_ns: u64) -> u32 {
        let Ok(length) = u32::try_from(packet.len()) else {
            return 0;
        };
        // SAFETY: the state's hot part is ours alone, the bytes live through the call.
        unsafe { cws_hot_step(self.raw(), packet.as_ptr(), length, ts_recv_ns) }
    }

    /// What time and [`Control`] did meanwhile: parameters, queued executions, gaps. Returns how many intents that made.
    pub fn idle(&mut self, ts_recv_ns: u64) -> u32 {
        // SAFETY: as in `step`.
        unsafe { cws_hot_idle(self.raw(), ts_recv_ns) }
    }

    /// One execution, on this thread (lockstep). Returns how many intents it made; they carry the time of the last packet.
    pub fn execution(&mut self, execution: &Execution) -> u32 {
        // SAFETY: as in `step`.
        unsafe { cws_hot_execution(self.raw(), execution) }
    }

    /// What is missing, for the caller to request where `run` does not.
    pub fn gap(&self) -> Option<HotGap> {
        let mut gap = HotGap::default();
        // SAFETY: one struct of the asserted layout is written.
        unsafe { cws_hot_gap(self.raw(), &mut gap) };
        (gap.count > 0).then_some(gap)
    }

    /// Handles packets until [`Control::stop`].
    ///
    /// # Errors
    /// A socket that fails for good, or a core that cannot be had.
    pub fn run(&mut self, sockets: &HotSockets) -> Result<(), HotError> {
        // SAFETY: as in `step`; the descriptors are the caller's and outlive the call.
        match unsafe { cws_hot_run(self.raw(), sockets) } {
            0 => Ok(()),
            errno => Err(HotError::System(errno)),
        }
    }

    /// The book's checksum (see [`crate::rules`]).
    pub fn checksum(&self) -> u64 {
        // SAFETY: reads the book on its own thread.
        unsafe { cws_hot_checksum(self.raw()) }
    }

    /// Best bid and ask in 1e-4, None where a side is empty.
    pub fn touch(&self, locate: u16) -> (Option<u32>, Option<u32>) {
        let locate = u32::from(locate);
        assert!(
            (1..=self.symbols).contains(&locate),
            "a locate of this book"
        );
        // SAFETY: the locate is inside the limits.
        let [bid, ask] = [0, 1].map(|side| unsafe { cws_hot_touch(self.raw(), locate, side) });
        ((bid != 0).then_some(bid), (ask != 0).then_some(ask))
    }

    /// Counter of the next order id, to go on from after a restart of this epoch.
    pub fn next_counter(&self) -> u64 {
        // SAFETY: reads a field on its own thread.
        unsafe { cws_hot_next_counter(self.raw()) }
    }
}

impl Control {
    fn raw(&self) -> *mut c_void {
        self.state.raw.as_ptr()
    }

    /// Sets a parent or, by its id, changes it (quantity, limits, activity); symbol, side and style stay what they were.
    /// Of one that was set [`Activity::Retired`](crate::hot_abi::Activity) nothing more is taken once the hot thread has
    /// no order of it left: its slot goes to the next new parent that finds none unused. One that is new here and must
    /// not work needs no slot.
    ///
    /// # Errors
    /// A field out of range, or no slot is free.
    pub fn set_parent(&mut self, parent: &HotParent) -> Result<(), HotError> {
        check(parent, self.symbols).map_err(HotError::Parent)?;
        let known = self.parents.iter().position(|id| *id == parent.parent_id);
        let slot = match known {
            Some(slot) if self.is_released(slot) => return Ok(()),
            Some(slot) => slot,
            None if parent.activity >= Activity::Stopping as u8 => return Ok(()),
            None if self.parents.len() < self.slots => {
                self.parents.push(parent.parent_id);
                self.parents.len() - 1
            }
            None => {
                let slot = self.released().ok_or(HotError::ParentsFull)?;
                self.parents[slot] = parent.parent_id;
                slot
            }
        };
        // SAFETY: the slot is inside the limits; this half is the only writer.
        unsafe { cws_hot_set_parent(self.raw(), slot as u32, parent) };
        Ok(())
    }

    /// The first slot whose parent the hot thread has let go of.
    fn released(&self) -> Option<usize> {
        (0..self.parents.len()).find(|slot| self.is_released(*slot))
    }

    fn is_released(&self, slot: usize) -> bool {
        // SAFETY: the slot is inside the limits; one atomic word is read.
        unsafe { cws_hot_released(self.raw(), slot as u32) == self.parents[slot] }
    }

    /// Has an order of an earlier life cancelled, through the ring and so by way of risk. False where the queue is full.
    #[must_use]
    pub fn cancel_stray(&mut self, stray: &Stray) -> bool {
        // SAFETY: this half is the queue's only producer.
        unsafe { cws_hot_push_stray(self.raw(), stray) != 0 }
    }

    /// Queues an execution for the hot thread. False where the queue is full: try again, do not drop it.
    #[must_use]
    pub fn push_execution(&mut self, execution: &Execution) -> bool {
        // SAFETY: this half is the queue's only producer.
        unsafe { cws_hot_push_execution(self.raw(), execution) != 0 }
    }

    pub fn stats(&self) -> HotStats {
        let mut stats = HotStats::default();
        // SAFETY: one struct of the asserted layout is written; the counters are read atomically.
        unsafe { cws_hot_stats(self.raw(), &mut stats) };
        stats
    }

    /// Tells the producer where the consumer stands, once risk has made its cursor. True when it has.
    pub fn attach(&mut self) -> bool {
        let mut ring = self.state.ring.lock().expect("no holder panics");
        let cursor = ring.raw_cursor();
        // SAFETY: the cursor's mapping lives as long as the ring.
        unsafe { cws_hot_cursor(self.raw(), cursor) };
        !cursor.is_null()
    }

    /// The next packet that the hot thread saw, copied into `out` (at least [`PACKET_MAX`] bytes), for the capture.
    pub fn tap(&mut self, out: &mut [u8; PACKET_MAX]) -> Option<Tapped> {
        let mut about = Tapped::default();
        // SAFETY: this half is the tap's only consumer; the room is the buffer's length.
        let found = unsafe {
            cws_hot_tap_next(self.raw(), out.as_mut_ptr(), PACKET_MAX as u32, &mut about)
        };
        (found != 0).then_some(about)
    }

    /// Ends [`Hot::run`].
    pub fn stop(&self) {
        // SAFETY: an atomic flag.
        unsafe { cws_hot_stop(self.raw()) };
    }
}
