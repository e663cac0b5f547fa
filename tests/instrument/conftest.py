"""Kernels are there before a test reads what a report says about compiling them; a violin.

What they are given are arrays of the types that they were compiled for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from instrument.arrays import Float64
from instrument.dsp import curves, reading, spectra
from instrument.dsp.block import compile_kernels
from instrument.dsp.machine_code import addresses
from instrument.dsp.reading import Reader
from instrument.model.graphs import Instrument


@pytest.fixture(scope="session", autouse=True)
def _compiled_kernels() -> None:
    compile_kernels()


INT, DOUBLE, FLOAT = np.int64, np.float64, np.float32
GIVEN: dict[ModuleType, tuple[tuple[type, ...], ...]] = {
    reading: ((INT, DOUBLE, DOUBLE), (DOUBLE, FLOAT, FLOAT)),
    spectra: ((INT, INT, INT, DOUBLE, FLOAT, FLOAT, FLOAT),),
    curves: (
        (*6 * (FLOAT,), DOUBLE, DOUBLE),
        (*8 * (FLOAT,), FLOAT, DOUBLE),
        8 * (FLOAT,),
    ),
}
"""Types of the arrays whose addresses compiled code is given, by who gives them."""


def _checked(given: tuple[tuple[type, ...], ...]) -> Callable[..., list[int]]:
    """`addresses` of arrays whose types are some of these."""

    def checked(*arrays: Any) -> list[int]:
        assert tuple(each.dtype for each in arrays) in given
        return addresses(*arrays)

    return checked


@pytest.fixture(scope="session", autouse=True)
def _checked_arrays() -> Iterator[None]:
    """Fails whatever gives compiled code arrays that it would read as something else."""
    read = Reader.__call__

    def checked(self: Reader, slots: Any, at: Any, controls: Float64, *made: Any) -> Any:
        assert controls.dtype == DOUBLE
        assert controls.strides[-1] == controls.itemsize
        return read(self, slots, at, controls, *made)

    with pytest.MonkeyPatch.context() as patch:
        for module, given in GIVEN.items():
            patch.setattr(module, "addresses", _checked(given))
        patch.setattr(Reader, "__call__", checked)
        yield


@pytest.fixture(scope="session")
def strung(tiny: Instrument) -> Instrument:
    """The small instrument with the strings of a violin."""
    return replace(tiny, spec=replace(tiny.spec, strings=[55, 62, 69, 76]))
