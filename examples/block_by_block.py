"""Arco inside another program's audio loop: blocks of 128 samples, events while it plays."""

from __future__ import annotations

import numpy as np

import instrument as arco

RATE, BLOCK = 48_000, 128
MONO = 126
"""The controller that makes a channel a single line."""

MELODY = {0: 69, 60: 71, 120: 72}
"""Keys by the block in which they go down; each comes up as the next one goes down."""


def main() -> None:
    """Play a line of three slurred notes."""
    stream = arco.load("violin").stream(sample_rate=RATE, voices=4)
    stream.push(arco.ControlChange(0, MONO, 1))
    down, peak = None, 0.0
    for block in range(240):
        if (key := MELODY.get(block)) is not None:
            stream.push(arco.NoteOn(0, key, 100))
            if down is not None:
                stream.push(arco.NoteOff(0, down))
            down = key
        left, _right = stream.render(BLOCK)
        peak = max(peak, float(np.abs(left).max()))
    stream.release_all()
    while not stream.silent:
        stream.render(BLOCK)
    print(f"{stream.position} samples, peak {peak:.2f}")


if __name__ == "__main__":
    main()
