//! Any entries, in any order, come back; any bytes decode or are refused, never a panic.

use cws_abi::{Execution, OrderIntent};
use cws_journal::{Entry, KillScope, ParentOrder, Settings, Trigger, Writer};
use proptest::prelude::*;

fn entry() -> impl Strategy<Value = Entry> {
    let text = "[a-zåß€ ]{0,40}";
    prop_oneof![
        (any::<[u8; 32]>(), text).prop_map(|(build_hash, version)| Entry::Start {
            build_hash,
            version
        }),
        (any::<u8>(), any::<u16>()).prop_map(|(region, epoch)| Entry::Epoch { region, epoch }),
        (any::<u64>(), any::<i64>(), text, text).prop_map(
            |(parent_id, quantity, strategy, patch)| {
                Entry::Parent(ParentOrder {
                    parent_id,
                    quantity,
                    strategy,
                    patch,
                    ..ParentOrder::default()
                })
            }
        ),
        (any::<u64>(), any::<i64>(), any::<u16>(), any::<u8>()).prop_map(
            |(seq, price, symbol, version)| {
                Entry::Intent(OrderIntent {
                    seq,
                    price,
                    symbol,
                    version,
                    ..OrderIntent::default()
                })
            }
        ),
        (any::<u64>(), any::<u64>(), any::<u16>()).prop_map(|(intent_seq, order_id, reason)| {
            Entry::Decision {
                intent_seq,
                order_id,
                reason,
            }
        }),
        (
            any::<u64>(),
            any::<u64>(),
            prop::collection::vec(any::<u8>(), 0..99)
        )
            .prop_map(|(order_id, orig_order_id, bytes)| Entry::Sent {
                order_id,
                orig_order_id,
                bytes
            }),
        (any::<u64>(), any::<i64>(), any::<u16>(), any::<u64>()).prop_map(
            |(seq, price, reason, reserved_2)| {
                Entry::Execution(Execution {
                    seq,
                    price,
                    reason,
                    reserved_2,
                    ..Execution::default()
                })
            }
        ),
        any::<u64>().prop_map(|seq| Entry::DropCopy(Execution {
            seq,
            ..Execution::default()
        })),
        (any::<u64>(), any::<[u8; 32]>())
            .prop_map(|(version, hash)| Entry::Limits { version, hash }),
        (text, text, text).prop_map(|(name, who, reason)| Entry::Kill {
            scope: KillScope::Strategy,
            trigger: Trigger::DeadMan,
            name,
            who,
            reason
        }),
        (text, text, text).prop_map(|(name, who, reason)| Entry::Rearm {
            scope: KillScope::Venue,
            name,
            who,
            reason
        }),
        (any::<u8>(), any::<u64>(), text).prop_map(|(event, venue_seq, text)| Entry::Session {
            event,
            venue_seq,
            text
        }),
        (any::<u8>(), text).prop_map(|(state, reason)| Entry::State { state, reason }),
        (any::<u64>(), text).prop_map(|(parent_id, who)| Entry::CancelParent { parent_id, who }),
        (any::<u16>(), any::<i64>(), any::<u64>()).prop_map(|(symbol, price, ns)| Entry::Mark {
            symbol,
            price,
            ns
        }),
        any::<i64>().prop_map(|day| Entry::Day { day }),
        (any::<u64>(), any::<u64>())
            .prop_map(|(order_id, exec_id)| Entry::Difference { order_id, exec_id }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn entries_come_back(entries in prop::collection::vec((any::<u64>(), entry()), 0..30), batch in 1_usize..5, case in any::<u64>()) {
        let path = std::env::temp_dir().join(format!("cws-round-{}-{case}", std::process::id()));
        let (mut writer, _) = Writer::open(&path, 1, Settings::default(), |_| Ok(())).expect("opens");
        for part in entries.chunks(batch) {
            for (ts_ns, entry) in part {
                writer.stage(*ts_ns, entry);
            }
            writer.flush().expect("room");
        }
        let head = writer.head();
        drop(writer);
        let mut read = Vec::new();
        let (writer, _) = Writer::open(&path, 2, Settings::default(), |record| {
            read.push((record.ts_ns, record.entry()?));
            Ok(())
        }).expect("opens");
        prop_assert_eq!(writer.head(), head);
        prop_assert_eq!(read, entries);
        std::fs::remove_file(&path).expect("removes");
    }

    #[test]
    fn any_bytes_are_read_or_refused(kind in 0_u16..20, payload in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(entry) = Entry::decode(kind, &payload) {
            let mut again = Vec::new();
            prop_assert_eq!(entry.encode(&mut again), kind);
            prop_assert_eq!(again, payload);
        }
    }
}
