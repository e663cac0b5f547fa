"""The latent space: what is said of its axes, its map and its presets is what was learned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from instrument.errors import UsageError
from instrument.listening.descriptors import LABELS, OF_AXES
from instrument.model.graphs import Instrument
from training.data.features import FeatureCache
from training.export.latent_map import (
    AXES,
    CLEAR_EFFECT,
    REGIONS,
    least_held,
    training_latents,
    tsne_places,
)
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


def test_places_by_tsne_are_as_wide_as_those_by_pca(tiny: Instrument) -> None:
    pca = np.array([[point.x, point.y] for point in tiny.spec.map])
    tsne = np.array([point.tsne for point in tiny.spec.map])
    assert tsne.shape == pca.shape
    np.testing.assert_allclose(tsne.mean(axis=0), 0.0, atol=1e-2)
    assert np.linalg.norm(tsne) == pytest.approx(np.linalg.norm(pca), rel=1e-2)


def test_tsne_keeps_near_what_is_near_and_is_always_the_same() -> None:
    rng = np.random.default_rng(0)
    centres = 10.0 * rng.standard_normal((3, 8))
    latent = np.repeat(centres, 12, axis=0) + rng.standard_normal((36, 8))
    places = tsne_places(latent)
    np.testing.assert_array_equal(tsne_places(latent), places)
    middles = places.reshape(3, 12, 2).mean(axis=1)
    nearest = np.linalg.norm(places[:, None] - middles, axis=2).argmin(axis=1)
    np.testing.assert_array_equal(nearest, np.repeat([0, 1, 2], 12))


@pytest.mark.parametrize("notes", [0, 1, 3])
def test_few_notes_have_no_places_by_tsne(notes: int) -> None:
    assert len(tsne_places(np.zeros((notes, 8)))) == 0


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
    mask[:, 70:] = False
    short = replace(synthetic_cache, window_mask=mask)
    with pytest.raises(UsageError, match=r"0\.3 s"):
        training_latents(tiny_networks[0], short)


@pytest.mark.parametrize(
    ("frames", "least"),
    [
        ([200] * 50, 150),
        ([200] * 3, 150),
        ([200] * 10 + [100] * 50, 100),
        ([200] * 10 + [20] * 50, 75),
        ([], 150),
    ],
)
def test_a_map_has_shorter_notes_where_long_ones_are_few(frames: list[int], least: int) -> None:
    assert least_held(np.array(frames, int)) == least
