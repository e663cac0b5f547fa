"""How large the networks of a diet are: so many weights, shared between both graphs."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from instrument.errors import UsageError
from instrument.model.spec import InstrumentSpec
from training.networks.spline import KNOWN, SplineSettings, knots_of
from training.networks.timbre import TimbreSettings

LADDER = (
    (5, 12, 5),
    (5, 12, 10),
    (10, 15, 10),
    (10, 20, 20),
    (25, 30, 50),
)
"""Steps of the splines in attack, sustain and release, from fine to coarse.

Knots every 12 frames hold a vibrato of 7 Hz within 5 %, and finer ones gain nothing. What is
coarser loses it, but fewer directions of the latent space would lose more.
"""

ENVELOPE_SHARE = 0.7
"""Of a small budget: envelopes that lose their vibrato lose more than a timbre of few units."""

NARROWEST = 4
"""Of layers, and the step from width to width: processors add so many numbers at once."""

TABLE = 200
"""Knots and bends of the envelope graph's table of loudness."""


class DietSizes(NamedTuple):
    """Of a diet's two networks."""

    splines: SplineSettings
    hidden: int


def envelope_weights(splines: SplineSettings) -> int:
    """Weights of an envelope decoder."""
    return 2 * (splines.latent + KNOWN + 1) * sum(knots_of(splines)) + TABLE


def timbre_weights(settings: TimbreSettings) -> int:
    """Weights of a timbre network."""
    hidden, features = settings.hidden, settings.pitch_features + 2
    spectrum = settings.harmonics + settings.noise_bands
    blocks = 2 * hidden * features + 3 * hidden * hidden + 12 * hidden
    recurrent = 6 * hidden * (hidden + 1)
    return blocks + recurrent + spectrum * (hidden + 1) + settings.pitch_features


def diet_sizes(weights: int, spec: InstrumentSpec, like: TimbreSettings) -> DietSizes:
    """The largest networks of no more weights than these.

    Args:
        weights: Of both graphs.
        spec: Of the instrument.
        like: Sizes of its timbre, of which only the width changes.

    Raises:
        UsageError: They are too few.
    """
    latent = spec.envelope_size.latent
    all_splines = [SplineSettings(latent, steps) for steps in LADDER]
    fitting = [s for s in all_splines if envelope_weights(s) <= ENVELOPE_SHARE * weights]
    splines = (fitting or all_splines[-1:])[0]
    left = weights - envelope_weights(splines)
    widths = range(NARROWEST, like.hidden, NARROWEST)
    fitting_widths = [h for h in widths if timbre_weights(replace(like, hidden=h)) <= left]
    if not fitting_widths:
        least = envelope_weights(all_splines[-1]) + timbre_weights(replace(like, hidden=NARROWEST))
        raise UsageError(f"--weights {weights}: should be at least {least} for this instrument")
    return DietSizes(splines, fitting_widths[-1])
