//! Headers of captured packets, and those that we make up.

use cws_wire::capture::LINK_ETHERNET;
use cws_wire::net::{
    Endpoint, TcpConversation, TcpEnd, Transport, UdpFlow, decode_frame, tcp_flags,
};

const A: Endpoint = Endpoint {
    address: [10, 0, 0, 1],
    port: 40_000,
};
const B: Endpoint = Endpoint {
    address: [239, 1, 2, 3],
    port: 26_400,
};

fn udp() -> UdpFlow {
    UdpFlow {
        source: A,
        destination: B,
    }
}

#[test]
fn headers_of_our_own_are_read_back_at_every_length() {
    let payload = b"odd bytes";
    let frame = [&udp().headers(payload)[..], payload].concat();
    let Ok(Transport::Udp(found)) = decode_frame(LINK_ETHERNET, &frame) else {
        panic!("a datagram");
    };
    assert_eq!(
        (found.source, found.destination, found.payload),
        (A, B, &payload[..])
    );
    for length in 0..frame.len() {
        let refused = decode_frame(LINK_ETHERNET, &frame[..length]).expect_err("cut off");
        assert_eq!(refused.code(), "CWS-WIRE-010");
    }
    assert_eq!(
        &frame[..6],
        &[0x01, 0x00, 0x5E, 1, 2, 3],
        "the group's own MAC"
    );
}

#[test]
fn vlan_tags_and_padding_are_passed_over() {
    let frame = [&udp().headers(b"x")[..], b"x", &[0; 17]].concat();
    let tag = [0x81, 0x00, 0x00, 0x8D];
    let once = [&frame[..12], &tag, &frame[12..]].concat();
    let twice = [&frame[..12], &[0x88, 0xA8, 0, 1], &tag, &frame[12..]].concat();
    for frame in [&frame, &once, &twice] {
        let Ok(Transport::Udp(found)) = decode_frame(LINK_ETHERNET, frame) else {
            panic!("a datagram");
        };
        assert_eq!(found.payload, b"x");
    }
    let three = [&frame[..12], &tag, &tag, &tag, &frame[12..]].concat();
    assert_eq!(decode_frame(LINK_ETHERNET, &three), Ok(Transport::Other));
}

fn code(frame: &[u8]) -> Result<Transport<'_>, &'static str> {
    decode_frame(LINK_ETHERNET, frame).map_err(|refused| refused.code())
}

#[test]
fn impossible_lengths_are_refused_and_fragments_passed_over() {
    let good = [&udp().headers(b"xyz")[..], b"xyz"].concat();
    let with = |place: usize, value: u8| {
        let mut frame = good.clone();
        frame[place] = value;
        frame
    };
    assert_eq!(
        code(&with(14, 0x44)),
        Err("CWS-WIRE-010"),
        "IP header of 16 bytes"
    );
    assert_eq!(
        code(&with(17, 19)),
        Err("CWS-WIRE-010"),
        "IP packet of 19 bytes"
    );
    assert_eq!(
        code(&with(39, 7)),
        Err("CWS-WIRE-010"),
        "UDP datagram of 7 bytes"
    );
    assert_eq!(
        code(&with(39, 12)),
        Err("CWS-WIRE-010"),
        "UDP datagram longer than its packet"
    );
    assert_eq!(
        code(&with(20, 0x20)),
        Ok(Transport::Other),
        "more fragments follow"
    );
    assert_eq!(code(&with(13, 0x06)), Ok(Transport::Other), "ARP");
    assert!(
        matches!(code(&with(17, 0)), Ok(Transport::Udp(_))),
        "segmented by the interface"
    );
}

#[test]
fn a_conversation_counts_its_bytes() {
    let mut conversation = TcpConversation::new(
        A,
        Endpoint {
            address: [10, 0, 0, 2],
            port: 7_000,
        },
    );
    let mut seen = Vec::new();
    let mut look = |frame: &[u8], payload: &[u8]| {
        let frame = [frame, payload].concat();
        let Ok(Transport::Tcp(tcp)) = decode_frame(LINK_ETHERNET, &frame) else {
            panic!("a segment");
        };
        assert_eq!(tcp.payload, payload);
        assert_eq!(frame[52..54], [0, 0], "nothing is urgent");
        seen.push((
            tcp.source == A,
            tcp.sequence,
            tcp.acknowledgement,
            tcp.flags,
        ));
    };
    for (_, frame) in conversation.handshake() {
        look(&frame, &[]);
    }
    look(&conversation.segment(TcpEnd::Client, b"login"), b"login");
    look(&conversation.segment(TcpEnd::Server, b"ok"), b"ok");
    look(&conversation.finish(TcpEnd::Client), &[]);
    look(&conversation.finish(TcpEnd::Server), &[]);
    use tcp_flags::{ACK, FIN, PSH, SYN};
    let expected = [
        (true, 0, 0, SYN),
        (false, 0, 1, SYN | ACK),
        (true, 1, 1, ACK),
        (true, 1, 1, PSH | ACK),
        (false, 1, 6, PSH | ACK),
        (true, 6, 3, FIN | ACK),
        (false, 3, 7, FIN | ACK),
    ];
    assert_eq!(seen, expected);
}
