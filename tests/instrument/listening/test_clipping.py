"""Recordings that were too loud are found, and loud ones are left."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from instrument.arrays import Float32
from instrument.errors import RecordingError
from instrument.listening.audio import read_note
from instrument.listening.clipping import check_clipping, clipped_fraction
from tests.bowed_note import bowed_note

RATE = 48_000


def note(midi: float, over_db: float) -> Float32:
    """A note whose peak would be so far over full scale."""
    audio, _ = bowed_note(midi, 0.5, vibrato_cents=20.0)
    scale = 10.0 ** (over_db / 20.0) / np.abs(audio).max()
    return np.asarray(np.clip(scale * audio, -1.0, 1.0), np.float32)


def sine(hz: float, peak: float = 1.0) -> Float32:
    return (peak * np.sin(2.0 * np.pi * hz * np.arange(RATE) / RATE)).astype(np.float32)


def test_flat_tops_at_full_scale_are_refused() -> None:
    with pytest.raises(RecordingError, match=r"clipped: \d+\.\d % of it at full scale"):
        check_clipping(note(69, 3.0))


@pytest.mark.parametrize("midi", [43, 60, 69, 86])
def test_a_note_up_to_full_scale_is_not_clipped(midi: int) -> None:
    assert clipped_fraction(note(midi, 0.0)) < 1e-4


@pytest.mark.parametrize("hz", [41.0, 441.0, 3520.0])
def test_a_sine_at_full_scale_is_not_clipped(hz: float) -> None:
    check_clipping(sine(hz))
    check_clipping(soxr.resample(sine(hz), RATE, 44_100))


@pytest.mark.parametrize("hz", [41.0, 441.0])
def test_a_sine_that_is_cut_by_a_quarter_of_a_db_is(hz: float) -> None:
    with pytest.raises(RecordingError, match="clipped"):
        check_clipping(np.clip(sine(hz, 1.03), -1.0, 1.0))


def test_a_quiet_square_wave_is_not_clipped() -> None:
    check_clipping(np.tile(np.repeat(np.array([-0.3, 0.3], np.float32), 50), 100))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_hardly_any_samples_are_not_clipped(count: int) -> None:
    assert clipped_fraction(np.ones(count, np.float32)) == 0.0


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_flat_tops_are_looked_for_at_the_rate_of_the_file(tmp_path: Path, rate: int) -> None:
    soundfile.write(tmp_path / "clipped.wav", note(60, 1.0), rate)
    with pytest.raises(RecordingError, match=r"clipped\.wav: clipped: [1-9]"):
        read_note(tmp_path / "clipped.wav", RATE)


@pytest.mark.parametrize("suffix", ["mp3", "ogg"])
@pytest.mark.parametrize("midi", [43, 60, 74])
def test_flat_tops_that_a_lossy_format_bent_are_found(
    tmp_path: Path, suffix: str, midi: int
) -> None:
    path = tmp_path / f"note.{suffix}"
    soundfile.write(path, note(midi, 4.0), 44_100)
    with pytest.raises(RecordingError, match="clipped"):
        read_note(path, RATE)
    soundfile.write(path, note(midi, 0.0), 44_100)
    read_note(path, RATE)


def test_one_clipped_channel_is_enough(tmp_path: Path) -> None:
    both = np.stack([note(60, -6.0), note(60, 2.0)], axis=1)
    soundfile.write(tmp_path / "stereo.wav", both, 44_100)
    with pytest.raises(RecordingError, match="clipped"):
        read_note(tmp_path / "stereo.wav", RATE)
