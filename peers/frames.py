"""The control frames that the bench hands over, the same ones to every peer."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np

from instrument.arrays import Float32
from instrument.units import FRAME_RATE

SAMPLE_RATE = 48_000
HOP = SAMPLE_RATE // FRAME_RATE
HARMONICS = 100
BANDS = 65


class Frames(NamedTuple):
    """T frames of one voice, 250 a second, for 48 kHz.

    Attributes:
        f0_hz: [T], fundamental frequency in Hz.
        loudness_db: [T], A-weighted loudness in dB.
        amplitude: [T], the sum of all harmonic amplitudes, linear.
        harmonics: [T, 100], distribution over harmonics; rows sum to 1.
        noise: [T, 65], magnitudes of the noise filter, linear.
    """

    f0_hz: Float32
    loudness_db: Float32
    amplitude: Float32
    harmonics: Float32
    noise: Float32

    @property
    def seconds(self) -> float:
        """Of audio that they make."""
        return len(self.f0_hz) / FRAME_RATE


def frames_file(name: str) -> Frames:
    """Read an .npz of frames; a type for argparse, which reports its error with exit status 2.

    Raises:
        argparse.ArgumentTypeError: It isn't there, or holds something else.
    """
    try:
        with np.load(Path(name)) as arrays:
            frames = Frames(*(np.asarray(arrays[key], dtype=np.float32) for key in Frames._fields))
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise argparse.ArgumentTypeError(f"{name}: isn't an .npz of frames ({error})") from error
    T = len(frames.f0_hz)
    shapes = [(T,), (T,), (T,), (T, HARMONICS), (T, BANDS)]
    if T == 0 or [array.shape for array in frames] != shapes:
        raise argparse.ArgumentTypeError(
            f"{name}: should hold [T], [T], [T], [T, {HARMONICS}] and [T, {BANDS}] "
            f"in {', '.join(Frames._fields)}"
        )
    return frames
