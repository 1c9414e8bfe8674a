//! The fuzzer: valid packets of every protocol, damaged, through every decoder, both books and the hot loop. Everything
//! follows from the seed, so the same seed gives the same hash of outcomes.

mod books;
mod case;
mod hot;
mod mutation;
mod run;
mod stream;

pub use run::{CASE, Outcomes, run};
