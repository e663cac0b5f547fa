"""New bows: the tone keeps its colour in the dip, and the hair is heard in it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.arrays import Float32, Float64
from instrument.engine.strokes import (
    BRIGHT_FRAMES,
    BURST_FRAME,
    NOISE_FRAMES,
    Colour,
    Stroke,
    Strokes,
    brightened,
)

FALL, RISE = 5, 10
HARMONICS, BANDS = 40, 9
SLOTS = np.arange(2)
STROKE = Stroke(FALL, RISE, filled_db=9.0, noise_db=6.0, brightness=0.2)
OVER = FALL + BURST_FRAME + BRIGHT_FRAMES[1]


def begun(stroke: Stroke = STROKE) -> Strokes:
    """One voice in a stroke, and one that isn't."""
    strokes = Strokes(len(SLOTS))
    strokes.begin(0, stroke)
    return strokes


def colour(strokes: Strokes, frames: int) -> Colour:
    found = strokes.ahead(SLOTS, frames)
    assert found is not None
    return found


def controls(frames: int) -> tuple[Float32, Float32]:
    spectrum = 1.0 / np.arange(1, HARMONICS + 1)
    amps = np.tile(spectrum.astype(np.float32), (len(SLOTS), frames, 1))
    return amps, np.ones((len(SLOTS), frames, BANDS), np.float32)


def centroid(amps: Float32) -> Float64:
    number = np.arange(1, amps.shape[-1] + 1)
    return np.asarray(np.log2((amps * number).sum(axis=-1) / amps.sum(axis=-1)))


def test_the_graph_is_told_of_no_dip_and_the_harmonics_have_it() -> None:
    loudness = np.full((2, FALL + RISE), -30.0, np.float32)
    told = colour(begun(), FALL + RISE).filled(loudness) - loudness
    amps, noise = controls(FALL + RISE)
    colour(begun(), FALL + RISE).apply(amps, noise)
    assert told[0].argmax() == FALL - 1
    assert told[0].max() == pytest.approx(9.0)
    assert told[0, -1] == 0.0
    power = 10.0 * np.log10(np.square(amps).sum(axis=-1))
    np.testing.assert_allclose(power - power[0, -1], -told, atol=1e-3)


def test_the_noise_is_loudest_behind_the_turn_and_dies_away() -> None:
    amps, noise = controls(OVER)
    colour(begun(), OVER).apply(amps, noise)
    burst = 20.0 * np.log10(noise[0, :, 0])
    peak = FALL - 1 + BURST_FRAME
    assert burst.argmax() == peak
    assert burst[peak] == pytest.approx(6.0, abs=1e-3)
    assert not burst[peak + NOISE_FRAMES[1] :].any()
    assert np.abs(np.diff(burst)).max() < 2.0


def test_a_new_bow_is_brighter() -> None:
    amps, noise = controls(OVER)
    own = centroid(amps)
    colour(begun(), OVER).apply(amps, noise)
    brighter = (centroid(amps) - own)[0]
    assert brighter[FALL - 1 + BURST_FRAME] == pytest.approx(0.2, abs=0.02)
    assert brighter[-1] < 0.01


def test_other_voices_stay_bit_for_bit() -> None:
    amps, noise = controls(OVER)
    colour(begun(), OVER).apply(amps, noise)
    np.testing.assert_array_equal(amps[1], controls(OVER)[0][1])
    np.testing.assert_array_equal(noise[1], controls(OVER)[1][1])


def test_it_is_over_and_a_voice_begins_without_one() -> None:
    strokes = begun()
    strokes.advance(SLOTS, OVER)
    assert strokes.ahead(SLOTS, 1) is None
    assert Strokes(2).ahead(SLOTS, 8) is None
    strokes = begun()
    strokes.clear(SLOTS)
    assert strokes.ahead(SLOTS, 8) is None


@given(first=st.integers(1, OVER - 1))
def test_frames_are_the_same_in_one_run_and_in_several(first: int) -> None:
    whole, parts = controls(OVER), controls(OVER)
    colour(begun(), OVER).apply(*whole)
    strokes = begun()
    for begin, end in ((0, first), (first, OVER)):
        here = strokes.ahead(SLOTS, end - begin)
        if here is not None:
            here.apply(*(each[:, begin:end] for each in parts))
        strokes.advance(SLOTS, end - begin)
    for together, apart in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(together, apart)


@given(
    octaves=st.floats(-2.0, 2.0),
    steepness=st.floats(0.0, 4.0),
    audible=st.integers(0, HARMONICS),
)
def test_a_tilt_keeps_the_power_and_silent_harmonics_silent(
    octaves: float, steepness: float, audible: int
) -> None:
    amps = (np.arange(1, HARMONICS + 1) ** -steepness).astype(np.float32)
    amps[audible:] = 0.0
    tilted = brightened(amps[None], np.array([octaves]))[0]
    assert np.square(tilted).sum() == pytest.approx(np.square(amps).sum(), rel=1e-4)
    assert not tilted[audible:].any()
    if audible > 1:
        assert (centroid(tilted) - centroid(amps)) * np.sign(octaves) >= -1e-6
