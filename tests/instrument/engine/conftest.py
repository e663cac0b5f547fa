"""What tests of the engine share."""

from __future__ import annotations

import pytest

from instrument.model.graphs import Instrument
from tests.instrument.engine.mpe_player import MpePlayer


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
