//! UDP sockets of the market data: two feeds to listen on, and one to ask for what is missing.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd};

/// A non-blocking socket that hears `group` on `interface`; an address that is no multicast group is simply bound.
pub fn feed(group: SocketAddrV4, interface: Ipv4Addr, buffer_bytes: u32) -> io::Result<UdpSocket> {
    // SAFETY: a plain system call; the result is checked and then owned.
    let descriptor =
        unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a fresh descriptor that nobody else owns.
    let socket = unsafe { UdpSocket::from_raw_fd(descriptor) };
    if group.ip().is_multicast() {
        // Several gateways of one machine may hear the same group.
        set(&socket, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1)?;
    }
    let size = i32::try_from(buffer_bytes).unwrap_or(i32::MAX);
    set(&socket, libc::SOL_SOCKET, libc::SO_RCVBUF, size)?;
    bind(&socket, group)?;
    if group.ip().is_multicast() {
        socket.join_multicast_v4(group.ip(), &interface)?;
        // Else Linux also delivers groups that another socket of this machine has joined on that port.
        set(&socket, libc::IPPROTO_IP, libc::IP_MULTICAST_ALL, 0)?;
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// A non-blocking socket connected to the server that sends missing packets again.
pub fn requests(server: SocketAddrV4, interface: Ipv4Addr) -> io::Result<UdpSocket> {
    let from = if server.ip().is_loopback() {
        interface
    } else {
        Ipv4Addr::UNSPECIFIED
    };
    let socket = UdpSocket::bind((from, 0))?;
    socket.connect(server)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn set(socket: &UdpSocket, level: i32, name: i32, value: i32) -> io::Result<()> {
    // SAFETY: the value and its length belong together and live through the call.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            (&raw const value).cast(),
            size_of::<i32>() as libc::socklen_t,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

fn bind(socket: &UdpSocket, address: SocketAddrV4) -> io::Result<()> {
    let place = libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: address.port().to_be(),
        sin_addr: libc::in_addr {
            s_addr: u32::from_ne_bytes(address.ip().octets()),
        },
        sin_zero: [0; 8],
    };
    // SAFETY: a whole address of its length, alive through the call.
    let result = unsafe {
        libc::bind(
            socket.as_raw_fd(),
            (&raw const place).cast(),
            size_of::<libc::sockaddr_in>() as libc::socklen_t,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
