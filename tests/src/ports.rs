//! Free ports.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// A loopback address that nobody listened on a moment ago.
///
/// Another process may take it first, so prefer port 0 wherever the program says which port it got.
///
/// # Panics
///
/// When the system has no port left.
pub fn free() -> SocketAddr {
    hold().1
}

/// A loopback address that is busy for as long as the listener lives.
///
/// # Panics
///
/// When the system has no port left.
pub fn hold() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("the listener's address");
    (listener, address)
}
