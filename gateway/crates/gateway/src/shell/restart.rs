//! What an earlier life left: the journal's story told again, and its orders cancelled.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use cws_abi::{IntentKind, OrderId, OrderIntent, Producer};
use cws_journal::{Entry, Journal, JournalError, Settings, Writer};
use cws_process::fault::Fault;

use super::strays::stray;
use crate::config::Config;
use crate::desk::Desk;
use crate::oms::Order;

const DAY_NS: u64 = 86_400_000_000_000;

/// Our number for the session record that says that a lockstep day has begun.
pub const BEGUN: u8 = 1;

/// A desk as the journal left it.
pub struct Rebuilt {
    pub desk: Desk,
    pub journal: Writer,
    /// Last epoch that the journal knows; 0 for none.
    pub epoch: u16,
    /// Lockstep: the day had begun.
    pub begun: bool,
    /// Records that were read, and whether they came from the risk core's journal because our own was gone.
    pub records: u64,
    pub from_risk: bool,
}

/// # Errors
/// A journal that is corrupt, locked or unreadable. A torn tail is cut.
pub fn rebuild(config: &Config, now_ns: u64) -> Result<Rebuilt, Fault> {
    let mut desk = Desk::new(config.desk_limits());
    let mut epoch = 0;
    let mut begun = false;
    let settings = Settings {
        max_bytes: config.limits.journal_bytes_max,
        commit_every: Duration::from_millis(config.limits.journal_commit_ms),
        ..Settings::default()
    };
    let path = config.run_dir.join("gateway.journal");
    let (mut journal, opened) = Writer::open(&path, now_ns, settings, |record| {
        let entry = record.entry()?;
        if let Entry::Epoch { epoch: told, .. } = entry {
            epoch = epoch.max(told);
        }
        begun |= matches!(entry, Entry::Session { event: BEGUN, .. });
        desk.replay(&entry);
        Ok(())
    })
    .map_err(|error| unusable(&error))?;
    let mut records = opened.records;
    let lost = records == 0;
    if lost {
        let risk = config.run_dir.join("risk.journal");
        records =
            borrow(&risk, now_ns, &mut desk, &mut journal).map_err(|error| unusable(&error))?;
    }
    Ok(Rebuilt {
        desk,
        journal,
        epoch,
        begun,
        records,
        from_risk: lost && records > 0,
    })
}

/// Our journal is gone, the risk core's is there: parents that had children, intents and executions are taken from it. It
/// does not tell which parents were cancelled here, nor the end that they got when they were handed over: all of them are
/// wound up.
fn borrow(
    risk: &Path,
    now_ns: u64,
    desk: &mut Desk,
    journal: &mut Writer,
) -> Result<u64, JournalError> {
    if std::fs::File::open(risk).is_err() {
        return Ok(0); // There is none, or this user may not read it: orders are adopted as they speak.
    }
    let mut worked = BTreeSet::new();
    for record in Journal::open(risk)? {
        if let Entry::Intent(intent) = record?.entry()? {
            worked.insert(intent.parent_id);
        }
    }
    let mut taken = 0;
    for record in Journal::open(risk)? {
        let record = record?;
        let mut entry = record.entry()?;
        if let Entry::Parent(order) = &mut entry
            && order.end_ns == 0
        {
            order.end_ns = record.ts_ns / DAY_NS * DAY_NS + DAY_NS; // Of the day on which it came.
        }
        let wanted = match &entry {
            Entry::Parent(order) => worked.contains(&order.parent_id),
            Entry::Intent(_) | Entry::Execution(_) => true,
            _ => false,
        };
        if wanted {
            desk.replay(&entry);
            journal.stage(record.ts_ns, &entry);
            taken += 1;
        }
        if taken % 1_024 == 0 {
            journal.flush()?;
        }
    }
    let open: Vec<u64> = desk
        .parents
        .iter()
        .filter(|parent| !parent.state.is_final())
        .map(|parent| parent.order.parent_id)
        .collect();
    for parent_id in open {
        let who = "the gateway: its journal was lost".into();
        let entry = Entry::CancelParent { parent_id, who };
        desk.replay(&entry);
        journal.stage(now_ns, &entry);
    }
    journal.flush()?;
    Ok(taken)
}

/// Puts a cancel for each order of an earlier life into the ring, before the hot thread takes the ring over; also where
/// the order's parent is not known: what was waiting in the executions' ring may be all that tells of it. Returns the
/// counter that the hot thread's order ids go on from.
pub fn cancel_earlier(config: &Config, desk: &mut Desk, epoch: u16) -> Result<u64, Fault> {
    let run_dir = &config.run_dir;
    let (ring, cursor) = (run_dir.join("intents.ring"), run_dir.join("intents.cursor"));
    let mut producer = Producer::<OrderIntent>::open(&ring, &cursor, config.hot.ring_capacity)
        .map_err(|error| ring_fault(&error))?;
    let all = desk.orders.iter();
    let open: Vec<Order> = all
        .filter(|order| !order.state.is_final())
        .cloned()
        .collect();
    let mut counter = 1;
    for order in open {
        let id =
            OrderId::new(config.region as u8, epoch, counter).expect("a checked region and epoch");
        let cancel = OrderIntent {
            seq: producer.written() + 1,
            order_id: id.bits(),
            parent_id: order.parent_id,
            orig_order_id: order.id,
            symbol: order.symbol,
            strategy: order.strategy,
            kind: IntentKind::Cancel as u8,
            side: order.side as u8,
            terms: order.terms.map_or(1, |terms| terms as u8),
            version: OrderIntent::VERSION,
            ..OrderIntent::default()
        };
        if producer.try_push(&cancel).is_err() {
            break; // Risk does not read: nothing can be sent at all, and the status shows what is open.
        }
        if desk.parents.get(order.parent_id).is_none() {
            desk.note(stray(order.id));
        }
        counter += 1;
    }
    Ok(counter)
}

pub fn unusable(error: &JournalError) -> Fault {
    Fault::new(
        "CWS-GATEWAY-003",
        error.to_string(),
        "gateway.journal",
        "keep the file for inspection, and start with the risk core's journal beside it",
    )
}

pub fn ring_fault(error: &cws_abi::RingError) -> Fault {
    Fault::new(
        "CWS-GATEWAY-004",
        error.to_string(),
        "run_dir",
        "stop both sides and remove the ring and its cursors",
    )
}
