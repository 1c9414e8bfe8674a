//! One loop for every chain: send what is due, take what came back.

use std::io::{self, ErrorKind, Read};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use cws_process::clock::monotonic_ns;

use crate::bare::{self, GROUP, ORDER_LEN, PACKET_LEN};
use crate::pacing::Pacing;
use crate::product::send_from_loopback;

/// Something that answers each numbered packet with one numbered order, in order.
pub trait Chain {
    fn send(&mut self, number: u64) -> io::Result<()>;
    /// Calls `answered` with the number of each order that has arrived; never blocks.
    fn receive(&mut self, answered: &mut dyn FnMut(u64)) -> io::Result<()>;
}

/// After the last packet answers are waited for this long; what is missing then is counted as lost.
const PATIENCE_NS: u64 = 2_000_000_000;

/// Sends `count` packets from number `first` on at the pace of `pacing`, which takes the latencies. Gives how many
/// answers never came.
pub fn drive(
    chain: &mut dyn Chain,
    first: u64,
    count: u64,
    pacing: &mut Pacing,
) -> io::Result<u64> {
    pacing.restart(monotonic_ns(), first);
    let (mut answers, mut waiting) = (0_u64, bare::waiting());
    let last_ns = monotonic_ns() + count * pacing.interval_ns() + PATIENCE_NS;
    while answers < count && monotonic_ns() < last_ns {
        let mut worked = false;
        if pacing.sent() < count
            && let Some(number) = pacing.due(monotonic_ns())
        {
            chain.send(number)?;
            worked = true;
        }
        chain.receive(&mut |number| {
            answers += pacing.answered_through(number, monotonic_ns());
            worked = true;
        })?;
        if worked {
            waiting.worked()
        } else {
            waiting.idle()
        }
    }
    Ok(count - answers)
}

/// Multicast out; numbered frames of fixed length back over TCP.
pub struct BareChain {
    out: UdpSocket,
    group: (Ipv4Addr, u16),
    back: TcpStream,
    pending: Vec<u8>,
}

impl BareChain {
    pub fn accept(port: u16, listener: &TcpListener) -> io::Result<Self> {
        let out = UdpSocket::bind(("127.0.0.1", 0))?;
        send_from_loopback(&out)?;
        let back = accept_within(listener, Duration::from_secs(5))?;
        back.set_nonblocking(true)?;
        Ok(Self {
            out,
            group: (GROUP, port),
            back,
            pending: Vec::new(),
        })
    }
}

impl Chain for BareChain {
    fn send(&mut self, number: u64) -> io::Result<()> {
        let mut packet = [0_u8; PACKET_LEN];
        packet[..8].copy_from_slice(&number.to_be_bytes());
        self.out.send_to(&packet, self.group).map(drop)
    }

    fn receive(&mut self, answered: &mut dyn FnMut(u64)) -> io::Result<()> {
        read_available(&mut self.back, &mut self.pending)?;
        let whole = self.pending.len() / ORDER_LEN * ORDER_LEN;
        for frame in self.pending[..whole].chunks_exact(ORDER_LEN) {
            answered(u64::from_be_bytes(
                frame[..8].try_into().expect("eight bytes"),
            ));
        }
        self.pending.drain(..whole);
        Ok(())
    }
}

/// UDP there and back.
pub struct EchoChain(UdpSocket);

impl EchoChain {
    pub fn open(port: u16) -> io::Result<Self> {
        let socket = UdpSocket::bind(("127.0.0.1", 0))?;
        socket.connect(("127.0.0.1", port))?;
        socket.set_nonblocking(true)?;
        Ok(Self(socket))
    }
}

impl Chain for EchoChain {
    fn send(&mut self, number: u64) -> io::Result<()> {
        let mut packet = [0_u8; PACKET_LEN];
        packet[..8].copy_from_slice(&number.to_be_bytes());
        self.0.send(&packet).map(drop)
    }

    fn receive(&mut self, answered: &mut dyn FnMut(u64)) -> io::Result<()> {
        let mut packet = [0_u8; 2048];
        loop {
            match self.0.recv(&mut packet) {
                Ok(len) if len >= 8 => answered(u64::from_be_bytes(
                    packet[..8].try_into().expect("eight bytes"),
                )),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
}

pub fn accept_within(listener: &TcpListener, patience: Duration) -> io::Result<TcpStream> {
    listener.set_nonblocking(true)?;
    let until = Instant::now() + patience;
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock && Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(2));
            }
            Err(error) => return Err(error),
        }
    }
}

pub fn read_available(stream: &mut TcpStream, pending: &mut Vec<u8>) -> io::Result<()> {
    let mut chunk = [0_u8; 1 << 14];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(len) => pending.extend_from_slice(&chunk[..len]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
