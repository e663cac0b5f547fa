"""Rings of which little is used take little memory; numbers are found among others."""

from __future__ import annotations

import mmap
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.arrays import (
    CACHE_LINE_BYTES,
    HUGE_BYTES,
    aligned_zeros,
    among,
    median,
    sparse_zeros,
)


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


@pytest.mark.parametrize("kind", [np.uint8, np.uint32, np.int64])
@pytest.mark.parametrize("chosen", [(), (0,), {3, 255}, [1, 1, 300, -1]])
def test_numbers_among_others(kind: type[np.generic], chosen: Collection[int]) -> None:
    values: Any = np.array([0, 1, 2, 3, 255, 1], kind)
    assert among(values, chosen).tolist() == np.isin(values, list(chosen)).tolist()


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("count", [1, 2, 3, 10, 501])
def test_the_median_is_numpys(kind: type[np.floating[Any]], count: int) -> None:
    values: Any = np.random.default_rng(count).normal(size=count).astype(kind)
    assert median(values) == float(np.median(values))


@given(shape=st.lists(st.integers(1, 40), min_size=1, max_size=3).map(tuple))
def test_aligned_zeros_begin_with_a_line_of_the_cache(shape: tuple[int, ...]) -> None:
    array = aligned_zeros(shape, np.float32)
    assert array.ctypes.data % CACHE_LINE_BYTES == 0
    assert array.shape == shape
    assert array.dtype == np.float32
    assert array.flags.c_contiguous
    assert array.flags.writeable
    assert not array.any()
