"""Who chooses how the notes of a file are joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from instrument.joins import Join
from instrument.midi.events import ControlChange, Note, NoteOn, TimedEvent
from instrument.midi.marks import Mark
from instrument.midi.phrasing import LOUD_BOW_SECONDS, SOFT_BOW_SECONDS, phrase
from instrument.midi.score import Score, score_of_notes
from instrument.midi.take import Take
from instrument.settings import EngineSettings
from tests.instrument.midi.score_files import DIVISION, score, smf

SCALE = [60, 62, 64, 65, 67, 69, 71, 72]
S, B = Join.SLUR, Join.BOW


def line(keys: Sequence[int], gap: float = 0.0, seconds: float = 0.25, velocity: int = 80) -> Score:
    """Notes one after another, from beginning to beginning so many seconds."""
    return score_of_notes(
        Note(i * seconds, seconds - gap, key, velocity) for i, key in enumerate(keys)
    )


def joins(played: Score, joining: str = "auto", seed: int = 0) -> list[Join | None]:
    events = (timed.event for timed in phrase(played, joining, seed).events)
    return [event.join for event in events if isinstance(event, NoteOn)]


def articulated(keys: Sequence[int], velocity: int = 80) -> Score:
    """Notes that touch, behind a third as many with gaps."""
    gapped = len(keys) // 3 + 1
    starts = [0.25 * i for i in range(gapped + len(keys))]
    seconds = [0.23] * gapped + [0.25] * len(keys)
    played = zip(starts, seconds, [50] * gapped + list(keys), strict=True)
    return score_of_notes(Note(*each, velocity) for each in played)


@pytest.mark.parametrize("gap", [-0.04, 0.0, 0.002])
@pytest.mark.parametrize(("joining", "join"), [("slur", S), ("bow", B)])
def test_a_line_is_joined_as_is_said(gap: float, joining: str, join: Join) -> None:
    assert joins(line(SCALE, gap), joining) == [None, *[join] * 7]


def test_a_slur_over_gaps_is_told_and_a_change_of_the_bow_is_plain() -> None:
    assert joins(line(SCALE, 0.03), "slur") == [None, *[S] * 7]
    assert joins(line(SCALE, 0.03), "bow") == joins(line(SCALE, 0.03)) == [None] * 8


@pytest.mark.parametrize("begins", [0.0, 0.777, 3600.3])
@pytest.mark.parametrize("joining", ["slur", "bow"])
@pytest.mark.parametrize(
    ("each", "lasts"),
    [(0.25, 0.17), (0.25, 0.24), (0.25, 0.37), (0.06, 0.12)],
    ids=["80 ms apart", "10 ms apart", "120 ms at once", "half of it at once"],
)
def test_a_line_is_joined_alike_wherever_it_stands(
    begins: float, joining: str, each: float, lasts: float
) -> None:
    """Gaps and overlaps are as long as a bound but for the rounding of their seconds."""
    notes = [Note(begins + each * i, lasts, 60 + i % 2) for i in range(50)]
    phrased = phrase(score_of_notes(notes), joining, 0)
    played = [timed.event for timed in phrased.events if isinstance(timed.event, NoteOn)]
    assert len({(event.join, event.after is None) for event in played[1:]}) == 1


@pytest.mark.parametrize("joining", ["auto", "slur", "bow"])
def test_a_repeated_note_is_bowed_again(joining: str) -> None:
    assert joins(line([60, 60, 60]), joining) == [None, B, B]


@pytest.mark.parametrize("joining", ["auto", "slur", "bow"])
@pytest.mark.parametrize(
    "notes",
    [
        pytest.param([(0, 1, 60), (0, 1, 64), (1, 1, 62), (1, 1, 65)], id="chords"),
        pytest.param([(0, 4, 48), (0, 1, 60), (1, 1, 62), (2, 1, 64)], id="over a held bass"),
        pytest.param([(0, 2, 60), (1, 2, 64), (2, 2, 67)], id="spread chord"),
        pytest.param([(0, 1, 60), (1.2, 1, 62)], id="after a rest"),
        pytest.param([(0, 1, 48), (1, 1, 72)], id="leap into another register"),
    ],
)
def test_notes_that_are_no_line_stay_alone(
    joining: str, notes: list[tuple[float, float, int]]
) -> None:
    played = score_of_notes(Note(*note) for note in notes)
    assert set(joins(played, joining)) == {None}
    assert phrase(played, joining, 0) == played


def test_where_gaps_say_the_bowing_notes_that_touch_are_slurred() -> None:
    assert joins(articulated(SCALE))[-7:] == [S] * 7


@pytest.mark.parametrize(("velocity", "bow"), [(1, SOFT_BOW_SECONDS), (127, LOUD_BOW_SECONDS)])
def test_a_slur_ends_when_the_bow_is_spent(velocity: int, bow: float) -> None:
    long_line = articulated([60, 62] * 400, velocity=velocity)
    changes = joins(long_line).count(B)
    assert 0.75 < changes * bow / 200.0 < 1.35


@pytest.mark.parametrize(("seconds", "slurred"), [(0.16, 0.074), (0.5, 0.2), (1.0, 0.333)])
@pytest.mark.parametrize("keys", [[60, 62], [60, 67]])
def test_music_without_gaps_is_slurred_as_often_as_players_do(
    keys: Sequence[int], seconds: float, slurred: float
) -> None:
    found = joins(line([*keys] * 1000, seconds=seconds, velocity=1))
    assert found.count(S) / len(found) == pytest.approx(slurred, abs=0.03)
    assert found.count(S) + found.count(B) == len(found) - 1


def test_a_gap_now_and_then_says_nothing_of_the_bowing() -> None:
    notes = [Note(0.16 * i, 0.13 if i % 12 == 0 else 0.16, 60 + i % 2) for i in range(1200)]
    found = joins(score_of_notes(notes))
    assert found.count(S) < 0.15 * len(found)
    assert found.count(None) == 101  # after a gap the bow changes, which is plain


def test_where_some_joins_are_marked_the_others_are_bowed() -> None:
    keys = [60, 62] * 200
    marks = bytes(Mark.SLUR if i % 4 == 1 else 0 for i in range(len(keys)))
    found = joins(replace(line(keys, seconds=1.0), marks=marks))
    assert found[1:] == ([S, B, B, B] * 100)[: len(keys) - 1]


def test_the_seed_chooses() -> None:
    played = line(SCALE * 10)
    assert joins(played, seed=1) == joins(played, seed=1)
    assert joins(played, seed=1) != joins(played, seed=2)


def test_where_notes_touch_velocities_may_choose() -> None:
    velocities = [80, 40, 41, 99, 100, 20, 120]
    keys = [60, 62, 64, 65, 67, 67, 69]
    gaps = [0, 0, 0, 0, 0, 0.05, 0]
    played = score_of_notes(
        Note(0.5 * i, 0.5 - gap, key, velocity)
        for i, (key, velocity, gap) in enumerate(zip(keys, velocities, gaps, strict=True))
    )
    events = phrase(played, "slur", 0, velocity_joins=True).events
    found = [timed.event.join for timed in events if isinstance(timed.event, NoteOn)]
    slide = Join.PORTAMENTO
    assert found == [None, slide, S, S, B, slide, S]


def test_channels_are_apart() -> None:
    two = [Note(i * 0.25, 0.25, key, 80, c) for c in (0, 1) for i, key in enumerate(SCALE)]
    assert joins(score_of_notes(two), "bow").count(B) == 14


@pytest.mark.parametrize("pedal", [64, 66, 68, 126])
def test_what_a_pedal_or_mono_says_is_left_to_it(pedal: int) -> None:
    played = line(SCALE)
    down = TimedEvent(0.0, ControlChange(0, pedal, 127))
    assert set(joins(replace(played, events=(down, *played.events)), "bow")) == {None}


def test_a_take_is_joined_as_it_was_played() -> None:
    played = replace(line(SCALE), take=Take(EngineSettings(), 48_000))
    assert phrase(played, "bow", 0) is played


def test_a_file_is_joined_like_its_notes() -> None:
    beat = DIVISION.to_bytes()
    track = b"".join(b"\0\x90%c\x50" % k + beat + b"\x80%c\x40" % k for k in SCALE)
    assert joins(score(smf(track)), "bow") == [None, *[B] * 7]
    assert joins(score(smf(track))) == joins(line(SCALE, seconds=0.5))
