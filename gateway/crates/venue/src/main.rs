//! `cws-venue --config venue.toml`

use std::process::ExitCode;

use cws_process::fault::Fault;
use cws_process::{build_hash, config, stop};
use cws_venue::{Config, shell};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Fault> {
    let path = config::config_path(std::env::args().skip(1))?;
    let system = |error: std::io::Error| {
        Fault::new(
            "CWS-VENUE-021",
            error.to_string(),
            "start",
            "run it on Linux with /proc",
        )
    };
    let build = build_hash::build_hash().map_err(system)?;
    println!("cws-venue {} build {build}", env!("CARGO_PKG_VERSION"));
    stop::listen().map_err(system)?;
    let config: Config = config::load(&path)?;
    shell::run(config)
}
