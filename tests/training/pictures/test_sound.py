"""A picture of a sound file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image

from instrument.arrays import Float32, Float64
from instrument.errors import RecordingError, UsageError
from training.pictures import sound_plots
from training.pictures.sound import picture_sound

Note = Callable[..., tuple[Float32, Float64]]


@pytest.fixture
def sound(tmp_path: Path, violin_note: Note, record: Callable[..., object]) -> Path:
    """A note of MIDI 69 for 0.8 s between two silences of 0.1 s, and its ring."""
    path = tmp_path / "note.wav"
    record(path, violin_note(69)[0], 69)
    return path


def test_a_part_of_a_sound_is_drawn(sound: Path) -> None:
    out = sound.with_suffix(".png")
    assert picture_sound(sound, out, 0.2, 0.5) == pytest.approx(0.5)
    assert image.imread(out).std() > 0.01
    assert picture_sound(sound, out, 0.2, 60.0) == pytest.approx(0.98, abs=0.02)


@pytest.mark.parametrize("name", ["$\\frac$.wav", "caf\udce9.wav", "ヴァイオリン.wav"])
def test_a_sound_of_any_name_is_drawn(sound: Path, name: str) -> None:
    out = sound.with_suffix(".png")
    assert picture_sound(sound.rename(sound.with_name(name)), out, 0.2, 0.2) == pytest.approx(0.2)
    assert image.imread(out).std() > 0.01


def test_pitch_is_drawn_where_there_is_one(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Float32] = []
    monkeypatch.setattr(
        sound_plots, "sound", lambda audio, rate, f0_hz, path, title: drawn.append(f0_hz)
    )
    picture_sound(sound, sound.with_suffix(".png"), 0.0, 2.0)
    (f0_hz,) = drawn
    assert np.abs(f0_hz[60:200] - 440.0).max() < 4.0
    assert np.isnan(f0_hz[:5]).all()


def test_what_cannot_be_drawn_is_named(sound: Path) -> None:
    with pytest.raises(UsageError, match="ends before --start 5"):
        picture_sound(sound, sound.with_suffix(".png"), 5.0, 1.0)
    with pytest.raises(RecordingError, match="no such file"):
        picture_sound(sound.with_name("gone.wav"), sound.with_suffix(".png"), 0.0, 1.0)
