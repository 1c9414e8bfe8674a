//! The process itself, between a gateway and a venue that the test plays: orders out, executions back, and everything that
//! can break in between.

#[path = "../common/mod.rs"]
mod common;

mod broken_disk;
mod desk;
mod disk;
mod faults;
mod limits;
mod orders;
mod rings;
mod scenes;
mod stalled;
mod venue;
