"""Pictures of what the instrument plays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from training.pictures import playing_plots


def test_playing_shows_each_velocity_and_key(drawn: list[Figure]) -> None:
    rng = np.random.default_rng(0)
    keys, velocities = [60, 61, 60, 61], [40, 40, 100, 100]
    cents = [rng.normal(size=50) for _ in keys]
    levels = np.array([[-40.0, -20.0], [-41.0, -19.0], [-42.0, -18.0]])
    playing_plots.playing(keys, velocities, cents, (10, 127), levels, Path())
    pitch, loudness = drawn[0].axes
    legend = pitch.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["40", "100"]
    assert len(loudness.lines) == len(levels)
