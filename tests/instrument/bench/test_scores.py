"""The scores that are rendered: a line and a chorale."""

from __future__ import annotations

from pathlib import Path

import pytest

from instrument.bench.scores import (
    CHORD,
    CHORD_SECONDS,
    NOTE_SECONDS,
    SCALE,
    TONIC,
    write_eight_voices,
    write_line,
    write_note,
)
from instrument.midi.events import NoteOff, NoteOn
from instrument.midi.score import Score, read_score


def notes(score: Score) -> list[tuple[float, float, int]]:
    """Start, end and key of each note, in the order of their ends."""
    began: dict[int, float] = {}
    found = []
    for timed in score.events:
        if isinstance(timed.event, NoteOn):
            began[timed.event.key] = timed.seconds
        elif isinstance(timed.event, NoteOff):
            key = timed.event.key
            found.append((began.pop(key), timed.seconds, key))
    assert not began
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "score.mid"


def test_one_note_is_a_second_long(path: Path) -> None:
    write_note(path)
    ((start, end, key),) = notes(read_score(path))
    assert (start, end, key) == pytest.approx((0.0, 1.0, 69))


@pytest.mark.parametrize(("seconds", "count"), [(0.1, 1), (1.0, 2), (1.2, 3), (10.0, 20)])
def test_a_line_is_a_scale_in_which_each_note_ends_where_the_next_begins(
    seconds: float, count: int, path: Path
) -> None:
    write_line(path, seconds)
    score = read_score(path)
    assert score.notes == count
    assert score.duration_seconds == pytest.approx(count * NOTE_SECONDS)
    for number, (start, end, key) in enumerate(notes(score)):
        assert start == pytest.approx(number * NOTE_SECONDS)
        assert end == pytest.approx(start + NOTE_SECONDS)
        assert key == TONIC + SCALE[number % len(SCALE)]


@pytest.mark.parametrize(("seconds", "count"), [(0.1, 1), (1.0, 1), (2.0, 1), (3.0, 2), (8.0, 4)])
def test_chords_are_eight_notes_that_sound_together(seconds: float, count: int, path: Path) -> None:
    write_eight_voices(path, seconds)
    score = read_score(path)
    assert score.notes == 8 * count
    assert score.duration_seconds == pytest.approx(count * CHORD_SECONDS)
    found = notes(score)
    for chord in range(count):
        together = found[8 * chord : 8 * (chord + 1)]
        for start, end, _ in together:
            assert start == pytest.approx(chord * CHORD_SECONDS)
            assert end == pytest.approx(start + CHORD_SECONDS)
        assert sorted(key for _, _, key in together) == [key + chord % 3 for key in CHORD]
