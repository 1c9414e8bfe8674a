//! The bare chain: what the three processes cost that do nothing. UDP in, one hop through shared memory, TCP out, with
//! the very ring, waiting and record that the product uses; no decode, book, check or encode.

use std::io::{self, ErrorKind, Write};
use std::net::{Ipv4Addr, TcpStream, UdpSocket};
use std::path::Path;
use std::time::Duration;

use cws_abi::{Consumer, OrderIntent, Producer};
use cws_process::waiting::Waiting;
use cws_process::{pinning, stop};

use crate::machine::cores;

/// Of the packet that the product's run sends: MoldUDP64 header, block length, one ITCH Add Order.
pub const PACKET_LEN: usize = 20 + 2 + 36;
/// Its packets come as the product's do.
pub const GROUP: Ipv4Addr = Ipv4Addr::new(239, 195, 1, 3);
/// Of the order that comes back: SoupBinTCP header and an OUCH Replace.
pub const ORDER_LEN: usize = 3 + 47;
const RING_CAPACITY: u64 = 1 << 12;
/// Loops of the machine that wait like these.
pub const SPINNERS: usize = 3;
/// How long every loop of a measurement, the product's and the bare chain's, stays awake without work.
pub const AWAKE_US: u32 = 5_000;

/// Cores of the three that wait: whoever measures, the first hop (the hot thread), the second (risk). On fewer cores
/// than three the hops share one and the measuring process, which is the exchange, has the other.
pub fn places() -> [i64; 3] {
    match cores() {
        1 => [0, 0, 0],
        2 => [0, 1, 1],
        _ => [0, 1, 2],
    }
}

/// How everything that is measured waits.
pub fn waiting() -> Waiting {
    Waiting::new(SPINNERS).awake(Duration::from_micros(u64::from(AWAKE_US)))
}

/// UDP -> ring. A packet's first eight bytes are its number.
pub fn first_hop(port: u16, folder: &Path) -> io::Result<()> {
    pinning::pin(places()[1])?;
    let socket = UdpSocket::bind(("0.0.0.0", port))?;
    socket.join_multicast_v4(&GROUP, &Ipv4Addr::LOCALHOST)?;
    socket.set_nonblocking(true)?;
    let mut ring: Producer<OrderIntent> = Producer::open(
        &folder.join("bare.ring"),
        &folder.join("bare.cursor"),
        RING_CAPACITY,
    )
    .map_err(io::Error::other)?;
    let (mut waiting, mut packet) = (waiting(), [0_u8; 2048]);
    while !stop::asked() {
        match socket.recv(&mut packet) {
            Ok(len) if len >= 8 => {
                let number = u64::from_be_bytes(packet[..8].try_into().expect("eight bytes"));
                let intent = OrderIntent {
                    seq: number,
                    ..OrderIntent::default()
                };
                ring.try_push(&intent)
                    .map_err(|_| io::Error::other("the ring is full"))?;
                waiting.handed_over();
                waiting.worked();
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => waiting.idle(),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Ring -> TCP.
pub fn second_hop(port: u16, folder: &Path) -> io::Result<()> {
    pinning::pin(places()[2])?;
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    let mut ring: Consumer<OrderIntent> =
        Consumer::open(&folder.join("bare.ring"), &folder.join("bare.cursor"))
            .map_err(io::Error::other)?;
    let (mut waiting, mut order) = (waiting(), [0_u8; ORDER_LEN]);
    while !stop::asked() {
        match ring.take().map_err(io::Error::other)? {
            Some(intent) => {
                order[..8].copy_from_slice(&intent.seq.to_be_bytes());
                stream.write_all(&order)?;
                ring.release();
                waiting.worked();
            }
            None => waiting.idle(),
        }
    }
    Ok(())
}

/// UDP -> UDP: what the kernel alone costs.
pub fn echo(port: u16) -> io::Result<()> {
    pinning::pin(places()[1])?;
    let socket = UdpSocket::bind(("127.0.0.1", port))?;
    socket.set_nonblocking(true)?;
    let (mut waiting, mut packet) = (waiting(), [0_u8; 2048]);
    while !stop::asked() {
        match socket.recv_from(&mut packet) {
            Ok((len, from)) => {
                socket.send_to(&packet[..len], from)?;
                waiting.worked();
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => waiting.idle(),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
