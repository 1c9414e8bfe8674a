//! Each life of the gateway has an epoch of its own, above all before it: its order ids cannot meet older ones.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use cws_abi::EPOCH_MAX;
use cws_process::fault::Fault;

/// Raises the epoch that the file and the journal know, and keeps it before anything uses it.
///
/// # Errors
/// The file cannot be read or written, or the epochs are used up.
pub fn raise(path: &Path, journaled: u16) -> Result<u16, Fault> {
    let fault = |what: String| {
        Fault::new(
            "CWS-GATEWAY-002",
            what,
            path.display().to_string(),
            "make the file readable and writable for this user; it holds the last epoch as a number",
        )
    };
    let last = read(path).map_err(|error| fault(error.to_string()))?;
    let next = last.max(journaled) + 1;
    if next > EPOCH_MAX {
        return Err(fault(format!(
            "epoch {next} is above {EPOCH_MAX}; begin a new region letter"
        )));
    }
    write(path, next).map_err(|error| fault(error.to_string()))?;
    Ok(next)
}

fn read(path: &Path) -> io::Result<u16> {
    match fs::read_to_string(path) {
        Ok(text) => text
            .trim()
            .parse()
            .ok()
            .filter(|epoch| *epoch <= EPOCH_MAX)
            .ok_or_else(|| io::Error::other("it holds no epoch")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

fn write(path: &Path, epoch: u16) -> io::Result<()> {
    let fresh = path.with_extension("epoch.new");
    let mut file = fs::File::create(&fresh)?;
    writeln!(file, "{epoch}")?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    // The folder, so that the new name survives a loss of power.
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::File::open(folder)?.sync_all()
}
