"""Pictures of the latent space, the data beside them, sounds, metrics and a page."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import soundfile

from instrument.errors import InstrumentError, UsageError
from instrument.listening.frames import FRAMES, RELEASE_FRAME
from instrument.model.graphs import Instrument, load_instrument
from tests.training.folders import rows
from training.data.features import FeatureCache
from training.evaluation.reconstruction import reconstruct
from training.export.latent_map import training_latents
from training.fitting.envelopes import quantiles
from training.networks.envelope import ConditionalSettings, ConditionalVAE
from training.networks.timbre import TimbreDecoder
from training.pictures.latent_pictures import KNOB_POSITIONS, PICTURES, WEIGHTS
from training.pictures.latent_report import latent_report

pytestmark = pytest.mark.slow

HISTORY = [{"step": 0, "train/loss": 2.0}, {"step": 9, "train/loss": 1.0, "validation/kl": 5.0}]


class Drawn(NamedTuple):
    folder: Path
    metrics: dict[str, float]
    progress: list[tuple[int, int]]
    instrument: Instrument


@pytest.fixture(scope="module")
def cache(synthetic_cache: FeatureCache) -> FeatureCache:
    """Features whose held-out notes are some with vibrato and some without."""
    held_out = np.arange(len(synthetic_cache.name)) % 8 < 3
    return dataclasses.replace(synthetic_cache, held_out=held_out)


@pytest.fixture(scope="module")
def drawn(
    cache: FeatureCache,
    tiny_instrument: Path,
    tiny_networks: tuple[ConditionalVAE, TimbreDecoder],
    tmp_path_factory: pytest.TempPathFactory,
) -> Drawn:
    folder = tmp_path_factory.mktemp("pictures") / "deep" / "down"
    seen: list[tuple[int, int]] = []
    metrics = latent_report(
        cache,
        tiny_instrument,
        tiny_networks[0],
        folder,
        history=HISTORY,
        progress=lambda done, of: seen.append((done, of)),
    )
    return Drawn(folder, metrics, seen, load_instrument(tiny_instrument))


def arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)


def test_every_picture_is_there_in_both_formats_with_its_data(drawn: Drawn) -> None:
    written = json.loads((drawn.folder / "pictures.json").read_text(encoding="utf-8"))
    assert list(written["pictures"]) == list(PICTURES)
    listed = [file for picture in written["pictures"].values() for file in picture["files"]]
    assert {path.name for path in drawn.folder.iterdir()} == {
        *listed,
        "pictures.json",
        "pictures.md",
    }
    for name, picture in written["pictures"].items():
        assert (drawn.folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert "<svg" in (drawn.folder / f"{name}.svg").read_text(encoding="utf-8")
        assert {Path(file).suffix for file in picture["files"]} & {".npz", ".csv"}


def test_the_page_shows_every_picture_and_the_metrics(drawn: Drawn) -> None:
    page = (drawn.folder / "pictures.md").read_text(encoding="utf-8")
    for path in drawn.folder.iterdir():
        assert f"]({path.name})" in page or path.name.startswith("pictures.")
    assert "silhouette" in page
    written = json.loads((drawn.folder / "pictures.json").read_text(encoding="utf-8"))
    assert written["metrics"] == drawn.metrics
    assert written["model"]["digest"] == drawn.instrument.spec.digest


def test_reconstructions_are_those_of_held_out_notes(drawn: Drawn, cache: FeatureCache) -> None:
    data = arrays(drawn.folder / "reconstructions.npz")
    held_out = set(cache.name[cache.held_out])
    assert set(data["recording"]) <= held_out
    assert data["source"].shape == data["estimate"].shape == (len(data["title"]), 2, FRAMES)
    assert data["measured"].dtype == np.bool


def test_interpolations_lead_from_one_note_to_the_other(
    drawn: Drawn,
    cache: FeatureCache,
    tiny_networks: tuple[ConditionalVAE, TimbreDecoder],
) -> None:
    data = arrays(drawn.folder / "interpolations.npz")
    test = reconstruct(cache, drawn.instrument, tiny_networks[0], cache.held_out)
    recordings = cache.window_recording[test.windows]
    names = list(cache.name[recordings])
    for end, name in ((0, data["recording"][0]), (-1, data["recording"][1])):
        note = names.index(name)
        np.testing.assert_allclose(data["latent"][end], test.posterior_mean[note])
        assert data["midi"][end] == cache.midi[recordings[note]]
        wanted = quantiles(cache.level_db[recordings[[note]]], cache.level_db[~cache.held_out])
        assert data["loudness_quantile"][end] == pytest.approx(wanted[0])
    latent, midi, loudness = (
        data[name][2:3].astype(np.float32) for name in ("latent", "midi", "loudness_quantile")
    )
    middle = drawn.instrument.envelope.decode(latent, midi, loudness)
    np.testing.assert_allclose(data["cents"][2], middle[0][0], atol=1e-3)
    np.testing.assert_allclose(data["loudness_db"][2], middle[1][0], atol=1e-3)


def test_interpolations_begin_straight_and_end_with_vibrato(drawn: Drawn) -> None:
    sustain = arrays(drawn.folder / "interpolations.npz")["cents"][:, 100:RELEASE_FRAME]
    assert sustain[0].std() < 0.5 * sustain[-1].std()


def test_each_interpolation_can_be_heard(drawn: Drawn) -> None:
    for weight in WEIGHTS:
        audio, rate = soundfile.read(drawn.folder / f"interpolations-{weight:.1f}.wav")
        assert rate == drawn.instrument.spec.sample_rate
        assert len(audio) == (FRAMES - 1) * rate // 250
        assert np.abs(audio).max() > 1e-3


def test_the_latent_table_holds_every_training_note(
    drawn: Drawn,
    cache: FeatureCache,
    tiny_networks: tuple[ConditionalVAE, TimbreDecoder],
) -> None:
    table = rows(drawn.folder / "latent-space.csv")
    latents = training_latents(tiny_networks[0], cache)
    found = np.array([[float(row[f"z_{i}"]) for i in range(16)] for row in table])
    np.testing.assert_allclose(found, latents.mean, rtol=1e-4, atol=1e-5)
    recording = cache.window_recording[latents.windows]
    assert [row["recording"] for row in table] == list(cache.name[recording])
    places = np.array([[float(row["pca_1"]), float(row["pca_2"])] for row in table])
    share = places.var(0).sum() / latents.mean.var(0).sum()
    assert drawn.metrics["pca_explained"] == pytest.approx(share, rel=1e-3)


def test_only_what_has_labels_enough_is_measured(drawn: Drawn) -> None:
    assert drawn.metrics["dynamic_classes"] >= 2
    assert 0.0 <= drawn.metrics["dynamic_knn_balanced"] <= 1.0
    assert drawn.metrics["dynamic_chance"] == pytest.approx(1.0 / drawn.metrics["dynamic_classes"])


def test_the_middle_of_an_axis_is_between_its_ends(drawn: Drawn) -> None:
    data = arrays(drawn.folder / "traversals.npz")
    axes = drawn.instrument.spec.axes
    assert list(data["axis"]) == [axis.name for axis in axes]
    assert data["cents"].shape == (len(axes), len(KNOB_POSITIONS), FRAMES)
    offset = data["latent"] - np.array(drawn.instrument.spec.latent_mean)
    for place, axis in enumerate(axes):
        along = offset[place] @ np.array(axis.direction)
        np.testing.assert_allclose(along, np.linspace(axis.low, axis.high, 5), atol=1e-4)


def test_effects_are_those_of_the_instrument(drawn: Drawn) -> None:
    for row, axis in zip(
        rows(drawn.folder / "effects.csv"), drawn.instrument.spec.axes, strict=True
    ):
        assert row.pop("axis") == axis.name
        assert {name: float(value) for name, value in row.items()} == axis.effect


def test_losses_are_those_of_the_run(drawn: Drawn) -> None:
    first, last = rows(drawn.folder / "losses.csv")
    assert first == {"step": "0", "train/loss": "2.0", "validation/kl": ""}
    assert last == {"step": "9", "train/loss": "1.0", "validation/kl": "5.0"}


def test_progress_comes_to_its_end(drawn: Drawn) -> None:
    assert drawn.progress == [(i, len(PICTURES)) for i in range(1, len(PICTURES) + 1)]


@pytest.mark.usefixtures("unwritten")
def test_what_there_is_nothing_for_is_left_out(
    cache: FeatureCache,
    tiny_instrument: Path,
    tiny_networks: tuple[ConditionalVAE, TimbreDecoder],
    tmp_path: Path,
) -> None:
    unlabelled = np.full(len(cache.name), "")
    short = cache.window_mask.copy()
    short[cache.held_out[cache.window_recording], 100:RELEASE_FRAME] = False
    poor = dataclasses.replace(cache, dynamic=unlabelled, string=unlabelled, window_mask=short)
    metrics = latent_report(poor, tiny_instrument, tiny_networks[0], tmp_path)
    assert list(metrics) == ["pca_explained"]
    written = json.loads((tmp_path / "pictures.json").read_text(encoding="utf-8"))
    assert list(written["pictures"]) == ["latent-space", "traversals", "effects"]
    assert "Too few notes have a label" in (tmp_path / "pictures.md").read_text(encoding="utf-8")


def test_another_network_is_refused(
    cache: FeatureCache, tiny_instrument: Path, tmp_path: Path
) -> None:
    other = ConditionalVAE(ConditionalSettings(latent=8, components=32, hidden=32))
    with pytest.raises(UsageError, match="tiny: was not exported from this network"):
        latent_report(cache, tiny_instrument, other, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_pictures_need_an_instrument(
    cache: FeatureCache,
    tiny_networks: tuple[ConditionalVAE, TimbreDecoder],
    tmp_path: Path,
) -> None:
    with pytest.raises(InstrumentError, match="no instrument here"):
        latent_report(cache, tmp_path, tiny_networks[0], tmp_path / "out")
    assert not (tmp_path / "out").exists()
