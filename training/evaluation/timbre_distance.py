"""How far apart two sounds are in timbre, once they are equally loud and begin together."""

from __future__ import annotations

import numpy as np
import torch

from instrument.arrays import Float32, Float64
from instrument.listening.loudness import loudness_db
from instrument.units import FRAME_RATE, db_to_gain
from training.evaluation.resynthesis import SPECTRAL_FLOOR
from training.networks.losses import SCALES


def timbre_distances_db(estimate: Float32, target: Float32, sample_rate: int) -> Float64:
    """Multi-scale log-spectral distance at each frame.

    At each of the scales of the spectral loss: root mean square over frequency of the difference
    in dB, nothing fainter than −100 dBFS (Gray & Markel 1976); the mean over the scales. Two
    takes of the same noise lie 7.9 dB apart by this measure.

    Args:
        estimate: [samples].
        target: [samples], as many.
        sample_rate: In Hz.

    Returns:
        [1 + samples·250 // sample_rate], in dB.
    """
    hop = sample_rate // FRAME_RATE
    both = torch.from_numpy(np.stack([estimate, target]))
    total = torch.zeros(1 + len(target) // hop)
    for size in SCALES:
        window = torch.hann_window(size)
        spectra = torch.stft(
            both, size, hop, window=window, pad_mode="constant", return_complex=True
        )
        level = 20.0 * torch.log10((spectra.abs() * (2.0 / size)).clamp_min(SPECTRAL_FLOOR))
        total += (level[0] - level[1]).square().mean(0).sqrt()
    distance: Float64 = (total / len(SCALES)).numpy().astype(np.float64)
    return distance


def matched(
    audio: Float32, target: Float32, sample_rate: int, onset: int, release: int, shift: int
) -> Float32:
    """Audio [samples of the target], moved and as loud as the target is.

    Args:
        audio: [samples].
        target: [samples], the recording.
        sample_rate: In Hz.
        onset: Frame of the target from which on its median loudness counts.
        release: Frame up to which it counts.
        shift: Frames by which the audio begins later than the target.
    """
    moved = np.zeros_like(target)
    offset = shift * (sample_rate // FRAME_RATE)
    source = audio[max(0, offset) :]
    first = max(0, -offset)
    length = min(len(source), len(target) - first)
    moved[first : first + length] = source[:length]
    got, wanted = (
        float(np.median(loudness_db(x, sample_rate, FRAME_RATE)[onset:release]))
        for x in (moved, target)
    )
    return (moved * db_to_gain(wanted - got)).astype(np.float32)
