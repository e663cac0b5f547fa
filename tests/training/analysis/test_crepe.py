"""The pitch track: CREPE finds the note, demodulation gives it to a fraction of a cent."""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.arrays import Float32, Float64
from instrument.listening.loudness import loudness_db
from instrument.listening.pitch import refine_f0
from instrument.units import FRAME_RATE
from training.analysis import crepe
from training.analysis.crepe import estimate_f0, likeliest_path

ViolinNote = Callable[..., tuple[Float32, Float64]]

RATE = 48_000
INNER = slice(10, -10)  # frames whose windows lie wholly inside the sound


def cents_between(f0_hz: Float32 | Float64, true_hz: Float64) -> Float64:
    return 1200.0 * np.log2(np.asarray(f0_hz, np.float64) / true_hz)


def extent(f0_hz: Float64) -> float:
    """Extent in cents of a vibrato, from whole turns of it."""
    return float(np.sqrt(2.0) * np.std(1200.0 * np.log2(f0_hz)))


@pytest.mark.parametrize("midi", [55, 69, 88])
def test_a_vibrato_is_followed_to_a_cent_and_keeps_its_extent(
    violin_note: ViolinNote, midi: int
) -> None:
    audio, true_hz = violin_note(midi, 0.84, vibrato_cents=30.0, vibrato_hz=5.0, silence=0.0)
    coarse, periodicity = estimate_f0(audio, RATE, FRAME_RATE, midi)
    refined = refine_f0(audio, RATE, coarse, FRAME_RATE)
    error = cents_between(refined, true_hz)[INNER]
    assert np.sqrt(np.mean(error**2)) < 1.0
    assert np.abs(error).max() < 2.0
    four_turns = slice(5, 205)
    assert extent(refined[four_turns]) == pytest.approx(30.0, rel=0.03)
    assert periodicity[INNER].min() > 0.5


@pytest.mark.parametrize("midi", [96, 100])
def test_above_the_range_of_crepe_the_note_is_heard_at_half_speed(
    violin_note: ViolinNote, midi: int
) -> None:
    audio, true_hz = violin_note(midi, 0.3, silence=0.0)
    knowing, _ = estimate_f0(audio, RATE, FRAME_RATE, midi)
    unknowing, _ = estimate_f0(audio, RATE, FRAME_RATE)
    assert np.abs(cents_between(knowing, true_hz)[INNER]).max() < 40.0
    assert np.abs(cents_between(unknowing, true_hz)[INNER]).max() > 40.0


@pytest.mark.parametrize("midi", [28, 36, 47, 106, 108])
def test_from_low_to_high_what_crepe_hears_is_refined_to_2_cents(
    violin_note: ViolinNote, midi: int
) -> None:
    audio, true_hz = violin_note(midi, 0.8, vibrato_cents=20.0, silence=0.0)
    coarse, periodicity = estimate_f0(audio, RATE, FRAME_RATE, midi)
    refined = refine_f0(audio, RATE, coarse, FRAME_RATE)
    assert np.abs(cents_between(refined, true_hz)[30:-30]).max() < 2.0
    assert periodicity[30:-30].min() > 0.5


@settings(max_examples=60, deadline=None)
@given(
    samples=st.integers(1_000, 9_000),
    rate=st.sampled_from([22_050, 44_100, 48_000, 96_000]),
    midi=st.sampled_from([69, 96]),
)
def test_pitch_and_loudness_have_the_same_frames(samples: int, rate: int, midi: int) -> None:
    def listened(frames: torch.Tensor, *_: object) -> torch.Tensor:
        return torch.full((len(frames), 360), 0.5)

    audio = np.ones(samples, np.float32)
    with pytest.MonkeyPatch.context() as patch:  # CREPE itself doesn't matter here, and is slow
        patch.setattr(crepe._torchcrepe(), "infer", listened)
        f0_hz, periodicity = estimate_f0(audio, rate, FRAME_RATE, midi)
    assert f0_hz.shape == periodicity.shape == loudness_db(audio, rate, FRAME_RATE).shape


def test_torchaudio_is_not_left_replaced() -> None:
    estimate_f0(np.zeros(4_800, np.float32), RATE, FRAME_RATE)
    stand_in = sys.modules.get("torchaudio")
    assert stand_in is None or stand_in.__file__ is not None


def test_the_likeliest_path_leaves_what_is_far_off_and_follows_what_stays() -> None:
    peaks = np.repeat([100, 300, 102, 160], [20, 1, 20, 20])
    path = likeliest_path(peaks, 360)
    assert np.abs(np.diff(path)).max() <= 11
    assert path[:20] == pytest.approx(100, abs=2)
    assert path[20] == pytest.approx(101, abs=11)
    assert path[-10:].tolist() == [160] * 10


def test_a_step_is_walked_in_frames_of_less_than_three_semitones(violin_note: ViolinNote) -> None:
    line = np.concatenate([violin_note(key, 0.4, silence=0.0)[0] for key in (62, 69)])
    jumping, walking = (
        estimate_f0(line, RATE, 100, continuous=continuous)[0] for continuous in (False, True)
    )
    steps = np.abs(np.diff(12.0 * np.log2(walking)))
    assert steps.max() < 3.2
    away = np.r_[5:30, 50:75]
    np.testing.assert_allclose(walking[away], jumping[away], rtol=0.005)
