//! Tells the risk core who sends intents (check R19 wants a build that the limits name), and asks for its state, for
//! people and for the start of a lockstep day. Nothing is decided by it: risk checks for itself.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use cws_process::line_socket::connect;
use serde_json::{Value, json};

/// Between two tries, and two questions while risk is not active.
const AGAIN_NS: u64 = 20_000_000;
/// Between two questions while it is.
const CALM_NS: u64 = 500_000_000;
/// Room for all open orders that risk tells at once.
const ANSWER_BYTES_MAX: usize = 1 << 26;

pub struct RiskLink {
    path: PathBuf,
    /// The user that risk runs as: what anybody else says there is not risk's.
    risk_user: u32,
    build_hash: String,
    stream: Option<UnixStream>,
    answer: Vec<u8>,
    /// Bytes of it without an end of line.
    searched: usize,
    tried_ns: u64,
    /// Lines that were sent and not answered.
    asked: u32,
    pub announced: bool,
    state: String,
    /// A stranger at risk's place is told of once.
    stranger: bool,
    /// Orders that risk knew as open when it was asked, which is once a connection.
    open_orders: Option<Vec<Value>>,
}

impl RiskLink {
    pub fn new(path: PathBuf, risk_user: u32, build_hash: String) -> Self {
        Self {
            path,
            risk_user,
            build_hash,
            stream: None,
            answer: Vec::new(),
            searched: 0,
            tried_ns: 0,
            asked: 0,
            announced: false,
            state: String::new(),
            stranger: false,
            open_orders: None,
        }
    }

    /// ACTIVE, REDUCING or HALTED as risk said last; empty where it does not answer.
    pub fn state(&self) -> &str {
        &self.state
    }

    /// What is open at risk, once.
    pub fn take_open_orders(&mut self) -> Option<Vec<Value>> {
        self.open_orders.take()
    }

    /// What it said last may be old: it is asked again soon.
    pub fn doubt(&mut self) {
        self.state.clear();
    }

    /// Never waits. What risk refuses is given back once, for a person.
    pub fn poll(&mut self, mono_ns: u64) -> Option<String> {
        let pause_ns = if self.state == "ACTIVE" {
            CALM_NS
        } else {
            AGAIN_NS
        };
        let due = mono_ns.saturating_sub(self.tried_ns) >= pause_ns;
        if self.stream.is_none() {
            if due {
                self.tried_ns = mono_ns;
                match connect(&self.path, self.risk_user) {
                    Ok(stream) => (self.stream, self.stranger) = (Some(stream), false),
                    Err(error) if error.kind() == ErrorKind::Other && !self.stranger => {
                        self.stranger = true;
                        return Some(error.to_string());
                    }
                    Err(_) => {}
                }
                let build_hash = self.build_hash.clone();
                self.say(&json!({"cmd": "gateway", "build_hash": build_hash}));
                self.say(&json!({"cmd": "open_orders"}));
            }
            return None;
        }
        if due && self.asked == 0 {
            self.tried_ns = mono_ns;
            self.say(&json!({"cmd": "status"}));
        }
        // Whether it answers is not worth a system call where nothing was asked.
        if self.asked > 0 { self.listen() } else { None }
    }

    fn say(&mut self, request: &Value) {
        let Some(stream) = &mut self.stream else {
            return;
        };
        let line = format!("{request}\n");
        let sent = stream
            .set_nonblocking(true)
            .and_then(|()| stream.write_all(line.as_bytes()));
        match sent {
            Ok(()) => self.asked += 1,
            Err(_) => self.hang_up(),
        }
    }

    fn hang_up(&mut self) {
        self.stream = None;
        self.answer.clear();
        self.searched = 0;
        self.asked = 0;
        self.announced = false;
        self.state.clear();
    }

    fn listen(&mut self) -> Option<String> {
        let mut chunk = [0; 4096];
        let read = self.stream.as_mut()?.read(&mut chunk);
        match read {
            Ok(length) if length > 0 && self.answer.len() < ANSWER_BYTES_MAX => {
                self.answer.extend_from_slice(&chunk[..length]);
            }
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Ok(_) | Err(_) => self.hang_up(),
        }
        let fresh = &self.answer[self.searched..];
        let Some(end) = fresh.iter().position(|byte| *byte == b'\n') else {
            self.searched = self.answer.len();
            return None;
        };
        let line: Vec<u8> = self.answer.drain(..=self.searched + end).collect();
        self.searched = 0;
        self.asked = self.asked.saturating_sub(1);
        let mut answer: Value = serde_json::from_slice(&line).unwrap_or_default();
        if answer["ok"] != json!(true) {
            return Some(String::from_utf8_lossy(&line).trim_end().to_owned());
        }
        self.announced = true;
        if let Value::Array(rows) = answer["open_orders"].take() {
            self.open_orders = Some(rows);
        }
        if let Some(state) = answer["state"].as_str() {
            state.clone_into(&mut self.state);
        }
        None
    }
}
