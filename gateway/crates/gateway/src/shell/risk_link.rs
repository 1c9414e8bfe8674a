//! Tells the risk core who sends intents: check R19 wants a build that the limits name. Said again whenever risk starts
//! anew; the connection stays open so that its end is noticed.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use serde_json::{Value, json};

/// Between two tries.
const AGAIN_NS: u64 = 200_000_000;
const ANSWER_BYTES_MAX: usize = 1 << 16;

pub struct RiskLink {
    path: PathBuf,
    build_hash: String,
    stream: Option<UnixStream>,
    answer: Vec<u8>,
    tried_ns: u64,
    pub announced: bool,
}

impl RiskLink {
    pub fn new(path: PathBuf, build_hash: String) -> Self {
        Self {
            path,
            build_hash,
            stream: None,
            answer: Vec::new(),
            tried_ns: 0,
            announced: false,
        }
    }

    /// Never waits. What risk refuses is given back once, for a person.
    pub fn poll(&mut self, mono_ns: u64) -> Option<String> {
        if self.stream.is_none() {
            if mono_ns.saturating_sub(self.tried_ns) >= AGAIN_NS {
                self.tried_ns = mono_ns;
                self.stream = self.announce().ok();
            }
            return None;
        }
        if self.announced && mono_ns.saturating_sub(self.tried_ns) < AGAIN_NS {
            return None; // Whether it still lives is not worth a system call in every round.
        }
        self.tried_ns = mono_ns;
        self.listen()
    }

    fn announce(&self) -> std::io::Result<UnixStream> {
        let mut stream = UnixStream::connect(&self.path)?;
        stream.set_nonblocking(true)?;
        let line = json!({"cmd": "gateway", "build_hash": self.build_hash});
        stream.write_all(format!("{line}\n").as_bytes())?;
        Ok(stream)
    }

    fn listen(&mut self) -> Option<String> {
        let mut chunk = [0; 1024];
        let read = self.stream.as_mut()?.read(&mut chunk);
        match read {
            Ok(length) if length > 0 && self.answer.len() < ANSWER_BYTES_MAX => {
                self.answer.extend_from_slice(&chunk[..length]);
            }
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Ok(_) | Err(_) => {
                self.stream = None;
                self.answer.clear();
                self.announced = false;
            }
        }
        let end = self.answer.iter().position(|byte| *byte == b'\n')?;
        let line: Vec<u8> = self.answer.drain(..=end).collect();
        let answer: Value = serde_json::from_slice(&line).unwrap_or_default();
        self.announced = answer["ok"] == json!(true);
        (!self.announced).then(|| String::from_utf8_lossy(&line).trim_end().to_owned())
    }
}
