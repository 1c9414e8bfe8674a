//! What is not worth a look in every round: connections, clocks, commands, the gateway's and the desk's files.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use cws_abi::{BeatReader, Consumer};
use cws_process::build_hash;
use cws_process::fault::Fault;
use cws_process::line_socket::LineSocket;
use cws_risk::Now;
use cws_risk::commands::{Asker, answer};
use cws_risk::signing::{self, SignedLimits};
use serde_json::json;

use super::connection::Trouble;
use super::runner::Runner;

const SLOW_TICK_NS: u64 = 50_000_000;

impl Runner {
    pub(super) fn tick(&mut self, socket: &mut LineSocket, now: Now) -> bool {
        let opened = self.orders.open(&mut self.capture, now);
        let ticked = opened.and_then(|()| self.orders.tick(&mut self.capture, now));
        self.settle(ticked.map(|()| false), now);
        let mut worked = self.listen_drop_copy(now);
        worked |= self.commands(socket, now);
        if now.mono_ns.saturating_sub(self.slow_ticked_ns) >= SLOW_TICK_NS {
            self.slow_ticked_ns = now.mono_ns;
            self.look_for_gateway(now);
        }
        let desk_age_ns = self.desk_age_ns(now);
        self.core.tick(desk_age_ns, now, &mut self.fx);
        if self.journal.health().is_err() && !self.core.status.journal_failed {
            self.give_up_orders("the journal's commit failed", now);
        }
        self.commit(now);
        if let Err(error) = self.capture.flush() {
            self.orders_broke(Trouble::Capture(error), now);
        }
        worked
    }

    fn look_for_gateway(&mut self, now: Now) {
        let dir = &self.config.run_dir;
        if !self.core.status.beating(now) {
            self.gateway_beat = BeatReader::open(&dir.join("gateway.beat")).ok();
        }
        let path = dir.join("intents.ring");
        let file = std::fs::metadata(&path).ok().map(|found| found.ino());
        // Somebody removed it, and the gateway, started again, made it anew: what it asks from then on is in there.
        if file.is_some() && file != self.ring_file {
            self.intents = None;
        }
        if self.intents.is_none() && !self.core.status.ring_failed {
            self.ring_file = file;
            let ring = Consumer::open(&path, &dir.join("intents.cursor")).ok();
            if let Some(ring) = &ring {
                let (core, fx) = (&mut self.core, &mut self.fx);
                core.reads_ring(ring.birth(), ring.taken(), now, fx);
            }
            self.intents = ring;
        }
    }

    fn desk_age_ns(&self, now: Now) -> Option<u64> {
        let path = self.config.dead_man_file.as_ref()?;
        let refreshed = std::fs::metadata(path)
            .and_then(|found| found.modified())
            .ok();
        let refreshed = refreshed.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        let refreshed_ns = refreshed.and_then(|since| u64::try_from(since.as_nanos()).ok());
        // A file from the future was not refreshed by an honest clock.
        let ahead = now.utc_ns.saturating_add(1_000_000_000);
        let age = refreshed_ns
            .filter(|at| *at <= ahead)
            .map(|at| now.utc_ns.saturating_sub(at));
        Some(age.unwrap_or(u64::MAX))
    }

    fn commands(&mut self, socket: &mut LineSocket, now: Now) -> bool {
        let (core, fx, key) = (&mut self.core, &mut self.fx, &self.key);
        let operators = &self.config.operators;
        let uid = self.uid;
        let journal = &self.journal;
        let (build, waiting) = (&self.build, self.outbox.waiting());
        let unsent_bytes = self.orders.unsent_bytes();
        let ring = self.config.run_dir.join("intents.ring");
        let mut load = |path: &str, in_force: Option<u64>| -> Result<SignedLimits, Fault> {
            signing::load(Path::new(path), key, in_force, now.utc_ns)
        };
        let worked = socket.take(|peer, request| {
            let is_hello = request.get("cmd").is_some_and(|cmd| cmd == "gateway");
            let operator = peer.uid == uid || operators.contains(&peer.uid);
            let mut asker = Asker {
                operator,
                gateway: operator || std::fs::metadata(&ring).is_ok_and(|found| found.uid() == peer.uid),
                build: is_hello.then(|| build_hash::build_hash_of_pid(peer.pid).ok()).flatten(),
                load_limits: &mut load,
            };
            let mut reply = answer(core, request, &mut asker, now, fx);
            if let (Some("status"), Some(reply)) =
                (request.get("cmd").and_then(|cmd| cmd.as_str()), reply.as_object_mut())
            {
                let head = journal.head();
                reply.insert("build_hash".into(), json!(build));
                reply.insert("version".into(), json!(env!("CARGO_PKG_VERSION")));
                reply.insert("executions_waiting".into(), json!(waiting));
                reply.insert("unsent_bytes".into(), json!(unsent_bytes));
                let health = journal.health().err().map(|error| error.to_string());
                reply.insert("journal".into(), json!({"seq": head.seq, "synced": journal.synced_seq(),
                    "hash": signing::hex(&head.hash), "bytes": journal.len_bytes(), "failure": health}));
            }
            reply
        });
        // Whoever reads an answer may rely on it: it is in the journal, also when we die now.
        self.commit(now);
        socket.tell();
        worked
    }
}
