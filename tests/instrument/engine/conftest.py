"""What tests of the engine share."""

from __future__ import annotations

from dataclasses import replace

import pytest

from instrument.model.graphs import Instrument


@pytest.fixture(scope="session")
def strung(tiny: Instrument) -> Instrument:
    """The small instrument with the strings of a violin."""
    return replace(tiny, spec=replace(tiny.spec, strings=[55, 62, 69, 76]))
