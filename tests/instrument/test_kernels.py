"""The hop renderer: voices begin, go on and end without a seam."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.kernels import (
    FADE_SECONDS,
    HopFrame,
    SynthState,
    hop_start,
    longest_hop,
    render_hop,
    render_voice,
)
from instrument.noise import impulse_response_matrix
from instrument.types import Float32, Float64

RATE = 48000
HOP = 192
VOICES, HARMONICS, BANDS = 4, 20, 17
TAPS = 2 * (BANDS - 1)
FADE = round(FADE_SECONDS * RATE)


class Synth:
    """The renderer with one frame whose controls hold until a test moves them."""

    def __init__(self, seed: int = 1, sample_rate: int = RATE) -> None:
        self.sample_rate = sample_rate
        self.frame = HopFrame.empty(VOICES, HARMONICS, BANDS)
        self.state = SynthState.empty(VOICES, TAPS, sample_rate, seed)
        self.matrix = impulse_response_matrix(BANDS, sample_rate, RATE)
        self.hop_buffer = np.full((2, longest_hop(sample_rate)), np.nan, np.float32)

    def play(self, slot: int, f0_hz: float, noise: float = 0.0, start: int = 0) -> None:
        frame = self.frame
        frame.active[slot] = frame.fresh[slot] = 1
        frame.start[slot] = start
        frame.f0_hz[slot] = f0_hz
        frame.amps[slot] = 1.0 / np.arange(1, HARMONICS + 1) / 4.0
        frame.noise[slot] = noise
        frame.gain[slot] = (0.8, 0.6)

    def hop(self, length: int = HOP) -> Float32:
        arguments = (self.frame, self.state, self.matrix, self.sample_rate, length, self.hop_buffer)
        render_hop(*arguments)
        for slot in np.flatnonzero(self.frame.active):
            if self.frame.start[slot] > 0:
                render_voice(*arguments, int(slot))
        self.frame.fresh[:] = 0
        self.frame.start[:] = 0
        return self.hop_buffer[:, :length].copy()

    def hops(self, count: int) -> Float32:
        return np.concatenate([self.hop() for _ in range(count)], axis=1)


def steady_tone(f0_hz: float, samples: int) -> Float64:
    """What `Synth.play` asks for, in float64 and without panning, from its first sample on."""
    place = np.arange(samples)
    number = np.arange(1, HARMONICS + 1)[:, np.newaxis]
    wave = (np.sin(2.0 * np.pi * number * f0_hz * place / RATE) / number / 4.0).sum(axis=0)
    faded: Float64 = wave * (0.5 - 0.5 * np.cos(np.pi * np.minimum(place / FADE, 1.0)))
    return faded


@pytest.mark.parametrize("sample_rate", [44100, 48000, 96000])
def test_hops_tile_the_seconds(sample_rate: int) -> None:
    starts = [hop_start(hop, sample_rate) for hop in range(251)]
    assert starts[0] == 0
    assert starts[250] == sample_rate
    assert set(np.diff(starts)) <= {longest_hop(sample_rate), longest_hop(sample_rate) - 1}


@settings(max_examples=30, deadline=None)
@given(start=st.integers(0, HOP - 1), f0_hz=st.floats(100.0, 1100.0))
def test_a_note_sounds_the_same_wherever_it_begins(start: int, f0_hz: float) -> None:
    synth = Synth()
    synth.play(2, f0_hz, start=start)
    heard = synth.hops(6)
    assert not heard[:, : start + 1].any()
    wanted = steady_tone(f0_hz, 6 * HOP - start)
    assert heard[0, start:] == pytest.approx(0.8 * wanted, abs=1e-6)
    assert heard[1, start:] == pytest.approx(0.6 * wanted, abs=1e-6)


@pytest.mark.parametrize("start", [0, 1, HOP - FADE // 2, HOP - 1])
def test_noise_fades_in_as_well(start: int) -> None:
    synth = Synth()
    synth.play(0, 440.0, noise=1.0, start=start)
    synth.frame.amps[:] = 0.0
    heard = np.abs(synth.hops(3)[0, start:])
    delay = TAPS // 2
    assert heard[0] == 0.0
    assert np.all(heard[:FADE] <= 0.8 * np.sin(np.pi / 2 * np.arange(FADE) / FADE) ** 2 + 1e-6)
    assert heard[delay : delay + FADE].any()


def test_controls_glide_over_the_hop() -> None:
    synth = Synth()
    synth.play(0, 300.0)
    synth.frame.amps[0, :, 1:] = 0.0
    synth.frame.amps[0, :, 0] = 1.0
    loudest, hops = 0.0, []
    for hop in range(40):
        gains, pitches = (hop / 40, (hop + 1) / 40), (300.0 + 5 * hop, 305.0 + 5 * hop)
        synth.frame.gain[0] = np.array(gains)[:, np.newaxis]
        synth.frame.f0_hz[0] = pitches
        hops.append(synth.hop())
        loudest = max(loudest, float(np.max(np.abs(hops[-1]))))
    heard = np.concatenate(hops, axis=1)
    assert loudest == pytest.approx(1.0, abs=0.02)
    assert np.max(np.abs(np.diff(heard, axis=1))) < 2.0 * np.pi * 500.0 / RATE * 1.02


@pytest.mark.parametrize("sample_rate", [44100, 48000])
def test_the_same_seed_gives_the_same_bits(sample_rate: int) -> None:
    def render(seed: int) -> bytes:
        synth = Synth(seed, sample_rate)
        for slot in range(VOICES):
            synth.play(slot, 200.0 + 30.0 * slot, noise=0.1)
        lengths = np.diff([hop_start(hop, sample_rate) for hop in range(21)])
        return b"".join(synth.hop(int(length)).tobytes() for length in lengths)

    assert render(5) == render(5)
    assert render(5) != render(6)


def test_voices_have_noise_of_their_own() -> None:
    def noise_of(slot: int) -> Float32:
        synth = Synth()
        synth.play(slot, 440.0, noise=1.0)
        synth.frame.amps[:] = 0.0
        heard: Float32 = synth.hops(20)[0]
        return heard

    assert abs(np.corrcoef(noise_of(0), noise_of(1))[0, 1]) < 0.1


def test_voices_add_up() -> None:
    alone = []
    for slot, start in ((0, 0), (1, 0), (3, 77)):
        synth = Synth()
        synth.play(slot, 300.0 + slot, noise=0.1, start=start)
        alone.append(synth.hops(4))
    together = Synth()
    for slot, start in ((0, 0), (1, 0), (3, 77)):
        together.play(slot, 300.0 + slot, noise=0.1, start=start)
    assert together.hops(4) == pytest.approx(np.sum(alone, axis=0), abs=1e-6)


def test_a_fresh_voice_forgets_the_one_before() -> None:
    synth = Synth()
    synth.play(0, 523.0, noise=1.0)
    synth.hops(3)
    synth.play(0, 300.0)
    heard = synth.hops(3)
    unused = Synth()
    unused.play(0, 300.0)
    assert np.array_equal(heard, unused.hops(3))


def test_idle_slots_are_silent_and_keep_their_state() -> None:
    synth = Synth()
    synth.play(1, 300.0, noise=1.0)
    synth.hops(2)
    synth.frame.active[:] = 0
    state = synth.state
    before = (state.phase.copy(), state.seed.copy(), state.tail.copy(), state.age.copy())
    assert not synth.hops(2).any()
    after = (state.phase, state.seed, state.tail, state.age)
    assert [part.tobytes() for part in after] == [part.tobytes() for part in before]
