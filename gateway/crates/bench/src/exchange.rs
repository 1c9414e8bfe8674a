//! The other end of risk's order session, with as little as it takes: log in, accept, replace, cancel. It keeps what
//! rests and when each message came, by this machine's monotonic clock.

use std::collections::HashSet;
use std::io::{self, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use cws_process::clock::{monotonic_ns, utc_ns};
use cws_wire::ouch42::{
    Accepted, CancelOrder, Canceled, EnterOrder, Inbound, Outbound, ReplaceOrder, Replaced,
    SystemEvent,
};
use cws_wire::soup;
use cws_wire::soup_bin_tcp::{Client, LoginAccepted, SequencedData, Server};

use crate::desk::DAY_NS;
use crate::drive::read_available;

pub const SESSION: [u8; 10] = *b"MEASURED01";
const LOGIN_WAIT: Duration = Duration::from_secs(10);
/// Of one place on the venue's book; nobody asks.
const REFERENCE: u64 = 1 << 40;

pub struct Exchange {
    stream: TcpStream,
    received: Vec<u8>,
    frames: soup::FrameReader,
    resting: HashSet<[u8; 14]>,
    /// When the last order or replace came.
    pub last_order_ns: u64,
}

impl Exchange {
    /// `stream` is the connection that risk has just made. Logs it in and says that the day has begun.
    pub fn log_in(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        let mut exchange = Self {
            stream,
            received: Vec::new(),
            frames: soup::FrameReader::new(soup::MAX_PACKET),
            resting: HashSet::new(),
            last_order_ns: 0,
        };
        exchange.wait_for_login()?;
        let accepted = LoginAccepted {
            session: SESSION,
            sequence_number: soup::number_text(1),
        };
        exchange.reply(&Server::LoginAccepted(accepted))?;
        exchange.sequenced(&Outbound::SystemEvent(SystemEvent {
            timestamp: of_day(),
            event_code: b'S',
        }))?;
        Ok(exchange)
    }

    pub fn resting(&self) -> usize {
        self.resting.len()
    }

    /// Answers what has come and shows it; never blocks.
    pub fn serve(&mut self, came: &mut dyn FnMut(&Inbound)) -> io::Result<()> {
        read_available(&mut self.stream, &mut self.received)?;
        let taken = self.frames.push(&self.received);
        self.received.drain(..taken);
        let mut inbound = Vec::new();
        while let Some(packet) = self.frames.next_packet().map_err(io::Error::other)? {
            if let Client::ClientData(data) = Client::decode(packet).map_err(io::Error::other)? {
                inbound.push(Inbound::decode(data.payload).map_err(io::Error::other)?);
            }
        }
        for message in &inbound {
            came(message);
            self.answer(message)?;
        }
        Ok(())
    }

    fn answer(&mut self, inbound: &Inbound) -> io::Result<()> {
        match inbound {
            Inbound::EnterOrder(order) => {
                self.last_order_ns = monotonic_ns();
                self.resting.insert(order.order_token);
                self.sequenced(&Outbound::Accepted(accepted(order)))
            }
            Inbound::ReplaceOrder(order) => {
                self.last_order_ns = monotonic_ns();
                self.resting.remove(&order.existing_order_token);
                self.resting.insert(order.replacement_order_token);
                self.sequenced(&Outbound::Replaced(replaced(order)))
            }
            Inbound::CancelOrder(CancelOrder { order_token, .. }) => {
                // The size is not kept: risk counts what it takes off, and 100 is what every order here has.
                if self.resting.remove(order_token) {
                    let (order_token, decrement_shares) = (*order_token, SHARES);
                    let canceled = Canceled {
                        timestamp: of_day(),
                        order_token,
                        decrement_shares,
                        reason: b'U',
                    };
                    return self.sequenced(&Outbound::Canceled(canceled));
                }
                Ok(())
            }
            Inbound::ModifyOrder(_) => Ok(()),
        }
    }

    fn sequenced(&mut self, message: &Outbound) -> io::Result<()> {
        let mut bytes = [0_u8; cws_wire::ouch42::MAX_LENGTH];
        let len = message.encode(&mut bytes);
        self.reply(&Server::SequencedData(SequencedData {
            payload: &bytes[..len],
        }))
    }

    fn reply(&mut self, packet: &Server<'_>) -> io::Result<()> {
        let mut bytes = [0_u8; 256];
        let len = soup::encode_server(packet, &mut bytes);
        self.stream.write_all(&bytes[..len])
    }

    fn wait_for_login(&mut self) -> io::Result<()> {
        let until = Instant::now() + LOGIN_WAIT;
        while Instant::now() < until {
            read_available(&mut self.stream, &mut self.received)?;
            let taken = self.frames.push(&self.received);
            self.received.drain(..taken);
            if let Some(packet) = self.frames.next_packet().map_err(io::Error::other)?
                && matches!(Client::decode(packet), Ok(Client::LoginRequest(_)))
            {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Err(io::Error::other("risk did not log in"))
    }
}

/// Of every order that a measurement sends.
pub const SHARES: u32 = 100;

fn accepted(order: &EnterOrder) -> Accepted {
    Accepted {
        timestamp: of_day(),
        order_token: order.order_token,
        side: order.side,
        shares: order.shares,
        stock: order.stock,
        price: order.price,
        time_in_force: order.time_in_force,
        firm: order.firm,
        display: order.display,
        order_reference_number: REFERENCE,
        capacity: order.capacity,
        intermarket_sweep_eligibility: order.intermarket_sweep_eligibility,
        minimum_quantity: 0,
        cross_type: order.cross_type,
        order_state: b'L',
        bbo_weight_indicator: b'N',
    }
}

fn replaced(order: &ReplaceOrder) -> Replaced {
    Replaced {
        timestamp: of_day(),
        replacement_order_token: order.replacement_order_token,
        side: b'B',
        shares: order.shares,
        stock: *b"ABC     ",
        price: order.price,
        time_in_force: order.time_in_force,
        firm: *b"CWS ",
        display: order.display,
        order_reference_number: REFERENCE,
        capacity: b'P',
        intermarket_sweep_eligibility: order.intermarket_sweep_eligibility,
        minimum_quantity: 0,
        cross_type: b'N',
        order_state: b'L',
        previous_order_token: order.existing_order_token,
        bbo_weight_indicator: b'N',
    }
}

/// ns since midnight UTC, as OUCH and ITCH stamp.
pub fn of_day() -> u64 {
    utc_ns() % DAY_NS
}
