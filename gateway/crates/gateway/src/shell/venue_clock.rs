//! The other end of lockstep: `venue.sock`, one question, one answer.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use cws_process::fault::Fault;
use serde_json::{Value, json};

/// How long an answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// The clock's owner.
pub struct Venue {
    stream: BufReader<UnixStream>,
}

impl Venue {
    pub fn connect(path: &Path) -> Result<Self, Fault> {
        let refuse = |error: std::io::Error| fault(&format!("{}: {error}", path.display()));
        let stream = UnixStream::connect(path).map_err(refuse)?;
        stream.set_read_timeout(Some(ANSWER_MAX)).map_err(refuse)?;
        stream.set_write_timeout(Some(ANSWER_MAX)).map_err(refuse)?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    pub fn ask(&mut self, request: &Value) -> Result<Value, Fault> {
        let refuse = |error: std::io::Error| fault(&error.to_string());
        let line = format!("{request}\n");
        self.stream
            .get_mut()
            .write_all(line.as_bytes())
            .map_err(refuse)?;
        let mut answer = String::new();
        self.stream.read_line(&mut answer).map_err(refuse)?;
        let answer: Value =
            serde_json::from_str(&answer).map_err(|error| fault(&error.to_string()))?;
        if answer["ok"] == json!(true) {
            Ok(answer)
        } else {
            Err(fault(&answer.to_string()))
        }
    }
}

pub fn number(answer: &Value, name: &str) -> Result<u64, Fault> {
    answer[name]
        .as_u64()
        .ok_or_else(|| fault(&format!("no {name} in {answer}")))
}

pub fn fault(what: &str) -> Fault {
    Fault::new(
        "CWS-GATEWAY-009",
        what,
        "lockstep with venue.sock",
        "start the venue with mode = \"lockstep\" in the same run_dir, then the gateway",
    )
}
