"""The room: how long it sounds, how dense, how wide."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal, special

from instrument.arrays import Float32, Float64
from instrument.dsp.reverb import LONGEST_PIECE, PRE_DELAY_MS, ReverbState, add_reverb

RATES = [44100, 48000]


def impulse_response(sample_rate: int, channel: int = 0, seconds: float = 3.0) -> Float64:
    """The reverberation [2, n] of an impulse in one channel, without the impulse."""
    block = np.zeros((2, int(seconds * sample_rate)), np.float32)
    block[channel, 0] = 1.0
    add_reverb(ReverbState.empty(sample_rate, 1.0), *block)
    block[channel, 0] -= 1.0
    return block.astype(np.float64)


def noise(samples: int) -> Float32:
    return np.random.default_rng(3).uniform(-0.5, 0.5, (2, samples)).astype(np.float32)


def decay_seconds(response: Float64, centre_hz: float, sample_rate: int) -> float:
    """RT60 of an octave band, by backward integration (Schroeder 1965) from −5 to −35 dB."""
    band = (centre_hz / np.sqrt(2.0), centre_hz * np.sqrt(2.0))
    octave = signal.butter(3, band, "bandpass", fs=sample_rate, output="sos")
    energy = np.cumsum(signal.sosfiltfilt(octave, response)[::-1] ** 2)[::-1]
    level = 10.0 * np.log10(energy / energy[0] + 1e-30)
    first, last = np.argmax(level < -5.0), np.argmax(level < -35.0)
    slope, _ = np.polyfit(np.arange(first, last) / sample_rate, level[first:last], 1)
    return float(-60.0 / slope)


@pytest.mark.parametrize("sample_rate", RATES)
@pytest.mark.parametrize("ear", [0, 1])
def test_decay_time_is_that_of_a_small_hall(sample_rate: int, ear: int) -> None:
    response = impulse_response(sample_rate)[ear]
    by_octave = [decay_seconds(response, hz, sample_rate) for hz in (250, 1000, 4000, 8000)]
    assert by_octave[1] == pytest.approx(1.2, abs=0.1)
    assert by_octave[0] < 1.45
    assert by_octave[0] > by_octave[1] > by_octave[2] > by_octave[3] > 0.3


@pytest.mark.parametrize("sample_rate", RATES)
@pytest.mark.parametrize("channel", [0, 1])
def test_it_begins_after_the_pre_delay_in_both_ears(sample_rate: int, channel: int) -> None:
    response = impulse_response(sample_rate, channel)
    arrival = np.argmax(np.abs(response) > 1e-4, axis=1) / sample_rate * 1000.0
    assert arrival == pytest.approx([PRE_DELAY_MS, PRE_DELAY_MS], abs=1.0)


@pytest.mark.parametrize("sample_rate", RATES)
def test_echoes_become_dense(sample_rate: int) -> None:
    """Echo density of Abel and Huang (2006): 1 where the echoes are as dense as noise."""
    response = impulse_response(sample_rate)
    width = int(0.02 * sample_rate)
    weight = np.hanning(width) / np.hanning(width).sum()
    for seconds, wanted in ((0.05, 0.5), (0.1, 0.6), (0.2, 0.8), (0.5, 0.8)):
        begin = int(seconds * sample_rate) - width // 2
        window = response[:, begin : begin + width]
        deviation = np.sqrt(window**2 @ weight)
        outside = (np.abs(window) > deviation[:, np.newaxis]) @ weight
        assert np.all(outside / special.erfc(1.0 / np.sqrt(2.0)) > wanted)


def test_no_mode_rings_out() -> None:
    """The late tail's spectrum has no lines that stand out more than those of noise do."""
    rate = 48000
    tail = impulse_response(rate)[0, int(0.1 * rate) : int(0.7 * rate)]
    tail = tail * 10.0 ** (3.0 * np.arange(len(tail)) / rate / 1.2) * np.hanning(len(tail))
    power = np.abs(np.fft.rfft(tail)) ** 2
    at_hz = np.fft.rfftfreq(len(tail), 1.0 / rate)
    smooth = signal.savgol_filter(power, 181, 1)
    audible = (at_hz > 200.0) & (at_hz < 2500.0)
    assert 10.0 * np.log10(np.max(power[audible] / smooth[audible])) < 12.0


@pytest.mark.parametrize("sample_rate", RATES)
def test_the_ears_hear_different_tails(sample_rate: int) -> None:
    for channel in (0, 1):
        left, right = impulse_response(sample_rate, channel)
        assert abs(np.vdot(left, right)) < 0.2 * np.linalg.norm(left) * np.linalg.norm(right)


@pytest.mark.parametrize("sample_rate", RATES)
def test_noise_reverberates_as_loud_as_it_is(sample_rate: int) -> None:
    dry = noise(4 * sample_rate)
    heard = dry.copy()
    add_reverb(ReverbState.empty(sample_rate, 1.0), *heard)
    late = slice(2 * sample_rate, None)
    wet = heard[:, late] - dry[:, late]
    assert 20.0 * np.log10(wet.std() / dry.std()) == pytest.approx(0.0, abs=1.0)


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 12000), max_size=6))
def test_block_size_changes_no_bit(cuts: list[int]) -> None:
    block = noise(12000)
    room = ReverbState.empty(48000, 0.3)
    parts = [part.copy() for part in np.split(block, sorted(cuts), axis=1)]
    for part in parts:
        add_reverb(room, *part)
    whole = block.copy()
    add_reverb(ReverbState.empty(48000, 0.3), *whole)
    assert np.concatenate(parts, axis=1).tobytes() == whole.tobytes()


# At 5000 samples a second the shortest line is shorter than the longest piece.
@pytest.mark.parametrize("sample_rate", [5000, *RATES, 96000])
def test_many_samples_at_once_sound_as_one_by_one(sample_rate: int) -> None:
    block = noise(20000)

    def heard(size: int) -> bytes:
        room = ReverbState.empty(sample_rate, 0.3)
        out = block.copy()
        for start in range(0, block.shape[1], size):
            add_reverb(room, *out[:, start : start + size])
        assert room.line.shape[1] < block.shape[1], "no memory began again from its start"
        return out.tobytes()

    one_by_one = heard(1)
    for size in (LONGEST_PIECE - 1, LONGEST_PIECE, LONGEST_PIECE + 1, block.shape[1]):
        assert heard(size) == one_by_one


def test_without_wet_gain_the_dry_sound_passes() -> None:
    block = noise(20000)
    heard = block.copy()
    add_reverb(ReverbState.empty(48000, 0.0), *heard)
    assert np.array_equal(heard, block)


def test_the_tail_ends_in_silence() -> None:
    block = np.zeros((2, 15 * 48000), np.float32)
    block[:, :4800] = noise(4800)
    room = ReverbState.empty(48000, 1.0)
    add_reverb(room, *block)
    assert not block[:, -48000:].any()
    assert not room.line.any()


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_broken_samples_stay_outside(broken: float) -> None:
    block = noise(24000)
    block[0, 100] = 0.0
    whole = block.copy()
    add_reverb(ReverbState.empty(48000, 0.5), *whole)
    block[0, 100] = broken
    add_reverb(ReverbState.empty(48000, 0.5), *block)
    assert np.array_equal(block[:, 101:], whole[:, 101:])
