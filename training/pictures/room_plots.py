"""The rooms of recordings: how loud their reverberation is, and how long it lasts, by band."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt

from training.networks.room import Room
from training.pictures.plots import legend_above, literal, save


def rooms(room: Room, path: Path) -> None:
    """Draw each source's room.

    Args:
        room: Learned ones.
        path: Of the picture, see ``save``.
    """
    figure, axes = plt.subplots(2, 1, figsize=(8.0, 5.5), sharex=True, layout="constrained")
    bands_hz = room.settings.bands_hz
    levels_db, seconds = room.level_db.detach().numpy(), room.seconds.detach().numpy()
    for source, level_db, time in zip(room.settings.sources, levels_db, seconds, strict=True):
        label = literal(source) or "no source"
        axes[0].semilogx(bands_hz, level_db, marker="o", markersize=3, label=label)
        axes[1].semilogx(bands_hz, time, marker="o", markersize=3, label=label)
    axes[0].set_ylabel("reverberation against\nthe direct sound, dB")
    axes[1].set_ylabel("loses 60 dB in, s")
    axes[1].set_ylim(bottom=0.0)
    axes[1].set_xlabel("Hz")
    for axis in axes:
        axis.grid(alpha=0.3)
    legend_above(figure)
    save(figure, path)
