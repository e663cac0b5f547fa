"""What the parts of a description must have in common, whatever each is by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from instrument.model import tensors
from instrument.model.reading import Misfit
from instrument.settings import Mode
from instrument.units import FRAME_RATE

if TYPE_CHECKING:
    from instrument.model.spec import InstrumentSpec

STRAIGHT = 0.01
"""How far axes may be from unit length, and from right angles to each other."""

MOST_SPECTRUM_POINTS = 8193
MOST_JOIN_CLASSES = 1000
MOST_STRINGS = 16


def check_consistent(spec: InstrumentSpec) -> None:
    """Refuse a description that contradicts itself.

    Raises:
        Misfit: In one sentence that names what contradicts what.
    """
    _check_graphs(spec)
    _check_sizes(spec)
    _check_axes(spec)
    _check_presets(spec)
    _check_map(spec)
    _check_jitter(spec)
    _check_joins(spec)
    _check_strings(spec)
    if len(spec.loudness_db) < 2 or np.any(np.diff(spec.loudness_db) < 0.0):
        raise Misfit("loudness_db should rise over at least two quantiles")
    if len(spec.pitch_range) != 2 or spec.pitch_range[0] > spec.pitch_range[1]:
        raise Misfit("pitch_range should be the lowest and the highest MIDI note")


def _check_graphs(spec: InstrumentSpec) -> None:
    for place, graph, described in (
        ("envelope", spec.envelope, tensors.ENVELOPE),
        ("timbre", spec.timbre, tensors.TIMBRE),
        ("encoder", spec.encoder, tensors.ENCODER),
    ):
        if graph is None:
            continue
        inputs, outputs = described.given(graph.inputs), described.outputs
        if (graph.inputs, graph.outputs) != (list(inputs), list(outputs)):
            raise Misfit(
                f"{place} should have {len(inputs)} inputs and {len(outputs)} outputs, the tensors "
                f"{', '.join(inputs)} → {', '.join(outputs)}"
            )


def _check_sizes(spec: InstrumentSpec) -> None:
    latent = spec.envelope_size.latent
    vectors = {"latent_mean": spec.latent_mean, "latent_spread": spec.latent_spread}
    vectors |= {f"axis {axis.name}": axis.direction for axis in spec.axes}
    vectors |= {f"map point {i}": point.latent for i, point in enumerate(spec.map)}
    for place, vector in vectors.items():
        if len(vector) != latent:
            raise Misfit(f"{place} has {len(vector)} numbers, not {latent}")
    size = spec.envelope_size
    if spec.frame_rate != FRAME_RATE:
        raise Misfit(
            f"frame_rate is {spec.frame_rate}, and this version of Arco plays {FRAME_RATE}"
        )
    if not spec.frame_rate // 2 <= size.release_frame < size.frames:
        raise Misfit(
            f"envelope_size.release_frame should be at least half a second and below {size.frames}"
        )


def _check_axes(spec: InstrumentSpec) -> None:
    _check_unlike("axes", (axis.name for axis in spec.axes))
    for axis in spec.axes:
        if axis.low > axis.high:
            raise Misfit(f"axis {axis.name} should have its low end below its high one")
    if len(spec.axes) > spec.envelope_size.latent:
        raise Misfit("there are more axes than dimensions")
    if spec.axes:
        directions = np.array([axis.direction for axis in spec.axes])
        off = np.abs(directions @ directions.T - np.eye(len(directions))).max(axis=1)
        for axis, by in zip(spec.axes, off, strict=True):
            if not by <= STRAIGHT:
                raise Misfit(
                    f"axis {axis.name} should be of unit length and at right angles to the others"
                )


def _check_presets(spec: InstrumentSpec) -> None:
    if not spec.presets:
        raise Misfit("there is no preset")
    _check_unlike("presets", (preset.name for preset in spec.presets))
    for preset in spec.presets:
        if not preset.points or max(preset.points) >= len(spec.map):
            raise Misfit(f"preset {preset.name} names no points, or some that don't exist")


def _check_map(spec: InstrumentSpec) -> None:
    places = {len(point.tsne) for point in spec.map}
    if places not in (set(), {0}, {2}):
        raise Misfit("map points should all have two coordinates in tsne, or all of them none")


def _check_unlike(things: str, names: Iterable[str]) -> None:
    for name, times in Counter(names).items():
        if times > 1:
            raise Misfit(f"{times} {things} are named {name}")


def _check_joins(spec: InstrumentSpec) -> None:
    if len(spec.joins) > MOST_JOIN_CLASSES:
        raise Misfit(f"there are more than {MOST_JOIN_CLASSES} classes of joins")
    for i, joins in enumerate(spec.joins):
        try:
            joins.check()
        except Misfit as misfit:
            raise misfit.inside(f"joins[{i}]") from None


def _check_strings(spec: InstrumentSpec) -> None:
    if len(spec.strings) == 1 or len(spec.strings) > MOST_STRINGS:
        raise Misfit(f"strings should be none, or 2 to {MOST_STRINGS} of them")
    if any(low >= high for low, high in pairwise(spec.strings)):
        raise Misfit("strings should rise, from the lowest to the highest")
    if spec.mode not in [*Mode]:
        raise Misfit(f"mode should be {', '.join(Mode)}")
    if spec.mode == Mode.VIOLIN and not spec.strings:
        raise Misfit(f"mode {spec.mode} needs strings")


def _check_jitter(spec: InstrumentSpec) -> None:
    for spectra in (spec.jitter.cents, spec.jitter.db):
        if len(spectra) != 2 or any(not 2 <= len(s) <= MOST_SPECTRUM_POINTS for s in spectra):
            raise Misfit(
                "jitter.cents and jitter.db should each have two spectra of at least two amplitudes"
            )
    for i, point in enumerate(spec.map):
        if len(point.jitter_cents) != 2 or len(point.jitter_db) != 2:
            raise Misfit(f"map point {i} should have two strengths of each jitter")
