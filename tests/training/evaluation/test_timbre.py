"""Timbre: distances are what they say, and brightness is that of level."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from instrument.arrays import Float32, Float64
from instrument.errors import UsageError
from instrument.listening.segmentation import Segments
from instrument.model.graphs import Instrument
from training.analysis.tone import Tone
from training.data.features import FeatureCache
from training.evaluation.playback import PlaybackSettings
from training.evaluation.rooms import Rooms
from training.evaluation.timbre import (
    TimbreComparison,
    brightness,
    compare_timbre,
    program_of,
)
from training.networks.room import Room, RoomSettings

RATE = 48_000
Note = Callable[..., tuple[Float32, Float64]]


def test_a_louder_note_is_no_other_timbre(violin_note: Note) -> None:
    target, _ = violin_note(69, noise_db=-50.0)
    tones = TimbreComparison()
    segments = Segments(25, 225, 240)
    tones.compare("soundfont", 0.2 * target, target, RATE, segments, segments)
    assert tones.metrics() == pytest.approx(
        {"soundfont_attack_db": 0.0, "soundfont_sustain_db": 0.0}, abs=0.01
    )


def test_brightness_is_that_of_level_and_not_of_pitch() -> None:
    tones = [
        Tone(midi, level, 1.0 - 0.05 * midi + 0.03 * level, 30.0)
        for midi, level in ((55, -40.0), (60, -20.0), (75, -30.0), (90, -15.0))
    ]
    assert brightness(tones) == pytest.approx(0.3)
    assert np.isnan(brightness(tones[:1]))


def test_notes_without_a_soundfont_are_compared_all_the_same(
    features: FeatureCache, tiny: Instrument, few: PlaybackSettings
) -> None:
    steps: list[int] = []
    recordings = np.flatnonzero(features.held_out).tolist()[:2]
    tones = compare_timbre(features, tiny, recordings, few, lambda: steps.append(1))
    assert len(steps) == len(recordings)
    assert tones.without_soundfont
    metrics = tones.metrics()
    assert {"timbre_attack_db", "generated_sustain_db", "take_sustain_db"} <= metrics.keys()
    assert "soundfont_attack_db" not in metrics
    assert metrics["take_sustain_db"] < metrics["timbre_sustain_db"]
    assert metrics["spectra_sustain_db"] < metrics["timbre_sustain_db"]
    assert tones.measured()["recording"].shape == (len(recordings), 4)


def test_a_resynthesis_is_heard_in_the_room_of_its_recording(
    features: FeatureCache, tiny: Instrument, few: PlaybackSettings
) -> None:
    recording = int(np.flatnonzero(features.held_out)[0])
    other = "one" if features.source[recording] == "two" else "two"
    dry, elsewhere, in_room = (
        compare_timbre(features, tiny, [recording], few, lambda: None, rooms).metrics()
        for rooms in (None, room_of(other), room_of(str(features.source[recording])))
    )
    assert elsewhere == pytest.approx(dry, nan_ok=True)
    assert in_room["spectra_sustain_db"] == dry["spectra_sustain_db"]
    for name in ("timbre_sustain_db", "take_sustain_db", "timbre_harmonic_db"):
        assert in_room[name] != dry[name]


def room_of(source: str) -> Rooms:
    return Rooms(Room(RoomSettings((source,), RATE)))


def test_an_instrument_that_general_midi_does_not_have_is_named(
    synthetic_cache: FeatureCache, features: FeatureCache
) -> None:
    assert program_of(features) == 40
    horn = dataclasses.replace(features, settings=features.settings | {"instrument": "French Horn"})
    assert program_of(horn) == 60
    with pytest.raises(UsageError, match="no General MIDI program is called ''"):
        program_of(synthetic_cache)
