"""Filters: channels, keys, transposition and velocity curves, of events and of scores."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.errors import UsageError
from instrument.midi.events import (
    ControlChange,
    Event,
    KeyPressure,
    NoteOff,
    NoteOn,
    PitchBend,
    TimedEvent,
)
from instrument.midi.file import END_OF_TRACK, delta, meta, single_track_file
from instrument.midi.filters import NO_FILTER, Filter, read_filter
from instrument.midi.messages import encode
from instrument.midi.score import Score, read_score
from tests.instrument.midi.score_files import score, smf


def chosen(
    channels: str | None = None,
    keys: str | None = None,
    transpose: int | None = None,
    curve: str | None = None,
) -> Filter:
    return read_filter(channels, keys, transpose, curve)


@pytest.mark.parametrize(
    ("kept", "event", "passed"),
    [
        (chosen(), NoteOn(3, 60, 5), NoteOn(3, 60, 5)),
        (chosen("1,3-5"), PitchBend(2, 7), PitchBend(2, 7)),
        (chosen("1,3-5"), PitchBend(4, 7), PitchBend(4, 7)),
        (chosen("1,3-5"), PitchBend(1, 7), None),
        (chosen("1,3-5"), NoteOff(5, 60), None),
        (chosen(keys="C2-B3"), NoteOn(0, 36, 5), NoteOn(0, 36, 5)),
        (chosen(keys="36-59"), NoteOn(0, 59, 5), NoteOn(0, 59, 5)),
        (chosen(keys="36-59"), NoteOn(0, 60, 5), None),
        (chosen(keys="36-59"), NoteOff(0, 35), None),
        (chosen(keys="36-59"), KeyPressure(0, 60, 4), None),
        (chosen(keys="36-59"), ControlChange(0, 60, 4), ControlChange(0, 60, 4)),
        (chosen(transpose=-12), NoteOn(0, 60, 5), NoteOn(0, 48, 5)),
        (chosen(transpose=-12), NoteOff(0, 60, 5), NoteOff(0, 48, 5)),
        (chosen(transpose=-12), KeyPressure(0, 60, 5), KeyPressure(0, 48, 5)),
        (chosen(transpose=-12), ControlChange(2, 84, 60), ControlChange(2, 84, 48)),
        (chosen(transpose=12), ControlChange(2, 84, 120), None),
        (chosen(keys="36-59"), ControlChange(0, 84, 60), None),
        (chosen(transpose=12), NoteOn(0, 120, 5), None),
        (chosen(keys="60-71", transpose=12), NoteOn(0, 60, 5), NoteOn(0, 72, 5)),
        (chosen(transpose=12).leaving({24}), NoteOn(0, 24, 5), NoteOn(0, 24, 5)),
        (chosen(transpose=-12).leaving({24}), NoteOn(0, 36, 5), None),
        (chosen(keys="36-59").leaving({24}), NoteOff(0, 24), NoteOff(0, 24)),
        (chosen(curve="fixed:80"), NoteOn(0, 60, 5), NoteOn(0, 60, 80)),
        (chosen(curve="fixed:80"), NoteOff(0, 60, 5), NoteOff(0, 60, 5)),
        (chosen(curve="soft"), NoteOn(0, 60, 40), NoteOn(0, 60, 63)),
        (chosen(curve="hard"), NoteOn(0, 60, 40), NoteOn(0, 60, 18)),
        (chosen(curve="2"), NoteOn(0, 60, 64), NoteOn(0, 60, 32)),
    ],
)
def test_an_event_passes_as_the_options_say(kept: Filter, event: Event, passed: Event) -> None:
    assert kept.passed(event) == passed


@pytest.mark.parametrize("curve", ["soft", "linear", "hard", "0.1", "10"])
def test_a_curve_rises_from_the_softest_to_the_loudest(curve: str) -> None:
    velocities = chosen(curve=curve).velocities
    assert len(velocities) == 128
    assert velocities[0] == 0
    assert list(velocities[1:]) == sorted(velocities[1:])
    assert (min(velocities[1:]), velocities[127]) == (max(1, velocities[1]), 127)


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [("C-1-G9", (0, 127)), ("c#3 - Db3", (49, 49)), ("Bb2-b2", (46, 47)), ("0-0", (0, 0))],
)
def test_keys_have_names_and_numbers(keys: str, wanted: tuple[int, int]) -> None:
    assert chosen(keys=keys).keys == wanted


@pytest.mark.parametrize(
    ("option", "text"),
    [
        *(("channels", text) for text in ("", "0", "17", "3-1", "1,,2", "a", "1-", "9" * 5000)),
        *(("keys", text) for text in ("", "60", "B3-C2", "0-128", "H2-C3", "C2", "C2-C99", "٣-٤")),
        *(("curve", text) for text in ("", "loud", "nan", "0", "11", "fixed:0", "fixed:128")),
        *(("curve", text) for text in ("fixed:", "fixed:x", "-1", "fixed:" + "1" * 5000)),
    ],
)
def test_what_is_no_such_thing_is_refused_in_one_line(option: str, text: str) -> None:
    read = {
        "channels": lambda: chosen(text),
        "keys": lambda: chosen(keys=text),
        "curve": lambda: chosen(curve=text),
    }
    with pytest.raises(UsageError) as refused:
        read[option]()
    assert str(refused.value).startswith(f"--{option.replace('curve', 'velocity-curve')} ")
    assert len(str(refused.value)) < 200


def test_a_transposition_is_five_octaves_at_most() -> None:
    with pytest.raises(UsageError, match="--transpose"):
        chosen(transpose=61)


EVENTS: list[Event] = [
    ControlChange(1, 7, 90),
    NoteOn(0, 60, 40),
    NoteOn(1, 62, 90),
    NoteOn(0, 30, 127),
    KeyPressure(0, 60, 9),
    ControlChange(0, 84, 60),
    ControlChange(1, 84, 30),
]
ENDS = [NoteOff(0, 60), NoteOff(1, 62), NoteOff(0, 30)]


def song(path: Path) -> Score:
    track = b"".join(delta(0) + encode(event) for event in EVENTS)
    track += delta(96) + b"".join(encode(event) + delta(0) for event in ENDS)
    path.write_bytes(single_track_file(96, track + meta(END_OF_TRACK)))
    return read_score(path)


@given(
    channels=st.sampled_from(["1", "2", "1-2"]),
    keys=st.sampled_from(["0-127", "40-127", "60-60"]),
    transpose=st.integers(-60, 60),
    curve=st.sampled_from(["linear", "soft", "fixed:3"]),
)
def test_a_score_is_filtered_as_its_events_are(
    tmp_path_factory: pytest.TempPathFactory, channels: str, keys: str, transpose: int, curve: str
) -> None:
    score = song(tmp_path_factory.mktemp("song") / "song.mid")
    kept = chosen(channels, keys, transpose, curve)
    passed = [(timed.seconds, kept.passed(timed.event)) for timed in score.events]
    wanted = [TimedEvent(seconds, event) for seconds, event in passed if event is not None]
    count = sum(isinstance(timed.event, NoteOn) for timed in wanted)
    plain = Score(tuple(score.events), score.duration_seconds, score.notes)
    if not count:
        for each in (score, plain):
            with pytest.raises(UsageError, match="no note is left"):
                kept.score(each)
        return
    for each in (score, plain):
        found = kept.score(each)
        assert list(found.events) == wanted
        assert found.notes == count


@pytest.mark.parametrize("channels", ["10", "10-11"])
def test_that_only_percussion_was_chosen_is_said(channels: str) -> None:
    drums, melody = b"\x00\x99\x24\x50\x60\x89\x24\x40", b"\x00\x90\x45\x64\x60\x80\x45\x40"
    with pytest.raises(UsageError, match="--channels") as refused:
        chosen(channels).score(score(smf(drums, melody)))
    assert ("10 is percussion" in str(refused.value)) is (channels == "10")


def test_without_a_choice_a_score_stays_as_it_is(tmp_path: Path) -> None:
    score = song(tmp_path / "song.mid")
    assert NO_FILTER.score(score) is score
