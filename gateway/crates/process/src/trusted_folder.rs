//! A folder in which nobody can put a socket in the place of another's.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::fault::Fault;

const OTHERS_WRITE: u32 = 0o002;
const GROUP_WRITES: u32 = 0o020;
const STICKY: u32 = 0o1000;

/// The user that this process acts as.
pub fn own_uid() -> u32 {
    // SAFETY: no arguments, no errors.
    unsafe { libc::geteuid() }
}

/// # Errors
/// `CWS-SOCKET-003` where the folder is another user's than root's and ours, everybody may write in it, or a group may
/// and the folder is not sticky: then a name in it says nothing.
pub fn check(folder: &Path) -> Result<(), Fault> {
    let refuse = |what: String| {
        Err(Fault::new(
            "CWS-SOCKET-003",
            what,
            folder.display().to_string(),
            "chown it to the user that runs this, chmod 0700 (or 1770 for a group)",
        ))
    };
    let found = match folder.metadata() {
        Ok(found) => found,
        Err(error) => return refuse(error.to_string()),
    };
    let (owner, mode) = (found.uid(), found.mode());
    if owner != 0 && owner != own_uid() {
        return refuse(format!("the folder is user {owner}'s"));
    }
    if mode & OTHERS_WRITE != 0 || mode & GROUP_WRITES != 0 && mode & STICKY == 0 {
        return refuse(format!(
            "others may rename what lies in it (mode {:o})",
            mode & 0o7777
        ));
    }
    Ok(())
}
