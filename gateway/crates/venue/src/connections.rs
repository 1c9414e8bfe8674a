//! The venue's TCP clients: who is logged in as whom, and what each is served.

use crate::session::{Connection, Port, State};
use crate::venue::Venue;

impl Venue {
    /// A client connected; None when there are enough. The number names it from now on.
    pub fn connect(&mut self, port: Port, now_ns: u64) -> Option<u64> {
        if self.connections.len() >= self.config.limits.connections {
            return None;
        }
        self.last_connection += 1;
        let id = self.last_connection;
        self.connections.push(Connection::new(id, port, now_ns));
        Some(id)
    }

    pub fn disconnect(&mut self, id: u64) {
        self.connections.retain(|connection| connection.id != id);
    }

    fn connection(&mut self, id: u64) -> Option<&mut Connection> {
        self.connections
            .iter_mut()
            .find(|connection| connection.id == id)
    }

    /// Where the shell reads a client's bytes to; empty while the client must wait.
    pub fn space(&mut self, id: u64) -> &mut [u8] {
        self.connection(id)
            .map(Connection::space)
            .unwrap_or_default()
    }

    /// `count` bytes were read into [`Venue::space`].
    pub fn filled(&mut self, id: u64, count: usize, now: crate::Now) {
        if let Some(connection) = self.connection(id) {
            connection.filled(count, now.monotonic_ns);
        }
        self.serve(now);
    }

    /// What the socket should send; the shell drains what it could.
    pub fn outgoing(&mut self, id: u64) -> Option<&mut Vec<u8>> {
        self.connection(id).map(|connection| &mut connection.out)
    }

    /// Nothing more comes and nothing more will be sent after what is in [`Venue::outgoing`].
    pub fn is_closing(&self, id: u64) -> bool {
        let found = self
            .connections
            .iter()
            .find(|connection| connection.id == id);
        found.is_none_or(|connection| connection.state == State::Closing)
    }

    /// Every client was told of the end of the session; one whose line loses messages never is.
    pub fn is_told(&self) -> bool {
        self.connections.iter().all(Connection::is_told)
    }

    /// Logs a client in: the newest connection of an account is the one that counts.
    pub(crate) fn login(
        &mut self,
        index: usize,
        login: &cws_wire::soup_bin_tcp::LoginRequest,
        now_ns: u64,
    ) {
        let connection = &self.connections[index];
        let port = connection.port;
        let accounts = match port {
            Port::Orders => &self.config.sessions,
            Port::DropCopy => &self.config.drop_copy,
        };
        let is_text = |place: &[u8], text: &str| place.trim_ascii_end() == text.as_bytes();
        let known = accounts.iter().position(|account| {
            is_text(&login.username, &account.user) && is_text(&login.password, &account.password)
        });
        let session_fits = login.requested_session.trim_ascii().is_empty()
            || login.requested_session.trim_ascii() == self.config.session.as_bytes();
        let Some(account) = known else {
            return self.connections[index].reject(b'A', now_ns);
        };
        if !session_fits {
            return self.connections[index].reject(b'S', now_ns);
        }
        for other in &mut self.connections {
            if other.port == port && other.account() == Some(account) {
                other.state = State::Closing;
            }
        }
        let last = match port {
            Port::Orders => self.desks.stream(account).last(),
            Port::DropCopy => self.desks.drop_copy().last(),
        };
        let session = crate::itch::alpha(&self.config.session);
        self.connections[index].accept(
            account,
            session,
            &login.requested_sequence_number,
            last,
            now_ns,
        );
    }

    /// Moves sequenced messages towards the sockets.
    pub(crate) fn fill(&mut self, now_ns: u64) {
        let ended = self.market.has_ended();
        for connection in &mut self.connections {
            let stream = match (connection.port, connection.account()) {
                (_, None) => continue,
                (Port::Orders, Some(account)) => self.desks.stream(account),
                (Port::DropCopy, Some(_)) => self.desks.drop_copy(),
            };
            connection.fill(stream, ended, now_ns);
        }
    }

    /// Ends every order session's connection, as a broken line would.
    pub(crate) fn break_lines(&mut self) {
        for connection in &mut self.connections {
            if connection.port == Port::Orders {
                connection.out.clear();
                connection.state = State::Closing;
            }
        }
    }
}
