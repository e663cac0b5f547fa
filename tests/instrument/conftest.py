"""Kernels are there before a test reads what a report says about compiling them; a violin."""

from __future__ import annotations

from dataclasses import replace

import pytest

from instrument.dsp.block import compile_kernels
from instrument.model.graphs import Instrument


@pytest.fixture(scope="session", autouse=True)
def _compiled_kernels() -> None:
    compile_kernels()


@pytest.fixture(scope="session")
def strung(tiny: Instrument) -> Instrument:
    """The small instrument with the strings of a violin."""
    return replace(tiny, spec=replace(tiny.spec, strings=[55, 62, 69, 76]))
