"""What a take says of how it was played, and which files say no such thing."""

from __future__ import annotations

from pathlib import Path

import pytest

from instrument.midi.events import NoteOn
from instrument.midi.file import END_OF_TRACK, TEXT, delta, meta, single_track_file
from instrument.midi.messages import encode
from instrument.midi.score import Score, read_score
from instrument.midi.take import Take
from instrument.settings import EngineSettings
from tests.instrument.midi.take_events import A_ON

SAYS = b'{"seed": 3, "voices": 8, "sample_rate": 48000, "samples": 96000}'


def saying(path: Path, contents: bytes, *, ticks: int = 0, channel: int = 1) -> Score:
    """What is read from a file with this text, and notes on the first channel and another."""
    track = delta(ticks) + meta(TEXT, contents)
    for event in (A_ON, NoteOn(channel, 36, 100)):
        track += delta(0) + encode(event)
    path.write_bytes(single_track_file(96, track + delta(96) + meta(END_OF_TRACK)))
    return read_score(path)


def test_an_older_take_says_less_of_how_it_was_played(tmp_path: Path) -> None:
    score = saying(tmp_path / "take.mid", b"arco-take " + SAYS)
    assert score.take == Take(EngineSettings(seed=3, voices=8), samples=96_000)


def test_a_take_keeps_its_tenth_channel(tmp_path: Path) -> None:
    score = saying(tmp_path / "take.mid", b"arco-take " + SAYS, channel=9)
    assert score.skipped_channels == ()
    assert score.notes == 2


def test_what_a_later_version_adds_to_a_take_is_passed_over(tmp_path: Path) -> None:
    said = b"arco-take " + SAYS[:-1] + b', "hall": 1}'
    assert saying(tmp_path / "take.mid", said).take is not None


@pytest.mark.parametrize(
    "said",
    [
        SAYS,
        b"arco-take",
        b"arco-take ",
        b"arco-take " + SAYS[:-1],
        b"arco-take \xff" + SAYS,
        b"arco-take [3, 8, 48000, 96000]",
        b"arco-take " + b"[" * 100_000,
        b"arco-take " + SAYS.replace(b"seed", b"sneed"),
        *(
            b"arco-take " + SAYS.replace(old, new)
            for old, new in [
                (b"3,", b"-3,"),
                (b"3,", b'"3",'),
                (b"3,", b"true,"),
                (b"3,", b"3.0,"),
                (b"3,", b"NaN,"),
                (b"3,", b"3" * 10_000 + b","),
                (b"8,", b"0,"),
                (b"48000,", b"0,"),
                (b"96000", b"-1"),
                (b"96000", b"null"),
            ]
        ),
    ],
)
def test_a_file_that_says_no_such_thing_is_an_ordinary_one(tmp_path: Path, said: bytes) -> None:
    path = tmp_path / "take.mid"
    assert saying(path, said) == saying(path, b"")


def test_a_take_says_it_at_its_beginning(tmp_path: Path) -> None:
    assert saying(tmp_path / "take.mid", b"arco-take " + SAYS, ticks=1).take is None
