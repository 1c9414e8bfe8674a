//! From a captured packet to the payload of UDP or TCP.

use super::Endpoint;
use crate::WireError;
use crate::capture::{LINK_ETHERNET, LINK_RAW_IP};

const ETHERTYPE_IPV4: u16 = 0x0800;
/// 802.1Q, and the outer tag of 802.1ad.
const VLAN_TAGS: [u16; 2] = [0x8100, 0x88A8];
const PROTOCOL_TCP: u8 = 6;
const PROTOCOL_UDP: u8 = 17;

/// A UDP datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Udp<'a> {
    pub source: Endpoint,
    pub destination: Endpoint,
    pub payload: &'a [u8],
}

/// A TCP segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tcp<'a> {
    pub source: Endpoint,
    pub destination: Endpoint,
    pub sequence: u32,
    pub acknowledgement: u32,
    /// See [`super::tcp_flags`].
    pub flags: u8,
    pub payload: &'a [u8],
}

/// What a captured packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport<'a> {
    Udp(Udp<'a>),
    Tcp(Tcp<'a>),
    /// Anything else: ARP, IPv6, a fragment, another link type.
    Other,
}

/// Reads the headers of a captured packet. Checksums are not looked at: an interface may fill them in later than a
/// capture sees the packet.
///
/// # Errors
/// [`WireError::Header`] where a header or what it announces is cut off, or its length is impossible.
pub fn decode_frame(link_type: u16, bytes: &[u8]) -> Result<Transport<'_>, WireError> {
    let mut offset = 0;
    if link_type == LINK_ETHERNET {
        offset = 12;
        let mut ethertype = u16_at(bytes, offset)?;
        // At most two tags stand one behind the other.
        for _ in 0..2 {
            if VLAN_TAGS.contains(&ethertype) {
                offset += 4;
                ethertype = u16_at(bytes, offset)?;
            }
        }
        offset += 2;
        if ethertype != ETHERTYPE_IPV4 {
            return Ok(Transport::Other);
        }
    } else if link_type != LINK_RAW_IP {
        return Ok(Transport::Other);
    }
    ipv4(bytes, offset)
}

fn cut(offset: usize) -> WireError {
    let what = "a header or its payload is cut off";
    WireError::Header { offset, what }
}

fn take<const N: usize>(bytes: &[u8], offset: usize) -> Result<[u8; N], WireError> {
    let rest = bytes.get(offset..).unwrap_or_default();
    rest.first_chunk().copied().ok_or(cut(offset))
}

fn u16_at(bytes: &[u8], offset: usize) -> Result<u16, WireError> {
    take(bytes, offset).map(u16::from_be_bytes)
}

fn ipv4(bytes: &[u8], offset: usize) -> Result<Transport<'_>, WireError> {
    let head: [u8; 20] = take(bytes, offset)?;
    if head[0] >> 4 != 4 {
        return Ok(Transport::Other);
    }
    let header = usize::from(head[0] & 0x0F) * 4;
    let total = usize::from(u16::from_be_bytes([head[2], head[3]]));
    // An interface that segments by itself shows packets of total length 0: they go on to the end.
    let end = match total {
        0 => bytes.len(),
        total => offset + total,
    };
    if header < 20 || end < offset + header {
        let what = "an IPv4 header has an impossible length";
        return Err(WireError::Header { offset, what });
    }
    // More fragments, or not the first one.
    if u16::from_be_bytes([head[6], head[7]]) & 0x3FFF != 0 {
        return Ok(Transport::Other);
    }
    // Behind the packet Ethernet may have padded.
    let packet = bytes.get(..end).ok_or(cut(bytes.len()))?;
    let source = [head[12], head[13], head[14], head[15]];
    let destination = [head[16], head[17], head[18], head[19]];
    match head[9] {
        PROTOCOL_UDP => udp(packet, offset + header, source, destination),
        PROTOCOL_TCP => tcp(packet, offset + header, source, destination),
        _ => Ok(Transport::Other),
    }
}

fn udp(
    packet: &[u8],
    offset: usize,
    from: [u8; 4],
    to: [u8; 4],
) -> Result<Transport<'_>, WireError> {
    let head: [u8; 8] = take(packet, offset)?;
    let length = usize::from(u16::from_be_bytes([head[4], head[5]]));
    if length < head.len() {
        let what = "a UDP header has an impossible length";
        return Err(WireError::Header { offset, what });
    }
    let payload = packet.get(offset + head.len()..offset + length);
    Ok(Transport::Udp(Udp {
        source: endpoint(from, [head[0], head[1]]),
        destination: endpoint(to, [head[2], head[3]]),
        payload: payload.ok_or(cut(offset))?,
    }))
}

fn tcp(
    packet: &[u8],
    offset: usize,
    from: [u8; 4],
    to: [u8; 4],
) -> Result<Transport<'_>, WireError> {
    let head: [u8; 20] = take(packet, offset)?;
    let header = usize::from(head[12] >> 4) * 4;
    if header < head.len() {
        let what = "a TCP header has an impossible length";
        return Err(WireError::Header { offset, what });
    }
    let payload = packet.get(offset + header..);
    Ok(Transport::Tcp(Tcp {
        source: endpoint(from, [head[0], head[1]]),
        destination: endpoint(to, [head[2], head[3]]),
        sequence: u32::from_be_bytes([head[4], head[5], head[6], head[7]]),
        acknowledgement: u32::from_be_bytes([head[8], head[9], head[10], head[11]]),
        flags: head[13],
        payload: payload.ok_or(cut(offset))?,
    }))
}

fn endpoint(address: [u8; 4], port: [u8; 2]) -> Endpoint {
    let port = u16::from_be_bytes(port);
    Endpoint { address, port }
}
