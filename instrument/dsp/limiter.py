"""The limiter at the end of the chain: nothing louder than its ceiling leaves the instrument.

A feed-forward peak limiter with a soft knee and no latency (Giannoulis, Massberg and Reiss,
*Digital Dynamic Range Compressor Design*, JAES 60(6), 2012). The peak detector attacks at once, so
the gain is always low enough for the sample at hand; on the way up it follows the waveform
and acts as a soft saturator, afterwards it holds and recovers slowly and acts as a volume knob.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from instrument.arrays import Float32, Float64, Int64
from instrument.dsp.jit import compiled, inlined
from instrument.units import db_to_gain

CEILING_DB = -0.3

KNEE_DB = 2.7
"""The limiter works from this far below its ceiling on; up to there it changes no bit."""

HOLD_SECONDS = 0.01
"""How long a peak is held: longer than half a period of the lowest note, for low distortion."""

RELEASE_SECONDS = 0.1
"""Time constant of the recovery after a peak."""

LOUDEST_DB = 24.0
"""Peaks above this are clipped, so that a single broken sample doesn't silence what follows."""


class LimiterState(NamedTuple):
    """What the limiter was set to, and what it keeps from sample to sample.

    Attributes:
        ceiling: largest sample value, linear.
        threshold: where the knee begins, linear.
        loudest: largest peak that the detector follows, linear.
        release: factor from one sample to the next while the detector falls.
        hold_samples: length of the hold.
        peak: [1], the detector's value, 0 while it is below the threshold.
        held: [1], samples of hold that are left.
    """

    ceiling: np.float32
    threshold: float
    loudest: float
    release: float
    hold_samples: int
    peak: Float64
    held: Int64

    @classmethod
    def empty(cls, sample_rate: int, ceiling_db: float = CEILING_DB) -> LimiterState:
        """A limiter that has heard nothing.

        Args:
            sample_rate: samples a second.
            ceiling_db: level that no sample exceeds, in dB of full scale.
        """
        # Rounded towards zero: in float32, too, the ceiling is never exceeded.
        ceiling = np.nextafter(np.float32(db_to_gain(ceiling_db)), np.float32(0.0))
        return cls(
            ceiling=ceiling,
            threshold=db_to_gain(ceiling_db - KNEE_DB),
            loudest=db_to_gain(LOUDEST_DB),
            release=math.exp(-1.0 / (RELEASE_SECONDS * sample_rate)),
            hold_samples=round(HOLD_SECONDS * sample_rate),
            peak=np.zeros(1, np.float64),
            held=np.zeros(1, np.int64),
        )


@compiled
def finite(sample: np.float32) -> np.float32:
    """The sample, or 0 in the place of NaN and infinity."""
    return sample if math.isfinite(sample) else np.float32(0.0)


@inlined
def _follow(state: LimiterState, level: float, peak: float, held: int) -> tuple[float, int]:
    """Take the state's `peak` and `held` on by a sample of a level ≥ 0."""
    level = min(level, state.loudest)
    if level >= peak:
        peak = level
        held = state.hold_samples
    elif held > 0:
        held -= 1
    else:
        peak = max(level, peak * state.release)
    if peak < state.threshold:
        peak = 0.0
    return peak, held


@inlined
def limit(state: LimiterState, left: Float32, right: Float32) -> None:
    """Limit a stereo block, [n] each, in place; both channels share one gain.

    Below the knee samples pass bit by bit. From there the level goes along a hyperbola that
    leaves with slope 1 and approaches the ceiling. Every sample is taken for itself: the output
    doesn't depend on the size of the blocks. Samples that are NaN or infinite become 0.
    """
    ceiling = state.ceiling
    room = float(ceiling) - state.threshold
    # In local variables, for each sample not to wait until memory has what the last one left.
    peak, held = float(state.peak[0]), int(state.held[0])
    for i in range(len(left)):
        left[i] = finite(left[i])
        right[i] = finite(right[i])
        level = max(abs(float(left[i])), abs(float(right[i])))
        peak, held = _follow(state, level, peak, held)
        if peak > state.threshold:
            over = (peak - state.threshold) / room
            gain = (float(ceiling) - room / (1.0 + over)) / peak
            left[i] = min(ceiling, max(-ceiling, np.float32(left[i] * gain)))
            right[i] = min(ceiling, max(-ceiling, np.float32(right[i] * gain)))
    state.peak[0] = peak
    state.held[0] = held
