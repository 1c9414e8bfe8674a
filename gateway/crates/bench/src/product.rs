//! The product as a chain: each packet moves the best bid to a price that says its number, a pegged order follows, and
//! its replace comes back.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use cws_wire::itch50::{
    AddOrder, Message, OrderReplace, StockDirectory, StockTradingAction, SystemEvent,
};
use cws_wire::mold::PacketBuilder;
use cws_wire::ouch42::Inbound;
use cws_wire::{Price4, itch50};

use crate::drive::Chain;
use crate::exchange::{Exchange, SESSION, SHARES, of_day};

const LOCATE: u16 = 1;
const STOCK: [u8; 8] = *b"ABC     ";
/// Units of price(4): a bid of 100.00, and an offer that nobody reaches.
const BASE: u32 = 1_000_000;
const TICK: u32 = 100;
/// Prices until one comes again: more packets than can ever be on their way.
const SPAN: u64 = 512;

pub struct ProductChain {
    exchange: Exchange,
    feed: UdpSocket,
    group: SocketAddrV4,
    packet: PacketBuilder,
    sequence: u64,
    reference: u64,
    sent: u64,
}

impl ProductChain {
    /// `orders` is the connection that risk has just made.
    pub fn log_in(orders: TcpStream, group: SocketAddrV4) -> io::Result<Self> {
        let feed = UdpSocket::bind(("127.0.0.1", 0))?;
        send_from_loopback(&feed)?;
        let exchange = Exchange::log_in(orders)?;
        let packet = PacketBuilder::new(SESSION, 1);
        Ok(Self {
            exchange,
            feed,
            group,
            packet,
            sequence: 1,
            reference: 2,
            sent: 0,
        })
    }

    /// The symbol, open for trading, with one bid and one offer far above.
    pub fn open_market(&mut self) -> io::Result<()> {
        for message in [
            Message::SystemEvent(SystemEvent {
                stock_locate: 0,
                tracking_number: 0,
                timestamp: of_day(),
                event_code: b'Q',
            }),
            Message::StockDirectory(directory()),
            Message::StockTradingAction(StockTradingAction {
                stock_locate: LOCATE,
                tracking_number: 0,
                timestamp: of_day(),
                stock: STOCK,
                trading_state: b'T',
                reserved: b' ',
                reason: *b"    ",
            }),
            Message::AddOrder(order(1, b'S', 2 * BASE)),
            Message::AddOrder(order(2, b'B', BASE)),
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

    fn publish(&mut self, message: &Message) -> io::Result<()> {
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
}

impl Chain for ProductChain {
    fn send(&mut self, number: u64) -> io::Result<()> {
        self.sent = number;
        let message = OrderReplace {
            stock_locate: LOCATE,
            tracking_number: 0,
            timestamp: of_day(),
            original_order_reference_number: self.reference,
            new_order_reference_number: self.reference + 1,
            shares: SHARES,
            price: Price4(BASE + (number % SPAN) as u32 * TICK),
        };
        self.reference += 1;
        self.publish(&Message::OrderReplace(message))
    }

    fn receive(&mut self, answered: &mut dyn FnMut(u64)) -> io::Result<()> {
        let sent = self.sent;
        self.exchange.serve(&mut |message| match message {
            Inbound::EnterOrder(order) => answered(number_of(order.price, sent)),
            Inbound::ReplaceOrder(order) => answered(number_of(order.price, sent)),
            Inbound::CancelOrder(_) | Inbound::ModifyOrder(_) => {}
        })
    }
}

/// The latest packet whose price this is.
fn number_of(price: Price4, sent: u64) -> u64 {
    let place = u64::from(price.0.saturating_sub(BASE) / TICK);
    sent.saturating_sub((sent % SPAN + SPAN - place % SPAN) % SPAN)
}

fn directory() -> StockDirectory {
    StockDirectory {
        stock_locate: LOCATE,
        tracking_number: 0,
        timestamp: of_day(),
        stock: STOCK,
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
    }
}

fn order(order_reference_number: u64, side: u8, price: u32) -> AddOrder {
    AddOrder {
        stock_locate: LOCATE,
        tracking_number: 0,
        timestamp: of_day(),
        order_reference_number,
        side,
        shares: SHARES,
        stock: STOCK,
        price: Price4(price),
    }
}

/// Multicast leaves by the loopback interface and never by another.
pub fn send_from_loopback(socket: &UdpSocket) -> io::Result<()> {
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
