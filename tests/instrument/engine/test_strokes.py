"""New bows: the tone keeps its colour in the dip, and the hair is heard in it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.engine.strokes import (
    BRIGHT_FRAMES,
    BURST_FRAME,
    NOISE_FRAMES,
    Colour,
    Stroke,
    Strokes,
)

FALL, RISE = 5, 10
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


def test_the_graph_is_told_of_no_dip() -> None:
    loudness = np.full((2, FALL + RISE), -30.0, np.float32)
    found = colour(begun(), FALL + RISE)
    told = found.filled(loudness) - loudness
    assert told[0].argmax() == FALL - 1
    assert told[0].max() == pytest.approx(STROKE.filled_db)
    assert told[0, -1] == 0.0
    np.testing.assert_allclose(told, found.filled_db, atol=1e-5)
    assert found.filled(0.0 * loudness).max() == 0.0


def test_the_noise_is_loudest_behind_the_turn_and_dies_away() -> None:
    burst = colour(begun(), OVER).noise_db[0]
    peak = FALL - 1 + BURST_FRAME
    assert burst.argmax() == peak
    assert burst[peak] == pytest.approx(STROKE.noise_db)
    assert not burst[peak + NOISE_FRAMES[1] :].any()
    assert np.abs(np.diff(burst)).max() < 2.0


def test_a_new_bow_is_brighter() -> None:
    octaves = colour(begun(), OVER).octaves[0]
    assert octaves[FALL - 1 + BURST_FRAME] == pytest.approx(STROKE.brightness)
    assert octaves[-1] < 0.05 * STROKE.brightness


def test_other_voices_have_none_of_it() -> None:
    assert not np.any([amounts[1] for amounts in colour(begun(), OVER)])


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
    whole, strokes, parts = np.array(colour(begun(), OVER)), begun(), []
    for frames in (first, OVER - first):
        here = strokes.ahead(SLOTS, frames)
        parts.append(np.zeros((3, len(SLOTS), frames)) if here is None else np.array(here))
        strokes.advance(SLOTS, frames)
    np.testing.assert_array_equal(whole, np.concatenate(parts, axis=2))
