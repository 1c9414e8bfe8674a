//! `--config file.toml`, and nothing else on the command line. Unknown keys are refused by the types
//! (`#[serde(deny_unknown_fields)]` on every one of them).

use std::path::PathBuf;

use serde::de::DeserializeOwned;

use crate::fault::Fault;

/// No configuration of ours is longer; whatever is, is something else.
pub const CONFIG_BYTES_MAX: u64 = 1 << 20;

/// The path behind `--config`.
pub fn config_path(mut words: impl Iterator<Item = String>) -> Result<PathBuf, Fault> {
    let refuse =
        |what: String| Fault::new("CWS-CONFIG-001", what, "command line", "say --config FILE");
    match (words.next().as_deref(), words.next(), words.next()) {
        (Some("--config"), Some(path), None) => Ok(path.into()),
        (first, ..) => Err(refuse(format!(
            "{} is no --config FILE",
            first.unwrap_or("nothing")
        ))),
    }
}

/// Reads and checks a TOML file against `T`.
pub fn load<T: DeserializeOwned>(path: &std::path::Path) -> Result<T, Fault> {
    let place = path.display().to_string();
    let unreadable = |error: std::io::Error| {
        Fault::new(
            "CWS-CONFIG-002",
            error.to_string(),
            place.clone(),
            "give a file that this user may read",
        )
    };
    let len = std::fs::metadata(path).map_err(unreadable)?.len();
    if len > CONFIG_BYTES_MAX {
        let what = format!("{len} bytes, at most {CONFIG_BYTES_MAX} are read");
        return Err(Fault::new(
            "CWS-CONFIG-003",
            what,
            place,
            "give a configuration",
        ));
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    toml::from_str(&text).map_err(|error| {
        Fault::new(
            "CWS-CONFIG-004",
            error.to_string().trim().replace('\n', " | "),
            place,
            "correct the file",
        )
    })
}
