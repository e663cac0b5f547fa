"""A picture of a sound file: the part of it that was asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from matplotlib.figure import Figure

from instrument.arrays import Float32, Float64
from instrument.errors import UsageError
from training.pictures.sound import picture_sound

RATE = 48_000


@pytest.fixture
def note(violin_note: Callable[..., tuple[Float32, Float64]], tmp_path: Path) -> Path:
    """A sound file of 0.4 s of A4 and as much of silence before it."""
    audio, _ = violin_note(69, 0.4, silence=0.0)
    path = tmp_path / "note.wav"
    soundfile.write(path, np.concatenate([np.zeros_like(audio), audio]), RATE)
    return path


def test_the_part_that_was_asked_for_is_drawn(note: Path, drawn: list[Figure]) -> None:
    shown = picture_sound(note, Path(), 0.4, 10.0)
    assert shown == pytest.approx(0.4, abs=0.01)
    waveform, _, pitch, _ = drawn[0].axes
    assert waveform.get_title() == "note"
    assert len(np.asarray(waveform.lines[0].get_ydata())) == round(shown * RATE)
    f0_hz = np.asarray(pitch.lines[0].get_ydata(), np.float64)
    assert np.nanmedian(f0_hz) == pytest.approx(440.0, rel=0.01)


def test_a_sound_that_ends_before_is_refused(note: Path) -> None:
    with pytest.raises(UsageError, match="--start 5"):
        picture_sound(note, Path("picture.png"), 5.0, 1.0)
