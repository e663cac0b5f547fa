"""Draws the interpolation that docs/ui.md shows: ``python -m tests.interpolation docs``.

It is the original's figure 9: z = λ A + (1 − λ) B of two notes in the latent space, decoded, and
here also played through the whole engine and listened to.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

import instrument as arco
from instrument.arrays import Envelope
from instrument.listening.example import Example

KEY, VELOCITY = 74, 80
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
SECONDS = 2.5
RATE = 48_000


def main() -> None:
    """Draw it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where interpolation.png is written")
    folder = parser.parse_args().folder
    violin = arco.load("violin")
    near = [p for p in violin.spec.map if abs(p.midi - KEY) <= 3]
    straight, swinging = (pick(near, key=lambda p: p.vibrato_cents) for pick in (min, max))
    a, b = np.array(swinging.latent), np.array(straight.latent)
    figure, axes = plt.subplots(2, len(SHARES), figsize=(12, 4.4), sharex=True, sharey="row")
    for column, share in zip(axes.T, SHARES, strict=True):
        heard = _heard(violin, share * a + (1.0 - share) * b)
        column[0].set_title(f"λ = {share:g}")
        for row, name in zip(column, ("cents", "loudness_db"), strict=True):
            _draw(row, heard, name)
        column[1].set_xlabel("s")
    axes[0, 0].set_ylabel("cents")
    axes[1, 0].set_ylabel("dB(A)")
    axes[1, 0].legend(loc="lower left", fontsize=7, frameon=False)
    figure.tight_layout()
    figure.savefig(folder / "interpolation.png", dpi=100)


def _heard(violin: arco.Player, latent: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Example:
    """A note that is placed there, as it is heard: its own curves and those of its place."""
    stream = violin.stream(room_gain=0.0, sample_rate=RATE, humanize=0.0)
    stream.push(arco.Latent(0, tuple(map(float, latent))))
    stream.push(arco.NoteOn(0, KEY, VELOCITY), sample=RATE // 10)
    stream.push(arco.NoteOff(0, KEY), sample=RATE // 10 + round(SECONDS * RATE))
    return violin.encode(stream.render(RATE * 4), RATE)


def _draw(axes: Axes, heard: Example, name: str) -> None:
    seconds = np.arange(len(heard.measured)) / 250
    curves: tuple[tuple[str, Envelope], ...] = (
        ("as played", heard.recorded),
        ("encoded and decoded again", heard.decoded),
    )
    for label, envelope in curves:
        values = np.where(heard.measured, getattr(envelope, name), np.nan)
        axes.plot(seconds, values, linewidth=1.0, label=label)
    axes.grid(alpha=0.3)


if __name__ == "__main__":
    main()
