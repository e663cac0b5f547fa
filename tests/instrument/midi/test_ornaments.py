"""Trills, tremolos and short strokes are written out: as many notes as a player would play."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.joins import Join
from instrument.midi.events import NoteOff, NoteOn, TimedEvent
from instrument.midi.ornaments import LIFTED, STOPPED, played_as_marked
from instrument.midi.phrasing import phrase
from instrument.midi.score import Score
from tests.instrument.midi.score_files import DIVISION, number, score, smf
from tests.instrument.midi.test_marks import note, text

S, B = Join.SLUR, Join.BOW
BEAT = 0.5
"""Seconds: 120 beats a minute."""

C_MAJOR = b"".join(note(key) for key in (60, 62, 64, 65, 67, 69, 71))


class Heard(NamedTuple):
    """A note that is played, and the number of the one in whose voice it goes on."""

    start: float
    end: float
    key: int
    velocity: int
    join: Join | None
    number: int
    after: int | None


def events(played: Score, seed: int = 0, joining: str = "bow") -> list[TimedEvent]:
    return list(played_as_marked(phrase(played, joining, seed), seed))


def notes(*tracks: bytes, seed: int = 0, joining: str = "bow") -> list[Heard]:
    """The notes of a file, each with its end."""
    begun: dict[int, tuple[float, NoteOn]] = {}
    heard = []
    for timed in events(score(smf(*tracks)), seed, joining):
        event = timed.event
        if isinstance(event, NoteOn):
            assert event.note is not None
            assert event.note not in begun
            begun[event.note] = timed.seconds, event
        elif isinstance(event, NoteOff):
            assert event.note is not None
            start, on = begun.pop(event.note)
            assert (event.channel, event.key) == (on.channel, on.key)
            found = Heard(start, timed.seconds, on.key, on.velocity, on.join, event.note, on.after)
            heard.append(found)
    assert not begun
    return sorted(heard)


def test_what_isnt_marked_stays_as_it_is() -> None:
    phrased = phrase(score(smf(C_MAJOR)), "auto", 0)
    assert played_as_marked(phrased, 0) is phrased.events


def test_a_trill_alternates_by_slurs_and_ends_on_its_own_note() -> None:
    heard = notes(text("tr") + note(60, beats=4))
    assert len(heard) % 2 == 1
    assert [each.key for each in heard] == [60, 62] * (len(heard) // 2) + [60]
    assert [each.join for each in heard] == [None, *[S] * (len(heard) - 1)]
    assert [each.after for each in heard[1:]] == [each.number for each in heard[:-1]]
    assert (heard[0].start, heard[-1].end) == (0.0, 4 * BEAT)
    assert all(a.end == b.start for a, b in pairwise(heard))


PEDAL = b"\x00\xb0\x40\x7f"
LATER_UP = number(4 * DIVISION) + b"\xb0\x40\x00"


@pytest.mark.parametrize("mark", ["tr", "trem."])
def test_under_a_pedal_it_is_the_same_and_its_last_note_rings(mark: str) -> None:
    played = text(mark) + note(60, beats=4)
    assert notes(PEDAL + played + LATER_UP) == notes(played)


@pytest.mark.parametrize("mark", ["tr", "trem."])
def test_all_notes_off_ends_it_whatever_the_pedal_holds(mark: str) -> None:
    """The note has no end of its own."""
    begun = PEDAL + text(mark) + b"\x00\x90\x3c\x50" + number(4 * DIVISION)
    played = score(smf(begun + b"\xb0\x7b\x00" + LATER_UP))
    heard = [timed for timed in events(played) if timed.seconds > 4 * BEAT]
    assert not any(isinstance(timed.event, NoteOn) for timed in heard)


@pytest.mark.parametrize("seed", range(5))
def test_a_trill_begins_slowly_and_comes_to_5_to_7_pairs_a_second(seed: int) -> None:
    lengths = [each.end - each.start for each in notes(text("tr") + note(60, beats=6), seed=seed)]
    assert 0.1 < lengths[0] < 0.2
    pairs_a_second = 0.5 / np.mean(lengths[7:-1])
    assert 5.0 < pairs_a_second < 8.0
    assert 0.03 < np.std(lengths[7:-1]) / np.mean(lengths[7:-1]) < 0.15


@pytest.mark.parametrize(
    ("mark", "key", "above"),
    [("tr", 60, 62), ("tr", 64, 65), ("tr", 71, 72), ("tr 1", 60, 61), ("tr 2", 64, 66)],
)
def test_a_trill_is_with_the_next_step_of_the_scale_or_as_is_said(
    mark: str, key: int, above: int
) -> None:
    heard = notes(C_MAJOR + text(mark) + note(key, beats=2))
    assert {each.key for each in heard if each.start >= 7 * BEAT} == {key, above}


@pytest.mark.parametrize("velocity", [20, 80, 127])
def test_a_tremolo_changes_the_bow_9_to_13_times_a_second(velocity: int) -> None:
    track = text("trem.") + note(69, beats=4).replace(b"\x45\x50", bytes([0x45, velocity]))
    heard = notes(track)
    assert {each.key for each in heard} == {69}
    assert [each.join for each in heard] == [None, *[B] * (len(heard) - 1)]
    assert [each.after for each in heard[1:]] == [each.number for each in heard[:-1]]
    assert 8.0 < len(heard) / (4 * BEAT) < 14.0
    lengths = [each.end - each.start for each in heard[:-1]]
    assert 0.03 < np.std(lengths) / np.mean(lengths) < 0.15
    assert len({each.velocity for each in heard}) > 3


def test_a_louder_tremolo_is_faster() -> None:
    soft, loud = (
        notes(text("trem.") + note(69, beats=8).replace(b"\x45\x50", bytes([0x45, velocity])))
        for velocity in (10, 127)
    )
    assert len(loud) > 1.2 * len(soft)


def test_each_note_of_a_chord_has_a_tremolo_in_its_own_voice() -> None:
    chord = text("trem.") + b"\x00\x90\x3c\x50\x00\x90\x40\x50" + number(4 * DIVISION)
    heard = notes(chord + b"\x80\x3c\x40\x00\x80\x40\x40")
    keys = {each.number: each.key for each in heard}
    assert set(keys.values()) == {60, 64}
    assert all(keys[each.after] == each.key for each in heard if each.after is not None)
    assert sum(each.after is None for each in heard) == 2


def test_in_one_bow_the_notes_of_a_chord_tremble_as_one() -> None:
    chord = text("trem.") + b"\x00\x90\x3c\x50\x00\x90\x40\x50" + number(4 * DIVISION)
    phrased = phrase(score(smf(chord + b"\x80\x3c\x40\x00\x80\x40\x40")), "auto", 0)
    strokes: dict[int, list[float]] = {60: [], 64: []}
    for timed in played_as_marked(phrased, 0, one_bow=True):
        if isinstance(timed.event, NoteOn):
            strokes[timed.event.key].append(timed.seconds)
    assert strokes[60] == strokes[64]
    assert len(strokes[60]) > 15


@pytest.mark.parametrize("mark", ["tr", "trem."])
def test_a_note_that_is_too_short_for_it_stays_one(mark: str) -> None:
    track = text(mark) + b"\x00\x90\x3c\x50" + number(DIVISION // 5) + b"\x80\x3c\x40"
    assert len(notes(track)) == 1


@pytest.mark.parametrize(("mark", "join"), [("slur", S), ("bow", B), ("port.", Join.PORTAMENTO)])
@pytest.mark.parametrize("joining", ["auto", "slur", "bow"])
def test_what_is_marked_leads_into_a_note_whatever_is_chosen(
    mark: str, join: Join, joining: str
) -> None:
    assert notes(note(60) + text(mark) + note(62), joining=joining)[1].join is join


def test_a_mark_leads_nowhere_without_a_note_before() -> None:
    chord = text("slur") + b"\x00\x90\x3c\x50\x00\x90\x40\x50\x60\x80\x3c\x40\x00\x80\x40\x40"
    assert [each.join for each in notes(chord)] == [None, None]


def test_what_follows_a_trill_goes_on_in_its_voice() -> None:
    heard = notes(text("tr") + note(60, beats=2) + text("slur") + note(59))
    assert (heard[-1].key, heard[-1].join, heard[-1].after) == (59, S, heard[-2].number)


@pytest.mark.parametrize(
    ("mark", "seconds", "speed"), [("stacc.", BEAT / 2, STOPPED), ("spiccato", 0.11, LIFTED)]
)
def test_a_short_stroke_ends_early_and_the_next_one_is_from_the_stopped_bow(
    mark: str, seconds: float, speed: int
) -> None:
    track = text(mark) + note(60) + note(62)
    first, second = notes(track)
    assert first.end == pytest.approx(seconds)
    assert (second.start, second.join) == (BEAT, Join.STACCATO)
    ends = [timed.event for timed in events(score(smf(track)))]
    assert [event.velocity for event in ends if isinstance(event, NoteOff)] == [speed, 64]


def test_a_stroke_that_is_written_short_stays_so() -> None:
    on, off = b"\x00\x90\x3c\x50\x30\x80\x3c\x40", b"\x30\x90\x3e\x50\x60\x80\x3e\x40"
    assert notes(text("stacc.") + on + off)[0].end == pytest.approx(BEAT / 2)


def test_a_seed_plays_it_the_same_again_and_another_doesnt() -> None:
    played = score(smf(text("tr") + note(60, beats=4) + text("trem.") + note(62, beats=4)))
    phrased = phrase(played, "auto", 0)
    as_marked = played_as_marked(phrased, 0)
    assert list(as_marked) == list(as_marked) == events(played, joining="auto")
    assert list(as_marked) != list(played_as_marked(phrased, 1))


def test_what_other_parts_play_changes_no_trill() -> None:
    trill = text("tr") + note(60, beats=4) + text("trem.") + note(62, beats=4)
    alone, beside = notes(trill), notes(note(48, channel=1) + note(50, channel=1), trill)
    played = [each[:5] for each in alone]
    assert [each[:5] for each in beside if each.key not in (48, 50)] == played


def test_more_notes_than_there_are_voices_stay_single() -> None:
    begin = b"".join(b"\x00" + bytes([0x90 | i // 100, i % 100, 80]) for i in range(200))
    end = b"".join(b"\x00" + bytes([0x80 | i // 100, i % 100, 64]) for i in range(200))
    heard = notes(text("trem.") + begin + number(DIVISION) + end[1:])
    assert sum(each.after is None for each in heard) == 200
    assert len({each.number for each in heard if each.after is not None}) < 64 * 10


MARKED = st.lists(
    st.tuples(
        st.integers(40, 90),
        st.integers(1, 6),
        st.lists(st.sampled_from(["tr", "trem.", "stacc.", "spiccato", "slur", "bow"]), max_size=3),
        st.integers(0, 1),
    ),
    min_size=1,
    max_size=8,
)


@given(MARKED, st.integers(0, 2**32))
def test_whatever_is_marked_every_note_ends(
    music: list[tuple[int, int, list[str], int]], seed: int
) -> None:
    track = b"".join(
        note(key, *map(text, marks), channel=channel, beats=beats)
        for key, beats, marks, channel in music
    )
    heard = notes(track, seed=seed, joining="auto")
    assert len(heard) >= len(music)
    assert all(each.start < each.end for each in heard)
    seconds = [timed.seconds for timed in events(score(smf(track)), seed)]
    assert seconds == sorted(seconds)
