//! Headers for what our own sockets sent and received: the kernel shows us payloads only, a capture wants packets. The
//! addresses and payloads are real; MAC addresses, IP ids and TCP sequence numbers are made up, consistently.

use super::Endpoint;
use super::tcp_flags::{ACK, FIN, PSH, SYN};

const ETHERNET: usize = 14;
const IPV4: usize = 20;
const UDP: usize = 8;
const TCP: usize = 20;
/// Bytes of headers before a UDP payload.
pub const UDP_HEADERS: usize = ETHERNET + IPV4 + UDP;
/// Bytes of headers before a TCP payload.
pub const TCP_HEADERS: usize = ETHERNET + IPV4 + TCP;
const PROTOCOL_TCP: u8 = 6;
const PROTOCOL_UDP: u8 = 17;
const WINDOW: u16 = 0xFFFF;

/// Datagrams from one endpoint to another.
#[derive(Clone, Copy, Debug)]
pub struct UdpFlow {
    pub source: Endpoint,
    pub destination: Endpoint,
}

impl UdpFlow {
    /// The headers that stand before `payload`.
    ///
    /// # Panics
    /// Where the payload is longer than a datagram can carry.
    pub fn headers(&self, payload: &[u8]) -> [u8; UDP_HEADERS] {
        let mut frame = [0; UDP_HEADERS];
        let (source, destination) = (self.source, self.destination);
        lower_layers(
            &mut frame,
            source,
            destination,
            PROTOCOL_UDP,
            UDP + payload.len(),
        );
        let length = (UDP + payload.len()) as u16;
        let udp = &mut frame[ETHERNET + IPV4..];
        udp[0..2].copy_from_slice(&source.port.to_be_bytes());
        udp[2..4].copy_from_slice(&destination.port.to_be_bytes());
        udp[4..6].copy_from_slice(&length.to_be_bytes());
        let sum = transport_checksum(source, destination, PROTOCOL_UDP, udp, payload);
        // 0 says that there is no checksum; its twin in ones' complement stands for 0.
        let sum = if sum == 0 { 0xFFFF } else { sum };
        udp[6..8].copy_from_slice(&sum.to_be_bytes());
        frame
    }
}

/// Who sends a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcpEnd {
    Client,
    Server,
}

/// The two directions of one TCP connection, with the sequence numbers that follow from what was sent.
#[derive(Clone, Copy, Debug)]
pub struct TcpConversation {
    client: Endpoint,
    server: Endpoint,
    /// The next sequence number of each end.
    client_next: u32,
    server_next: u32,
}

impl TcpConversation {
    /// A connection that is not open yet; [`TcpConversation::handshake`] opens it.
    pub fn new(client: Endpoint, server: Endpoint) -> Self {
        let (client_next, server_next) = (0, 0);
        Self {
            client,
            server,
            client_next,
            server_next,
        }
    }

    /// SYN, SYN and ACK, ACK: write them before the first payload.
    pub fn handshake(&mut self) -> [(TcpEnd, [u8; TCP_HEADERS]); 3] {
        let syn = self.frame(TcpEnd::Client, SYN, &[]);
        self.client_next = self.client_next.wrapping_add(1);
        let syn_ack = self.frame(TcpEnd::Server, SYN | ACK, &[]);
        self.server_next = self.server_next.wrapping_add(1);
        let ack = self.frame(TcpEnd::Client, ACK, &[]);
        [
            (TcpEnd::Client, syn),
            (TcpEnd::Server, syn_ack),
            (TcpEnd::Client, ack),
        ]
    }

    /// The headers that stand before `payload`, sent by `from`.
    ///
    /// # Panics
    /// Where the payload is longer than an IPv4 packet can carry.
    pub fn segment(&mut self, from: TcpEnd, payload: &[u8]) -> [u8; TCP_HEADERS] {
        let frame = self.frame(from, PSH | ACK, payload);
        self.advance(from, payload.len() as u32);
        frame
    }

    /// The last segment of `from`.
    pub fn finish(&mut self, from: TcpEnd) -> [u8; TCP_HEADERS] {
        let frame = self.frame(from, FIN | ACK, &[]);
        self.advance(from, 1);
        frame
    }

    fn advance(&mut self, from: TcpEnd, count: u32) {
        let next = match from {
            TcpEnd::Client => &mut self.client_next,
            TcpEnd::Server => &mut self.server_next,
        };
        *next = next.wrapping_add(count);
    }

    fn frame(&self, from: TcpEnd, flags: u8, payload: &[u8]) -> [u8; TCP_HEADERS] {
        let (source, destination, sequence, other) = match from {
            TcpEnd::Client => (self.client, self.server, self.client_next, self.server_next),
            TcpEnd::Server => (self.server, self.client, self.server_next, self.client_next),
        };
        let acknowledgement = if flags & ACK == 0 { 0 } else { other };
        let mut frame = [0; TCP_HEADERS];
        lower_layers(
            &mut frame,
            source,
            destination,
            PROTOCOL_TCP,
            TCP + payload.len(),
        );
        let tcp = &mut frame[ETHERNET + IPV4..];
        tcp[0..2].copy_from_slice(&source.port.to_be_bytes());
        tcp[2..4].copy_from_slice(&destination.port.to_be_bytes());
        tcp[4..8].copy_from_slice(&sequence.to_be_bytes());
        tcp[8..12].copy_from_slice(&acknowledgement.to_be_bytes());
        tcp[12] = ((TCP / 4) << 4) as u8;
        tcp[13] = flags;
        tcp[14..16].copy_from_slice(&WINDOW.to_be_bytes());
        let sum = transport_checksum(source, destination, PROTOCOL_TCP, tcp, payload);
        tcp[16..18].copy_from_slice(&sum.to_be_bytes());
        frame
    }
}

/// A multicast group's own MAC (RFC 1112), or a locally administered one that holds the address.
fn mac(address: [u8; 4]) -> [u8; 6] {
    let [a, b, c, d] = address;
    if (224..240).contains(&a) {
        return [0x01, 0x00, 0x5E, b & 0x7F, c, d];
    }
    [0x02, 0x00, a, b, c, d]
}

fn lower_layers(frame: &mut [u8], from: Endpoint, to: Endpoint, protocol: u8, length: usize) {
    let total = u16::try_from(IPV4 + length).expect("a payload that a packet can carry");
    frame[0..6].copy_from_slice(&mac(to.address));
    frame[6..12].copy_from_slice(&mac(from.address));
    frame[12..14].copy_from_slice(&[0x08, 0x00]);
    let ip = &mut frame[ETHERNET..ETHERNET + IPV4];
    ip[0] = 0x45;
    ip[2..4].copy_from_slice(&total.to_be_bytes());
    // Do not fragment: such a packet needs no id (RFC 6864).
    ip[6] = 0x40;
    ip[8] = 64;
    ip[9] = protocol;
    ip[12..16].copy_from_slice(&from.address);
    ip[16..20].copy_from_slice(&to.address);
    let sum = fold(sum(0, ip));
    ip[10..12].copy_from_slice(&sum.to_be_bytes());
}

/// Of the pseudo header, the header and the payload (RFC 768, RFC 9293).
fn transport_checksum(
    from: Endpoint,
    to: Endpoint,
    protocol: u8,
    header: &[u8],
    payload: &[u8],
) -> u16 {
    let length = (header.len() + payload.len()) as u64;
    let pseudo = sum(
        sum(u64::from(protocol) + length, &from.address),
        &to.address,
    );
    fold(sum(sum(pseudo, header), payload))
}

/// Adds words of 16 bits; every piece but the last has an even number of bytes.
fn sum(start: u64, bytes: &[u8]) -> u64 {
    let pairs = bytes.chunks_exact(2);
    let odd = pairs
        .remainder()
        .first()
        .map_or(0, |&byte| u64::from(byte) << 8);
    let add = |sum: u64, pair: &[u8]| sum + u64::from(u16::from_be_bytes([pair[0], pair[1]]));
    pairs.fold(start + odd, add)
}

fn fold(sum: u64) -> u16 {
    let mut sum = sum;
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    !(sum as u16)
}
