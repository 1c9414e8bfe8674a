"""Sums over one bar's symbols on (bars, symbols) matrices: symbols ascending, left to right, NaN left out."""

import numpy as np

from kernels.ordered import F64


def row_sums(matrix: F64) -> F64:
    """Sum of each row's known values, (T, S) -> (T,). `cumsum` is sequential by definition, unlike `sum`."""
    known = np.where(np.isnan(matrix), 0.0, matrix)
    return np.cumsum(known, axis=1)[:, -1] if matrix.shape[1] else np.zeros(len(matrix))


def scaled_to_gross(raw: F64, gross: F64 | float) -> F64:
    """Rows scaled so that their absolute values add up to `gross`; a row of zeros stays zero, NaN stays NaN."""
    total = row_sums(np.abs(raw))
    scale = np.where(total > 0.0, gross / np.where(total > 0.0, total, 1.0), 0.0)
    return raw * scale[:, None]
