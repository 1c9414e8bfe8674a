//! What goes back to Python: memory that it reads where it lies.

use std::ffi::{c_int, c_void};

use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use pyo3::prelude::*;

/// Packed records behind the buffer protocol, read-only; `numpy.frombuffer` makes an array of them without a copy.
#[pyclass(frozen, module = "cws_native")]
pub struct Records(pub Vec<u8>);

#[pymethods]
impl Records {
    fn __len__(&self) -> usize {
        self.0.len()
    }

    // SAFETY: called by the interpreter alone, with a view that it owns.
    unsafe fn __getbuffer__(
        slf: &Bound<'_, Self>,
        view: *mut ffi::Py_buffer,
        flags: c_int,
    ) -> PyResult<()> {
        let bytes = &slf.get().0;
        let start = bytes.as_ptr().cast_mut().cast::<c_void>();
        let length = isize::try_from(bytes.len()).expect("an allocation is shorter than isize");
        // SAFETY: the class is frozen, so the memory neither moves nor changes while the view, which holds the object,
        // lives; it is filled in as read-only.
        let filled = unsafe { ffi::PyBuffer_FillInfo(view, slf.as_ptr(), start, length, 1, flags) };
        match filled {
            0 => Ok(()),
            _ => Err(PyErr::take(slf.py())
                .unwrap_or_else(|| PyBufferError::new_err("no view of these records"))),
        }
    }
}
