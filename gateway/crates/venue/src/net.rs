//! Sockets of the shell, all non-blocking.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, RawFd};

use crate::config::Orders;
use crate::session::Port;
use crate::venue::{Now, Venue};

/// Requests for retransmission, and accepted clients, in one round of the loop.
const ROUND_MAX: usize = 64;

/// A socket that sends both feeds from `interface`.
pub fn feed_socket(interface: Ipv4Addr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind((interface, 0))?;
    socket.set_nonblocking(true)?;
    socket.set_multicast_loop_v4(true)?;
    let address = libc::in_addr {
        s_addr: u32::from(interface).to_be(),
    };
    // SAFETY: the address lives during the call and its length is given.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_IP,
            libc::IP_MULTICAST_IF,
            (&raw const address).cast(),
            size_of::<libc::in_addr>() as libc::socklen_t,
        )
    };
    if result == 0 {
        Ok(socket)
    } else {
        Err(io::Error::last_os_error())
    }
}

pub fn request_socket(address: SocketAddrV4) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(address)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Where the descriptors of inherited listeners are named: orders, drop copy.
pub const LISTENERS: &str = "ORDER_LISTENERS";

/// The listeners of order entry and drop copy: our own, or those that `named` (the value of [`LISTENERS`]) says.
pub fn listeners(orders: &Orders, named: Option<&str>) -> io::Result<[TcpListener; 2]> {
    let addresses = [orders.listen, orders.drop_copy];
    if !orders.inherited {
        let [first, second] = addresses.map(TcpListener::bind);
        return ready([first?, second?]);
    }
    let none = || io::Error::other(format!("{LISTENERS} names no two descriptors"));
    let (first, second) = named
        .and_then(|text| text.split_once(','))
        .ok_or_else(none)?;
    let parsed = |text: &str| text.parse::<RawFd>().ok().filter(|fd| *fd > 2);
    let (first, second) = parsed(first).zip(parsed(second)).ok_or_else(none)?;
    if first == second || !is_listening(first) || !is_listening(second) {
        return Err(none());
    }
    // SAFETY: both are open listening sockets, given to us alone by whoever started us, and taken here only.
    let taken = unsafe {
        [
            TcpListener::from_raw_fd(first),
            TcpListener::from_raw_fd(second),
        ]
    };
    for (listener, address) in taken.iter().zip(addresses) {
        let found = listener.local_addr()?;
        if found != SocketAddr::V4(address) {
            return Err(io::Error::other(format!(
                "{found} was inherited for {address}"
            )));
        }
    }
    ready(taken)
}

fn ready(listeners: [TcpListener; 2]) -> io::Result<[TcpListener; 2]> {
    for listener in &listeners {
        listener.set_nonblocking(true)?;
    }
    Ok(listeners)
}

fn is_listening(fd: RawFd) -> bool {
    let mut value: libc::c_int = 0;
    let mut len = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: the place and its length belong together; a descriptor that is none gives an error.
    let result = unsafe {
        let place = (&raw mut value).cast();
        libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_ACCEPTCONN, place, &mut len)
    };
    result == 0 && value != 0
}

/// Answers requests for retransmission; true if there were any.
pub fn serve_requests(socket: &UdpSocket, venue: &mut Venue, now: Now) -> bool {
    let mut request = [0; 64];
    for round in 0..ROUND_MAX {
        let Ok((length, from)) = socket.recv_from(&mut request) else {
            return round > 0;
        };
        if let Some(answer) = venue.retransmission(&request[..length], now) {
            // A lost answer is asked for again.
            socket.send_to(answer, from).ok();
        }
    }
    true
}

/// The TCP clients of both ports.
#[derive(Default)]
pub struct Clients {
    streams: Vec<(u64, TcpStream)>,
}

impl Clients {
    pub fn fds(&self) -> impl Iterator<Item = RawFd> {
        self.streams.iter().map(|(_, stream)| stream.as_raw_fd())
    }

    pub fn accept(
        &mut self,
        listener: &TcpListener,
        port: Port,
        venue: &mut Venue,
        now: Now,
    ) -> bool {
        for round in 0..ROUND_MAX {
            let Ok((stream, _)) = listener.accept() else {
                return round > 0;
            };
            let ready = stream
                .set_nonblocking(true)
                .and_then(|()| stream.set_nodelay(true));
            if ready.is_ok()
                && let Some(id) = venue.connect(port, now.monotonic_ns)
            {
                self.streams.push((id, stream));
            }
        }
        true
    }

    /// Reads what has arrived; true if anything had.
    pub fn read(&mut self, venue: &mut Venue, now: Now) -> bool {
        let mut worked = false;
        self.streams.retain_mut(|(id, stream)| {
            let space = venue.space(*id);
            if space.is_empty() {
                return true;
            }
            match stream.read(space) {
                Ok(0) => {
                    venue.disconnect(*id);
                    false
                }
                Ok(count) => {
                    venue.filled(*id, count, now);
                    worked = true;
                    true
                }
                Err(error) if is_patient(&error) => true,
                Err(_) => {
                    venue.disconnect(*id);
                    false
                }
            }
        });
        worked
    }

    /// Writes what the sockets take, and closes what is to be closed; true if anything went out.
    pub fn write(&mut self, venue: &mut Venue) -> bool {
        let mut worked = false;
        self.streams.retain_mut(|(id, stream)| {
            let kept = match venue.outgoing(*id) {
                None => false,
                Some(out) if out.is_empty() => true,
                Some(out) => match stream.write(out) {
                    Ok(count) => {
                        out.drain(..count);
                        worked = true;
                        true
                    }
                    Err(error) => is_patient(&error),
                },
            };
            // A closing client gets this one write: it may not keep the place by not reading.
            let kept = kept && !venue.is_closing(*id);
            if !kept {
                venue.disconnect(*id);
            }
            kept
        });
        worked
    }

    /// Nothing more is written; what clients still send is read, since an unread byte would take back what they were told.
    pub fn shut(&mut self, venue: &mut Venue, now: Now) {
        for (_, stream) in &self.streams {
            stream.shutdown(std::net::Shutdown::Write).ok();
        }
        while self.read(venue, now) {}
    }
}

fn is_patient(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// Sleeps until a descriptor has something or the time is over.
pub fn wait(fds: impl Iterator<Item = RawFd>, longest_ns: u64) {
    let mut polled: Vec<libc::pollfd> = fds
        .map(|fd| libc::pollfd {
            fd,
            events: libc::POLLIN,
            revents: 0,
        })
        .collect();
    let timeout = libc::timespec {
        tv_sec: (longest_ns / 1_000_000_000) as libc::time_t,
        tv_nsec: (longest_ns % 1_000_000_000) as libc::c_long,
    };
    // SAFETY: the array and its length belong together; no signal mask is set. Whatever it answers, the loop looks.
    unsafe {
        libc::ppoll(
            polled.as_mut_ptr(),
            polled.len() as libc::nfds_t,
            &timeout,
            std::ptr::null(),
        );
    }
}
