//! `cws-gateway --config FILE`.

use std::process::ExitCode;

use cws_gateway::config::Config;
use cws_gateway::shell::start;
use cws_process::fault::Fault;
use cws_process::{config, stop};

fn main() -> ExitCode {
    match begin() {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}

fn begin() -> Result<(), Fault> {
    let path = config::config_path(std::env::args().skip(1))?;
    let settings: Config = config::load(&path)?;
    stop::listen().map_err(|error| {
        Fault::new(
            "CWS-GATEWAY-012",
            error.to_string(),
            "signals",
            "run on Linux",
        )
    })?;
    start::run(settings, env!("CARGO_PKG_VERSION"))
}
