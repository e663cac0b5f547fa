"""Voices are read from their curves between the frames, with their controls as they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.arrays import Float64
from instrument.dsp.reading import (
    FAINTEST_DB,
    LOUDNESS_RANGE_DB,
    Columns,
    Read,
    Reader,
    VoiceCurves,
)
from instrument.dsp.spectra import Moments
from instrument.units import hz_to_midi, midi_to_hz

SLOTS, LENGTH, FRAMES = 3, 50, 4
COLUMNS = Columns(bend=0, level=1, vibrato=2, brightness=3, left=4, right=5)
AT_REST = [0.0, 1.0, 1.0, 0.0, 0.7, 0.7]
KEY = np.array([60.0, 62.0, 64.0])
CHOSEN = np.array([2, 0])
AT = np.array([[5.25], [7.5]]) + np.arange(float(FRAMES))


def curves(seed: int = 0) -> VoiceCurves:
    """Of three voices, some 20 dB below full level; two are pressed."""
    drawn = np.random.default_rng(seed).normal(size=(4, SLOTS, LENGTH)).astype(np.float32)
    drawn[2] -= 20.0
    return VoiceCurves(drawn, KEY, np.array([0.0, 1.0, 2.0]), 40.0, 90.0, COLUMNS)


def controls(**columns: float) -> Float64:
    """[T, slots, columns] of voices of which these are told, and else nothing."""
    values = np.tile(np.array(AT_REST), (FRAMES, SLOTS, 1))
    for name, value in columns.items():
        values[..., getattr(COLUMNS, name)] = value
    return values


def read(of: Float64, voices: VoiceCurves | None = None) -> tuple[Read, Moments]:
    found = Reader(voices or curves())(CHOSEN, AT, of)
    return found, Moments(*found.moments)


def curve(number: int, voices: VoiceCurves | None = None) -> Float64:
    """One of the curves as numpy interpolates it, [V, T]."""
    values = (voices or curves()).curves[number]
    return np.array(
        [
            np.interp(at, np.arange(LENGTH), values[slot])
            for slot, at in zip(CHOSEN, AT, strict=True)
        ]
    )


def test_pitch_and_loudness_lie_between_the_frames() -> None:
    found, moments = read(controls())
    midi = KEY[CHOSEN, None] + (curve(0) + curve(1)) / 100.0
    np.testing.assert_allclose(hz_to_midi(moments.f0_hz), midi, atol=1e-6)
    np.testing.assert_allclose(found.level_db, curve(2) + np.array([[2.0], [0.0]]), atol=1e-4)
    np.testing.assert_array_equal(found.told_db, found.level_db)
    np.testing.assert_array_equal(moments.trained_hz, moments.f0_hz)
    np.testing.assert_array_equal(moments.left, 0.7)
    assert not np.any([moments.filled_db, moments.noise_db, moments.octaves])


@pytest.mark.parametrize("wrong", ["slots", "at", "controls", "columns"])
def test_arrays_that_would_be_read_as_others_fail_in_tests(wrong: str) -> None:
    """See ``conftest.py``: asking each time would take a part of a note's time."""
    slots = CHOSEN.astype(np.int32) if wrong == "slots" else CHOSEN
    at = AT.astype(np.float32) if wrong == "at" else AT
    of = controls().astype(np.float32) if wrong == "controls" else controls()
    of = of[..., ::-1] if wrong == "columns" else of
    with pytest.raises(AssertionError):
        Reader(curves())(slots, at, of)  # type: ignore[arg-type]


def test_a_bend_and_the_amount_of_vibrato_move_the_pitch() -> None:
    _, moments = read(controls(bend=-2.0, vibrato=0.0))
    midi = KEY[CHOSEN, None] - 2.0 + curve(0) / 100.0
    np.testing.assert_allclose(hz_to_midi(moments.f0_hz), midi, atol=1e-6)


def test_a_vibrato_that_is_made_takes_the_place_of_all_that_a_note_has() -> None:
    made = np.random.default_rng(1).normal(size=AT.shape)
    found = Reader(curves())(CHOSEN, AT, controls(vibrato=0.0), made)
    midi = KEY[CHOSEN, None] + (curve(0) - curve(3) + made) / 100.0
    np.testing.assert_allclose(hz_to_midi(Moments(*found.moments).f0_hz), midi, atol=1e-6)


def test_controls_may_be_the_same_in_all_frames_and_lie_in_a_larger_table() -> None:
    table = np.zeros((SLOTS, 9))
    table[:, :6] = controls(bend=1.0)[0]
    once, each = Reader(curves())(CHOSEN, AT, table[None, :, :6]), read(controls(bend=1.0))[0]
    np.testing.assert_array_equal(once.moments, each.moments)


@given(bend=st.floats(-60.0, 60.0))
def test_a_pitch_that_the_network_does_not_know_is_asked_for_at_its_limit(bend: float) -> None:
    _, moments = read(controls(bend=bend))
    pitch = np.asarray(hz_to_midi(moments.f0_hz), np.float64)
    wanted = midi_to_hz(np.clip(pitch, 40.0, 90.0))
    np.testing.assert_allclose(moments.trained_hz, wanted, rtol=1e-9)
    assert ((moments.trained_hz == moments.f0_hz) == ((pitch > 40.0) & (pitch < 90.0))).all()


@given(level_db=st.floats(-120.0, 12.0))
def test_a_level_is_told_to_the_network_as_far_as_it_knows_it(level_db: float) -> None:
    found, moments = read(controls(level=10.0 ** (level_db / 20.0)))
    untold_db = 20.0 * np.log10(moments.left / 0.7)
    wanted_db = found.level_db + level_db
    audible = wanted_db < LOUDNESS_RANGE_DB[1]
    np.testing.assert_allclose((found.told_db + untold_db)[audible], wanted_db[audible], atol=1e-3)
    assert (found.told_db >= FAINTEST_DB - 1e-4).all()
    assert (untold_db <= 1e-9).all()


def test_a_level_of_nothing_is_silent() -> None:
    found, moments = read(controls(level=0.0))
    assert not moments.left.any()
    assert np.isfinite(found.told_db).all()


def test_the_first_moments_are_as_compiled_code_reads_them() -> None:
    found, _ = read(controls())
    first = found.until(2)
    np.testing.assert_array_equal(first.moments, found.moments[..., :2])
    assert first.moments.flags.c_contiguous
    assert first.level_db.shape == (len(CHOSEN), 2)


@pytest.mark.parametrize("frames", [0, 3])
def test_no_voice_plays_nothing(frames: int) -> None:
    nobody = CHOSEN[:0], np.zeros((0, frames))
    assert Reader(curves())(*nobody, controls()).level_db.shape == (0, frames)
