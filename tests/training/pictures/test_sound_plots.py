"""Pictures of sounds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from instrument.arrays import Float32, Float64
from training.evaluation.examples import Sound
from training.pictures import sound_plots

Titles = Callable[[Figure], list[str]]
RATE = 48_000


@pytest.mark.parametrize("hz", [440.0, 3000.0])
def test_a_spectrogram_shows_a_tone_where_it_is(
    hz: float, drawn: list[Figure], titles: Titles
) -> None:
    audio = (0.1 * np.sin(2.0 * np.pi * hz * np.arange(RATE) / RATE)).astype(np.float32)
    sound_plots.sound(audio, RATE, np.full(251, hz), Path(), "a tone")
    assert titles(drawn[0]) == ["a tone"]
    shown = drawn[0].axes[1].images[0]
    bands = np.asarray(shown.get_array()).mean(axis=1)
    assert float(np.argmax(bands)) / len(bands) * RATE / 2 == pytest.approx(hz, abs=24.0)


def test_silence_can_be_drawn(drawn: list[Figure]) -> None:
    sound_plots.sound(np.zeros(RATE // 2, np.float32), RATE, np.full(126, np.nan), Path())
    assert len(drawn) == 1


def test_sounds_stand_beside_each_other(
    drawn: list[Figure], titles: Titles, violin_note: Callable[..., tuple[Float32, Float64]]
) -> None:
    audio, _ = violin_note(69, 0.3)
    shown = [Sound("recording", audio, RATE), Sound("copy", audio[::2], RATE // 2)]
    sound_plots.sounds(shown, [np.zeros(100), np.ones(100)], Path(), "MIDI 69")
    assert titles(drawn[0]) == ["recording", "copy"]
    assert len(drawn[0].axes) == 6
    left, right = (drawn[0].axes[i].get_xlim()[1] for i in (0, 1))
    assert left == pytest.approx(right, abs=0.01)
