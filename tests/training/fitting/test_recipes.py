"""Recipes: the usual settings of each network, and what may be chosen instead of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from instrument.errors import UsageError
from training.data.features import FeatureCache
from training.data.phrases import PhraseWindows
from training.fitting.checkpoints import EARLY
from training.fitting.envelopes import EnvelopeTask
from training.fitting.recipes import envelope_recipe, refining_recipe, timbre_recipe
from training.fitting.runs import load_network, write_run
from training.fitting.timbre import TimbreFit
from training.networks.envelope import ConditionalVAE, PlainVAE
from training.output import alone_in


def test_the_conditional_network_has_a_cosine_and_the_originals_does_not(
    features: FeatureCache,
) -> None:
    ours, originals = (
        envelope_recipe(features, "violin.npz", beta=0.1, plain=plain, seed=0)
        for plain in (False, True)
    )
    assert isinstance(ours.task.network, ConditionalVAE)
    assert isinstance(originals.task.network, PlainVAE)
    assert ours.made_of["objective"].beta == 0.1
    settings = ours.settings(seed=3)
    assert (settings.steps, settings.batch_size, settings.learning_rate) == (1500, 64, 1e-3)
    assert (settings.schedule, settings.weight_decay, settings.seed) == ("cosine", 1.0, 3)
    assert settings.validate_every == 300
    settings = originals.settings(batch_size=2)
    assert settings.steps == 3000 * (originals.examples // 2)
    assert (settings.schedule, settings.weight_decay, settings.learning_rate) == (
        "constant",
        0.0,
        5e-5,
    )
    assert originals.settings(steps=7).steps == 7


def test_steps_or_epochs_may_be_chosen_and_not_both(features: FeatureCache) -> None:
    recipe = envelope_recipe(features, "violin.npz", beta=0.01, plain=False, seed=0)
    settings = recipe.settings(epochs=3, batch_size=1, precision="bf16-mixed")
    assert settings.steps == 3 * recipe.examples
    assert settings.precision == "bf16-mixed"
    assert recipe.settings(steps=2).validate_every == 1
    with pytest.raises(UsageError, match="give one of them"):
        recipe.settings(epochs=3, steps=2)


def test_a_training_keeps_its_network_as_it_was_early(
    features: FeatureCache, tmp_path: Path
) -> None:
    recipe = envelope_recipe(features, "violin.npz", beta=0.01, plain=False, seed=0)
    begun = {name: values.clone() for name, values in recipe.task.network.state_dict().items()}
    recipe.train(recipe.settings(steps=4, batch_size=4), tmp_path)
    early = load_network(tmp_path, (recipe.kind,), EARLY).state_dict()
    for other in (begun, recipe.task.network.state_dict()):
        assert any(not torch.equal(early[name], other[name]) for name in early)


def test_what_another_training_has_made_so_far_stays(
    features: FeatureCache, tmp_path: Path
) -> None:
    recipe = envelope_recipe(features, "violin.npz", beta=0.01, plain=False, seed=0)
    settings = recipe.settings(steps=1, batch_size=4)
    recipe.train(settings, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    with alone_in(tmp_path), pytest.raises(UsageError, match="another training"):
        recipe.train(settings, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before
    recipe.train(settings, tmp_path)


def test_no_lock_is_left_in_a_folder_of_something_else(
    features: FeatureCache, tmp_path: Path
) -> None:
    (tmp_path / "settings.json").write_text("{}")
    recipe = envelope_recipe(features, "violin.npz", beta=0.01, plain=False, seed=0)
    with pytest.raises(UsageError, match="is no run of a training"):
        recipe.train(recipe.settings(steps=1, batch_size=4), tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["settings.json"]


def test_a_refined_network_is_the_fitted_one(features: FeatureCache, tmp_path: Path) -> None:
    def fitted(seed: int) -> torch.Tensor:
        recipe = timbre_recipe(
            features,
            tmp_path / "violin.npz",
            hidden=8,
            harmonics=4,
            seed=seed,
            progress=lambda _done, _all: None,
        )
        run = tmp_path / str(seed)
        write_run(run, recipe.kind, recipe.task.network, recipe.settings(), **recipe.made_of)
        torch.save({"network": recipe.task.network.state_dict()}, run / "best.ckpt")
        weight: torch.Tensor = recipe.task.network.state_dict()["noise_head.weight"]
        return weight

    one, other = fitted(1), fitted(2)
    assert not torch.equal(one, other)
    assert torch.equal(one, fitted(1))
    recipe = refining_recipe(features, tmp_path / "violin.npz", tmp_path / "2")
    assert torch.equal(recipe.task.network.state_dict()["noise_head.weight"], other)
    assert recipe.made_of == {"features": "violin.npz", "stage": "refine", "refined": "2"}
    settings = recipe.settings()
    assert (settings.steps, settings.batch_size, settings.validate_every) == (2400, 8, 100)
    assert recipe.settings(steps=40).validate_every == 10  # and a checkpoint as often


@pytest.mark.parametrize(("lowest", "told_from", "harmonics"), [(55, 48, 100), (36, 36, 123)])
def test_the_network_reaches_from_the_lowest_note_up_to_8_khz(
    lowest: int, told_from: int, harmonics: int, features: FeatureCache, tmp_path: Path
) -> None:
    midi = np.maximum(features.midi, lowest)
    midi[0] = lowest
    recipe = timbre_recipe(
        replace(features, midi=midi),
        tmp_path / "low.npz",
        hidden=8,
        harmonics=None,
        seed=0,
        progress=lambda _done, _all: None,
    )
    assert isinstance(recipe.task, TimbreFit)
    sizes = recipe.task.network.settings
    assert (sizes.lowest_midi, sizes.harmonics) == (told_from, harmonics)


def test_with_notes_of_lines_the_network_learns_their_length_and_what_comes_before(
    features: FeatureCache,
) -> None:
    count = 3
    curve, one = np.zeros((count, 750), np.float32), np.ones(count, np.float32)
    phrases = PhraseWindows(
        curve, curve, curve == 0.0, 69.0 * one, 0.5 * one, 0.2 * one, 0.0 * one, one
    )
    recipe = envelope_recipe(
        features,
        "violin.npz",
        beta=0.01,
        plain=False,
        seed=0,
        phrases=phrases,
        performances={"mine": count},
    )
    assert isinstance(recipe.task, EnvelopeTask)
    network, windows = recipe.task.network, recipe.task.train_windows
    assert isinstance(network, ConditionalVAE)
    assert network.settings.conditions == 5
    assert recipe.made_of["performances"] == {"mine": count}
    assert windows.condition[-count:, 4].tolist() == count * [1.0]
    assert windows.condition[:-count, 3:].abs().max() == 0.0
