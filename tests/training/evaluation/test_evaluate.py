"""Evaluation: every figure of an instrument, a report of them, and its pictures."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from instrument.errors import InstrumentError
from training.data.features import FeatureCache
from training.evaluation.evaluate import evaluate
from training.evaluation.playback import ListeningSettings
from training.networks.envelope import ConditionalVAE
from training.networks.timbre import TimbreDecoder

Networks = tuple[ConditionalVAE, TimbreDecoder]


@pytest.fixture(scope="module")
def evaluated(
    features: FeatureCache,
    tiny_instrument: Path,
    tiny_networks: Networks,
    few: ListeningSettings,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[dict[str, float], Path, list[tuple[int, int]]]:
    """Figures, report folder, and the calls of the progress callable."""
    folder = tmp_path_factory.mktemp("evaluation")
    history = folder / "history.json"
    history.write_text(json.dumps([{"step": 0, "train/loss": 2.0}, {"step": 9, "train/loss": 1.0}]))
    seen: list[tuple[int, int]] = []
    figures = evaluate(
        features,
        tiny_instrument,
        tiny_networks[0],
        folder / "deep" / "report",
        settings=few,
        histories={"envelopes": history},
        progress=lambda done, of: seen.append((done, of)),
    )
    return figures, folder / "deep" / "report", seen


def test_an_instrument_is_in_tune_and_obeys_velocity(
    evaluated: tuple[dict[str, float], Path, list[tuple[int, int]]],
) -> None:
    figures, _, _ = evaluated
    assert figures["played_note_cents"] < 5.0
    assert figures["played_unvoiced"] == 0.0
    assert figures["velocity_rank"] == pytest.approx(1.0)
    assert figures["velocity_range_db"] > 10.0
    assert figures["timbre_loudness_db"] < 3.0


def test_every_figure_is_there_for_its_sides(
    evaluated: tuple[dict[str, float], Path, list[tuple[int, int]]],
) -> None:
    figures, _, _ = evaluated
    for name in ("cents_mae", "attack_db_mae", "sustain_cents_mae", "release_db_mae"):
        assert {name, f"train_{name}", f"pca_{name}"} <= figures.keys()
    assert {"kl", "train_kl", "timbre_loss", "train_timbre_loss"} <= figures.keys()
    assert {"timbre_attack_db", "generated_sustain_db", "recorded_harmonic_db"} <= figures.keys()
    assert {"generated_common_repetition", "join_flux_ratio", "knob_leak_cents"} <= figures.keys()
    assert all(math.isfinite(value) for value in figures.values())


def test_the_report_shows_figures_and_pictures(
    evaluated: tuple[dict[str, float], Path, list[tuple[int, int]]],
) -> None:
    figures, report, _ = evaluated
    written = json.loads((report / "evaluation.json").read_text(encoding="utf-8"))
    assert written["figures"] == figures
    assert written["model"]["name"] == "tiny"
    page = (report / "report.md").read_text(encoding="utf-8")
    pictures = {path.name for path in report.glob("*.png")}
    assert {"playing.png", "map.png", "losses-envelopes.png", "sounds-low.png"} <= pictures
    assert {"tones.png", "held.png", "joins.png", "knobs.png"} <= pictures
    assert "no such soundfont" in page or "fluidsynth is not installed" in page
    assert all(f"]({picture})" in page for picture in pictures)


def test_progress_comes_to_its_end(
    evaluated: tuple[dict[str, float], Path, list[tuple[int, int]]],
) -> None:
    _, _, seen = evaluated
    done, of = zip(*seen, strict=True)
    assert list(done) == list(range(1, of[0] + 1))
    assert set(of) == {len(seen)}


def test_evaluation_needs_an_instrument(
    features: FeatureCache, tiny_networks: Networks, tmp_path: Path
) -> None:
    with pytest.raises(InstrumentError, match="no instrument here"):
        evaluate(features, tmp_path, tiny_networks[0], tmp_path / "report")
    assert not (tmp_path / "report").exists()
