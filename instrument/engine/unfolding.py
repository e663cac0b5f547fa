"""Notes whose length nobody knows yet: they begin as quick ones, and become long ones in time.

A file says how long its notes are. A key that was just struck may come up at once, or stay down:
the note plays what a quick one has in its first tenths of a second, and what a long one has later.
So quick notes stay straight, and held ones unfold their vibrato and their swell.
"""

from __future__ import annotations

import numpy as np

from instrument.arrays import Float32
from instrument.units import FRAME_RATE

QUICK_SECONDS = 0.4
UNFOLDS_SECONDS = 0.2, 0.6
"""Players of chamber music have 5.5 cents of vibrato in notes of 0.2 s, and 10 in those of 1 s."""


def unfold(quick: Float32, long: Float32) -> Float32:
    """Curves of notes that may become long.

    Args:
        quick: [B, frames], if they were of ``QUICK_SECONDS``.
        long: [B, frames], if they were as long as an envelope.

    Returns:
        [B, frames], quick at first and long in the end.
    """
    begins, ends = (seconds * FRAME_RATE for seconds in UNFOLDS_SECONDS)
    way = np.clip((np.arange(long.shape[1]) - begins) / (ends - begins), 0.0, 1.0)
    weight = (way * way * (3.0 - 2.0 * way)).astype(np.float32)
    unfolded: Float32 = quick + weight * (long - quick)
    return unfolded
