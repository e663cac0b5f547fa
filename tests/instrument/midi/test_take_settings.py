"""What a take says of how it was played, and which files say no such thing."""

from __future__ import annotations

from pathlib import Path

import pytest

from instrument.errors import MidiFileError
from instrument.midi.events import NoteOn
from instrument.midi.file import END_OF_TRACK, TEXT, delta, meta, single_track_file
from instrument.midi.layouts import layout_of
from instrument.midi.messages import encode
from instrument.midi.score import Score, read_score
from instrument.midi.take import BEFORE_LAYOUTS, Take
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
    settings = EngineSettings(seed=3, voices=8, controls=BEFORE_LAYOUTS)
    assert score.take == Take(settings, samples=96_000)


def test_controllers_of_an_older_take_do_what_they_did() -> None:
    layout = layout_of(BEFORE_LAYOUTS)
    roles = [layout.controllers[number] for number in (1, 2, 11, 71, 72, 73, 74)]
    axes = [f"axis-{axis}" for axis in range(1, 5)]
    assert roles == ["vibrato", "expression", "expression", *axes]
    assert (layout.mono, layout.velocity_joins, layout.breath) == (False, False, None)


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
    ],
)
def test_a_file_that_says_no_such_thing_is_an_ordinary_one(tmp_path: Path, said: bytes) -> None:
    path = tmp_path / "take.mid"
    assert saying(path, said) == saying(path, b"")


def test_a_take_says_it_at_its_beginning(tmp_path: Path) -> None:
    assert saying(tmp_path / "take.mid", b"arco-take " + SAYS, ticks=1).take is None


@pytest.mark.parametrize("samples", [0, 96_000, 2**40])
def test_a_take_may_have_any_length(tmp_path: Path, samples: int) -> None:
    said = b"arco-take " + SAYS.replace(b"96000", str(samples).encode())
    take = saying(tmp_path / "take.mid", said).take
    assert take is not None
    assert take.samples == samples


NOT_WHOLE = [b"-3", b'"3"', b"true", b"3.5", b"3.0", b"NaN", b"null", b"[]", b"{}"]
NOT_FINITE = [b"NaN", b"Infinity", b"-Infinity", b"1e400", b"3" * 10_000, b"-" + b"3" * 10_000]
SETTINGS = [
    ("seed", [*NOT_WHOLE, *NOT_FINITE, b"18446744073709551616"]),
    ("voices", [*NOT_WHOLE, *NOT_FINITE, b"0", b"65", b"100000", b"1000000000"]),
    ("sample_rate", [*NOT_WHOLE, *NOT_FINITE, b"0", b"22049", b"192001"]),
    ("samples", [*NOT_WHOLE, *NOT_FINITE, b"1000000000000000"]),
    ("room_gain", [*NOT_FINITE, b"-0.1", b"1.1", b"1e39", b'"0.5"', b"true", b"null"]),
    ("humanize", [*NOT_FINITE, b"-0.1", b"2.1", b"1e300", b'"1"', b"false", b"null"]),
    ("mode", [b"5", b"null", b"[]", b'"duo"']),
    ("joins", [b"5", b"null", b"[]", b'"none"', b'"' + b"j" * 100_000 + b'"']),
    ("velocity_joins", [b"0", b"1", b"[]", b'"on"']),
    ("controls", [b"5", b"[]", b'"gm3"', b'{"like": 1}', b'{"controllers": {"1": "loud"}}']),
    ("controls", [b'"' + b"c" * 100_000 + b'"', b'{"x%b": 1}' % (b"x" * 100_000)]),
    ("preset", [b"5", b"[]", b'"' + b"p" * 100_000 + b'"']),
    ("knobs", [b"null", b"5", b"[0.5]", *(b'{"swell": %b}' % x for x in (b"2", b"NaN", b'"1"'))]),
]


@pytest.mark.parametrize(("name", "values"), SETTINGS)
def test_a_take_with_settings_that_no_option_may_have_is_refused(
    tmp_path: Path, name: str, values: list[bytes]
) -> None:
    for value in values:
        said = SAYS[:-1] + b', "%b": %b}' % (name.encode(), value)
        with pytest.raises(MidiFileError) as error:
            saying(tmp_path / "take.mid", b"arco-take " + said)
        message = str(error.value)
        assert "take.mid: " in message
        assert name.replace("_", " ").rstrip("s") in message
        assert "\n" not in message
        assert len(message) < 400 + len(str(tmp_path))
