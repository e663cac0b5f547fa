"""Arco computes what Magenta's `ddsp` does, the library of Engel et al., *DDSP* (ICLR 2020).

Each test says what is the same and what isn't. The library runs as it is published, but in one
test, which says so.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from instrument.arrays import Float32, Float64
from instrument.dsp.harmonic import HARMONIC_SCRATCH, add_harmonics, remove_above_nyquist
from instrument.dsp.noise import add_noise, impulse_response_matrix, white_noise
from instrument.units import FRAME_RATE
from peers.magenta import Magenta, load
from training.analysis.loudness import a_weighting_db, loudness_db
from training.networks.synth import filtered_noise, harmonic
from training.networks.timbre import (
    TimbreDecoder,
    TimbreSettings,
    a_weighting_power,
    exp_sigmoid,
)

pytestmark = pytest.mark.reference

RATE = 48_000
HOP = RATE // FRAME_RATE
FRAMES = 125
SECONDS = np.arange(FRAMES) / FRAME_RATE
BANDS = 65
TAPS = 2 * (BANDS - 1)


@pytest.fixture(scope="session")
def magenta() -> Magenta:
    return load()


def error_db(heard: Float32, wanted: Float32) -> float:
    """Power of the difference, against that of what was wanted."""
    difference = heard.astype(np.float64) - wanted
    return float(10.0 * np.log10(np.sum(difference**2) / np.sum(wanted.astype(np.float64) ** 2)))


# --- Controls ---------------------------------------------------------------------------------


def test_the_nonlinearity_of_the_networks_is_the_same(magenta: Magenta) -> None:
    x = np.linspace(-20.0, 20.0, 1001, dtype=np.float32)
    theirs = magenta.core.exp_sigmoid(x).numpy()
    np.testing.assert_allclose(exp_sigmoid(torch.from_numpy(x)).numpy(), theirs, rtol=2e-6)


def test_the_same_harmonics_lie_above_nyquist_and_the_others_share_the_whole(
    magenta: Magenta,
) -> None:
    """A harmonic right at half the sample rate is gone too, and a row may have none left."""
    at_nyquist = RATE / 2 / np.array([1.0, 16.0, 50.0])
    f0_hz = np.concatenate([np.geomspace(100.0, 30_000.0, 60), at_nyquist])
    weights = np.random.default_rng(0).random((len(f0_hz), 100), np.float32)
    ours = remove_above_nyquist(weights, f0_hz, RATE)
    theirs = magenta.core.normalize_harmonics(weights[None], f0_hz[None, :, None], RATE).numpy()[0]
    np.testing.assert_array_equal(ours == 0.0, theirs == 0.0)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_the_decoder_makes_its_harmonics_as_the_harmonic_synth_does(magenta: Magenta) -> None:
    """From the last layer on. The amplitude isn't compared: Arco computes it from the loudness."""
    torch.manual_seed(0)
    decoder = TimbreDecoder(TimbreSettings(hidden=16))
    last_layer: list[torch.Tensor] = []
    decoder.after.register_forward_hook(
        lambda _, __, shaped: last_layer.append(decoder.harmonic_head(shaped))
    )
    f0_hz = torch.linspace(200.0, 2000.0, 50)[None]
    with torch.no_grad():
        _, ours, _, _ = decoder(f0_hz, torch.full_like(f0_hz, -30.0), torch.zeros(1, 16))
    synth = magenta.synths.Harmonic(sample_rate=RATE)
    controls = synth.get_controls(
        np.zeros((1, 50, 1), np.float32), last_layer[0].numpy(), f0_hz[..., None].numpy()
    )
    theirs = controls["harmonic_distribution"].numpy()
    np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-5)


# --- Harmonics --------------------------------------------------------------------------------
#
# What is the same: frame n stands at the first sample of hop n, frequencies go linearly to the
# next frame, and so do amplitudes with `amp_resample_method="linear"`. After the last frame
# there is none: ddsp holds it for a hop, and so do the functions here, which give it twice.
#
# What differs: ddsp's running sum of the frequency counts a sample's own step, Arco's only those
# before it. So ddsp's sine is one sample ahead of Arco's, though its amplitude isn't.


def held(frames: Float64) -> Float64:
    return np.concatenate([frames, frames[-1:]])


def streamed(f0_hz: Float64, amps: Float64, phase: float = 0.0) -> Float32:
    """The runtime's harmonics: f0_hz [T], amps [T, K] → [T·hop]."""
    out = np.zeros((len(f0_hz), HOP), np.float32)
    scratch = np.zeros((HARMONIC_SCRATCH, HOP))
    f0, frames = held(f0_hz), held(amps).astype(np.float32)
    for n, hop in enumerate(out):
        phase = add_harmonics(
            phase, f0[n], f0[n + 1], frames[n], frames[n + 1], RATE, 0, HOP, hop, scratch
        )
    return out.ravel()


def trained(f0_hz: Float64, amps: Float64) -> Float32:
    """The training side's harmonics: f0_hz [T], amps [T, K] → [T·hop]."""
    frames = torch.from_numpy(held(amps)[None].astype(np.float32))
    total = frames.sum(-1)
    f0 = torch.from_numpy(held(f0_hz)[None])
    out: Float32 = harmonic(f0, total, frames / total[..., None], RATE)[0].numpy()
    return out


def published(
    magenta: Magenta,
    f0_hz: Float64,
    amplitude: Float64,
    weights: Float64,
    amp_resample_method: str = "linear",
) -> Float32:
    """ddsp's harmonics: f0_hz [T], amplitude [T], weights [T, K] → [T·hop]."""
    synth = magenta.synths.Harmonic(
        len(f0_hz) * HOP,
        RATE,
        scale_fn=None,
        amp_resample_method=amp_resample_method,
        use_angular_cumsum=True,
    )
    line = amplitude[None, :, None], weights[None], f0_hz[None, :, None]
    out: Float32 = synth.get_signal(**synth.get_controls(*line)).numpy()[0]
    return out


def vibrato(f0_hz: float, cents: float) -> Float64:
    """[T], in Hz."""
    return np.asarray(f0_hz * 2.0 ** (cents / 1200.0 * np.sin(2.0 * np.pi * 5.5 * SECONDS)))


def swell() -> Float64:
    """Amplitude [T]."""
    return np.asarray(0.5 + 0.3 * np.sin(2.0 * np.pi * 3.0 * SECONDS))


def sawtooth(harmonics: int) -> Float64:
    """Weights [T, K]."""
    return np.tile(1.0 / np.arange(1.0, harmonics + 1.0), (FRAMES, 1))


def below_nyquist(f0_hz: Float64, amplitude: Float64, weights: Float64) -> Float64:
    """Amplitudes [T, K], the controls that Arco's synthesisers are given."""
    kept = remove_above_nyquist(weights.astype(np.float32), f0_hz, RATE)
    return amplitude[:, np.newaxis] * kept


@pytest.mark.parametrize("ours", [streamed, trained])
def test_a_note_with_vibrato_and_swell_is_the_same(
    magenta: Magenta, ours: Callable[[Float64, Float64], Float32]
) -> None:
    """A hundred harmonics for half a second, to −70 dB.

    What is left is the amplitude of the sample before, and the phase that ddsp sums in float32.
    It does so with `use_angular_cumsum`: without, it is lost within this half second.
    """
    f0_hz, amplitude, weights = vibrato(220.0, cents=30.0), swell(), sawtooth(100)
    theirs = published(magenta, f0_hz, amplitude, weights)
    heard = ours(f0_hz, below_nyquist(f0_hz, amplitude, weights))
    assert error_db(heard[1:], theirs[:-1]) < -60.0


@pytest.mark.parametrize("moving", [False, True])
def test_a_steady_pitch_is_the_same(
    magenta: Magenta, monkeypatch: pytest.MonkeyPatch, moving: bool
) -> None:
    """36 harmonics below Nyquist and 64 above it; amplitudes are steady, or new in each frame.

    Being a sample ahead is only a matter of the phase to begin with here, so the same samples
    are compared. ddsp's running sum is replaced by the same one in float64: adding a step that
    never changes, float32 rounds to the same side each time, and the sum as it is published is
    −28 dB off after this half second.
    """

    def sum_in_float64(steps: Float32) -> Float32:
        phase = np.cumsum(np.asarray(steps, np.float64), axis=1)
        return np.remainder(phase, 2.0 * np.pi).astype(np.float32)

    monkeypatch.setattr(magenta.core, "angular_cumsum", sum_in_float64)
    f0_hz, amplitude, weights = np.full(FRAMES, 658.0), np.ones(FRAMES), sawtooth(100)
    if moving:
        weights = weights * np.random.default_rng(0).uniform(0.0, 1.0, weights.shape)
    theirs = published(magenta, f0_hz, amplitude, weights)
    amps = below_nyquist(f0_hz, amplitude, weights)
    assert error_db(streamed(f0_hz, amps, phase=658.0 / RATE), theirs) < -70.0


def test_overlapping_windows_differ_little_from_lines(magenta: Magenta) -> None:
    """ddsp's default for amplitudes goes from frame to frame along half a Hann window.

    Both are the same at each frame. Between two, a Hann window is up to a tenth of the step away
    from the line, which for a swell over hops of 4 ms isn't much.
    """
    f0_hz, amplitude, weights = vibrato(330.0, cents=30.0), swell(), sawtooth(60)
    theirs = published(magenta, f0_hz, amplitude, weights, amp_resample_method="window")
    heard = streamed(f0_hz, below_nyquist(f0_hz, amplitude, weights))
    assert error_db(heard[1:], theirs[:-1]) < -50.0


def test_a_harmonic_that_crosses_nyquist_differs_for_one_hop(magenta: Magenta) -> None:
    """Arco fades it within the hop, from a frame that has it to one that doesn't.

    ddsp does so too, but also cuts it at the sample where it crosses.
    """
    f0_hz = np.geomspace(640.0, 700.0, FRAMES)
    amplitude, weights = np.ones(FRAMES), sawtooth(40)
    theirs = published(magenta, f0_hz, amplitude, weights)
    heard = streamed(f0_hz, below_nyquist(f0_hz, amplitude, weights))
    difference = np.abs(heard[1:] - theirs[:-1])
    crossed = np.diff(np.floor(RATE / 2 / f0_hz)) != 0
    hops = np.append(difference, 0.0).reshape(FRAMES, HOP).max(axis=1)
    assert crossed.sum() == 3
    assert np.max(hops[:-1][crossed]) < 0.01
    assert np.max(hops[:-1][~crossed]) < 0.001


# --- Noise ------------------------------------------------------------------------------------


def magnitudes(frames: int) -> Float32:
    """[T, N], new ones in every frame."""
    return np.random.default_rng(1).random((frames, BANDS), np.float32)


def drawn(seed: int, samples: int) -> Float32:
    white = np.zeros(samples, np.float32)
    white_noise(np.array([seed], np.uint64), white)
    return white


def streamed_noise(frames: Float32, seed: int) -> Float32:
    """The runtime's noise: magnitudes [T, N] → [T·hop]."""
    state = np.array([seed], np.uint64)
    matrix = impulse_response_matrix(BANDS, RATE, RATE)
    tail, impulse = np.zeros(TAPS - 1, np.float32), np.zeros(TAPS, np.float32)
    white, filtered = np.zeros(HOP, np.float32), np.zeros(HOP + TAPS - 1, np.float32)
    out = np.zeros((len(frames), HOP), np.float32)
    for frame, hop in zip(frames, out, strict=True):
        add_noise(state, frame, matrix, tail, impulse, white, filtered, 0, HOP, hop)
    return out.ravel()


def trained_noise(frames: Float32, seed: int) -> Float32:
    """The training side's noise: magnitudes [T, N] → [T·hop]."""
    white = torch.from_numpy(drawn(seed, len(frames) * HOP)).view(1, -1, HOP)
    out: Float32 = filtered_noise(torch.from_numpy(frames)[None], HOP, white)[0].numpy()
    return out


def test_the_noise_filter_has_the_same_impulse_response(magenta: Magenta) -> None:
    """Both are causal: the zero-phase response, delayed by half its length."""
    frames = magnitudes(50)
    ours = frames @ impulse_response_matrix(BANDS, RATE, RATE).T
    theirs = magenta.core.frequency_impulse_response(frames[None]).numpy()[0]
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize("ours", [streamed_noise, trained_noise])
@pytest.mark.parametrize("window_size", [0, 257])
def test_filtered_noise_is_the_same(
    magenta: Magenta, ours: Callable[[Float32, int], Float32], window_size: int
) -> None:
    """The same white noise in, the same samples out, up to rounding.

    What differs is the delay. Arco streams and keeps the filter's taps / 2 = 64 samples; ddsp has
    the whole noise and takes (taps − 1) // 2 − 1 = 62 of them away again. `window_size` is that
    of the filter if it is none, and 257, ddsp's default, is more than a filter of 65 bands has.
    """
    frames, delay = magnitudes(50), (TAPS - 1) // 2 - 1
    white = drawn(3, len(frames) * HOP)
    theirs = magenta.core.frequency_filter(white[None], frames[None], window_size).numpy()[0]
    assert error_db(ours(frames, 3)[delay:], theirs[:-delay]) < -110.0


# --- Loudness ---------------------------------------------------------------------------------
#
# What is the same: frames centred on their time, a Hann window, the A-weighted power of its
# spectrum, in dB.
#
# What differs: Arco's is the power of the sound, whatever the frame's size; ddsp's is the mean of
# the spectrum's bins, which grows with it (`offset_db`). And Arco's frame is 21.3 ms, where ddsp's
# is a power of two samples long if TensorFlow computes it, by default 32 ms at 16 kHz.


def offset_db(size: int) -> float:
    """What a frame of so many samples has in ddsp's loudness over Arco's."""
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(size) / size)
    return float(10.0 * np.log10(size * np.sum(window**2) / (2.0 * (size // 2 + 1))))


def their_loudness_db(
    magenta: Magenta, audio: Float32, sample_rate: int, size: int, use_tf: bool = True
) -> Float32:
    with np.errstate(divide="ignore"):  # the A-weighting of 0 Hz
        found = magenta.spectral_ops.compute_loudness(
            audio, sample_rate, FRAME_RATE, size, use_tf=use_tf
        )
    return np.asarray(found, np.float32)


def test_the_a_weighting_is_the_same(magenta: Magenta) -> None:
    """librosa's curve, which ddsp takes, has more digits in its constants; both end at −80 dB.

    The network's own has no such end: it is compared where a violin sounds.
    """
    frequency_hz = np.linspace(0.0, RATE / 2, 513)
    with np.errstate(divide="ignore"):
        theirs = magenta.spectral_ops.librosa.A_weighting(frequency_hz)
    network = 10.0 * torch.log10(a_weighting_power(torch.from_numpy(frequency_hz))).numpy()
    np.testing.assert_allclose(a_weighting_db(frequency_hz), theirs, atol=0.005)
    np.testing.assert_allclose(network[1:], theirs[1:], atol=0.005)


def test_loudness_is_the_same_with_frames_of_one_size(magenta: Magenta) -> None:
    """A noise that grows by 40 dB, frame for frame."""
    rng = np.random.default_rng(0)
    grown = rng.normal(size=RATE) * np.geomspace(0.002, 0.2, RATE)
    audio = grown.astype(np.float32)
    size = 1022  # Arco's frame at 48 kHz
    theirs = their_loudness_db(magenta, audio, RATE, size, use_tf=False)
    ours = loudness_db(audio, RATE, FRAME_RATE)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs - offset_db(size), atol=0.005)


@pytest.mark.parametrize(("sample_rate", "size"), [(RATE, 1024), (16_000, 512)])
@pytest.mark.parametrize("f0_hz", [200.0, 440.0, 1000.0, 3000.0])
@pytest.mark.parametrize("amplitude", [1.0, 0.1, 0.01])
def test_the_loudness_of_a_steady_tone_is_the_same(
    magenta: Magenta, sample_rate: int, size: int, f0_hz: float, amplitude: float
) -> None:
    """With ddsp's frames, those at the ends left out."""
    turns = f0_hz * np.arange(sample_rate // 4) / sample_rate
    audio = (amplitude * np.sin(2.0 * np.pi * turns)).astype(np.float32)
    within = slice(8, -8)
    theirs = their_loudness_db(magenta, audio, sample_rate, size)[within]
    ours = loudness_db(audio, sample_rate, FRAME_RATE)[within]
    np.testing.assert_allclose(ours, theirs - offset_db(size), atol=0.1)
