"""Pitches that the instrument never heard: as loud as was asked for, and no rumble."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import numpy as np
import pytest

from instrument.arrays import DDSPControls, Float32, Float64
from instrument.engine.engine import Engine
from instrument.engine.frame_writer import MARGIN_SEMITONES
from instrument.midi.events import NoteOn, PitchBend
from instrument.model.graphs import EnvelopeModel, Instrument, TimbreModel
from instrument.settings import EngineSettings
from instrument.units import a_weighting, gain_to_db, hz_to_midi
from tests.instrument.engine.music_and_measures import RATE, Play, parameter

BRIGHT = (1.0 / np.arange(1, 41)).astype(np.float32)
STEADY = slice(RATE // 2, 3 * RATE // 2)


# --- What the networks are asked for -----------------------------------------------------------


class Asked:
    """Stands in for both graphs, and remembers what they were asked for."""

    knows_context = False

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.runner = instrument.timbre.runner
        self.keys: list[float] = []
        self.midi: list[float] = []

    def decode(self, latent: Float32, pitch: Float32, loudness: Float32) -> tuple[Float32, Float32]:
        self.keys += pitch.tolist()
        return self.instrument.envelope.decode(latent, pitch, loudness)

    def run(
        self, f0_hz: Float32, loudness_db: Float32, state: Float32
    ) -> tuple[DDSPControls, Float32]:
        if f0_hz.size:
            self.midi += np.asarray(hz_to_midi(f0_hz)).ravel().tolist()
        return self.instrument.timbre.run(f0_hz, loudness_db, state)


def asked(instrument: Instrument, *events: NoteOn | PitchBend) -> Asked:
    graphs = Asked(instrument)
    player = replace(
        instrument, envelope=cast("EnvelopeModel", graphs), timbre=cast("TimbreModel", graphs)
    )
    engine = Engine(player, EngineSettings(room_gain=0.0))
    for event in [*parameter(0, 0, 24), *events]:
        engine.push(event, 0)
    engine.render(np.zeros((2, RATE // 2), np.float32))
    return graphs


@pytest.mark.parametrize("key", [0, 30, 54, 97, 127])
def test_networks_are_asked_for_pitches_that_they_know(tiny: Instrument, key: int) -> None:
    low, high = tiny.spec.pitch_range
    graphs = asked(tiny, NoteOn(0, key, 80))
    assert set(graphs.keys) == {low if key < low else high}
    assert min(graphs.midi) >= low - MARGIN_SEMITONES - 1e-4
    assert max(graphs.midi) <= high + MARGIN_SEMITONES + 1e-4


@pytest.mark.parametrize("bend", [-8192, 8191])
def test_a_bend_leads_out_of_what_the_timbre_knows_no_farther(tiny: Instrument, bend: int) -> None:
    low, high = tiny.spec.pitch_range
    midi = asked(tiny, NoteOn(0, 75, 80), PitchBend(0, bend)).midi
    edge = low - MARGIN_SEMITONES if bend < 0 else high + MARGIN_SEMITONES
    assert midi[-1] == pytest.approx(edge, abs=1e-4)


# --- What is heard -----------------------------------------------------------------------------


def levels_db(heard: Float32) -> tuple[float, float]:
    """A-weighted and plain level of what is steady."""
    mono = heard[0, STEADY].astype(np.float64)
    window = np.hanning(len(mono))
    power = np.abs(np.fft.rfft(mono * window)) ** 2 / np.sum(window**2) / len(mono)
    weighted = power @ np.asarray(a_weighting(np.fft.rfftfreq(len(mono), 1 / RATE)))
    return tuple(float(gain_to_db(np.sqrt(sum_))) for sum_ in (weighted, power.sum()))  # type: ignore[return-value]


@pytest.fixture(scope="module")
def in_range(play: Play) -> Float64:
    """Levels of the lowest and the highest key that the instrument was trained on, [2, 2]."""
    return np.array([levels_db(note(play, key)) for key in (55, 96)])


def note(play: Play, key: int, velocity: int = 60) -> Float32:
    return play([(0.0, NoteOn(0, key, velocity))], 1.6, humanize=0.0)


@pytest.mark.parametrize("key", [0, 5, 12, 24, 31, 36, 43, 50, 54, 97, 103, 110, 116, 122, 127])
def test_any_key_is_as_loud_as_those_in_range(play: Play, in_range: Float64, key: int) -> None:
    weighted_db, plain_db = levels_db(note(play, key))
    nearest = in_range[0 if key < 55 else 1]
    # What nobody hears doesn't make up for it: the lowest octave is fainter.
    fainter_db = 5.0 if key < 12 else 0.0
    assert nearest[0] - 2.0 - fainter_db < weighted_db < nearest[0] + 2.0
    if key < 55:
        assert plain_db < nearest[1] + 2.0  # and so nothing rumbles below the melody


@pytest.mark.parametrize("sample_rate", [22_050, 96_000])
def test_the_highest_keys_do_not_explode_at_other_rates(play: Play, sample_rate: int) -> None:
    events = [(0.0, NoteOn(0, key, 100)) for key in range(112, 128, 3)]
    heard = play(events, 0.5, sample_rate=sample_rate)
    assert np.isfinite(heard).all()
    assert np.abs(heard).max() < 1.0


def played(play: Play, events: Sequence[tuple[float, NoteOn | PitchBend]]) -> Float32:
    setting = [(0.0, event) for event in parameter(0, 0, 24)]
    return play([*setting, *events], 1.6, humanize=0.0)


def test_a_bend_far_below_the_range_is_no_louder(play: Play, in_range: Float64) -> None:
    bent = played(play, [(0.0, NoteOn(0, 57, 60)), (0.1, PitchBend(0, -8192))])
    weighted_db, plain_db = levels_db(bent)
    assert weighted_db == pytest.approx(in_range[0, 0], abs=2.0)
    assert plain_db < in_range[0, 1] + 2.0
