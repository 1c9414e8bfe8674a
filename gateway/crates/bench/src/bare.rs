//! The bare chain: what the three processes cost that do nothing. UDP in, one hop through shared memory, TCP out, with
//! the very ring, waiting and record that the product uses; no decode, book, check or encode.

use std::io::{self, ErrorKind, Write};
use std::net::{TcpStream, UdpSocket};
use std::path::Path;

use cws_abi::{Consumer, OrderIntent, Producer};
use cws_process::stop;
use cws_process::waiting::Waiting;

/// Of the packet that the product's run sends: MoldUDP64 header, block length, one ITCH Add Order.
pub const PACKET_LEN: usize = 20 + 2 + 36;
/// Of the order that comes back: SoupBinTCP header and an OUCH Replace.
pub const ORDER_LEN: usize = 3 + 47;
const RING_CAPACITY: u64 = 1 << 12;
/// Loops of the machine that wait like these.
pub const SPINNERS: usize = 3;

/// UDP -> ring. A packet's first eight bytes are its number.
pub fn first_hop(port: u16, folder: &Path) -> io::Result<()> {
    let socket = UdpSocket::bind(("127.0.0.1", port))?;
    socket.set_nonblocking(true)?;
    let mut ring: Producer<OrderIntent> = Producer::open(
        &folder.join("bare.ring"),
        &folder.join("bare.cursor"),
        RING_CAPACITY,
    )
    .map_err(io::Error::other)?;
    let (mut waiting, mut packet) = (Waiting::new(SPINNERS), [0_u8; 2048]);
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
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    let mut ring: Consumer<OrderIntent> =
        Consumer::open(&folder.join("bare.ring"), &folder.join("bare.cursor"))
            .map_err(io::Error::other)?;
    let (mut waiting, mut order) = (Waiting::new(SPINNERS), [0_u8; ORDER_LEN]);
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
    let socket = UdpSocket::bind(("127.0.0.1", port))?;
    socket.set_nonblocking(true)?;
    let (mut waiting, mut packet) = (Waiting::new(SPINNERS), [0_u8; 2048]);
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
