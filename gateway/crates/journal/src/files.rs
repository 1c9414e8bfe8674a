//! The files of one journal: `risk.journal`, then `risk.journal.1`, `risk.journal.2` and so on.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::error::JournalError;

/// File `number` of the journal whose first file is `path`.
pub fn file_of(path: &Path, number: u32) -> PathBuf {
    if number == 0 {
        return path.into();
    }
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

/// Where a journal keeps what it has had no time to write.
pub fn stash_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".stash");
    name.into()
}

/// All files behind the first, in their order.
///
/// # Errors
/// `Missing` where there is a later file than one that is not there.
pub fn files_behind(path: &Path) -> Result<Vec<PathBuf>, JournalError> {
    let numbers = numbers(path).map_err(|error| JournalError::Io {
        path: path.into(),
        error,
    })?;
    let last = numbers.iter().copied().max().unwrap_or(0);
    let first = (last > 0 && !path.exists()).then_some(0);
    let gap = (1..last).find(|number| !numbers.contains(number));
    match first.or(gap) {
        Some(number) => Err(JournalError::Missing {
            path: file_of(path, number),
            last: file_of(path, last),
        }),
        None => Ok((1..=last).map(|number| file_of(path, number)).collect()),
    }
}

fn numbers(path: &Path) -> io::Result<Vec<u32>> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let file = entry?.file_name();
        let rest = file.to_str().and_then(|file| file.strip_prefix(name));
        let digits = rest.and_then(|rest| rest.strip_prefix('.'));
        let number = digits.and_then(|digits| digits.parse::<u32>().ok());
        // "007" and "+7" are nobody's files.
        found.extend(number.filter(|number| *number > 0 && digits == Some(&number.to_string())));
    }
    Ok(found)
}

/// The bytes of a file, and how many they are now.
pub(crate) fn open(path: &Path) -> Result<(Box<dyn Read + Send>, u64), JournalError> {
    let io = |error| JournalError::Io {
        path: path.into(),
        error,
    };
    let file = File::open(path).map_err(io)?;
    let len = file.metadata().map_err(io)?.len();
    Ok((Box::new(BufReader::with_capacity(1 << 16, file)), len))
}

/// For what writes at the end of a file.
pub(crate) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).append(true).mode(0o640);
    options
}

/// # Errors
/// `Locked` where another process has it.
pub(crate) fn lock(file: &File, path: &Path) -> Result<(), JournalError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(JournalError::Locked { path: path.into() }),
        Err(TryLockError::Error(error)) => Err(JournalError::Io {
            path: path.into(),
            error,
        }),
    }
}
