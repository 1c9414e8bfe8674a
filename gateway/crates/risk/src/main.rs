//! `cws-risk --config FILE`; `cws-risk keygen --key FILE`; `cws-risk sign --key FILE LIMITS`.

mod shell;

use std::path::PathBuf;
use std::process::ExitCode;

use cws_process::fault::Fault;
use cws_process::line_socket::LineSocket;
use cws_process::{build_hash, config, stop};

use shell::config::Config;
use shell::runner::Runner;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["keygen", "--key", key] => {
            shell::sign::keygen(&PathBuf::from(key)).map(|public| println!("{public}"))
        }
        ["sign", "--key", key, limits] => {
            shell::sign::sign_file(&PathBuf::from(key), &PathBuf::from(limits))
                .map(|public| println!("{public}"))
        }
        _ => serve(&words),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("cws-risk: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn serve(words: &[&str]) -> Result<(), Fault> {
    let build = build_hash::build_hash().map_err(|error| system(&error.to_string()))?;
    println!("cws-risk {} {build}", env!("CARGO_PKG_VERSION"));
    let path = config::config_path(words.iter().map(|word| (*word).to_owned()))?;
    let config: Config = config::load(&path)?;
    stop::listen().map_err(|error| system(&error.to_string()))?;
    // A file at its size limit is an error of write(2), which the journal's owner sees, and not the end of the process.
    // SAFETY: ignoring a signal needs no handler.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    cws_abi::guard_foreign_memory().map_err(|error| system(&error.to_string()))?;
    let (socket_path, mode) = (config.run_dir.join("risk.sock"), config.socket_mode);
    let mut runner = Runner::start(config, build)?;
    let mut socket =
        LineSocket::bind(&socket_path, mode).map_err(|error| system(&error.to_string()))?;
    println!("ready");
    runner.run(&mut socket);
    Ok(())
}

fn system(what: &str) -> Fault {
    Fault::new(
        "CWS-RISK-014",
        what,
        "system",
        "see the message; nothing was sent",
    )
}
