"""Golden renders: fixed input sounds as it did, to stored levels and colours.

A change of sound is a decision: say it in CHANGELOG.md and delete the .json file. The test then
writes it anew, and fails once to say so.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from instrument.arrays import Float32
from instrument.midi.events import ControlChange, Event, NoteOff, NoteOn
from instrument.midi.score import read_score
from instrument.midi.take import BEFORE_LAYOUTS, Take
from instrument.model.graphs import Instrument
from instrument.render import RenderSettings, render_score
from instrument.settings import EngineSettings
from instrument.units import gain_to_db

GOLDEN = Path(__file__).parent / "golden"
SILENT_DB = -70.0
PHRASE: list[tuple[float, Event]] = [
    (0.1, NoteOn(0, 67, 70)),
    (0.6, NoteOff(0, 67)),
    (0.6, NoteOn(0, 71, 85)),
    (0.9, NoteOff(0, 71)),
    (0.95, NoteOn(0, 74, 100)),
    (1.1, ControlChange(0, 1, 100)),
    (1.8, ControlChange(0, 11, 70)),
    (2.2, NoteOff(0, 74)),
    (2.5, NoteOn(0, 62, 110)),
    (2.5, NoteOn(0, 69, 110)),
    (3.0, NoteOff(0, 62)),
    (3.0, NoteOff(0, 69)),
]


def statistics(stereo: Float32, sample_rate: int) -> dict[str, list[float]]:
    """Level in dB and spectral centroid in Hz of every 100 ms that is louder than −70 dB."""
    window = sample_rate // 10
    mono = stereo.mean(axis=0)
    frames = mono[: len(mono) // window * window].reshape(-1, window).astype(np.float64)
    levels = np.maximum(gain_to_db(np.sqrt(np.mean(frames**2, axis=1))), SILENT_DB)
    power = np.abs(np.fft.rfft(frames * np.hanning(window), axis=1)) ** 2
    hz = np.fft.rfftfreq(window, 1 / sample_rate)
    centroid = power @ hz / np.maximum(power.sum(axis=1), 1e-12)
    return {
        "level_db": [round(float(level), 2) for level in levels],
        "centroid_hz": [
            round(float(c), 1) if level > SILENT_DB else 0.0
            for c, level in zip(centroid, levels, strict=True)
        ],
    }


def compare(found: dict[str, list[float]], path: Path) -> None:
    if not path.exists():
        path.write_text(json.dumps(found, indent=1) + "\n")
        pytest.fail(f"{path.name} was written anew; listen, and run the test again")
    golden = json.loads(path.read_text())
    np.testing.assert_allclose(found["level_db"], golden["level_db"], atol=0.5)
    np.testing.assert_allclose(found["centroid_hz"], golden["centroid_hz"], rtol=0.05, atol=1.0)


def test_the_golden_phrase_sounds_as_it_did(play: Callable[..., Float32]) -> None:
    found = statistics(play(PHRASE, 3.5, room_gain=0.18), 48_000)
    compare(found, GOLDEN / "phrase.json")


def test_a_stored_take_sounds_as_it_did(tiny: Instrument) -> None:
    """It was recorded before takes kept presets, knobs and layouts: its events turn a knob."""
    score = read_score(GOLDEN / "take.mid")
    engine = EngineSettings(seed=5, voices=3, sample_rate=44_100, room_gain=0.3, humanize=0.7)
    engine = replace(engine, controls=BEFORE_LAYOUTS)
    assert score.take == Take(engine, samples=132_300)
    blocks: list[Float32] = []
    report = render_score(tiny, score, RenderSettings.of(score), blocks.append)
    assert (report.seconds, report.notes) == (3.0, 5)
    compare(statistics(np.concatenate(blocks, axis=1), 44_100), GOLDEN / "take.json")
