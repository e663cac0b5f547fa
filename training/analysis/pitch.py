"""Fundamental frequency: CREPE finds it, demodulation refines it.

CREPE (Kim et al. 2018) looks through a window of 64 ms and its tracks jitter by a few cents. Once
the pitch is known to some tens of cents, the phase of the first harmonics gives it to a fraction of
a cent through a window of 24 ms, so that vibrato keeps its extent.
"""

from __future__ import annotations

import sys
import types as python_types
from functools import cache
from typing import Any, Literal

import numpy as np
import soxr
import torch

from instrument.arrays import Float32, Float64
from instrument.errors import UsageError
from instrument.units import hz_to_midi, midi_to_hz
from training.analysis.demodulation import demodulate

CrepeSize = Literal["tiny", "full"]

CREPE_SAMPLE_RATE = 16_000
CREPE_MAX_MIDI = 92.0  # CREPE's highest bin is 2006 Hz, MIDI 95.3; above this, half speed
OCTAVE_TOLERANCE_SEMITONES = 1.0
ODD_HARMONICS_RATIO = 4.0  # 6 dB
REFINING_HARMONICS = 8
REFINING_WINDOW_SECONDS = 0.024


@cache
def _torchcrepe() -> Any:  # noqa: ANN401 (torchcrepe has no types)
    """Import torchcrepe without torchaudio.

    It imports torchaudio only for opening files, and torchaudio's builds for accelerators fail to
    import beside a CPU build of torch.
    """
    stand_in = "torchaudio" not in sys.modules
    if stand_in:
        sys.modules["torchaudio"] = python_types.ModuleType("torchaudio")
    try:
        import torchcrepe  # noqa: PLC0415 (only after the stand-in)
    finally:
        if stand_in:
            del sys.modules["torchaudio"]
    return torchcrepe


def _decode(probabilities: torch.Tensor) -> tuple[Float32, Float32]:
    """Frequency in Hz and periodicity 0…1 from CREPE's [frames, 360] activations.

    The weighted mean of the nine bins around the strongest one (Kim et al. 2018, eq. 2).
    """
    bins = torch.arange(probabilities.shape[1])
    peak = probabilities.argmax(dim=1, keepdim=True)
    weights = probabilities * ((bins - peak).abs() <= 4)
    mean_bin = (weights * bins).sum(dim=1) / weights.sum(dim=1).clamp_min(1e-9)
    cents_above_10_hz = 20.0 * mean_bin + 1997.3794084376191
    f0_hz = 10.0 * 2.0 ** (cents_above_10_hz / 1200.0)
    return f0_hz.numpy(), probabilities.amax(dim=1).numpy()


def check_device(device: str) -> None:
    """See that CREPE can compute on a device.

    Raises:
        UsageError: It can't.
    """
    try:
        torch.zeros(1, device=device)
    except Exception as error:  # of whoever made the device's part of PyTorch
        reason = str(error).strip().splitlines()[0]
        raise UsageError(f"--device {device}: cannot compute there: {reason}") from error


def estimate_f0(
    audio: Float32,
    sample_rate: int,
    frame_rate: int,
    expected_midi: float | None = None,
    size: CrepeSize = "tiny",
    device: str = "cpu",
) -> tuple[Float32, Float32]:
    """Track the fundamental with CREPE.

    Args:
        audio: [samples], mono.
        sample_rate: Of the audio, in Hz.
        frame_rate: Frames a second; frame i is centred on second i / frame_rate.
        expected_midi: The labelled pitch. Above MIDI 92 the sound is analysed at half speed, since
            CREPE knows nothing over 2006 Hz.
        size: CREPE's capacity; both sets of weights come with torchcrepe.
        device: Where torch computes.

    Returns:
        f0_hz and periodicity (0…1), each [1 + samples·frame_rate // sample_rate].
    """
    slowdown = 2 if expected_midi is not None and expected_midi > CREPE_MAX_MIDI else 1
    rate = CREPE_SAMPLE_RATE * slowdown
    resampled = torch.from_numpy(soxr.resample(audio, sample_rate, rate, quality="HQ"))
    crepe = _torchcrepe()
    with torch.inference_mode():
        # torchcrepe is told 16 kHz whatever the real rate: that is what slows the sound down.
        tracks = [
            _decode(crepe.infer(frames, size, device).cpu())
            for frames in crepe.preprocess(
                resampled[None], CREPE_SAMPLE_RATE, rate // frame_rate, 1024, device
            )
        ]
    f0_hz = np.concatenate([track[0] for track in tracks]) * slowdown
    periodicity = np.concatenate([track[1] for track in tracks])
    frames_expected = 1 + len(audio) * frame_rate // sample_rate
    return f0_hz[:frames_expected].astype(np.float32), periodicity[:frames_expected]


def refine_f0(
    audio: Float32, sample_rate: int, f0_hz: Float32, frame_rate: int, iterations: int = 2
) -> Float64:
    """Refine a pitch track by the instantaneous frequency of its first harmonics.

    Each harmonic k is shifted to 0 Hz by the phase of the track; how fast its own phase still turns
    is k times the error of the track. The harmonics are averaged by k²·|a|², the inverse variance
    of each one's estimate. Corrections of more than half a semitone are not believed.

    Args:
        audio: [samples], mono.
        sample_rate: Of the audio, in Hz.
        f0_hz: [frames], right to about 50 cents.
        frame_rate: Frames a second.
        iterations: How often the track is refined.

    Returns:
        [frames], in Hz.
    """
    track = np.asarray(f0_hz, dtype=np.float64)
    highest = float(np.median(track))
    count = int(np.clip(0.45 * sample_rate // max(highest, 1.0), 1, REFINING_HARMONICS))
    orders = np.arange(1, count + 1)
    for _ in range(iterations):
        harmonics = demodulate(
            audio, sample_rate, track, frame_rate, count, REFINING_WINDOW_SECONDS
        )
        turn = np.angle(harmonics[2:] * harmonics[:-2].conj())
        weight = orders**2 * np.abs(harmonics[1:-1]) ** 2
        error_hz = (weight * turn / orders).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-20)
        error_hz *= frame_rate / (2.0 * 2.0 * np.pi)
        error_hz = np.pad(error_hz, 1, mode="edge")
        trusted = np.abs(error_hz) < track * (2.0 ** (0.5 / 12.0) - 1.0)
        track = track + np.where(trusted, error_hz, 0.0)
    return track


def lower_octave(
    audio: Float32, sample_rate: int, f0_hz: Float32, frame_rate: int, expected_midi: float
) -> Float32:
    """Bring frames that CREPE heard an octave too high down to the labelled pitch.

    On the lowest strings the second harmonic outweighs the first by far, and CREPE takes it for the
    fundamental. The label is believed if the odd harmonics, which only the lower pitch has, stand
    out from what lies between the harmonics.

    Args:
        audio: [samples], mono.
        sample_rate: In Hz.
        f0_hz: [frames], by CREPE.
        frame_rate: Frames a second.
        expected_midi: The labelled pitch.

    Returns:
        [frames], in Hz.
    """
    above = np.abs(hz_to_midi(f0_hz) - expected_midi - 12.0) < OCTAVE_TOLERANCE_SEMITONES
    if not above.any():
        return f0_hz
    lowered = np.where(above, f0_hz / 2.0, f0_hz)
    expected_hz = midi_to_hz(expected_midi)
    near = np.where(np.abs(hz_to_midi(lowered) - expected_midi) < 1.0, lowered, expected_hz)
    window_seconds = 6.0 / expected_hz
    sines = demodulate(audio, sample_rate, near, frame_rate, 9, window_seconds)
    gaps = demodulate(audio, sample_rate, near, frame_rate, 9, window_seconds, first_order=0.5)
    odd_power = np.sum(np.abs(sines[above][:, 0::2]) ** 2)
    gap_power = np.sum(np.abs(gaps[above][:, 0::2]) ** 2)
    return lowered if odd_power > ODD_HARMONICS_RATIO * gap_power else f0_hz
