"""What each region of the map sounds like: measured in decoded envelopes, on a grid."""

from __future__ import annotations

from typing import Any

import numpy as np

from instrument.arrays import Float32, Float64
from instrument.model.graphs import Instrument
from instrument.ui.layouts import Layout

COLUMNS, ROWS = 48, 32
MARGIN = 0.06
"""Of the map around its outermost notes, in its size."""

LEAST_MARGIN = 0.01
"""A few notes may lie on a line, or at one place."""

BATCH = 64
LOUDNESS = 0.6
"""Quantile of what is measured: it is the place that is compared, not the dynamic."""

ATTACK_SECONDS = 0.2
VIBRATO_HZ = (3.5, 9.0)
RISEN_DB = 3.0

MEASURES = {"vibrato": "cents", "attack": "ms", "swell": "dB"}
"""Name → unit: the amplitude of the vibrato, the time until the note is there, and how much louder
its middle is than its ends."""


def measure(
    cents: Float32, loudness_db: Float32, release_frame: int, frame_rate: int
) -> dict[str, Float64]:
    """The ``MEASURES`` of envelopes.

    Args:
        cents: [B, frames].
        loudness_db: [B, frames].
        release_frame: Where the release begins.
        frame_rate: Frames a second.

    Returns:
        [B] for each name.
    """
    begin = min(round(ATTACK_SECONDS * frame_rate), release_frame // 2)
    pitch = cents[:, begin:release_frame].astype(np.float64)
    level = loudness_db[:, begin:release_frame].astype(np.float64)
    window = np.hanning(pitch.shape[1])
    flat = (pitch - pitch.mean(axis=1, keepdims=True)) * window
    amplitude = np.abs(np.fft.rfft(flat)) * 2.0 / max(window.sum(), 1.0)
    hertz = np.fft.rfftfreq(pitch.shape[1], 1.0 / frame_rate)
    band = (hertz >= VIBRATO_HZ[0]) & (hertz <= VIBRATO_HZ[1])
    settled = np.median(level, axis=1, keepdims=True)
    risen = loudness_db[:, :release_frame] >= settled - RISEN_DB
    third = max(1, level.shape[1] // 3)
    ends = 0.5 * (level[:, :third].mean(axis=1) + level[:, -third:].mean(axis=1))
    return {
        "vibrato": np.sqrt((amplitude[:, band] ** 2).sum(axis=1) / 1.5),
        "attack": np.argmax(risen, axis=1) * 1000.0 / frame_rate,
        "swell": level[:, third : 2 * third].mean(axis=1) - ends,
    }


def relief(instrument: Instrument, layout: Layout) -> dict[str, Any]:
    """The relief under a layout of the map, as it can be written as JSON.

    Returns:
        The extent of the map (x0, y0, x1, y1), columns and rows of the grid, and for each measure
        its unit, the range of its values and a list of them, 0…255, row by row from the top.
    """
    low, high = layout.corners
    margin = np.maximum(MARGIN * (high - low), LEAST_MARGIN)
    (x0, y0), (x1, y1) = low - margin, high + margin
    places = [
        layout.at(float(x), float(y))
        for y in np.linspace(y1, y0, ROWS)
        for x in np.linspace(x0, x1, COLUMNS)
    ]
    latents = np.array(places, dtype=np.float32)
    spec = instrument.spec
    key = sum(spec.pitch_range) / 2.0
    found: dict[str, list[Float64]] = {name: [] for name in MEASURES}
    for first in range(0, len(latents), BATCH):
        batch = latents[first : first + BATCH]
        pitch = np.full(len(batch), key, np.float32)
        loudness = np.full(len(batch), LOUDNESS, np.float32)
        curves = instrument.envelope.decode(batch, pitch, loudness)
        measured = measure(*curves, spec.envelope_size.release_frame, spec.frame_rate)
        for name, values in measured.items():
            found[name].append(values)
    return {
        "extent": [round(float(edge), 3) for edge in (x0, y0, x1, y1)],
        "columns": COLUMNS,
        "rows": ROWS,
        "measures": {name: _grid(np.concatenate(found[name]), name) for name in MEASURES},
    }


def _grid(values: Float64, name: str) -> dict[str, Any]:
    """Values as bytes between their 2nd and 98th percentile."""
    low, high = np.percentile(values, (2.0, 98.0))
    share = np.clip((values - low) / max(high - low, 1e-9), 0.0, 1.0)
    return {
        "unit": MEASURES[name],
        "low": round(float(low), 1),
        "high": round(float(high), 1),
        "values": np.round(255.0 * share).astype(int).tolist(),
    }
