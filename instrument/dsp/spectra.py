"""From what a timbre network gives to what the synthesiser reads: spectra, moment by moment.

Where voices begin, go on and glide is known here; `spectrum` has what is done to each spectrum.
"""

from __future__ import annotations

import ctypes
from typing import NamedTuple

import numpy as np

from instrument.arrays import DDSPControls, Float32, Float64, Int64
from instrument.dsp.frames import Frames, Onsets
from instrument.dsp.jit import compiled_inside
from instrument.dsp.machine_code import FINISH, RESULTS, addresses, c_function, laid_out
from instrument.dsp.spectrum import (
    STILL,
    brighten,
    limit,
    movement,
    scale,
    soften,
    stretch,
    tilt,
)


class Moments(NamedTuple):
    """What voices are to play at N moments; rows of an array, one of each.

    Attributes:
        f0_hz: Fundamental frequencies.
        trained_hz: The nearest ones that the network knows, which it was asked for.
        left, right: Gains.
        brightness: −1…1, as controllers have it.
        filled_db: How much louder than it sounds the network was asked for, of a bow that turns.
        noise_db: How much louder the noise of the bow is.
        octaves: How much higher the centroid of the harmonics is, of a new bow.
    """

    f0_hz: Float64
    trained_hz: Float64
    left: Float64
    right: Float64
    brightness: Float64
    filled_db: Float64
    noise_db: Float64
    octaves: Float64


CONTROLS = len(Moments._fields)


class Spectra(NamedTuple):
    """Where spectra are written, and what of the voices goes on from moment to moment.

    Attributes:
        frames, onsets: The rings.
        nyquist_hz: Half the sample rate.
        numbers: [2, K], of harmonics, and their logarithms.
        hz: [slots], where each voice's pitch was; NaN where it begins.
        moved: [slots], how far harmonics moved within a frame and haven't come back from, as a part
            of their frequencies.
    """

    frames: Frames
    onsets: Onsets
    nyquist_hz: float
    numbers: Float32
    hz: Float64
    moved: Float64

    @classmethod
    def of(cls, frames: Frames, onsets: Onsets, sample_rate: int) -> Spectra:
        """Those of rings, at a sample rate in Hz."""
        slots, harmonics = frames.amps.shape[1:]
        number = np.arange(1, harmonics + 1, dtype=np.float32)
        return cls(
            frames,
            onsets,
            sample_rate / 2.0,
            np.stack([number, np.log(number)]),
            np.full(slots, np.nan),
            np.zeros(slots),
        )

    @classmethod
    def smallest(cls) -> Spectra:
        """Of one voice, of the types that all have."""
        return cls.of(Frames.empty(1, 1, 1, 2), Onsets.empty(1, 1), 48_000)


@compiled_inside
def finish(
    spectra: Spectra,
    slots: Int64,
    at: Int64,
    rows: Int64,
    moments: Moments,
    amplitude: Float32,
    harmonics: Float32,
    noise: Float32,
    fresh: bool,
) -> None:
    """Write what voices play into the rings.

    Args:
        spectra: Where to, and where voices are.
        slots: [V], of the voices.
        at: [V · T], which of the moments theirs are.
        rows: [N], of the ring of frames; below 0 of that of onsets, from −1 down.
        moments: [N].
        amplitude: [V · T], what the network gave, see `DDSPControls`.
        harmonics: [V · T · K], edited in place.
        noise: [V · T · B].
        fresh: Whether the voices begin.
    """
    frames, onsets, count = spectra.frames, spectra.onsets, spectra.numbers.shape[1]
    bands, length = frames.noise.shape[2], len(at) // max(len(slots), 1)
    for i in range(len(at)):
        slot, moment = slots[i // length], at[i]
        f0_hz, trained_hz, row = moments.f0_hz[moment], moments.trained_hz[moment], rows[moment]
        if fresh and i % length == 0:
            spectra.hz[slot], spectra.moved[slot] = np.nan, 0.0
        moved = movement(spectra.hz[slot], spectra.moved[slot], f0_hz)
        spectra.hz[slot], spectra.moved[slot] = f0_hz, moved
        amps = onsets.amps[-1 - row] if row < 0 else frames.amps[row, slot]
        own = harmonics[i * count : (i + 1) * count]
        limit(own, amplitude[i], trained_hz, spectra.nyquist_hz)
        if trained_hz == f0_hz:
            _copy(own, amps)
        else:
            stretch(amps, own, trained_hz, f0_hz, spectra.nyquist_hz)
        if moved > STILL:
            soften(amps, moved * f0_hz)
        if moments.octaves[moment] != 0.0:
            brighten(amps, spectra.numbers, moments.octaves[moment])
        scale(amps, -moments.filled_db[moment])
        tilt(amps, spectra.numbers, f0_hz, moments.brightness[moment])
        if row < 0:
            onsets.f0_hz[-1 - row] = f0_hz
            onsets.gain[-1 - row, 0] = moments.left[moment]
            onsets.gain[-1 - row, 1] = moments.right[moment]
            continue
        frames.f0_hz[row, slot] = f0_hz
        frames.gain[row, slot, 0] = moments.left[moment]
        frames.gain[row, slot, 1] = moments.right[moment]
        hiss = frames.noise[row, slot]
        _copy(noise[i * bands : (i + 1) * bands], hiss)
        scale(hiss, moments.noise_db[moment])


@compiled_inside
def _copy(values: Float32, to: Float32) -> None:
    """Write values elsewhere; numba's own way would allocate memory, in case both overlap."""
    for i in range(len(values)):
        to[i] = values[i]


class Finisher:
    """Calls `finish` for the same rings again and again."""

    TYPE = ctypes.CFUNCTYPE(ctypes.c_int, *10 * [ctypes.c_void_p], *4 * [ctypes.c_ssize_t])

    def __init__(self, spectra: Spectra) -> None:
        """Share the memory of rings."""
        self._spectra, self._memory = spectra, laid_out(spectra)
        self._function = self.TYPE(c_function(FINISH))

    def __call__(
        self,
        slots: Int64,
        at: Int64,
        rows: Int64,
        moments: Float64,
        given: DDSPControls,
        *,
        fresh: bool,
    ) -> None:
        """See `finish`.

        Args:
            slots: [V].
            at: [V, T].
            rows: [N], or any shape of so many.
            moments: [8, N], as `Moments` has them.
            given: By the network, [V, T]; its harmonics are edited in place.
            fresh: Whether the voices begin.
        """
        arrays = slots, at, rows, moments, given.amplitude, given.harmonics, given.noise
        self._function(
            *RESULTS, self._memory, *addresses(*arrays), len(slots), at.size, rows.size, fresh
        )
