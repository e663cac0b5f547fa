"""``arco render take.mid``: a take sounds as it was played."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from instrument.arrays import Float32
from instrument.engine.engine import Engine
from instrument.midi.events import ControlChange, Event, NoteOff, NoteOn, PitchBend
from instrument.midi.take_file import TakeWriter
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings

TAKE_RATE, TAKE_SAMPLES = 44_100, 30_000
TAKE_SETTINGS = EngineSettings(sample_rate=TAKE_RATE, voices=2, seed=5)
TAKE: list[tuple[int, Event]] = [
    (0, ControlChange(0, 74, 99)),
    (1_001, NoteOn(0, 60, 90)),
    (4_003, NoteOn(0, 64, 70)),
    (9_007, NoteOn(0, 67, 110)),
    (12_000, PitchBend(0, 3000)),
    (20_000, NoteOff(0, 60)),
    (20_000, NoteOff(0, 64)),
    (25_000, NoteOff(0, 67)),
]
"""What was played: more notes at once than it had voices for."""


Arco = Callable[..., tuple[int, str, str]]
RenderTake = Callable[..., tuple[Float32, int]]


@pytest.fixture
def take(desk: Path) -> Path:
    """The .mid of what was played live."""
    path = desk / "take.mid"
    writer = TakeWriter(path, TAKE_SETTINGS)
    for sample, event in TAKE:
        writer.add(sample, event)
    writer.close(TAKE_SAMPLES)
    return path


@pytest.fixture
def render_take(arco: Arco, desk: Path, take: Path, tiny_instrument: Path) -> RenderTake:
    """``arco render take.mid`` and what a test adds; its sound, [2, samples], and the rate."""

    def run(*arguments: str) -> tuple[Float32, int]:
        status, _, err = arco(
            "render",
            take,
            "-o",
            "x.wav",
            "--bits",
            "32",
            "--instrument",
            tiny_instrument,
            *arguments,
        )
        assert (status, err) == (0, "")
        audio, rate = soundfile.read(desk / "x.wav", dtype="float32")
        return audio.T, rate

    return run


def test_a_take_is_rendered_as_it_was_played_sample_for_sample(
    render_take: RenderTake, tiny: Instrument
) -> None:
    engine = Engine(tiny, TAKE_SETTINGS)
    for sample, event in TAKE:
        engine.push(event, sample)
    played = np.zeros((2, TAKE_SAMPLES), np.float32)
    engine.render(played)
    audio, rate = render_take()
    assert rate == TAKE_RATE
    assert np.abs(played).max() > 0.01
    np.testing.assert_array_equal(audio, played)


@pytest.mark.parametrize("velocity_joins", [False, True])
def test_a_line_of_a_take_is_joined_as_it_was_played(
    desk: Path, arco: Arco, tiny: Instrument, tiny_instrument: Path, *, velocity_joins: bool
) -> None:
    settings = EngineSettings(voices=2, velocity_joins=velocity_joins)
    line = zip((60, 64, 62, 67, 67), (90, 20, 60, 120, 30), strict=True)
    played: list[tuple[int, Event]] = [(0, ControlChange(0, 126, 1))]
    for i, (key, velocity) in enumerate(line):
        played += [(9_001 * i + 7, NoteOn(0, key, velocity))]
        played += [(9_001 * (i + 1) + (2_000 if i < 3 else -1_000), NoteOff(0, key))]
    played.sort(key=lambda each: each[0])
    engine = Engine(tiny, settings)
    writer = TakeWriter(desk / "line.mid", settings)
    for sample, event in played:
        engine.push(event, sample)
        writer.add(sample, event)
    writer.close(60_000)
    heard = np.zeros((2, 60_000), np.float32)
    engine.render(heard)
    options = "--bits 32 -o line.wav --instrument"
    assert arco("render", desk / "line.mid", *options.split(), tiny_instrument)[0] == 0
    audio, _ = soundfile.read(desk / "line.wav", dtype="float32")
    np.testing.assert_array_equal(audio.T, heard)


def test_another_seed_is_another_performance_of_a_take(render_take: RenderTake) -> None:
    as_played, _ = render_take()
    other, rate = render_take("--seed", "0")
    assert (rate, other.shape) == (TAKE_RATE, as_played.shape)
    assert np.any(other != as_played)


def test_at_another_sample_rate_all_of_a_take_is_there(render_take: RenderTake) -> None:
    audio, rate = render_take("--sample-rate", "96000")
    assert rate == 96_000
    assert audio.shape[1] / rate > TAKE[-1][0] / TAKE_RATE
    as_played, _ = render_take("--sample-rate", str(TAKE_RATE))
    assert as_played.shape[1] == TAKE_SAMPLES


def test_a_take_can_have_another_tail(render_take: RenderTake) -> None:
    audio, _ = render_take("--tail", "1")
    assert audio.shape[1] == TAKE_SAMPLES + TAKE_RATE
