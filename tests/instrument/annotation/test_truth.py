"""Frames at another rate: each instant belongs to notes, and nothing is read between two."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from instrument.annotation import FrameTruth, resampled
from instrument.units import FRAME_RATE

FRAME = 1.0 / FRAME_RATE


def frames_of(*notes: tuple[int, Sequence[float]]) -> FrameTruth:
    """Frames from a number on, with pitches in Hz, of one note each."""
    frame = np.concatenate([np.arange(first, first + len(hz)) for first, hz in notes])
    note = np.repeat(np.arange(len(notes)), [len(hz) for _, hz in notes])
    f0_hz = np.concatenate([np.array(hz, np.float64) for _, hz in notes])
    level_db = np.linspace(-60.0, -20.0, len(frame)).astype(np.float32)
    return FrameTruth(frame, frame / FRAME_RATE, note, f0_hz, level_db, level_db > -50.0)


@pytest.mark.parametrize("rate_hz", [100.0, 86.1328125, 250.0, 1000.0])
def test_every_instant_of_a_line_belongs_to_one_note(rate_hz: float) -> None:
    line_of_two = frames_of((1, [440.0] * 50), (51, [660.0] * 50))
    found = resampled(line_of_two, rate_hz, 1.0)
    np.testing.assert_array_equal(found.seconds, found.frame / rate_hz)
    np.testing.assert_array_equal(np.diff(found.frame), 1)
    assert 0.5 * FRAME <= found.seconds[0] < 0.5 * FRAME + 1.0 / rate_hz
    assert 100.5 * FRAME - 1.0 / rate_hz <= found.seconds[-1] < 100.5 * FRAME
    np.testing.assert_array_equal(np.unique(found.f0_hz.round(9)), [440.0, 660.0])
    np.testing.assert_array_equal(found.note, found.seconds >= 50.5 * FRAME)


def test_pitch_is_interpolated_in_octaves() -> None:
    found = resampled(frames_of((10, [400.0, 800.0])), 500.0, 1.0)
    assert found.f0_hz == pytest.approx([400.0, 400.0, 400.0 * 2**0.5, 800.0])


def test_resampled_frames_end_with_the_file() -> None:
    assert resampled(frames_of((1, [440.0] * 50)), 100.0, 0.1).frame.tolist() == [*range(1, 10)]
    assert not len(resampled(frames_of((1, [])), 100.0, 0.1).frame)
