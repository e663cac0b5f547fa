"""Rings of which little is used take little memory."""

from __future__ import annotations

import mmap
from pathlib import Path

import numpy as np
import pytest

from instrument.arrays import HUGE_BYTES, sparse_zeros


@pytest.mark.parametrize("rows", [3, HUGE_BYTES // 400])
def test_sparse_zeros_are_zeros_that_can_be_written(rows: int) -> None:
    array = sparse_zeros((rows, 10, 20), np.float32)
    assert array.shape == (rows, 10, 20)
    assert array.dtype == np.float32
    assert array.flags.c_contiguous
    assert array.flags.writeable
    assert not array.any()
    array[-1] = 1.0
    assert array.sum() == 200.0


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="Linux tells it")
def test_they_are_not_all_taken_when_a_little_is_written() -> None:
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE

    before = resident()
    array = sparse_zeros((16, HUGE_BYTES // 8), np.float64)
    array[:, 0] = 1.0
    assert resident() - before < HUGE_BYTES
