"""All 128 keys sound at their own pitch, down to 8.18 Hz."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.midi.events import NoteOn, PitchBend
from instrument.model.graphs import Instrument
from tests.instrument.engine.chart_player import SETTLED, STRAIGHT, Player


@pytest.mark.parametrize("key", [0, 1, 5, 11, 12, 13, 24])
def test_a_low_key_sounds_at_its_own_pitch(tiny: Instrument, key: int) -> None:
    player = Player(tiny, preset=STRAIGHT)
    player.send(NoteOn(0, key, 80))
    heard = player.play(SETTLED)
    assert heard.pitch[-1] == pytest.approx(key, abs=0.3)
    assert np.isfinite(heard.audio).all()
    assert np.abs(heard.audio).max() < 1.0


def test_no_bend_goes_below_the_lowest_key(tiny: Instrument) -> None:
    player = Player(tiny)
    player.send(PitchBend(0, -8192), NoteOn(0, 0, 80))
    assert player.play(SETTLED).pitch[-1] == pytest.approx(0.0, abs=1e-6)
