"""Leakage: a knob that moves pitch or level is found."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from instrument.model.graphs import Instrument
from training.evaluation import leakage
from training.evaluation.leakage import Leakage, turn_knobs
from training.evaluation.playback import PlaybackSettings, play


def test_the_furthest_move_of_any_knob_counts() -> None:
    cents, level_db = np.zeros((2, 3, 2)), np.zeros((2, 3, 2))
    cents[1, :, 0] = -2.0, 0.0, 3.0
    level_db[0, :, 1] = 1.0, 0.0, 0.5
    metrics = Leakage(["a", "b"], [60, 70], cents, level_db).metrics()
    assert metrics == {"knob_leak_cents": 5.0, "knob_leak_db": 1.0}


def test_an_instrument_without_knobs_has_no_leak() -> None:
    assert Leakage([], [60], np.zeros((0, 3, 1)), np.zeros((0, 3, 1))).metrics() == {}


def test_a_knob_that_detunes_is_heard(
    tiny: Instrument, few: PlaybackSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    knob = tiny.spec.axes[0].name

    def detuning(instrument, notes, *, knobs):  # type: ignore[no-untyped-def]
        """Plays sharper by 20 cents and louder by 6 dB when the first knob is all the way up."""
        audio = play(instrument, notes, knobs=knobs)
        if knobs.get(knob) != 1.0:
            return audio
        at = np.arange(len(audio)) * 2.0 ** (20.0 / 1200.0)
        return 2.0 * np.interp(at, np.arange(len(audio)), audio).astype(np.float32)

    one = dataclasses.replace(tiny, spec=dataclasses.replace(tiny.spec, axes=tiny.spec.axes[:1]))
    steps: list[int] = []
    honest = turn_knobs(one, few, lambda: steps.append(1))
    assert honest.cents.shape == (len(steps), 3, 1)
    monkeypatch.setattr(leakage, "play", detuning)
    heard = turn_knobs(one, few, lambda: None)
    moved = heard.cents[0, 2] - honest.cents[0, 2]
    assert moved == pytest.approx(20.0, abs=3.0)
    assert heard.level_db[0, 2] - honest.level_db[0, 2] == pytest.approx(6.0, abs=1.0)
