//! One file a protocol, `gateway/layouts/*.toml`, says what lies where; every language's reader is generated from it.
//!
//! A `build.rs` calls [`write_rust`] or [`write_cpp`]; a layout with a hole or an overlap stops the build.

mod cpp;
mod model;
mod rust;
mod rust_family;
mod text;

use std::fs;
use std::path::{Path, PathBuf};

pub use cpp::cpp_header;
pub use model::{Field, Kind, LayoutError, Message, Protocol};
pub use rust::rust_module;

/// `gateway/layouts` of this checkout.
pub fn layouts_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../layouts")
}

/// Reads and checks `layouts/<protocol>.toml`; tells cargo that the build depends on it.
///
/// # Panics
/// With the reason, where the file is missing or says something impossible: the build stops there.
pub fn load(protocol: &str) -> Protocol {
    let path = layouts_dir().join(format!("{protocol}.toml"));
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let layout = Protocol::parse(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert!(
        layout.protocol == protocol,
        "{}: the file's name and its `protocol` differ",
        path.display()
    );
    layout
}

/// Writes `$OUT_DIR/<protocol>.rs`; for use in a `build.rs`.
///
/// # Panics
/// As [`load`], and where `OUT_DIR` cannot be written.
pub fn write_rust(protocol: &str) {
    rerun_if_changed(protocol);
    write(&format!("{protocol}.rs"), &rust_module(&load(protocol)));
}

/// Writes `$OUT_DIR/include/cws_wire/<protocol>.hpp` and gives the include folder; for use in a `build.rs`.
///
/// # Panics
/// As [`load`], and where `OUT_DIR` cannot be written.
pub fn write_cpp(protocol: &str) -> PathBuf {
    rerun_if_changed(protocol);
    let name = format!("include/cws_wire/{protocol}.hpp");
    write(&name, &cpp_header(&load(protocol)));
    out_dir().join("include")
}

fn rerun_if_changed(protocol: &str) {
    let path = layouts_dir().join(format!("{protocol}.toml"));
    println!("cargo:rerun-if-changed={}", path.display());
}

fn out_dir() -> PathBuf {
    PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR for a build script"))
}

fn write(name: &str, text: &str) {
    let path = out_dir().join(name);
    let folder = path.parent().expect("a file in a folder");
    fs::create_dir_all(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    fs::write(&path, text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
}
