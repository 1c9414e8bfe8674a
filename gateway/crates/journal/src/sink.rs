//! Where records go: a file, or whatever a test puts in its place.

use std::fs::File;
use std::io::{self, Write};

/// What the commit thread calls behind the writer.
pub type SyncFn = Box<dyn FnMut() -> io::Result<()> + Send>;

/// The end of a journal. After an error the writer calls neither method again.
pub trait Sink: Send {
    /// Writes all of `bytes` at the end, or fails; a part may have been written then.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Makes what was appended so far survive the machine, from another thread.
    fn sync_fn(&self) -> io::Result<SyncFn>;
}

pub struct FileSink(pub File);

impl Sink for FileSink {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn sync_fn(&self) -> io::Result<SyncFn> {
        let file = self.0.try_clone()?;
        Ok(Box::new(move || file.sync_data()))
    }
}
