"""Notes of lines become windows that know their length, and what came before them."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.errors import UsageError
from instrument.joins import Join
from instrument.listening.frames import FRAMES, RELEASE_FRAME
from training.analysis.lines import Contour
from training.data.phrases import JOIN_FRAMES, phrase_windows, phrased_notes

RATE = 250
NOTE_SECONDS = 0.4
NOTE_FRAMES = round(NOTE_SECONDS * RATE)


def line(dips_db: list[float], step: float = 2.0) -> Contour:
    """A line up and down, a dip of so many dB before each note, each note 1 dB louder."""
    frames = (len(dips_db) + 1) * NOTE_FRAMES
    frame = np.arange(frames)
    number = frame // NOTE_FRAMES
    midi = 64.2 + step * (number % 2).astype(np.float64)
    level = -40.0 + number.astype(np.float64)
    for join, dip_db in enumerate(dips_db, start=1):
        since = np.abs(frame - join * NOTE_FRAMES) / 6.0
        level -= dip_db * np.where(since < 1.0, 0.5 + 0.5 * np.cos(np.pi * since), 0.0)
    midi = midi + 0.06 * np.sin(2.0 * np.pi * 5.5 * frame / RATE)
    return Contour(midi, np.ones(frames), level, RATE)


def test_notes_between_two_others_know_what_leads_into_them() -> None:
    found = phrased_notes(line([6.0, 0.5, 8.0, 0.2, 7.0]))
    assert [note.before for note in found] == [Join.BOW, Join.SLUR, Join.BOW, Join.SLUR]
    assert [note.key for note in found] == [66, 64, 66, 64]
    assert [note.begin for note in found] == pytest.approx([100, 200, 300, 400], abs=4)
    assert [note.end - note.begin for note in found] == pytest.approx(4 * [100], abs=6)


def test_windows_hold_the_notes_without_their_joins() -> None:
    dips = [6.0, 0.5] * 20
    windows, counts = phrase_windows({"one": line(dips), "two": line(dips, step=3.0)})
    assert counts == {"one": len(dips) - 1, "two": len(dips) - 1}
    assert len(windows) == sum(counts.values())
    assert windows.cents.shape == windows.level_db.shape == windows.mask.shape
    assert windows.cents.shape[1] == FRAMES
    body = windows.mask[:, :RELEASE_FRAME]
    assert body.sum(1) == pytest.approx(NOTE_FRAMES - JOIN_FRAMES, abs=8)
    assert np.abs(windows.level_db[:, : NOTE_FRAMES - JOIN_FRAMES]).max() < 0.5
    assert windows.level_db[0, NOTE_FRAMES - 1] > -2.0
    assert np.abs(windows.cents[windows.mask]).max() < 10.0
    assert windows.seconds == pytest.approx(NOTE_SECONDS, abs=0.02)
    assert set(windows.slurred + windows.bowed) == {1.0}
    assert windows.bowed.sum() == pytest.approx(len(windows) / 2, abs=2)


def test_loudness_is_the_rank_among_the_notes_of_a_performance() -> None:
    windows, _ = phrase_windows({"louder and louder": line(50 * [5.0])})
    assert windows.loudness[0] == 0.0
    assert windows.loudness[-1] == 1.0
    assert (np.diff(windows.loudness) > 0.0).all()


def test_a_few_notes_are_too_few() -> None:
    with pytest.raises(UsageError, match="2 notes"):
        phrase_windows({"short": line([5.0, 5.0, 5.0])})
