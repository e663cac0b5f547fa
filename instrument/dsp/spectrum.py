"""One spectrum, the amplitudes of harmonics 1…K: what can't be carried, what sweeps, what colours.

A pitch that no network has heard has the spectral envelope of the nearest one that it has, as the
body of an instrument stays. Where a pitch jumps, harmonics don't sweep. Bows and controllers tilt
what is left.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from instrument.arrays import Float32
from instrument.dsp.elementary import exp32
from instrument.dsp.jit import compiled, compiled_inside
from instrument.units import a_weighting

F = np.float32
ZERO, ONE = F(0.0), F(1.0)

SWEEP_HZ = 1000.0
"""A harmonic that moves so far within a frame is half as loud at its end."""

KEPT = 0.8
"""Of a movement from one frame to the next: harmonics come back in some 20 ms."""

STILL = 0.007
"""Of the pitch: less movement within a frame changes nothing; no vibrato moves so fast."""

STEEPEST = 2.0
"""Of a brighter stroke, in powers of a harmonic's number: one alone can't become brighter."""

BRIGHTER, DARKER = 0.75, 1.5
"""Where controllers end, harmonic k is multiplied by k to the power of this, and divided."""

LEAST_POWER = 1e-20

LOWEST_HEARD_HZ = 16.0
MOST_RUMBLE = 1.5
"""Of what sounds below that, all harmonics have so many times their power at most, unweighted."""

LN_2, LN_10 = float(np.log(2.0)), float(np.log(10.0))

_weighting: Any = compiled_inside(a_weighting)


@compiled
def limit(harmonics: Float32, amplitude: float, f0_hz: float, nyquist_hz: float) -> None:
    """Leave the harmonics that a sample rate can carry, and none that would alias.

    Engel et al., *DDSP: Differentiable Digital Signal Processing* (ICLR 2020), section 3.2: those
    at or above half the sample rate are zero, and the rest is normalised.

    Args:
        harmonics: [K], weights, ≥ 0, edited in place: they become linear amplitudes, whose sum is
            the amplitude, or 0 if none is left.
        amplitude: Of all together, linear.
        f0_hz: Fundamental frequency.
        nyquist_hz: Half the sample rate.
    """
    total, audible = ZERO, 0
    while audible < len(harmonics) and f0_hz * (audible + 1) < nyquist_hz:
        total += harmonics[audible]
        audible += 1
    scale = F(amplitude) / total if total > ZERO else ZERO
    for k in range(audible):
        harmonics[k] *= scale
    harmonics[audible:] = ZERO


@compiled
def stretch(
    amps: Float32, envelope: Float32, trained_hz: float, f0_hz: float, nyquist_hz: float
) -> None:
    """The harmonics of a fundamental within the spectral envelope of another.

    The envelope goes linearly from harmonic to harmonic, from 0 at 0 Hz on. The A-weighted power of
    all harmonics (IEC 61672-1) stays as it was; none is left at or above half the sample rate, and
    nothing where no harmonic can be heard.

    Args:
        amps: [K], written.
        envelope: [K], those of ``trained_hz``.
        trained_hz: The fundamental that the network was asked for.
        f0_hz: The one that sounds.
        nyquist_hz: Half the sample rate.
    """
    count = len(amps)
    wanted = plain_wanted = found = plain = 0.0
    for k in range(count):
        power = float(envelope[k]) ** 2
        wanted += _weighting(trained_hz * (k + 1)) * power
        plain_wanted += power
        place = min((k + 1) * (f0_hz / trained_hz), count + 1.0)
        below = min(int(place), count)
        low = float(envelope[below - 1]) if below > 0 else 0.0
        high = float(envelope[below]) if below < count else 0.0
        heard_hz = f0_hz * (k + 1)
        moved = low + (place - below) * (high - low) if heard_hz < nyquist_hz else 0.0
        found += _weighting(heard_hz) * moved**2
        plain += moved**2
        amps[k] = moved
    gain = np.sqrt(wanted / max(found, LEAST_POWER)) if found > LEAST_POWER else 0.0
    if f0_hz < LOWEST_HEARD_HZ:
        # What nobody hears would have to be ever louder, and rumble.
        louder = plain / max(plain_wanted, LEAST_POWER)
        gain = min(gain, np.sqrt(MOST_RUMBLE / max(louder, LEAST_POWER)))
    for k in range(count):
        amps[k] = gain * amps[k]


@compiled
def soften(amps: Float32, moved_hz: float) -> None:
    """Let harmonics be softer that move too fast for a bank of sines.

    When a finger changes the pitch, the highest partials of a string take some 20 ms to build up
    again. Sines that go there within a frame would sweep them instead, at 10 kHz over a kilohertz
    and more in 4 ms, and that is heard as a click.

    Args:
        amps: [K], edited in place.
        moved_hz: How far the fundamental moves within the frame.
    """
    step = F(moved_hz / SWEEP_HZ)
    for k in range(len(amps)):
        swept = step * F(k + 1)
        swept *= swept
        amps[k] /= ONE + swept * swept


@compiled
def brighten(amps: Float32, numbers: Float32, octaves: float) -> None:
    """Tilt harmonics so that their centroid Σ k·a / Σ a lies higher, and their power stays.

    Harmonic k is multiplied by kˢ; s is what moves the centroid so far by its slope at s = 0, exact
    for small tilts.

    Args:
        amps: [K], edited in place.
        numbers: [2, K], their numbers and the logarithms of these.
        octaves: How much higher the centroid is to lie.
    """
    total = moment = total_log = moment_log = 0.0
    for k in range(len(amps)):
        weighed = amps[k] * numbers[0, k]
        total += amps[k]
        moment += weighed
        total_log += amps[k] * numbers[1, k]
        moment_log += weighed * numbers[1, k]
    slope = moment_log / max(moment, LEAST_POWER) - total_log / max(total, LEAST_POWER)
    power = LN_2 * octaves / max(slope, 1e-3)
    power = min(max(power, -STEEPEST), STEEPEST)
    _tilt(amps, numbers, power, 0.0)


@compiled
def tilt(amps: Float32, numbers: Float32, f0_hz: float, brightness: float) -> None:
    """Tilt harmonics as controllers ask for; their A-weighted power stays.

    Args:
        amps: [K], edited in place.
        numbers: [2, K], their numbers and the logarithms of these.
        f0_hz: The fundamental.
        brightness: −1…1; 0 changes nothing.
    """
    if brightness != 0.0:
        _tilt(amps, numbers, brightness * (BRIGHTER if brightness > 0.0 else DARKER), f0_hz)


@compiled_inside
def _tilt(amps: Float32, numbers: Float32, power: float, f0_hz: float) -> None:
    """Multiply harmonic k by k to some power and keep the power, A-weighted if Hz are told."""
    before = after = 0.0
    steepness = F(power)
    for k in range(len(amps)):
        weight = _weighting(f0_hz * (k + 1)) if f0_hz > 0.0 else 1.0
        before += weight * float(amps[k]) ** 2
        amps[k] *= exp32(steepness * numbers[1, k])
        after += weight * float(amps[k]) ** 2
    gain = F(np.sqrt(before / max(after, 1e-30)))
    for k in range(len(amps)):
        amps[k] *= gain


@compiled
def scale(gains: Float32, db: float) -> None:
    """Gains [n], edited in place, louder by so many dB; 0 changes nothing."""
    if db != 0.0:
        gain = exp32(F(LN_10 / 20.0 * db))
        for k in range(len(gains)):
            gains[k] *= gain


@compiled
def movement(hz: float, moved: float, f0_hz: float) -> float:
    """How far harmonics have moved within a frame, or before, and haven't come back from.

    Args:
        hz: Where the pitch was; NaN of a voice that begins.
        moved: The same of the frame before.
        f0_hz: Where the pitch is.

    Returns:
        A part of their frequencies.
    """
    left, now = KEPT * moved, abs(f0_hz - hz) / f0_hz
    return now if now > left else left
