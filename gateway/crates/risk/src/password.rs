//! The session password: in a file that nobody but this process's user can read.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use cws_process::fault::Fault;

/// SoupBinTCP: at most ten characters.
const PASSWORD_MAX: usize = 10;

/// Reads the first line of `path`.
///
/// # Errors
/// `CWS-RISK-006` where the file is of another owner or readable by others, `-007` where it holds no password.
pub fn read(path: &Path, uid: u32) -> Result<String, Fault> {
    let refuse = |code, what: String, fix| Fault::new(code, what, path.display().to_string(), fix);
    let none = |what: String| {
        refuse(
            "CWS-RISK-007",
            what,
            "give a file with the session's password in its first line",
        )
    };
    // No link is followed: what is checked is what is read.
    let found = std::fs::symlink_metadata(path).map_err(|error| none(error.to_string()))?;
    let mode = found.mode() & 0o7777;
    if !found.is_file() || found.uid() != uid || mode != 0o600 {
        let what = format!(
            "mode {mode:04o} of uid {}, where 0600 of uid {uid} is asked",
            found.uid()
        );
        return Err(refuse(
            "CWS-RISK-006",
            what,
            "chown it to risk's user and chmod 600; then change the password",
        ));
    }
    let text = std::fs::read_to_string(path).map_err(|error| none(error.to_string()))?;
    let password = text.lines().next().unwrap_or("").trim_end();
    if password.is_empty() || password.len() > PASSWORD_MAX {
        return Err(none(format!("1 to {PASSWORD_MAX} characters are expected")));
    }
    Ok(password.into())
}
