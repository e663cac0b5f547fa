"""Training the envelope VAE: the data it sees and what it learns of vibrato."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from instrument.arrays import Float64
from instrument.errors import UsageError
from instrument.listening.frames import ATTACK_FRAMES, FRAMES, RELEASE_FRAME
from training.data.features import FeatureCache
from training.fitting.envelopes import (
    EnvelopeSettings,
    EnvelopeTask,
    EnvelopeWindows,
    condition,
    explained_variance,
    has_vibrato,
    quantiles,
    reconstruction_errors,
    reconstruction_metrics,
    usable_windows,
)
from training.fitting.loop import LoopSettings, train
from training.networks.envelope import (
    ConditionalSettings,
    ConditionalVAE,
    PlainSettings,
    PlainVAE,
)

NOTES = 120
EXACT = EnvelopeSettings(augment=False)


def vibrato_curves(notes: int, seed: int) -> tuple[Float64, Float64]:
    """Cents and level of notes, [notes, 750] each, with vibrato of any phase."""
    rng = np.random.default_rng(seed)
    time = np.arange(FRAMES) / 250.0
    rate = rng.uniform(5.0, 6.5, (notes, 1))
    extent = rng.uniform(10.0, 30.0, (notes, 1))
    begin = rng.uniform(0.0, 2.0 * np.pi, (notes, 1))
    cents = extent * np.sin(2.0 * np.pi * rate * time + begin)
    level = -20.0 * np.exp(-time / rng.uniform(0.02, 0.1, (notes, 1)))
    level += 0.05 * cents
    level -= 50.0 * np.maximum(time - RELEASE_FRAME / 250.0, 0.0)
    return cents, level


@pytest.fixture
def notes(features: FeatureCache) -> FeatureCache:
    """A cache of many notes with vibrato, without their audio."""
    cents, level = vibrato_curves(NOTES, seed=1)
    rng = np.random.default_rng(2)
    mask = np.ones((NOTES, FRAMES), dtype=bool)
    mask[::3, 400:RELEASE_FRAME] = False
    names = np.array([f"{note}.wav" for note in range(NOTES)])
    return dataclasses.replace(
        features,
        name=names,
        group=names,
        source=np.full(NOTES, "test"),
        midi=rng.integers(55, 96, NOTES),
        level_db=rng.uniform(-50.0, -20.0, NOTES).astype(np.float32),
        held_out=np.arange(NOTES) % 5 == 0,
        onset=np.zeros(NOTES, np.int64),
        release=np.full(NOTES, RELEASE_FRAME),
        window_recording=np.arange(NOTES),
        window_cents=cents.astype(np.float32),
        window_db=level.astype(np.float32),
        window_mask=mask,
    )


# --- Conditions -------------------------------------------------------------------------------


def test_loudness_is_the_place_among_the_training_notes() -> None:
    levels = np.array([-20.0, -50.0, -30.0, -40.0, -10.0], np.float32)
    places = quantiles(np.array([-50.0, -30.0, -25.0, -10.0], np.float32), levels)
    np.testing.assert_allclose(places, [0.0, 0.5, 0.625, 1.0])


def test_levels_beyond_the_training_notes_are_the_ends() -> None:
    places = quantiles(np.array([-90.0, 10.0], np.float32), np.array([-50.0, -20.0], np.float32))
    assert places.tolist() == [0.0, 1.0]


def test_the_violin_s_range_lies_within_one() -> None:
    at = condition(torch.tensor([55.0, 78.0, 101.0]), torch.tensor([0.0, 0.5, 1.0]))
    assert at.abs().max() <= 1.0
    assert at[1].tolist() == [0.0, 0.0, 1.0, 0.0, 0.0]


def test_a_note_is_as_long_as_an_envelope_at_most_and_begins_by_itself_or_in_a_line() -> None:
    one = torch.ones(3)
    seconds = torch.tensor([0.05, 0.15, 10.0])
    at = condition(69.0 * one, 0.5 * one, seconds, 0.0 * one, one)
    assert at[:, 2].tolist() == [-1.0, -1.0, 1.0]
    assert at[:, 3:].tolist() == 3 * [[0.0, 1.0]]


# --- Data -------------------------------------------------------------------------------------


def test_no_recording_is_on_both_sides_of_the_split(features: FeatureCache) -> None:
    sides = [
        set(features.window_recording[usable_windows(features, recordings)].tolist())
        for recordings in (features.fitted, features.validation, features.held_out)
    ]
    assert all(sides)
    assert len(set.union(*sides)) == sum(len(side) for side in sides)


def test_a_long_bow_stays_on_one_side_with_all_its_windows(notes: FeatureCache) -> None:
    several = dataclasses.replace(notes, window_recording=np.arange(NOTES) // 4)
    held = {several.window_recording[w] for w in usable_windows(several, several.held_out)}
    trained = {several.window_recording[w] for w in usable_windows(several, ~several.held_out)}
    assert held == {0, 5, 10, 15, 20, 25}
    assert not held & trained


def test_windows_with_hardly_a_measured_frame_are_left_out(notes: FeatureCache) -> None:
    notes.window_mask[1, 20:] = False
    assert 1 not in usable_windows(notes, ~notes.held_out)
    assert 2 in usable_windows(notes, ~notes.held_out)


def test_continued_frames_weigh_little(notes: FeatureCache) -> None:
    windows = EnvelopeWindows(notes, [0, 1], EXACT, augment=False)
    weight = windows[0]["weight"]
    np.testing.assert_allclose(weight[400:RELEASE_FRAME], EXACT.continued_weight)
    assert (weight[:400] == 1.0).all()
    assert (windows[1]["weight"] == 1.0).all()
    torch.testing.assert_close(windows.weights(), torch.stack([weight, windows[1]["weight"]]))


def test_without_augmentation_a_window_is_what_was_measured(notes: FeatureCache) -> None:
    windows = EnvelopeWindows(notes, [3], EXACT, augment=False)
    torch.testing.assert_close(windows[0]["curves"], windows.curves()[0])
    np.testing.assert_allclose(windows.curves()[0, 0].numpy(), notes.window_cents[3])


def test_some_augmented_notes_have_the_loudness_of_another(notes: FeatureCache) -> None:
    torch.manual_seed(0)
    windows = EnvelopeWindows(notes, [1, 3], EnvelopeSettings(), augment=True)
    attack = slice(0, ATTACK_FRAMES)
    own, other = (torch.from_numpy(notes.window_db[note, attack]) for note in (1, 3))
    drawn = [windows[0] for _ in range(200)]
    exchanged = [torch.equal(example["curves"][1, attack], other) for example in drawn]
    assert 0.08 < np.mean(exchanged) < 0.22  # of three in ten, half meet themselves
    for example, from_other in zip(drawn, exchanged, strict=True):
        measured = notes.window_mask[1] & (notes.window_mask[3] if from_other else True)
        np.testing.assert_array_equal(example["weight"] == 1.0, measured)
        assert from_other or torch.equal(example["curves"][1, attack], own)


def test_augmentation_moves_the_sustain_and_keeps_attack_and_release(notes: FeatureCache) -> None:
    torch.manual_seed(0)
    windows = EnvelopeWindows(notes, [1], EnvelopeSettings(), augment=True)
    cents, level = windows.curves()[0]
    gains = []
    for _ in range(10):
        new_cents, new_level = windows[0]["curves"]
        gain = new_cents[:ATTACK_FRAMES] / cents[:ATTACK_FRAMES]
        assert float(gain.std()) < 1e-3
        assert 0.7 <= float(gain.mean()) <= 1.5
        torch.testing.assert_close(new_level[:ATTACK_FRAMES], level[:ATTACK_FRAMES])
        torch.testing.assert_close(new_level[RELEASE_FRAME:], level[RELEASE_FRAME:])
        sustain = slice(ATTACK_FRAMES + 20, RELEASE_FRAME)
        scaled = float(gain.mean()) * cents[sustain]
        assert float((new_cents[sustain] - scaled).abs().max()) > 2.0
        extents = float(new_cents[sustain].std()), float(scaled.std())
        assert extents[0] == pytest.approx(extents[1], rel=0.1)
        gains.append(float(gain.mean()))
    assert max(gains) > 1.2
    assert min(gains) < 1.0
    np.testing.assert_array_equal(windows.cents[0], notes.window_cents[1])


def test_nothing_to_train_on_is_an_error(notes: FeatureCache) -> None:
    network = ConditionalVAE(ConditionalSettings(latent=4, components=8, hidden=8))
    held_out = dataclasses.replace(notes, held_out=np.ones(NOTES, dtype=bool))
    with pytest.raises(UsageError, match="prepare more recordings"):
        EnvelopeTask(network, held_out, EXACT)


def test_nothing_need_be_held_out_to_train(notes: FeatureCache) -> None:
    network = ConditionalVAE(ConditionalSettings(latent=4, components=8, hidden=8))
    all_used = dataclasses.replace(notes, held_out=np.zeros(NOTES, dtype=bool))
    task = EnvelopeTask(network, all_used, EXACT)
    assert len(task.train_windows) > len(task.validation_windows) > 0


# --- Metrics ----------------------------------------------------------------------------------


def test_metrics_of_perfect_curves(notes: FeatureCache) -> None:
    windows = EnvelopeWindows(notes, [0, 1, 2], EXACT, augment=False)
    metrics = reconstruction_errors(np.stack([windows.cents, windows.level], axis=1), windows)
    assert metrics["cents_mae"] == metrics["db_mae"] == 0.0
    assert metrics["pitch_variance"] == metrics["loudness_variance"] == 1.0


def test_a_flat_pitch_explains_nothing(notes: FeatureCache) -> None:
    windows = EnvelopeWindows(notes, [0, 1, 2], EXACT, augment=False)
    flat = np.stack([np.zeros_like(windows.cents), windows.level + 1.5], axis=1)
    metrics = reconstruction_errors(flat, windows)
    assert metrics["pitch_variance"] == pytest.approx(0.0, abs=0.05)
    assert metrics["db_mae"] == pytest.approx(1.5)


def test_masked_frames_are_in_no_metric(notes: FeatureCache) -> None:
    windows = EnvelopeWindows(notes, [0], EXACT, augment=False)
    estimate = np.stack([windows.cents, windows.level], axis=1)
    estimate[..., 400:RELEASE_FRAME] = 99.0
    metrics = reconstruction_errors(estimate, windows)
    assert metrics["cents_mae"] == 0.0
    assert metrics["pitch_variance"] == 1.0


def test_explained_variance_of_the_mean_is_zero() -> None:
    target = np.array([1.0, 2.0, 3.0])
    assert explained_variance(np.full(3, 2.0), target) == 0.0


def test_vibrato_needs_extent_and_length() -> None:
    cents = 20.0 * np.sin(np.arange(FRAMES) * 0.14)
    everywhere = np.ones(FRAMES, dtype=bool)
    assert has_vibrato(cents, everywhere)
    assert not has_vibrato(0.2 * cents, everywhere)
    assert not has_vibrato(cents, np.arange(FRAMES) < 190)


# --- Learning ---------------------------------------------------------------------------------


def test_a_short_training_learns_the_vibrato_and_keeps_a_latent_space(
    notes: FeatureCache, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    network = ConditionalVAE(ConditionalSettings(latent=24, components=40, hidden=32))
    task = EnvelopeTask(network, notes, EnvelopeSettings(beta=0.01))
    settings = LoopSettings(
        steps=150, batch_size=32, learning_rate=2e-3, validate_every=150, accelerator="cpu"
    )
    train(task, settings, tmp_path)
    metrics = reconstruction_metrics(network.eval(), task.validation_windows, task.settings)
    assert metrics["pitch_variance"] > 0.8
    assert metrics["loudness_variance"] > 0.9
    assert metrics["kl"] > 1.0
    assert metrics["active"] >= 8


@pytest.mark.slow
def test_a_heavy_divergence_collapses_the_latent_space_and_the_metrics_say_so(
    notes: FeatureCache, tmp_path: Path
) -> None:
    network = ConditionalVAE(ConditionalSettings(latent=4, components=8, hidden=8))
    settings = EnvelopeSettings(beta=1e4, augment=False)
    task = EnvelopeTask(network, notes, settings)
    loop = LoopSettings(
        steps=300, batch_size=32, learning_rate=0.02, validate_every=300, accelerator="cpu"
    )
    train(task, loop, tmp_path)
    metrics = reconstruction_metrics(network.eval(), task.validation_windows, settings)
    assert metrics["active"] == 0
    assert metrics["pitch_variance"] < 0.2


def test_reconstruction_and_divergence_are_logged_apart(notes: FeatureCache) -> None:
    torch.manual_seed(0)
    for network in (
        ConditionalVAE(ConditionalSettings(latent=4, components=8, hidden=8)),
        PlainVAE(PlainSettings(latent=4, capacity=1)),
    ):
        task = EnvelopeTask(network, notes, EnvelopeSettings(beta=0.3, augment=False))
        examples = [task.data()[i] for i in range(6)]
        batch = {name: torch.stack([e[name] for e in examples]) for name in examples[0]}
        losses = task(batch)
        together = losses["reconstruction"] + 0.3 * losses["kl"]
        torch.testing.assert_close(losses["loss"], together)
        torch.testing.assert_close(
            losses["reconstruction"], losses["cents_squared"] + losses["db_squared"]
        )
        metrics = task.eval().validate()
        assert metrics["objective"] > 0.0
