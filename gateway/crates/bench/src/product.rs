//! The product as a chain: each packet moves the best bid to a price that says its number, a pegged order follows, and
//! its replace comes back. This side plays the exchange with as little as it takes.

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use cws_process::clock::utc_ns;
use cws_wire::mold::PacketBuilder;
use cws_wire::ouch42::{Accepted, Inbound, Outbound, Replaced, SystemEvent};
use cws_wire::soup_bin_tcp::{Client, LoginAccepted, SequencedData, Server};
use cws_wire::{Price4, itch50, padded, soup};

use crate::desk::DAY_NS;
use crate::drive::{Chain, read_available};

const SESSION: [u8; 10] = *b"MEASURED01";
const LOCATE: u16 = 1;
/// Units of price(4): a bid of 100.00, and an offer that nobody reaches.
const BASE: u32 = 1_000_000;
const TICK: u32 = 100;
/// Prices until one comes again: more packets than can ever be on their way.
const SPAN: u64 = 512;

pub struct ProductChain {
    feed: UdpSocket,
    group: SocketAddrV4,
    packet: PacketBuilder,
    sequence: u64,
    reference: u64,
    sent: u64,
    orders: TcpStream,
    received: Vec<u8>,
    frames: soup::FrameReader,
    stock: [u8; 8],
}

impl ProductChain {
    /// `orders` is the connection that risk has just made. Logs it in and says that the day has begun.
    pub fn log_in(orders: TcpStream, group: SocketAddrV4) -> io::Result<Self> {
        let feed = UdpSocket::bind(("127.0.0.1", 0))?;
        feed.set_multicast_loop_v4(true)?;
        send_from_loopback(&feed)?;
        orders.set_nonblocking(true)?;
        let mut chain = Self {
            feed,
            group,
            orders,
            packet: PacketBuilder::new(SESSION, 1),
            sequence: 1,
            reference: 1,
            sent: 0,
            received: Vec::new(),
            frames: soup::FrameReader::new(soup::MAX_PACKET),
            stock: padded("ABC").expect("three letters"),
        };
        chain.wait_for(|packet| matches!(packet, Client::LoginRequest(_)))?;
        let accepted = LoginAccepted {
            session: SESSION,
            sequence_number: soup::number_text(1),
        };
        chain.reply(&Server::LoginAccepted(accepted))?;
        chain.sequenced(&Outbound::SystemEvent(SystemEvent {
            timestamp: of_day(),
            event_code: b'S',
        }))?;
        Ok(chain)
    }

    /// The symbol, open for trading, with one bid and one offer far above.
    pub fn open_market(&mut self) -> io::Result<()> {
        let (stock, timestamp) = (self.stock, of_day());
        let about = (LOCATE, 0, timestamp);
        let event = itch50::SystemEvent {
            stock_locate: 0,
            tracking_number: 0,
            timestamp,
            event_code: b'Q',
        };
        let directory = itch50::StockDirectory {
            stock_locate: about.0,
            tracking_number: about.1,
            timestamp,
            stock,
            market_category: b'Q',
            financial_status: b'N',
            round_lot_size: 1,
            round_lots_only: b'N',
            issue_classification: b'C',
            issue_subtype: *b"Z ",
            authenticity: b'P',
            short_sale_threshold: b'N',
            ipo_flag: b'N',
            luld_reference_price_tier: b'1',
            etp_flag: b'N',
            etp_leverage_factor: 0,
            inverse_indicator: b'N',
        };
        let action = itch50::StockTradingAction {
            stock_locate: about.0,
            tracking_number: about.1,
            timestamp,
            stock,
            trading_state: b'T',
            reserved: b' ',
            reason: *b"    ",
        };
        let order = |order_reference_number, side, price| itch50::AddOrder {
            stock_locate: LOCATE,
            tracking_number: 0,
            timestamp,
            order_reference_number,
            side,
            shares: 100,
            stock,
            price: Price4(price),
        };
        self.reference = 2;
        for message in [
            itch50::Message::SystemEvent(event),
            itch50::Message::StockDirectory(directory),
            itch50::Message::StockTradingAction(action),
            itch50::Message::AddOrder(order(1, b'S', 2 * BASE)),
            itch50::Message::AddOrder(order(2, b'B', BASE)),
        ] {
            self.publish(&message)?;
        }
        Ok(())
    }

    /// Moves the bid until the first order has come: from then on every packet has its answer.
    pub fn wait_for_first_order(&mut self) -> io::Result<()> {
        let until = Instant::now() + Duration::from_secs(10);
        let mut came = false;
        while !came && Instant::now() < until {
            self.send(0)?;
            std::thread::sleep(Duration::from_millis(20));
            self.receive(&mut |_| came = true)?;
        }
        let quiet = Instant::now() + Duration::from_millis(200);
        while Instant::now() < quiet {
            self.receive(&mut |_| {})?;
        }
        if came {
            Ok(())
        } else {
            Err(io::Error::other("no order came within ten seconds"))
        }
    }

    fn publish(&mut self, message: &itch50::Message) -> io::Result<()> {
        let mut bytes = [0_u8; itch50::MAX_LENGTH];
        let len = message.encode(&mut bytes);
        self.packet.reset(self.sequence);
        assert!(
            self.packet.push(&bytes[..len]),
            "one message fits in a packet"
        );
        self.sequence += 1;
        self.feed
            .send_to(self.packet.finish(), self.group)
            .map(drop)
    }

    fn answer(&mut self, inbound: &Inbound, answered: &mut dyn FnMut(u64)) -> io::Result<()> {
        let about = |price: Price4| u64::from(price.0.wrapping_sub(BASE) / TICK);
        match inbound {
            Inbound::EnterOrder(order) => {
                answered(self.number_of(about(order.price)));
                self.sequenced(&Outbound::Accepted(Accepted {
                    timestamp: of_day(),
                    order_token: order.order_token,
                    side: order.side,
                    shares: order.shares,
                    stock: order.stock,
                    price: order.price,
                    time_in_force: order.time_in_force,
                    firm: order.firm,
                    display: order.display,
                    order_reference_number: 1 << 40,
                    capacity: order.capacity,
                    intermarket_sweep_eligibility: order.intermarket_sweep_eligibility,
                    minimum_quantity: 0,
                    cross_type: order.cross_type,
                    order_state: b'L',
                    bbo_weight_indicator: b'N',
                }))
            }
            Inbound::ReplaceOrder(order) => {
                answered(self.number_of(about(order.price)));
                self.sequenced(&Outbound::Replaced(Replaced {
                    timestamp: of_day(),
                    replacement_order_token: order.replacement_order_token,
                    side: b'B',
                    shares: order.shares,
                    stock: self.stock,
                    price: order.price,
                    time_in_force: order.time_in_force,
                    firm: *b"CWS ",
                    display: order.display,
                    order_reference_number: 1 << 40,
                    capacity: b'P',
                    intermarket_sweep_eligibility: order.intermarket_sweep_eligibility,
                    minimum_quantity: 0,
                    cross_type: b'N',
                    order_state: b'L',
                    previous_order_token: order.existing_order_token,
                    bbo_weight_indicator: b'N',
                }))
            }
            _ => Ok(()),
        }
    }

    /// The latest packet whose price this is.
    fn number_of(&self, place: u64) -> u64 {
        let back = (self.sent % SPAN + SPAN - place % SPAN) % SPAN;
        self.sent.saturating_sub(back)
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
        self.orders.write_all(&bytes[..len])
    }

    fn wait_for(&mut self, wanted: impl Fn(&Client<'_>) -> bool) -> io::Result<()> {
        let until = Instant::now() + Duration::from_secs(10);
        while Instant::now() < until {
            read_available(&mut self.orders, &mut self.received)?;
            let taken = self.frames.push(&self.received);
            self.received.drain(..taken);
            while let Some(packet) = self.frames.next_packet().map_err(io::Error::other)? {
                if wanted(&Client::decode(packet).map_err(io::Error::other)?) {
                    return Ok(());
                }
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Err(io::Error::other("risk did not log in"))
    }
}

impl Chain for ProductChain {
    fn send(&mut self, number: u64) -> io::Result<()> {
        self.sent = number;
        let price = BASE + (number % SPAN) as u32 * TICK;
        let message = itch50::OrderReplace {
            stock_locate: LOCATE,
            tracking_number: 0,
            timestamp: of_day(),
            original_order_reference_number: self.reference,
            new_order_reference_number: self.reference + 1,
            shares: 100,
            price: Price4(price),
        };
        self.reference += 1;
        self.publish(&itch50::Message::OrderReplace(message))
    }

    fn receive(&mut self, answered: &mut dyn FnMut(u64)) -> io::Result<()> {
        read_available(&mut self.orders, &mut self.received)?;
        let taken = self.frames.push(&self.received);
        self.received.drain(..taken);
        let mut inbound = Vec::new();
        while let Some(packet) = self.frames.next_packet().map_err(io::Error::other)? {
            if let Client::ClientData(data) = Client::decode(packet).map_err(io::Error::other)? {
                inbound.push(Inbound::decode(data.payload).map_err(io::Error::other)?);
            }
        }
        inbound
            .iter()
            .try_for_each(|one| self.answer(one, answered))
    }
}

fn of_day() -> u64 {
    utc_ns() % DAY_NS
}

/// Multicast leaves by the loopback interface and never by another.
fn send_from_loopback(socket: &UdpSocket) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    let interface = libc::in_addr {
        s_addr: u32::from(Ipv4Addr::LOCALHOST).to_be(),
    };
    // SAFETY: the place and its length belong together.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_IP,
            libc::IP_MULTICAST_IF,
            (&raw const interface).cast(),
            size_of::<libc::in_addr>() as libc::socklen_t,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
