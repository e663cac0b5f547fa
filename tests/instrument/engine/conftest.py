"""What tests of the engine share."""

from __future__ import annotations

from dataclasses import replace

import pytest

from instrument.model.graphs import Instrument
from tests.instrument.engine.mpe_player import MpePlayer


@pytest.fixture(scope="session")
def strung(tiny: Instrument) -> Instrument:
    """The small instrument with the strings of a violin."""
    return replace(tiny, spec=replace(tiny.spec, strings=[55, 62, 69, 76]))


@pytest.fixture
def silent(tiny: Instrument) -> MpePlayer:
    """An MPE keyboard on which nothing is played yet."""
    return MpePlayer(tiny)


@pytest.fixture
def mpe(silent: MpePlayer) -> MpePlayer:
    """With a note in two members, and one of the other zone."""
    for channel in (3, 4, 15):
        silent.on(channel)
    return silent
