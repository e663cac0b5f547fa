"""Training the timbre network: crops of notes, and the two stages."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from instrument.arrays import Float32, Float64
from instrument.errors import FeatureError, UsageError
from instrument.listening.loudness import loudness_db
from instrument.units import FRAME_RATE
from tests.training.damage import ARRAYS, read_archive, write_archive
from training.analysis.spectra import Spectra, measure_spectra
from training.data.features import FeatureCache
from training.fitting import timbre
from training.fitting.crops import FIT_FRAMES, REFINE_FRAMES, AudioCrops, SpectraCrops
from training.fitting.loop import Batch, LoopSettings, train
from training.fitting.timbre import (
    TimbreFit,
    TimbreRefine,
    measured_spectra,
    render,
)
from training.networks.timbre import TimbreDecoder, TimbreSettings

SETTINGS = TimbreSettings(hidden=16, harmonics=16, noise_bands=17)


@pytest.fixture(scope="module", autouse=True)
def _remembered() -> Iterator[None]:
    """The same sound is measured once: measuring takes long, and has tests of its own."""
    measured: dict[tuple[Any, ...], Spectra] = {}

    def measure(audio: Float32, rate: int, f0_hz: Float64, *how: Any) -> Spectra:
        key = audio.tobytes(), rate, f0_hz.tobytes(), *how
        if key not in measured:
            measured[key] = measure_spectra(audio, rate, f0_hz, *how)
        return measured[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timbre, "measure_spectra", measure)
        yield


@pytest.fixture(scope="module")
def spectra(
    _remembered: None, features: FeatureCache, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Float32, Float32]:
    return measured_spectra(features, tmp_path_factory.mktemp("spectra") / "s.npz", SETTINGS)


def collated(examples: list[Batch]) -> Batch:
    return {name: torch.stack([e[name] for e in examples]) for name in examples[0]}


# --- Spectra ----------------------------------------------------------------------------------


def test_spectra_are_measured_once(features: FeatureCache, tmp_path: Path) -> None:
    path = tmp_path / "violin.spectra.npz"
    done: list[int] = []
    first = measured_spectra(features, path, SETTINGS, lambda count, _all: done.append(count))
    assert done == list(range(1, len(features.name) + 1))
    again = measured_spectra(features, path, SETTINGS, lambda count, _all: done.append(count))
    assert len(done) == len(features.name)
    for measured, kept in zip(first, again, strict=True):
        np.testing.assert_array_equal(measured, kept)


def test_spectra_that_were_measured_otherwise_or_broke_are_measured_anew(
    features: FeatureCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, done = tmp_path / "violin.spectra.npz", list[int]()

    def measure() -> int:
        done.clear()
        measured_spectra(features, path, SETTINGS, lambda count, _all: done.append(count))
        return len(done)

    everything = len(features.name)
    assert [measure(), measure()] == [everything, 0]
    path.write_bytes(b"PK not an archive")
    assert [measure(), measure()] == [everything, 0]
    monkeypatch.setattr("training.fitting.timbre.MEASURED_BY", (1.0, 2.0, 3.0, 4))
    assert [measure(), measure()] == [everything, 0]


def test_spectra_are_kept_by_the_sound_and_pitch_of_each_recording(
    features: FeatureCache, tmp_path: Path
) -> None:
    path, done = tmp_path / "violin.spectra.npz", list[int]()

    def measure(cache: FeatureCache) -> Float32:
        done.clear()
        return measured_spectra(cache, path, SETTINGS, lambda count, _all: done.append(count))[0]

    first = measure(features)
    measure(dataclasses.replace(features, name=features.name[::-1], midi=features.midi[::-1]))
    assert done == []
    louder, frames = features.audio.copy(), features.frames(1)
    louder[features.samples(1)] *= np.float32(2.0)
    changed = measure(dataclasses.replace(features, audio=louder))
    assert done == [1]
    np.testing.assert_array_equal(changed[: frames.start], first[: frames.start])
    np.testing.assert_allclose(changed[frames][40:80, 0], first[frames][40:80, 0] + 6.02, atol=0.01)
    f0_hz = features.f0_hz.copy()
    f0_hz[frames] *= 1.01
    measure(dataclasses.replace(features, audio=louder, f0_hz=f0_hz))
    assert done == [1]


@pytest.mark.parametrize("kind", ARRAYS)
def test_kept_spectra_may_be_anything(
    kind: str, spectra: tuple[Float32, Float32], features: FeatureCache, tmp_path: Path
) -> None:
    path = tmp_path / "violin.spectra.npz"
    measured_spectra(features, path, SETTINGS, lambda *_: None)
    arrays = read_archive(path)
    write_archive(path, arrays | {"noise_db": ARRAYS[kind](arrays["noise_db"])})
    for found, measured in zip(measured_spectra(features, path, SETTINGS), spectra, strict=True):
        assert found.dtype == np.float32
        assert found.shape == measured.shape
        assert np.isfinite(found).all()


def test_a_cache_without_audio_has_no_timbre(synthetic_cache: FeatureCache, tmp_path: Path) -> None:
    with pytest.raises(FeatureError, match="no audio"):
        measured_spectra(synthetic_cache, tmp_path / "violin.spectra.npz", SETTINGS)
    with pytest.raises(FeatureError, match="no audio"):
        TimbreRefine(TimbreDecoder(SETTINGS), synthetic_cache)


def test_a_network_of_another_size_has_its_spectra_measured_anew(
    features: FeatureCache, tmp_path: Path
) -> None:
    path = tmp_path / "violin.spectra.npz"
    measured_spectra(features, path, SETTINGS)
    larger = dataclasses.replace(SETTINGS, harmonics=20, noise_bands=33)
    harmonics_db, noise_db = measured_spectra(features, path, larger)
    assert harmonics_db.shape == (len(features.f0_hz), 20)
    assert noise_db.shape == (len(features.f0_hz), 33)


def test_measured_harmonics_fall_as_in_the_notes(
    features: FeatureCache, spectra: tuple[Float32, Float32]
) -> None:
    for recording in np.flatnonzero(features.midi < 80).tolist():
        start = features.frames(recording).start
        sustain = slice(start + features.onset[recording] + 30, start + features.release[recording])
        mean_db = np.median(spectra[0][sustain], axis=0)
        series_db = 20.0 * np.log10(1.0 / np.arange(1, 9))
        np.testing.assert_allclose(mean_db[:8] - mean_db[0], series_db, atol=1.0)


# --- Crops ------------------------------------------------------------------------------------


def test_a_crop_of_audio_belongs_to_its_controls(features: FeatureCache) -> None:
    torch.manual_seed(0)
    crops = AudioCrops(features.notes, [0])
    frames = REFINE_FRAMES - 1
    for _ in range(5):
        crop = crops[0]
        assert crop["f0_hz"].shape == crop["loudness_db"].shape == (REFINE_FRAMES,)
        assert crop["audio"].shape == (frames * features.sample_rate // FRAME_RATE,)
        heard = loudness_db(crop["audio"].numpy(), features.sample_rate, FRAME_RATE)
        sounding = crop["loudness_db"].numpy() > -50.0
        sounding[:4] = sounding[-4:] = False
        assert sounding.any()
        error = (heard - crop["loudness_db"].numpy())[sounding]
        assert np.abs(error).max() < 0.1


def test_a_note_shorter_than_a_crop_is_padded_with_silence(features: FeatureCache) -> None:
    short = int(np.argmin(np.diff(features.frame_start)))
    frames = features.frames(short)
    available = frames.stop - frames.start
    assert available < FIT_FRAMES
    lasting = dataclasses.replace(features, frame_start=features.frame_start.copy())
    lasting.frame_start[short + 1] = lasting.frame_start[short] + 60
    lasting = dataclasses.replace(lasting, audio_start=lasting.frame_start * 192)
    crop = AudioCrops(lasting.notes, [short])[0]
    assert (crop["loudness_db"][:60] > -100.0).any()
    assert (crop["loudness_db"][60:] == -100.0).all()
    assert (crop["f0_hz"][60:] == crop["f0_hz"][59]).all()
    assert (crop["audio"][60 * 192 :] == 0.0).all()


def test_crops_of_spectra_belong_to_their_controls(
    features: FeatureCache, spectra: tuple[Float32, Float32]
) -> None:
    torch.manual_seed(0)
    crop = SpectraCrops(features.notes, [2], *spectra)[0]
    assert crop["harmonics_db"].shape == (FIT_FRAMES, 16)
    assert crop["noise_db"].shape == (FIT_FRAMES, 17)
    sounding = crop["loudness_db"] > -50.0
    loudest = crop["harmonics_db"].amax(-1)
    together = np.corrcoef(loudest[sounding].numpy(), crop["loudness_db"][sounding].numpy())
    assert together[0, 1] > 0.9


def test_a_longer_note_is_drawn_more_often(features: FeatureCache) -> None:
    starts = np.cumsum([0, REFINE_FRAMES - 1, 3 * REFINE_FRAMES, 9 * REFINE_FRAMES])
    lengths = dataclasses.replace(features, frame_start=starts)
    assert AudioCrops(lengths.notes, [0, 1, 2]).entries == [0, 1, 1, 1, 2, 2, 2, 2]


# --- Learning ---------------------------------------------------------------------------------


def test_rendered_audio_has_a_hop_for_each_frame_but_the_last() -> None:
    network = TimbreDecoder(SETTINGS)
    audio = render(network, torch.full((2, 11), 440.0), torch.full((2, 11), -30.0))
    assert audio.shape == (2, 10 * 192)


def test_nothing_to_train_on_is_an_error(features: FeatureCache) -> None:
    held_out = dataclasses.replace(features, held_out=np.ones(len(features.name), dtype=bool))
    with pytest.raises(UsageError, match="prepare more recordings"):
        TimbreRefine(TimbreDecoder(SETTINGS), held_out)


@torch.no_grad()
def test_validation_gives_the_same_objective_each_time(features: FeatureCache) -> None:
    torch.manual_seed(0)
    task = TimbreRefine(TimbreDecoder(SETTINGS), features)
    assert task.validate() == task.validate()


def test_fitting_to_measured_spectra_brings_the_sound_nearer(
    features: FeatureCache, spectra: tuple[Float32, Float32], tmp_path: Path
) -> None:
    torch.manual_seed(0)
    task = TimbreFit(TimbreDecoder(SETTINGS), features, *spectra)
    crops = task.data()
    batch = collated([crops[i] for i in range(4)])
    with torch.no_grad():
        before, before_objective = task(batch), task.validate()["objective"]
    loop = LoopSettings(
        steps=40, batch_size=4, learning_rate=5e-3, validate_every=40, accelerator="cpu"
    )
    objective = train(task, loop, tmp_path)
    with torch.no_grad():
        after = task(batch)
    assert after["harmonics_db"] < 0.7 * before["harmonics_db"]
    assert after["noise_db"] < 0.9 * before["noise_db"]
    assert objective < before_objective


def test_faint_frames_teach_nothing(
    features: FeatureCache, spectra: tuple[Float32, Float32]
) -> None:
    task = TimbreFit(TimbreDecoder(SETTINGS), features, *spectra)
    crops = task.data()
    batch = collated([crops[i] for i in range(2)])
    batch["loudness_db"] = torch.full_like(batch["loudness_db"], -90.0)
    assert float(task(batch)["loss"].detach()) == 0.0


def test_refining_by_ear_lowers_the_spectral_loss(features: FeatureCache) -> None:
    torch.manual_seed(0)
    task = TimbreRefine(TimbreDecoder(SETTINGS), features)
    crops = task.data()
    batch = collated([crops[i] for i in range(2)])
    optimizer = torch.optim.Adam(task.parameters(), 5e-3)
    losses = []
    for _ in range(10):
        optimizer.zero_grad()
        loss = task(batch)["loss"]
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.9 * losses[0]
