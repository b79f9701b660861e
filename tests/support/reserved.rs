//! An address of this machine that a role is told to listen on, and that nobody else is given.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::SocketAddr;
use tokio::net::TcpSocket;

/// Bound, and never listened on: whoever asks for this very address may listen there, one after
/// another, and the kernel gives its port to no connection and to no other test meanwhile.
pub(crate) struct Reserved {
    _socket: TcpSocket,
    pub(crate) address: SocketAddr,
}

impl Reserved {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        // Without this nobody could listen there while it is kept.
        socket.set_reuseaddr(true).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = socket.local_addr().unwrap();
        Self {
            _socket: socket,
            address,
        }
    }
}
