//! Each check against a second statement of its rule; one file a source file of `src/checks/`. What holds for the core
//! as a whole is in `whole.rs`.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/play.rs"]
mod play;

mod account;
mod conduct;
mod identity;
mod judge;
mod market;
mod permission;
mod size;
mod whole;
