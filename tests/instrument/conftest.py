"""Kernels are there before a test reads what a report says about compiling them."""

from __future__ import annotations

import pytest

from instrument.dsp.block import compile_kernels


@pytest.fixture(scope="session", autouse=True)
def _compiled_kernels() -> None:
    compile_kernels()
