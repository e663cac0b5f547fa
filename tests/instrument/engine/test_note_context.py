"""Notes know how long they are, and what comes before them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from instrument.arrays import Float32
from instrument.engine.engine import Engine
from instrument.engine.envelopes import NoteEnvelopes
from instrument.engine.unfolding import (
    QUICK_SECONDS,
    STRAIGHT,
    UNFOLDS_SECONDS,
    VIBRATO_UNFOLDS_SECONDS,
)
from instrument.joins import Join
from instrument.midi.events import Event, NoteOff, NoteOn
from instrument.model.graphs import Instrument, load_instrument
from instrument.model.note_context import NoteContext
from instrument.settings import EngineSettings
from instrument.units import FRAME_RATE

RATE = 48_000
HOP = RATE // FRAME_RATE
STILL = EngineSettings(sample_rate=RATE, humanize=0.0)


@pytest.fixture(scope="module")
def lines(tiny_in_lines: Path) -> Instrument:
    return load_instrument(tiny_in_lines)


def played(lines: Instrument, events: list[tuple[float, Event]], seconds: float) -> Float32:
    engine = Engine(lines, STILL)
    for at, event in events:
        engine.push(event, round(at * RATE))
    audio = np.zeros((2, round(seconds * RATE)), np.float32)
    engine.render(audio)
    return np.ascontiguousarray(audio[0])


def pitch_and_level(lines: Instrument, note: NoteOn, frames: int) -> tuple[Float32, Float32]:
    """What a note's voice reads from its curves: cents and dB, [frames]."""
    engine = Engine(lines, STILL)
    engine.push(note, 0)
    engine.render(np.zeros((2, 2 * HOP), np.float32))
    curves = engine._control.pool._table.curves[0]
    cents: Float32 = curves.slow_cents + curves.vibrato_cents
    return cents[:frames], curves.loudness_db[:frames]


def note(seconds: float | None) -> NoteOn:
    return NoteOn(0, 69, 90, seconds=seconds)


def test_a_note_that_is_known_to_be_quick_is_straighter(lines: Instrument) -> None:
    quick, long = (pitch_and_level(lines, note(seconds), 75)[0][25:] for seconds in (0.3, 3.0))
    assert quick.std() < 0.4 * long.std()


def test_a_note_of_unknown_length_begins_as_a_quick_one_and_becomes_a_long_one(
    lines: Instrument,
) -> None:
    begins, ends = (round(seconds * FRAME_RATE) for seconds in UNFOLDS_SECONDS)
    unknown, quick, long = (
        np.stack(pitch_and_level(lines, note(seconds), 600))
        for seconds in (None, QUICK_SECONDS, 3.0)
    )
    at_first = slice(0, begins - 25)  # vibrato is told apart in windows of 45 frames
    np.testing.assert_allclose(unknown[1, :begins], quick[1, :begins], atol=1e-4)
    np.testing.assert_allclose(unknown[0, at_first], quick[0, at_first], atol=0.01)
    np.testing.assert_allclose(unknown[:, ends + 25 :], long[:, ends + 25 :], atol=0.01)


def test_the_length_of_a_file_s_note_is_heard_from_its_beginning(lines: Instrument) -> None:
    ends = NoteOff(0, 69)
    known, unknown = (
        played(lines, [(0.0, note(seconds)), (2.0, ends)], 1.0) for seconds in (2.0, None)
    )
    assert np.any(known != unknown)


@pytest.mark.parametrize("join", [Join.BOW, Join.SLUR])
def test_a_note_in_a_line_has_no_attack_of_its_own(lines: Instrument, join: Join) -> None:
    latent = np.zeros((2, lines.spec.envelope_size.latent), np.float32)
    key, loudness = np.full(2, 69.0, np.float32), np.full(2, 0.5, np.float32)
    of_bow = np.array([0.0, join is Join.BOW], np.float32)
    context = NoteContext(np.full(2, 3.0, np.float32), np.zeros(2, np.float32), of_bow)
    _, (alone, in_line) = lines.envelope.decode(latent, key, loudness, context)
    assert alone[0] < alone[200] - 10.0
    if join is Join.BOW:
        assert in_line[200] - in_line[0] < 0.5 * (alone[200] - alone[0])
    else:
        np.testing.assert_allclose(in_line, alone)


def test_an_instrument_without_lines_plays_known_and_unknown_lengths_alike(
    tiny: Instrument,
) -> None:
    known, unknown = (played(tiny, [(0.0, note(seconds))], 0.5) for seconds in (0.4, None))
    np.testing.assert_array_equal(known, unknown)


def test_the_graphs_say_what_they_know(lines: Instrument, tiny: Instrument) -> None:
    assert lines.envelope.knows_context
    assert not tiny.envelope.knows_context
    assert lines.spec.envelope.inputs[-3:] == ["seconds", "slurred", "bowed"]
    assert lines.encoder is not None
    assert [source.name for source in lines.spec.sources][-1] == "a line"


def vibrato_in_line(tiny: Instrument) -> Float32:
    """The vibrato of a slurred note from its entry on."""
    engine = Engine(tiny, STILL)
    engine.push(NoteOn(0, 69, 90), 0)
    engine.push(NoteOff(0, 69), RATE // 2)
    engine.push(NoteOn(0, 71, 90, join=Join.SLUR), RATE // 2)
    engine.render(np.zeros((2, RATE // 2 + 4 * HOP), np.float32))
    table = engine._control.pool._table
    (slot,) = engine._control.voices.active()
    return table.curves[slot].vibrato_cents[int(table.entered[slot]) :][:600].copy()


def test_in_a_line_the_vibrato_begins_anew_with_each_note(
    tiny: Instrument, monkeypatch: pytest.MonkeyPatch
) -> None:
    unfolding = vibrato_in_line(tiny)
    monkeypatch.setattr(NoteEnvelopes, "unfold", lambda *_: None)
    whole = vibrato_in_line(tiny)
    unfolded = round(VIBRATO_UNFOLDS_SECONDS * FRAME_RATE)
    np.testing.assert_allclose(unfolding[:20], STRAIGHT * whole[:20], rtol=1e-4)
    np.testing.assert_array_equal(unfolding[unfolded:], whole[unfolded:])
    assert np.abs(whole[:20]).max() > 0.1
