"""MPE as its players expect it: bends and their ranges, numbered as in the table."""

from __future__ import annotations

import pytest

from instrument.midi.events import NO_NOTE, Event, NoteOff, NoteOn
from instrument.units import hz_to_midi
from tests.instrument.engine.mpe_player import GONE, MpePlayer


def bends(mpe: MpePlayer) -> list[float]:
    return [mpe.bent(channel) for channel in (3, 4, 15)]


@pytest.mark.parametrize(
    ("number", "told", "expected"),
    [
        (37, [(3, 2048)], [12.0, 0.0, 0.0]),
        (38, [(1, 8191)], [2.0, 2.0, 0.0]),
        (39, [(7, 8191)], [0.0, 0.0, 0.0]),
        (40, [(3, 2048), (1, -8192)], [10.0, -2.0, 0.0]),
    ],
)
def test_37_to_40_a_member_bends_its_note_and_the_manager_all(
    mpe: MpePlayer, number: int, told: list[tuple[int, int]], expected: list[float]
) -> None:
    for channel, value in told:
        mpe.bend(channel, value)
    mpe.play()
    assert bends(mpe) == expected


def test_41_a_members_bend_is_for_all_its_notes(mpe: MpePlayer) -> None:
    """As the specification has it; others bend only the last one."""
    mpe.on(3, 64)
    mpe.bend(3, 1024)
    mpe.play()
    assert [mpe.bent(3), mpe.bent(3, 64)] == [6.0, 6.0]


def test_42_and_43_a_note_that_ended_isnt_bent_and_the_other_one_is(mpe: MpePlayer) -> None:
    mpe.control(1, 64, 127)
    mpe.on(3, 64)
    mpe.play()
    mpe.off(3)
    mpe.bend(3, 1024)
    mpe.play()
    assert [mpe.bent(3), mpe.bent(3, 64)] == [0.0, 6.0]
    mpe.bend(1, 8191)
    mpe.play()
    assert [mpe.bent(3), mpe.bent(3, 64)] == [2.0, 8.0]


def test_43_a_pedalled_note_isnt_bent_by_the_next_one_of_its_channel(mpe: MpePlayer) -> None:
    mpe.control(1, 64, 127)
    mpe.off(3)
    mpe.play(GONE)
    mpe.on(3, 61)
    mpe.bend(3, 1024)
    mpe.play()
    assert [mpe.bent(3), mpe.bent(3, 61)] == [0.0, 6.0]


@pytest.mark.parametrize("pause", [0.0, 0.004, 0.3, GONE])
def test_44_a_bend_of_a_note_that_ended_doesnt_count_for_the_next(
    mpe: MpePlayer, pause: float
) -> None:
    mpe.bend(3, 2048)
    mpe.play()
    mpe.off(3)
    mpe.play(pause)
    mpe.on(3, 72)
    assert mpe.bent(3, 72) == 0.0


@pytest.mark.parametrize(
    ("number", "channel", "semitones", "value", "bent"),
    [
        (45, 3, None, -4096, -24.0),
        (47, 3, 1, 8191, 1.0),
        (48, 3, 0, 8191, 0.0),
        (49, 2, 12, 8191, 12.0),
    ],
)
def test_45_to_49_the_bend_range_of_one_member_is_that_of_all(
    silent: MpePlayer, number: int, channel: int, semitones: int | None, value: int, bent: float
) -> None:
    if semitones is not None:
        silent.parameter(channel, 0, semitones)
    for member in (3, 4):
        silent.on(member)
        silent.bend(member, value)
        assert silent.bent(member) == bent


def test_46_a_bend_of_96_semitones_down_is_one(silent: MpePlayer) -> None:
    silent.parameter(3, 0, 96)
    silent.bend(3, -8192)
    silent.on(3, 108)
    assert silent.bent(3, 108) == -96.0


@pytest.mark.parametrize(
    ("number", "semitones", "value", "bent"),
    [(50, None, -4096, -1.0), (51, 12, 8191, 12.0), (52, 0, 8191, 0.0)],
)
def test_50_to_52_the_manager_has_a_range_of_its_own(
    mpe: MpePlayer, number: int, semitones: int | None, value: int, bent: float
) -> None:
    if semitones is not None:
        mpe.parameter(1, 0, semitones)
    mpe.bend(1, value)
    mpe.play()
    assert bends(mpe) == [bent, bent, 0.0]
    mpe.bend(3, 1024)
    mpe.play()
    assert bends(mpe) == [bent + 6.0, bent, 0.0]


def test_53_both_bends_before_a_note_count_from_its_first_sample(silent: MpePlayer) -> None:
    silent.parameter(3, 0, 12)
    silent.parameter(1, 0, 1)
    silent.bend(3, -8192)
    silent.bend(1, -4096)
    silent.play()
    silent.on(3, 72)
    silent.play(0.01)
    onsets = silent.engine.synth.onsets
    f0_hz = onsets.f0_hz[(int(onsets.ready[0]) - 1) % len(onsets.hop)]
    assert hz_to_midi(f0_hz) == pytest.approx(72.0 - 12.5, abs=0.4)


@pytest.mark.parametrize("mode", [120, 123])
def test_44_nor_does_one_of_notes_that_their_manager_ended(mpe: MpePlayer, mode: int) -> None:
    mpe.bend(3, 2048)
    mpe.play()
    mpe.control(1, mode, 0)
    mpe.on(3, 72)
    assert mpe.bent(3, 72) == 0.0


def test_44_nor_does_one_of_a_note_that_went_on_in_another_channel(mpe: MpePlayer) -> None:
    """As lines of files do, which play each note on the next channel."""
    mpe.bend(5, 2048)
    mpe.send(NoteOn(4, 64, 80, note=1))
    mpe.play()
    mpe.send(NoteOn(5, 67, 80, note=2, after=1))
    mpe.off(5, 64)
    mpe.play()
    mpe.on(5, 72)
    assert [mpe.bent(5, 72), mpe.bent(6, 67)] == [0.0, 0.0]


def test_44_a_bend_that_is_sent_between_two_notes_counts(mpe: MpePlayer) -> None:
    mpe.off(3)
    mpe.off(3, 61)
    mpe.bend(3, 2048)
    mpe.off(3, 62)
    mpe.on(3, 72)
    assert mpe.bent(3, 72) == 12.0


@pytest.mark.parametrize("channel", [3, 8])
@pytest.mark.parametrize("after", [0.0, 0.004, 0.02])
def test_a_tail_keeps_its_bend(mpe: MpePlayer, channel: int, after: float) -> None:
    """In a zone or in a channel of none."""
    mpe.on(channel, 70)
    mpe.bend(channel, 4096)
    mpe.play()
    bent = mpe.pitch(channel, 70)
    mpe.off(channel, 70)
    mpe.play(after)
    mpe.bend(channel, 0)
    mpe.on(channel, 50)
    mpe.play(0.012)
    assert mpe.pitch(channel, 70) == pytest.approx(bent, abs=0.1)
    assert mpe.bent(channel, 50) == 0.0


def test_a_pedalled_note_of_a_channel_of_no_zone_follows_its_wheel(mpe: MpePlayer) -> None:
    mpe.control(8, 64, 127)
    mpe.on(8)
    mpe.off(8)
    mpe.bend(8, 8191)
    assert mpe.bent(8) == 2.0


FIRST, SECOND = (NoteOn(1, 60, 80, note) for note in (0, 1))
"""Notes of one member and one key, as a score knows them."""


@pytest.mark.parametrize(
    "ends",
    [(NoteOff(1, 60, note=NO_NOTE),), (SECOND, NoteOff(1, 60, note=0), NoteOff(1, 60, note=1))],
    ids=["an end that was written twice", "two notes of one key"],
)
def test_what_a_score_plays_on_a_member_leaves_no_bend_behind(
    mpe: MpePlayer, ends: tuple[Event, ...]
) -> None:
    mpe.send(FIRST)
    mpe.bend(2, 2000)
    mpe.play()
    for event in (*ends, NoteOff(1, 60, note=0)):
        mpe.send(event)
        mpe.play()
    mpe.send(NoteOn(1, 64, 80, 2))
    assert mpe.bent(2, 64) == 0.0
