"""The layout of orchestral keyboards: dynamics on the wheel, velocity in the attack."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.midi.events import NoteOn
from instrument.model.graphs import Instrument
from tests.instrument.engine.test_switches import Switching


def level_db(
    instrument: Instrument, velocity: int, wheel: int | None = None, controls: str = "orchestral"
) -> float:
    """How loud a note is held."""
    player = Switching(instrument, controls)
    if wheel is not None:
        player.control((1, wheel))
    player.send(NoteOn(0, 69, velocity))
    return float(np.median(player.play(0.9).loudness[100:]))


def test_the_wheel_owns_the_loudness_and_stands_at_90_at_first(tiny: Instrument) -> None:
    first, there, loudest = (level_db(tiny, 80, wheel) for wheel in (None, 90, 127))
    assert first == there
    assert loudest - first == pytest.approx(40.0 * np.log10(127 / 90), abs=1.0)


def test_the_wheel_goes_down_to_silence(tiny: Instrument) -> None:
    player = Switching(tiny)
    player.control((1, 0))
    player.send(NoteOn(0, 69, 127))
    assert np.abs(player.play(0.5).audio).max() < 1e-5


def test_velocity_is_a_little_of_the_loudness(tiny: Instrument) -> None:
    whole, little = (
        level_db(tiny, 120, controls=name) - level_db(tiny, 20, controls=name)
        for name in ("gm2", "orchestral")
    )
    assert 0.5 < little < whole / 3.0
