"""The timbre learns from stretches of performances, and the room of each beside it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from instrument.units import FRAME_RATE
from training.data.features import FeatureCache
from training.data.sounds import starts
from training.fitting.checkpoints import BEST, save_checkpoint
from training.fitting.crops import REFINE_FRAMES, AudioCrops
from training.fitting.loop import LoopSettings
from training.fitting.recipes import calibrate_run, refining_recipe
from training.fitting.runs import load_room, load_timbre, write_run
from training.fitting.timbre import TimbreRefine
from training.networks.timbre import TimbreDecoder, TimbreSettings

SETTINGS = TimbreSettings(hidden=16, harmonics=16, noise_bands=17)


@pytest.fixture(scope="module")
def performed(features: FeatureCache) -> FeatureCache:
    """Two of the notes, as if they were stretches of a performance."""
    names = np.array(["line~001", "line~002"])
    group, source = (x.astype("<U40") for x in (features.name, features.source))
    played = [np.flatnonzero(part)[0] for part in (features.fitted, features.validation)]
    group[played], source[played] = names, "line"
    spans = [features.frames(i) for i in (0, 1)]
    samples = [features.samples(i) for i in (0, 1)]
    return dataclasses.replace(
        features,
        group=group,
        source=source,
        stretch_name=names,
        stretch_source=np.array(["line", "line"]),
        stretch_frame_start=starts([span.stop - span.start for span in spans]),
        stretch_f0_hz=np.concatenate([features.f0_hz[span] for span in spans]),
        stretch_loudness_db=np.concatenate([features.loudness_db[span] for span in spans]),
        stretch_audio_start=starts([span.stop - span.start for span in samples]),
        stretch_audio=np.concatenate([features.audio[span] for span in samples]),
    )


def test_stretches_teach_the_timbre_and_not_the_envelopes(performed: FeatureCache) -> None:
    sounds = performed.sounds
    assert sounds.performed.sum() == 2
    assert len(sounds.name) == len(performed.name)  # the notes in them are learned with them
    task = TimbreRefine(TimbreDecoder(SETTINGS), performed)
    assert sounds.performed[task.training_recordings].sum() <= 1
    assert len(performed.window_recording)
    assert performed.window_recording.max() < len(performed.name)


def test_a_crop_has_a_lead_in_which_is_silent_before_a_note_only(performed: FeatureCache) -> None:
    sounds, hop = performed.sounds, performed.sample_rate // FRAME_RATE
    last = len(sounds.name) - 1
    torch.manual_seed(0)
    crops = AudioCrops(sounds, [0, last], lead=40, rooms=("line",))
    for place in (0, len(crops) - 1):
        rooms, silent = set(), []
        for _ in range(12):
            crop = crops[place]
            assert crop["f0_hz"].shape == crop["loudness_db"].shape == (40 + REFINE_FRAMES,)
            assert crop["audio"].shape == ((39 + REFINE_FRAMES) * hop,)
            rooms.add(int(crop["room"]))
            silent.append(bool((crop["loudness_db"][:40] == -100.0).all()))
        assert rooms == ({-1} if place == 0 else {0})
        assert any(silent) == (place == 0)


def test_a_room_is_learned_beside_the_network_and_kept_with_the_run(
    performed: FeatureCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.fitting.timbre.LEAD_FRAMES", 20)
    monkeypatch.setattr("training.fitting.timbre.VALIDATION_CROPS", 2)
    fitted, run = tmp_path / "fitted", tmp_path / "refined"
    torch.manual_seed(0)
    write_run(fitted, "timbre", TimbreDecoder(SETTINGS), LoopSettings(steps=1))
    save_checkpoint({"network": TimbreDecoder(SETTINGS).state_dict()}, fitted / BEST)
    recipe = refining_recipe(performed, tmp_path / "violin.npz", fitted)
    before = load_timbre(fitted).state_dict()
    recipe.train(recipe.settings(steps=2, batch_size=1, accelerator="cpu"), run)
    room = load_room(run)
    assert room is not None
    assert room.settings.sources == ("line",)
    calibrate_run(run, performed)
    kept = load_room(run)
    assert kept is not None
    assert torch.equal(kept.level, room.level)
    assert (room.level != 0.0).any()
    # What is exported has no room: its network has the weights that it always had, and no others.
    assert load_timbre(run).state_dict().keys() == before.keys()
    assert load_room(fitted) is None
    recipe.train(recipe.settings(steps=3, batch_size=1, accelerator="cpu"), run, resume=True)
    dry = refining_recipe(performed, tmp_path / "violin.npz", fitted, "none")
    assert dry.task.learned.keys() == {"network"}
