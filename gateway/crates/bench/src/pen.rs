//! The gateway's place at risk's table: intents in, executions out, a heartbeat, and nothing that thinks.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

use cws_abi::{
    Beat, Consumer, Execution, IntentKind, OrderId, OrderIntent, Producer, RingFull, Side, Terms,
};
use cws_process::build_hash::build_hash;
use cws_process::clock::{monotonic_ns, utc_ns};
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::exchange::SHARES;

const INTENTS: u64 = 1 << 16;
const BEAT_EVERY_NS: u64 = 5_000_000;

pub struct Pen {
    intents: Producer<OrderIntent>,
    executions: Consumer<Execution>,
    beat: Beat,
    beaten_ns: u64,
    region: u8,
    epoch: u16,
    counter: u64,
    /// Held open: risk takes orders while the process that said hello is there.
    _hello: UnixStream,
}

impl Pen {
    /// Risk is up. Says hello and takes the next epoch.
    pub fn open(desk: &mut Desk) -> io::Result<Self> {
        let place = |name: &str| desk.folder.join(name);
        let intents = Producer::open(&place("intents.ring"), &place("intents.cursor"), INTENTS)
            .map_err(io::Error::other)?;
        let beat = Beat::open(&place("gateway.beat"))?;
        beat.beat(monotonic_ns());
        let mut hello = UnixStream::connect(place("risk.sock"))?;
        hello.write_all(
            format!(
                "{}\n",
                json!({"cmd": "gateway", "build_hash": build_hash()?})
            )
            .as_bytes(),
        )?;
        let mut line = String::new();
        BufReader::new(&hello).read_line(&mut line)?;
        let answer: Value = serde_json::from_str(&line).map_err(io::Error::other)?;
        if answer["ok"] != true {
            return Err(io::Error::other(format!("risk: {answer}")));
        }
        let told = desk.ask("risk", &json!({"cmd": "epoch"}))?;
        let epoch = told["epoch"]
            .as_u64()
            .and_then(|epoch| u16::try_from(epoch).ok());
        let epoch = epoch.ok_or_else(|| io::Error::other(format!("no epoch: {told}")))?;
        let executions = Consumer::open(
            &desk.folder.join("executions.ring"),
            &desk.folder.join("executions.cursor"),
        )
        .map_err(io::Error::other)?;
        Ok(Self {
            intents,
            executions,
            beat,
            beaten_ns: 0,
            region: b'H',
            epoch,
            counter: 0,
            _hello: hello,
        })
    }

    /// Orders sent so far; the next one's number is one more.
    pub fn sent(&self) -> u64 {
        self.counter
    }

    pub fn keep_alive(&mut self) {
        let now = monotonic_ns();
        if now - self.beaten_ns >= BEAT_EVERY_NS {
            self.beat.beat(now);
            self.beaten_ns = now;
        }
    }

    /// A new order of [`SHARES`] for parent 1; its counter, from 1, is its number.
    pub fn order(&mut self, terms: Terms, price: i64) -> Result<OrderIntent, RingFull> {
        let id =
            OrderId::new(self.region, self.epoch, self.counter + 1).expect("40 bits are enough");
        let intent = OrderIntent {
            seq: self.intents.written() + 1,
            order_id: id.bits(),
            parent_id: 1,
            ts_recv_ns: utc_ns(),
            price,
            quantity: i64::from(SHARES),
            symbol: 1,
            strategy: 1,
            kind: IntentKind::New as u8,
            side: Side::Buy as u8,
            terms: terms as u8,
            version: OrderIntent::VERSION,
            ..OrderIntent::default()
        };
        self.intents.try_push(&intent)?;
        self.counter += 1;
        Ok(intent)
    }

    pub fn take(&mut self) -> io::Result<Option<Execution>> {
        let found = self.executions.take().map_err(io::Error::other)?;
        if found.is_some() {
            self.executions.release();
        }
        Ok(found)
    }
}
