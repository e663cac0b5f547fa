"""``arco render``: files and takes that say they last for ages."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

from instrument.midi.events import ControlChange, Event, NoteOff, NoteOn
from instrument.midi.file import END_OF_TRACK, LONGEST_DELTA, TEXT, delta, meta, single_track_file
from instrument.midi.messages import encode

Arco = Callable[..., tuple[int, str, str]]
Refused = Callable[..., str]

DIVISION = 480
"""Ticks of half a second."""

ON, OFF = NoteOn(0, 67, 90), NoteOff(0, 67)
NOTE: list[tuple[int, Event]] = [(0, ON), (DIVISION, OFF)]
HOUR = 3600 * 2 * DIVISION
SECONDS_AT_MOST = 30.0


def write(path: Path, events: list[tuple[int, Event]], end: int, said: bytes = b"") -> None:
    """Write a .mid of events at their ticks; what a take says of itself is at its beginning."""
    track = delta(0) + meta(TEXT, said)
    now = 0
    for tick, event in events:
        track += delta(tick - now) + encode(event)
        now = tick
    assert end - now <= LONGEST_DELTA
    path.write_bytes(single_track_file(DIVISION, track + delta(end - now) + meta(END_OF_TRACK)))


@pytest.fixture
def render(arco: Arco, desk: Path, tiny_instrument: Path) -> Callable[..., float]:
    """Renders odd.mid; the seconds of its sound."""

    def run(*arguments: str, output: str = "odd.wav") -> float:
        began = time.perf_counter()
        command = ("render", "odd.mid", "-o", output, "--json", "--instrument", tiny_instrument)
        status, out, err = arco(*command, *arguments)
        assert (status, err) == (0, "")
        assert time.perf_counter() - began < SECONDS_AT_MOST
        info = soundfile.info(desk / output)
        assert json.loads(out)["seconds"] == info.frames / info.samplerate
        return float(info.frames / info.samplerate)

    return run


PEDAL, VOLUME = ControlChange(0, 64, 127), ControlChange(0, 7, 100)


@pytest.mark.parametrize(
    ("events", "end", "at_most"),
    [
        (NOTE, 5 * HOUR, 10.5),
        ([*NOTE, (2 * HOUR, VOLUME)], 2 * HOUR, 10.5),
        ([*NOTE, (2 * HOUR, OFF)], 2 * HOUR, 10.5),
        ([(0, PEDAL), *NOTE], 5 * HOUR, 71.0),
        ([(0, ON)], 5 * HOUR, 71.0),
    ],
    ids=["end of track", "controller", "note-off", "pedal", "no note-off"],
)
def test_what_stands_hours_behind_the_music_is_not_rendered(
    render: Callable[..., float],
    desk: Path,
    events: list[tuple[int, Event]],
    end: int,
    at_most: float,
) -> None:
    write(desk / "odd.mid", events, end)
    assert 0.5 <= render("--bits", "32") <= at_most
    assert render("--tail", "0") <= at_most - 10.0


@pytest.mark.parametrize("end", [DIVISION, 4 * DIVISION, 7 * DIVISION])
def test_without_a_tail_a_song_is_a_loop(
    render: Callable[..., float], desk: Path, end: int
) -> None:
    write(desk / "odd.mid", NOTE, end)
    assert render("--tail", "0") == end / DIVISION / 2
    assert render("--tail", "0.25", output="odd.flac") == end / DIVISION / 2 + 0.25


TAKE = {"seed": 1, "voices": 4, "sample_rate": 48_000, "samples": 30_000}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"voices": 10**5}, "voices 100000"),
        ({"voices": 10**9}, "voices 1000000000"),
        ({"voices": 0}, "voices 0"),
        ({"samples": 10**12}, "lasts"),
        ({"samples": 10**15}, "samples 1000000000000000"),
        ({"samples": 0}, "lasts 0 s"),
        ({"samples": -1}, "samples -1"),
        ({"humanize": 1e300}, "humanize 1e+300"),
        ({"room_gain": 1e39}, "room gain 1e+39"),
        ({"room_gain": float("nan")}, "room gain nan"),
        ({"seed": 2**64}, "seed"),
        ({"seed": 10**4000}, "seed"),
        ({"sample_rate": 10**9}, "sample rate 1000000000 Hz"),
        ({"knobs": {"vibrato": 1e9}}, "vibrato"),
        ({"knobs": {"no-such-knob": 0.5}}, "no-such-knob"),
        ({"preset": "no-such-preset"}, "no-such-preset"),
        ({"preset": "p" * 10**6}, "preset"),
    ],
)
def test_a_take_with_impossible_settings_gives_one_line(
    arco: Arco,
    refused: Refused,
    desk: Path,
    tiny_instrument: Path,
    wrong: dict[str, object],
    said: str,
) -> None:
    write(desk / "odd.mid", NOTE, DIVISION, b"arco-take " + json.dumps(TAKE | wrong).encode())
    began = time.perf_counter()
    line = refused(arco, "render", "odd.mid", "-o", "o.flac", "--instrument", tiny_instrument)
    assert said in line
    assert len(line) < 400
    assert time.perf_counter() - began < SECONDS_AT_MOST


def test_a_take_that_is_no_longer_as_long_as_it_says_can_be_given_a_tail(
    render: Callable[..., float], desk: Path
) -> None:
    said = b"arco-take " + json.dumps(TAKE | {"samples": 10**9}).encode()
    write(desk / "odd.mid", NOTE, 2 * DIVISION, said)
    assert render("--tail", "0") == 1.0
