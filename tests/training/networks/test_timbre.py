"""The timbre network: a distribution, a level and a state."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from instrument.listening.loudness import a_weighting_db, loudness_db
from instrument.units import midi_to_hz
from training.fitting.timbre import render
from training.networks.timbre import (
    MIDDLE_MIDI,
    SEMITONES_PER_E,
    TimbreDecoder,
    TimbreSettings,
    a_weighting_power,
    exp_sigmoid,
    harmonics_from,
)

RATE = 48_000


def decoder(hidden: int = 24, harmonics: int = 100, seed: int = 0) -> TimbreDecoder:
    """A decoder whose spectra are far from smooth."""
    torch.manual_seed(seed)
    network = TimbreDecoder(TimbreSettings(hidden=hidden, harmonics=harmonics)).eval()
    nn.init.normal_(network.harmonic_head.weight, std=0.3)
    nn.init.normal_(network.noise_head.weight, std=0.1)
    return network


def moving(voices: int = 3, frames: int = 12) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(1)
    f0_hz = 196.0 * 2.0 ** (4.0 * torch.rand(voices, frames))
    loudness = -70.0 + 60.0 * torch.rand(voices, frames)
    return f0_hz, loudness, torch.zeros(voices, 24)


@torch.no_grad()
def test_harmonics_are_a_distribution_with_nothing_above_nyquist() -> None:
    f0_hz, loudness, state = moving()
    amplitude, harmonics, noise, state = decoder()(f0_hz, loudness, state)
    assert amplitude.shape == (3, 12)
    assert harmonics.shape == (3, 12, 100)
    assert noise.shape == (3, 12, 65)
    assert state.shape == (3, 24)
    torch.testing.assert_close(harmonics.sum(-1), torch.ones(3, 12))
    above = f0_hz[..., None] * torch.arange(1, 101) >= RATE / 2
    assert above.any()
    assert (harmonics[above] == 0.0).all()
    assert (harmonics[~above] > 0.0).all()
    assert (amplitude > 0.0).all()
    assert (noise > 0.0).all()


@torch.no_grad()
def test_frame_by_frame_is_the_whole_at_once() -> None:
    network = decoder()
    f0_hz, loudness, state = moving(frames=40)
    whole = network(f0_hz, loudness, state)
    steps = []
    for frame in range(40):
        one = slice(frame, frame + 1)
        *found, state = network(f0_hz[:, one], loudness[:, one], state)
        steps.append(found)
    for at_once, stepped in zip(whole[:3], zip(*steps, strict=True), strict=True):
        torch.testing.assert_close(torch.cat(stepped, dim=1), at_once, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(state, whole[3], atol=1e-5, rtol=0.0)


@torch.no_grad()
def test_voices_do_not_hear_each_other() -> None:
    network = decoder()
    f0_hz, loudness, state = moving()
    together = network(f0_hz, loudness, state)
    alone = network(f0_hz[1:2], loudness[1:2], state[1:2])
    for many, one in zip(together, alone, strict=True):
        torch.testing.assert_close(many[1:2], one, atol=1e-5, rtol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("noise_bias", [-5.0, 0.0, 4.0])
def test_the_sound_has_the_loudness_that_was_asked_for(noise_bias: float) -> None:
    """From pure tone to pure noise, over the range of the violin and of its levels."""
    network = decoder()
    network.noise_head.bias.fill_(noise_bias)
    asked = [(55, -20.0), (55, -55.0), (67, -35.0), (79, -15.0), (91, -50.0), (100, -25.0)]
    f0_hz = torch.tensor([440.0 * 2.0 ** ((midi - 69) / 12.0) for midi, _ in asked])
    loudness = torch.tensor([level for _, level in asked])
    audio = render(network, f0_hz[:, None].expand(-1, 101), loudness[:, None].expand(-1, 101))
    for row, level in zip(audio.numpy(), loudness.tolist(), strict=True):
        steady = loudness_db(row, RATE, 250)[10:-10].astype(np.float64)
        heard = 10.0 * np.log10(np.mean(10.0 ** (steady / 10.0)))
        assert heard == pytest.approx(level, abs=1.0)


@torch.no_grad()
@pytest.mark.parametrize("midi", [28, 36, 43, 48])
def test_low_notes_have_the_loudness_that_was_asked_for(midi: int) -> None:
    network = decoder(harmonics=harmonics_from(midi))
    f0_hz = torch.full((1, 201), midi_to_hz(midi))
    audio = render(network, f0_hz, torch.full((1, 201), -25.0)).numpy()[0]
    steady = loudness_db(audio, RATE, 250, midi_to_hz(midi))[30:-30]
    assert np.abs(steady + 25.0).max() < 1.0


@torch.no_grad()
@pytest.mark.parametrize("lowest", [21, 28, 36, 48])
def test_semitones_are_told_apart_from_the_lowest_note_on(lowest: int) -> None:
    network = TimbreDecoder(TimbreSettings(hidden=8, lowest_midi=lowest))
    keys = torch.arange(lowest, 109.0)[:, None, None]
    features = network.features((keys - MIDDLE_MIDI) / SEMITONES_PER_E, torch.zeros_like(keys))
    bumps = features[:, 0, 2:]
    assert (bumps.diff(dim=0).abs().amax(dim=1) > 0.1).all()
    assert (bumps.amax(dim=1) > 0.8).all()


@pytest.mark.parametrize(
    ("midi", "harmonics"), [(55, 100), (40, 100), (36, 123), (28, 195), (21, 200)]
)
def test_low_notes_have_harmonics_up_to_8_khz(midi: int, harmonics: int) -> None:
    assert harmonics_from(midi) == harmonics


def power(f0_hz: Tensor, controls: tuple[Tensor, ...]) -> float:
    """A-weighted power of one frame's harmonics and of the noise between −1 and 1, filtered."""
    amplitude, harmonics, noise, _ = (control.double().numpy().squeeze() for control in controls)
    partials_hz = f0_hz.item() * np.arange(1.0, len(harmonics) + 1.0)
    bands_hz = np.linspace(0.0, RATE / 2, len(noise))
    tone = 0.5 * (amplitude * harmonics) ** 2 @ 10.0 ** (a_weighting_db(partials_hz) / 10.0)
    hiss = np.mean(noise**2 * 10.0 ** (a_weighting_db(bands_hz) / 10.0)) / 3.0
    return float(tone + hiss)


@torch.no_grad()
@settings(max_examples=25, deadline=None)
@given(midi=st.floats(40.0, 110.0), loudness=st.floats(-100.0, 5.0), louder=st.floats(0.5, 30.0))
def test_controls_are_finite_and_louder_is_louder(
    midi: float, loudness: float, louder: float
) -> None:
    network = decoder(hidden=8)
    f0_hz = torch.tensor([[440.0 * 2.0 ** ((midi - 69.0) / 12.0)]])
    powers = []
    for level in (loudness, loudness + louder):
        controls = network(f0_hz, torch.tensor([[level]]), torch.zeros(1, 8))
        assert all(torch.isfinite(control).all() for control in controls)
        powers.append(power(f0_hz, controls))
    assert 10.0 * np.log10(powers[0]) == pytest.approx(loudness, abs=0.01)
    assert 10.0 * np.log10(powers[1] / powers[0]) == pytest.approx(louder, abs=0.05)


def test_the_weighting_is_the_one_of_the_features() -> None:
    hz = torch.logspace(1.5, 4.3, 60)
    in_db = 10.0 * torch.log10(a_weighting_power(hz))
    np.testing.assert_allclose(in_db.numpy(), a_weighting_db(hz.double().numpy()), atol=0.02)


def test_the_nonlinearity_is_positive_and_ends_at_two() -> None:
    values = exp_sigmoid(torch.tensor([-100.0, 0.0, 100.0]))
    assert values[0] == pytest.approx(1e-7)
    assert values[1] == pytest.approx(2.0 * 0.5 ** np.log(10.0), rel=1e-4)
    assert values[2] == pytest.approx(2.0)
