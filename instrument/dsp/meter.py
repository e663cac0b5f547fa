"""How loud it is: peak and r.m.s. of both channels, and what the limiter does, for whoever asks.

The audio callback counts; another thread asks, and finds the answer at its next question. Each
field has one writer, so that nothing is lost between them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from instrument.arrays import Float32, Float64, Int64
from instrument.dsp.jit import fence, inlined
from instrument.dsp.limiter import LimiterState
from instrument.units import gain_to_db

SILENCE_DB = -120.0

LEFT, RIGHT, LEFT_SQUARES, RIGHT_SQUARES, SAMPLES, LIMITED = range(6)


class Meter(NamedTuple):
    """The books of a meter.

    Attributes:
        asked: [1], how often it was asked; the asking thread writes it.
        answered: [1], how often it has answered, and began to count anew.
        counting: [6], since then: peaks of left and right, sums of their squares, samples, and the
            largest peak that the limiter followed.
        told: [6], the answer.
    """

    asked: Int64
    answered: Int64
    counting: Float64
    told: Float64

    @classmethod
    def empty(cls) -> Meter:
        """A meter that has heard nothing."""
        return cls(np.zeros(1, np.int64), np.zeros(1, np.int64), np.zeros(6), np.zeros(6))


@inlined
def answer(meter: Meter) -> None:
    """Answer what was asked, and count anew."""
    if meter.asked[0] != meter.answered[0]:
        for i in range(len(meter.told)):
            meter.told[i] = meter.counting[i]
            meter.counting[i] = 0.0
        fence()
        meter.answered[0] = meter.asked[0]


@inlined
def measure(meter: Meter, left: Float32, right: Float32, limited: float) -> None:
    """Count a block, [n] each.

    Args:
        meter: That counts.
        left: As it is heard.
        right: The same.
        limited: The peak that the limiter follows, 0 while it has nothing to do.
    """
    loudest_left = loudest_right = np.float32(0.0)
    squares_left = squares_right = np.float32(0.0)
    for i in range(len(left)):
        loudest_left = max(loudest_left, abs(left[i]))
        loudest_right = max(loudest_right, abs(right[i]))
        squares_left += left[i] * left[i]
        squares_right += right[i] * right[i]
    meter.counting[0] = max(meter.counting[0], float(loudest_left))
    meter.counting[1] = max(meter.counting[1], float(loudest_right))
    meter.counting[2] += squares_left
    meter.counting[3] += squares_right
    meter.counting[4] += len(left)
    meter.counting[5] = max(meter.counting[5], limited)


class Levels(NamedTuple):
    """How loud it was, in dB of full scale, not below −120.

    Attributes:
        peak_left, peak_right: Of the samples.
        rms_left, rms_right: Of the signals.
        limited: By how much the limiter turned down the loudest peak, in dB.
    """

    peak_left: float = SILENCE_DB
    peak_right: float = SILENCE_DB
    rms_left: float = SILENCE_DB
    rms_right: float = SILENCE_DB
    limited: float = 0.0


def levels(meter: Meter, limiter: LimiterState) -> Levels | None:
    """What was heard between the last two questions; a new question for the next time.

    Returns:
        None if no block was played since the last one.
    """
    if meter.answered[0] != meter.asked[0]:
        return None
    told = meter.told.copy()
    meter.asked[0] += 1
    samples = max(told[SAMPLES], 1.0)
    squares = told[[LEFT_SQUARES, RIGHT_SQUARES]] / samples
    gains = [*told[[LEFT, RIGHT]], *np.sqrt(squares)]
    peak, threshold, limited = float(told[LIMITED]), limiter.threshold, 0.0
    if peak > threshold:
        room = float(limiter.ceiling) - threshold
        heard = float(limiter.ceiling) - room / (1.0 + (peak - threshold) / room)
        limited = float(gain_to_db(peak / heard))
    sizes = [max(float(gain_to_db(gain)), SILENCE_DB) for gain in gains]
    return Levels._make([*sizes, limited])
