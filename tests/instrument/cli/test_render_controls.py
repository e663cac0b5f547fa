"""``arco render`` with layouts of controllers and filters, of takes and of songs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from instrument.engine.engine import Engine
from instrument.midi.events import ChannelPressure, ControlChange, Event, NoteOff, NoteOn
from instrument.midi.layouts import read_controls
from instrument.midi.take_file import TakeWriter
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings

Arco = Callable[..., tuple[int, str, str]]
Refused = Callable[..., str]

OWN = 'like = "mpe"\npressure = "dynamics"\nslide = "axis-2"\nfloor_db = -30\n'
SAMPLES = 90_000
ZONE = [(1, ControlChange(0, *change)) for change in ((101, 0), (100, 6), (6, 4))]
PLAYED: list[tuple[int, Event]] = [
    *ZONE,
    (900, ControlChange(0, 2, 90)),
    (1_000, NoteOn(1, 62, 50)),
    (9_000, NoteOn(2, 67, 110)),
    *((10_000 + 700 * i, ChannelPressure(1, 2 * i)) for i in range(60)),
    *((10_300 + 700 * i, ControlChange(2, 74, 120 - 2 * i)) for i in range(60)),
    *((20_000 + 500 * i, ControlChange(0, 1, 2 * i)) for i in range(60)),
    (60_000, ControlChange(0, 2, 0)),
    (64_000, ControlChange(0, 2, 70)),
    (70_000, NoteOff(1, 62)),
    (80_000, NoteOff(2, 67)),
]
"""What does something else in each layout."""


@pytest.mark.parametrize("controls", ["gm2", "orchestral", "wind", "mpe", "own.toml", None])
def test_a_take_sounds_as_it_was_played_in_its_layout(
    desk: Path, arco: Arco, tiny: Instrument, tiny_instrument: Path, controls: str | None
) -> None:
    own = desk / "own.toml"
    own.write_text(OWN)
    chosen = None if controls is None else read_controls(controls)
    settings = EngineSettings(voices=4, controls=chosen, bend_range=12)
    engine, writer = Engine(tiny, settings), TakeWriter(desk / "take.mid", settings)
    for sample, event in sorted(PLAYED, key=lambda each: each[0]):
        engine.push(event, sample)
        writer.add(sample, event)
    writer.close(SAMPLES)
    heard = np.zeros((2, SAMPLES), np.float32)
    engine.render(heard)
    own.unlink()
    options = "--bits 32 -o x.wav --instrument"
    assert arco("render", desk / "take.mid", *options.split(), tiny_instrument)[0] == 0
    audio, _ = soundfile.read(desk / "x.wav", dtype="float32")
    np.testing.assert_array_equal(audio.T, heard)
    assert np.abs(heard).max() > 0.01


@pytest.mark.parametrize(
    ("options", "notes"),
    [("", 2), ("--channels 1-3", 2), ("--keys 70-80", 1), ("--keys 70-80 --transpose -12", 1)],
)
def test_a_song_is_rendered_through_a_filter(
    desk: Path, arco: Arco, tiny_instrument: Path, options: str, notes: int
) -> None:
    writer = TakeWriter(desk / "two.mid", EngineSettings())
    for sample, event in (
        (0, NoteOn(1, 62, 90)),
        (100, NoteOn(2, 74, 90)),
        (9_000, NoteOff(1, 62)),
    ):
        writer.add(sample, event)
    writer.close(10_000)
    given = f"render two.mid -o x.wav --json {options} --instrument".split()
    status, out, _ = arco(*given, tiny_instrument)
    assert status == 0
    assert json.loads(out)["notes"] == notes


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--controls gm3", "gm2"),
        ("--controls nowhere.toml", "nowhere.toml"),
        ("--bend-range -1", "--bend-range -1"),
        ("--velocity-curve x", "--velocity-curve x"),
        ("--transpose 99", "--transpose 99"),
        ("--channels 0", "--channels 0"),
        ("--channels 16", "no note is left"),
        ("--controls wind", "CC 2 at 6 or more"),
        ("--keys 5", "--keys 5"),
    ],
)
def test_what_is_wrong_with_them_is_said_in_one_line(
    arco: Arco, desk: Path, refused: Refused, options: str, said: str
) -> None:
    assert said in refused(arco, "render", desk / "song.mid", *options.split())
