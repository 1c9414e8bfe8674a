//! Capture files of both formats, both byte orders and several units of time.

use cws_wire::capture::{
    CaptureReader, Captured, Direction, Interface, LINK_ETHERNET, LINK_RAW_IP, PcapngWriter,
    Section,
};
use cws_wire::net::{Endpoint, UdpFlow};
use cws_wire::{WireError, fuzz_one};
use proptest::prelude::*;

const A: Endpoint = Endpoint {
    address: [10, 0, 0, 1],
    port: 40_000,
};
const B: Endpoint = Endpoint {
    address: [239, 1, 2, 3],
    port: 26_400,
};
const SECTION: Section<'static> = Section {
    application: "cws test",
    clock_source: "software, CLOCK_REALTIME",
};
const ETHERNET: Interface<'static> = Interface {
    name: "feed-a",
    description: "market data",
    link_type: LINK_ETHERNET,
};

fn written(packets: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let mut writer = PcapngWriter::new(Vec::new(), SECTION, &[ETHERNET]).expect("memory");
    for (ts_ns, bytes) in packets {
        let (left, right) = bytes.split_at(bytes.len() / 2);
        writer
            .write(0, *ts_ns, Direction::In, &[left, right])
            .expect("memory");
    }
    writer.into_inner()
}

fn read(file: &[u8]) -> Result<Vec<Captured<'_>>, WireError> {
    CaptureReader::new(file)?.collect()
}

/// A classic file with one packet, in either byte order.
fn classic(magic: u32, big_endian: bool, fraction: u32) -> Vec<u8> {
    let words = [
        magic,
        0x0004_0002,
        0,
        0,
        65_535,
        1,
        1_700_000_000,
        fraction,
        3,
        60,
    ];
    let bytes = words.map(|word| {
        if big_endian {
            word.to_be_bytes()
        } else {
            word.to_le_bytes()
        }
    });
    [bytes.concat(), b"abc".to_vec()].concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_we_write_we_read(packets in prop::collection::vec((any::<u64>(), prop::collection::vec(any::<u8>(), 0..99)), 0..9)) {
        let file = written(&packets);
        let found = read(&file).expect("our own file");
        let pairs: Vec<_> = found.iter().map(|packet| (packet.ts_ns, packet.bytes.to_vec())).collect();
        prop_assert_eq!(pairs, packets);
    }

    #[test]
    fn a_flipped_byte_never_panics(place in 0_usize..10_000, value: u8) {
        let frame = [&udp().headers(b"payload")[..], b"payload"].concat();
        let mut file = written(&[(1, frame.clone()), (2, frame)]);
        let place = place % file.len();
        file[place] = value;
        fuzz_one(&file);
        let _ = read(&file);
    }
}

fn udp() -> UdpFlow {
    UdpFlow {
        source: A,
        destination: B,
    }
}

#[test]
fn classic_files_of_both_orders_and_units() {
    for big_endian in [false, true] {
        for (magic, fraction, ns) in [(0xA1B2_C3D4, 999_999, 999_999_000), (0xA1B2_3C4D, 7, 7)] {
            let file = classic(magic, big_endian, fraction);
            let expected = Captured {
                ts_ns: 1_700_000_000_000_000_000 + ns,
                interface: 0,
                link_type: LINK_ETHERNET,
                original_length: 60,
                bytes: b"abc",
            };
            assert_eq!(read(&file), Ok(vec![expected]));
            for length in (0..24).chain(25..file.len()) {
                let refused = read(&file[..length]).expect_err("a file that is cut off");
                assert_eq!(refused.code(), "CWS-WIRE-009", "{length}");
            }
        }
    }
    let refused = read(&classic(0xA1B2_C3D4, false, 1_000_000)).expect_err("more than a second");
    assert!(refused.to_string().contains("offset 24;"), "{refused}");
    assert!(read(&classic(0xA1B2_C3D5, false, 0)).is_err());
}

/// A section in either byte order, its interface with `if_tsresol` and `if_tsoffset`, a packet of 5 bytes at tick 1024.
fn pcapng(big_endian: bool, resolution: u8, offset_s: i64) -> Vec<u8> {
    let u16s = |n: u16| {
        if big_endian {
            n.to_be_bytes()
        } else {
            n.to_le_bytes()
        }
    };
    let u32s = |n: u32| {
        if big_endian {
            n.to_be_bytes()
        } else {
            n.to_le_bytes()
        }
    };
    let offset = if big_endian {
        offset_s.to_be_bytes()
    } else {
        offset_s.to_le_bytes()
    };
    let block = |kind: u32, body: &[u8]| {
        let length = u32s(12 + body.len() as u32);
        [&u32s(kind)[..], &length, body, &length].concat()
    };
    let section = [&u32s(0x1A2B_3C4D)[..], &u16s(1), &u16s(0), &[0xFF; 8]].concat();
    let options = [
        &u16s(9)[..],
        &u16s(1),
        &[resolution, 0, 0, 0],
        &u16s(14),
        &u16s(8),
        &offset,
        &[0; 4],
    ]
    .concat();
    let interface = [&u16s(101)[..], &[0; 2], &u32s(0), &options].concat();
    let packet = [
        &u32s(0)[..],
        &u32s(0),
        &u32s(1024),
        &u32s(5),
        &u32s(9),
        b"hello\0\0\0",
    ]
    .concat();
    let unknown = block(0x0BAD, b"whatever");
    [
        block(0x0A0D_0D0A, &section),
        unknown,
        block(1, &interface),
        block(6, &packet),
    ]
    .concat()
}

#[test]
fn pcapng_of_both_orders_and_several_units() {
    let cases = [
        (9, 1_000_001_024),
        (6, 1_001_024_000),
        (0x8A, 2_000_000_000),
        (12, 1_000_000_001),
    ];
    for big_endian in [false, true] {
        for (resolution, ts_ns) in cases {
            let file = pcapng(big_endian, resolution, 1);
            let expected = Captured {
                ts_ns,
                interface: 0,
                link_type: LINK_RAW_IP,
                original_length: 9,
                bytes: b"hello",
            };
            assert_eq!(read(&file), Ok(vec![expected]), "{resolution}");
        }
        let refused = read(&pcapng(big_endian, 0, i64::MAX)).expect_err("a time beyond all bounds");
        assert_eq!(refused.code(), "CWS-WIRE-009");
    }
}

#[test]
fn a_pcapng_file_cut_off_inside_a_block_is_refused() {
    let file = written(&[(5, b"packet".to_vec())]);
    let mut ends = Vec::new();
    for length in 4..=file.len() {
        match read(&file[..length]) {
            Ok(packets) => ends.push((length, packets.len())),
            Err(refused) => assert_eq!(refused.code(), "CWS-WIRE-009"),
        }
    }
    // Behind the section, the interface and the packet: nowhere else.
    let counts: Vec<_> = ends.iter().map(|&(_, packets)| packets).collect();
    assert_eq!(counts, [0, 0, 1]);
}

#[test]
fn a_reader_stops_at_its_first_error() {
    let file = written(&[(5, b"packet".to_vec())]);
    let mut reader = CaptureReader::new(&file[..file.len() - 1]).expect("a section");
    assert!(matches!(reader.next(), Some(Err(_))));
    assert_eq!(reader.next(), None);
}
