//! Ethernet, IPv4, UDP and TCP headers: read from captures, made up for captures of our own sockets.

mod frames;
mod packet;

pub use frames::{TCP_HEADERS, TcpConversation, TcpEnd, UDP_HEADERS, UdpFlow};
pub use packet::{Tcp, Transport, Udp, decode_frame};

/// An IPv4 address and a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    pub address: [u8; 4],
    pub port: u16,
}

/// TCP's flags that we look at.
pub mod tcp_flags {
    pub const FIN: u8 = 0x01;
    pub const SYN: u8 = 0x02;
    pub const RST: u8 = 0x04;
    pub const PSH: u8 = 0x08;
    pub const ACK: u8 = 0x10;
}
