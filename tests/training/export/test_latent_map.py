"""The latent space: what is said of its axes, its map and its presets is what was learned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from instrument.errors import UsageError
from instrument.model.graphs import Instrument
from training.data.descriptors import LABELS, OF_AXES
from training.data.features import FeatureCache
from training.export.latent_map import AXES, CLEAR_EFFECT, REGIONS, training_latents
from training.networks.envelope import ConditionalVAE
from training.networks.timbre import TimbreDecoder

Networks = tuple[ConditionalVAE, TimbreDecoder]


def test_the_axes_are_orthogonal_and_labelled_by_what_they_change(tiny: Instrument) -> None:
    axes = tiny.spec.axes
    assert len(axes) == AXES
    directions = np.array([axis.direction for axis in axes])
    np.testing.assert_allclose(directions @ directions.T, np.eye(AXES), atol=1e-4)
    assert len({axis.name for axis in axes}) == AXES
    for axis in axes:
        assert axis.low < axis.high
        assert set(axis.effect) == set(OF_AXES)
        strongest = max(axis.effect, key=lambda name: abs(axis.effect[name]))
        clear = axis.effect[strongest] > CLEAR_EFFECT
        assert axis.label == (LABELS[strongest] if clear else "shape")
        assert axis.effect[strongest] > 0.0
        assert axis.name.startswith(axis.label.replace(" ", "-"))


def test_turning_the_first_axis_changes_what_its_label_says(tiny: Instrument) -> None:
    axis = tiny.spec.axes[0]
    assert axis.label == "attack time"
    centre, direction = np.array(tiny.spec.latent_mean), np.array(axis.direction)
    ends = np.array([centre + end * direction for end in (axis.low, axis.high)], np.float32)
    _, loudness_db = tiny.envelope.decode(
        ends, np.full(2, 74.0, np.float32), np.full(2, 0.5, np.float32)
    )
    risen = [int(np.argmax(curve > np.median(curve[:650]) - 3.0)) for curve in loudness_db]
    assert risen[0] < risen[1]


def test_the_map_holds_the_training_notes_and_no_others(
    tiny: Instrument, synthetic_cache: FeatureCache
) -> None:
    training = np.flatnonzero(~synthetic_cache.held_out)
    assert [point.midi for point in tiny.spec.map] == synthetic_cache.midi[training].tolist()
    assert [point.dynamic for point in tiny.spec.map] == synthetic_cache.dynamic[training].tolist()
    assert [point.string for point in tiny.spec.map] == synthetic_cache.string[training].tolist()
    order = np.argsort(synthetic_cache.level_db[training])
    loudness = np.array([point.loudness for point in tiny.spec.map])[order]
    np.testing.assert_allclose(loudness, np.linspace(0.0, 1.0, len(training)), atol=1e-3)
    straight = synthetic_cache.articulation[training] == "non-vibrato"
    vibrato = np.array([point.vibrato_cents for point in tiny.spec.map])
    assert vibrato[straight].max() < vibrato[~straight].min()


def test_presets_are_what_they_say(tiny: Instrument) -> None:
    assert tiny.spec.presets[0].name == "natural"
    assert {preset.name for preset in tiny.spec.presets} <= REGIONS.keys()
    for preset in tiny.spec.presets:
        least, most = REGIONS[preset.name].vibrato_cents
        for point in preset.points:
            assert least <= tiny.spec.map[point].vibrato_cents + 0.01
            assert tiny.spec.map[point].vibrato_cents - 0.01 <= most


def test_notes_that_are_all_too_short_are_refused(
    tiny_networks: Networks, synthetic_cache: FeatureCache
) -> None:
    mask = synthetic_cache.window_mask.copy()
    mask[:, 100:] = False
    short = replace(synthetic_cache, window_mask=mask)
    with pytest.raises(UsageError, match=r"0\.6 s"):
        training_latents(tiny_networks[0], short)
