//! A venue that the test plays itself.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use cws_wire::ouch42::{Accepted, Canceled, EnterOrder, Executed, Inbound};
use cws_wire::soup::{FrameReader, encode_server, number_text, parse_number};
use cws_wire::soup_bin_tcp::{Client, LoginAccepted, SequencedData, Server, ServerHeartbeat};

pub const PATIENCE: Duration = Duration::from_secs(10);

/// A venue that says what the test tells it to, and remembers it for replays.
pub struct Venue {
    listener: TcpListener,
    pub said: Vec<Vec<u8>>,
    stream: Option<TcpStream>,
    reader: FrameReader,
    /// The last login asked for this number.
    pub asked_from: u64,
}

impl Venue {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        Self {
            listener,
            said: Vec::new(),
            stream: None,
            reader: FrameReader::new(4096),
            asked_from: 0,
        }
    }

    pub fn address(&self) -> String {
        self.listener.local_addr().expect("bound").to_string()
    }

    /// From the next connection on, the kernel holds only a little for whoever does not read.
    pub fn little_room(&self) {
        let bytes: libc::c_int = 4096;
        // SAFETY: the place and its length belong together.
        let result = unsafe {
            libc::setsockopt(
                self.listener.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_RCVBUF,
                (&raw const bytes).cast(),
                size_of::<libc::c_int>() as libc::socklen_t,
            )
        };
        assert_eq!(result, 0, "sets");
    }

    /// Takes a login and repeats what was asked for.
    pub fn accept(&mut self) {
        self.listener.set_nonblocking(true).expect("sets");
        let deadline = Instant::now() + PATIENCE;
        let stream = loop {
            match self.listener.accept() {
                Ok((stream, _)) => break stream,
                Err(_) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(1)),
                Err(error) => panic!("nobody logs in: {error}"),
            }
        };
        stream.set_nonblocking(false).expect("sets");
        stream.set_nodelay(true).expect("sets");
        stream.set_read_timeout(Some(PATIENCE)).expect("sets");
        self.stream = Some(stream);
        self.reader = FrameReader::new(4096);
        let login = self.packet();
        let Client::LoginRequest(login) = Client::decode(&login).expect("decodes") else {
            panic!("a login comes first");
        };
        assert_eq!(&login.password, b"secret    ");
        self.asked_from =
            parse_number("sequence", &login.requested_sequence_number).expect("a number");
        self.send(&Server::LoginAccepted(LoginAccepted {
            session: *b"DAY1      ",
            sequence_number: number_text(self.asked_from),
        }));
        for message in self.said.clone().iter().skip(self.asked_from as usize - 1) {
            self.send(&Server::SequencedData(SequencedData { payload: message }));
        }
    }

    fn send(&mut self, packet: &Server<'_>) {
        let mut bytes = [0; 256];
        let len = encode_server(packet, &mut bytes);
        self.stream
            .as_mut()
            .expect("connected")
            .write_all(&bytes[..len])
            .expect("writes");
    }

    fn packet(&mut self) -> Vec<u8> {
        loop {
            if let Some(packet) = self.reader.next_packet().expect("a stream of packets") {
                return packet.to_vec();
            }
            let stream = self.stream.as_mut().expect("connected");
            let count = stream.read(self.reader.space()).expect("something comes");
            assert!(count > 0, "the client went");
            self.reader.filled(count);
        }
    }

    /// The next order message; heartbeats are passed over.
    pub fn order(&mut self) -> Inbound {
        loop {
            let packet = self.packet();
            match Client::decode(&packet).expect("decodes") {
                Client::ClientData(data) => return Inbound::decode(data.payload).expect("decodes"),
                Client::ClientHeartbeat(_) => {}
                other => panic!("{other:?} is no order"),
            }
        }
    }

    pub fn enter(&mut self) -> EnterOrder {
        match self.order() {
            Inbound::EnterOrder(enter) => enter,
            other => panic!("{other:?} is no new order"),
        }
    }

    /// A cancel of this order.
    pub fn cancel_of(&mut self, enter: &EnterOrder) {
        match self.order() {
            Inbound::CancelOrder(cancel) => assert_eq!(cancel.order_token, enter.order_token),
            other => panic!("{other:?} is no cancel"),
        }
    }

    /// True where the client says goodbye next.
    pub fn logged_out(&mut self) -> bool {
        loop {
            let packet = self.packet();
            match Client::decode(&packet).expect("decodes") {
                Client::LogoutRequest(_) => return true,
                Client::ClientHeartbeat(_) => {}
                _ => return false,
            }
        }
    }

    /// Numbered, and sent where somebody listens.
    pub fn say(&mut self, message: &[u8]) {
        self.said.push(message.to_vec());
        if self.stream.is_some() {
            self.send(&Server::SequencedData(SequencedData { payload: message }));
        }
    }

    pub fn heartbeat(&mut self) {
        self.send(&Server::ServerHeartbeat(ServerHeartbeat {}));
    }

    pub fn hang_up(&mut self) {
        self.stream = None;
    }

    pub fn start_of_day(&mut self) {
        self.say(
            &cws_wire::ouch42::SystemEvent {
                timestamp: 1,
                event_code: b'S',
            }
            .to_bytes(),
        );
    }

    pub fn accepted(&mut self, enter: &EnterOrder) {
        let message = accepted(enter);
        self.say(&message);
    }

    pub fn executed(&mut self, enter: &EnterOrder, shares: u32, match_number: u64) {
        let message = Executed {
            timestamp: 3,
            order_token: enter.order_token,
            executed_shares: shares,
            execution_price: enter.price,
            liquidity_flag: b'A',
            match_number,
        };
        self.say(&message.to_bytes());
    }

    pub fn canceled(&mut self, enter: &EnterOrder, shares: u32) {
        let message = Canceled {
            timestamp: 4,
            order_token: enter.order_token,
            decrement_shares: shares,
            reason: b'U',
        };
        self.say(&message.to_bytes());
    }
}

pub fn accepted(enter: &EnterOrder) -> Vec<u8> {
    let message = Accepted {
        timestamp: 2,
        order_token: enter.order_token,
        side: enter.side,
        shares: enter.shares,
        stock: enter.stock,
        price: enter.price,
        time_in_force: enter.time_in_force,
        firm: enter.firm,
        display: enter.display,
        order_reference_number: 1,
        capacity: enter.capacity,
        intermarket_sweep_eligibility: b'N',
        minimum_quantity: 0,
        cross_type: b'N',
        order_state: b'L',
        bbo_weight_indicator: b' ',
    };
    message.to_bytes().to_vec()
}
