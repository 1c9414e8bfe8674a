//! Whose file a journal is.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::error::JournalError;

/// In a folder of several users another one may have laid the file down: with records of its own choice.
pub fn check(file: &File, path: &Path) -> Result<(), JournalError> {
    let owner = file.metadata().map_err(|error| JournalError::Io {
        path: path.into(),
        error,
    })?;
    // SAFETY: no arguments, no errors.
    let user = unsafe { libc::geteuid() };
    if owner.uid() == user || user == 0 {
        return Ok(());
    }
    Err(JournalError::Owner {
        path: path.into(),
        owner: owner.uid(),
    })
}
