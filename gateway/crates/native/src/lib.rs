//! The extension module `cws_native._native`: buffers in, packed little-endian records out. The interpreter's lock is
//! released around the work; no call keeps anything.

mod blocks;
mod book;
mod error;
mod input;
mod itch;
mod journal;
mod packets;
mod records;

use std::panic::{AssertUnwindSafe, catch_unwind};

use cws_book::rules::{CODES, Counters, Limits};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use crate::error::{NativeError, Refusal};
use crate::input::{Input, kind, within};
use crate::records::Records;

type Pair<'py> = (Bound<'py, PyBytes>, Records);
/// Type, name, bytes, then name, numpy type and offset of each field.
type Described = (
    char,
    &'static str,
    usize,
    Vec<(&'static str, &'static str, usize)>,
);

// Caught below; where a panic ends the process there is nothing to catch, and the interpreter goes with it.
#[cfg(panic = "abort")]
compile_error!("build cws-native with --profile native: a panic must not end the interpreter");

/// Runs `work` without the interpreter's lock. Should it panic, that is a refusal, and nothing it touched is used again.
fn guarded<T: Send>(
    py: Python<'_>,
    work: impl Send + FnOnce() -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let outcome = py.detach(|| catch_unwind(AssertUnwindSafe(work)));
    outcome.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let what = text.or(panic.downcast_ref::<&str>().copied());
        Err(Refusal::Panic {
            what: what.unwrap_or("it did not say what").into(),
        })
    })
}

/// Runs `work` on the bytes of `buffer`, guarded.
fn without_lock<T: Send>(
    py: Python<'_>,
    buffer: &Bound<'_, PyAny>,
    work: impl Send + FnOnce(&[u8]) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let input = Input::read("buffer", buffer)?;
    let bytes = input.bytes();
    guarded(py, || work(bytes))
}

fn pair(py: Python<'_>, (bytes, records): (Vec<u8>, Vec<u8>)) -> Pair<'_> {
    (PyBytes::new(py, &bytes), Records(records))
}

#[pyfunction]
fn itch50_decode<'py>(py: Python<'py>, buffer: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    let decoded = without_lock(py, buffer, itch::decode)?;
    let by_type = PyDict::new(py);
    for (record, bytes) in itch::RECORDS.iter().zip(decoded) {
        by_type.set_item(record.kind, Records(bytes))?;
    }
    Ok(by_type)
}

#[pyfunction]
fn itch50_orders(py: Python<'_>, buffer: &Bound<'_, PyAny>, midnight_ns: i64) -> PyResult<Records> {
    let orders = without_lock(py, buffer, |bytes| itch::orders(bytes, midnight_ns))?;
    Ok(Records(orders))
}

#[pyfunction]
fn pcap_payloads<'py>(py: Python<'py>, buffer: &Bound<'py, PyAny>) -> PyResult<Pair<'py>> {
    let found = without_lock(py, buffer, packets::pcap_payloads)?;
    Ok(pair(py, found))
}

#[pyfunction]
fn mold_udp64_messages<'py>(py: Python<'py>, packets: &Bound<'py, PyList>) -> PyResult<Pair<'py>> {
    let refused = |object: &Bound<'py, PyAny>| Refusal::NotBytes {
        argument: "packets",
        got: kind(object),
    };
    // The list's elements are held: somebody may take them out of the list meanwhile.
    let held: Vec<Bound<'py, PyBytes>> = packets
        .iter()
        .map(|object| object.cast_into().map_err(|e| refused(&e.into_inner())))
        .collect::<Result<_, _>>()?;
    let slices: Vec<&[u8]> = held.iter().map(|bytes| bytes.as_bytes()).collect();
    within("packets", slices.iter().map(|bytes| bytes.len()).sum())?;
    let found = guarded(py, || packets::mold_udp64_messages(&slices))?;
    Ok(pair(py, found))
}

#[pyfunction]
fn book_checksum(
    py: Python<'_>,
    buffer: &Bound<'_, PyAny>,
    orders: u32,
    levels_per_side: u32,
    symbols: u32,
) -> PyResult<(u64, [u64; CODES.len()])> {
    let limits = Limits::new(orders, levels_per_side, symbols);
    let (checksum, Counters { by_code }) =
        without_lock(py, buffer, |bytes| book::fast(bytes, limits))?;
    Ok((checksum, by_code))
}

#[pyfunction]
fn reference_book_checksum(
    py: Python<'_>,
    buffer: &Bound<'_, PyAny>,
    orders: u32,
    levels_per_side: u32,
    symbols: u32,
) -> PyResult<(u64, [u64; CODES.len()])> {
    let limits = Limits::new(orders, levels_per_side, symbols);
    let (checksum, Counters { by_code }) =
        without_lock(py, buffer, |bytes| book::reference(bytes, limits))?;
    Ok((checksum, by_code))
}

#[pyfunction]
fn journal_records(py: Python<'_>, buffer: &Bound<'_, PyAny>) -> PyResult<(Records, u64)> {
    let (records, torn) = without_lock(py, buffer, journal::records)?;
    Ok((Records(records), torn))
}

#[pyfunction]
fn itch50_layout() -> Vec<Described> {
    let described = |r: &itch::Record| (r.kind, r.name, r.size, r.fields.to_vec());
    itch::RECORDS.iter().map(described).collect()
}

/// Panics on purpose, so that a test can see what a fault of ours comes to.
#[pyfunction]
fn fault(py: Python<'_>, what: String) -> PyResult<()> {
    Ok(guarded(py, || panic!("{what}"))?)
}

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("NativeError", module.py().get_type::<NativeError>())?;
    module.add_class::<Records>()?;
    module.add("MAX_BUFFER_BYTES", input::MAX_BUFFER)?;
    module.add("ORDER_FIELDS", itch::ORDER_FIELDS.to_vec())?;
    module.add("PAYLOAD_FIELDS", packets::PAYLOAD_FIELDS.to_vec())?;
    module.add("PACKET_FIELDS", packets::PACKET_FIELDS.to_vec())?;
    module.add("JOURNAL_FIELDS", journal::RECORD_FIELDS.to_vec())?;
    module.add("BOOK_CODES", CODES.map(|code| format!("{code:?}")).to_vec())?;
    module.add_function(wrap_pyfunction!(fault, module)?)?;
    module.add_function(wrap_pyfunction!(itch50_decode, module)?)?;
    module.add_function(wrap_pyfunction!(itch50_orders, module)?)?;
    module.add_function(wrap_pyfunction!(itch50_layout, module)?)?;
    module.add_function(wrap_pyfunction!(pcap_payloads, module)?)?;
    module.add_function(wrap_pyfunction!(mold_udp64_messages, module)?)?;
    module.add_function(wrap_pyfunction!(book_checksum, module)?)?;
    module.add_function(wrap_pyfunction!(reference_book_checksum, module)?)?;
    module.add_function(wrap_pyfunction!(journal_records, module)?)
}
