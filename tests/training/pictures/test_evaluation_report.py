"""The report of an evaluation: every metric and every picture."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from instrument.errors import InstrumentError, UsageError
from instrument.model.graphs import Instrument
from training.data.features import FeatureCache
from training.evaluation.evaluate import Evaluation
from training.evaluation.reconstruction import example_windows
from training.export.metrics import describe_metrics
from training.networks.envelope import ConditionalVAE
from training.networks.timbre import TimbreDecoder
from training.pictures.evaluation_report import evaluation_report, write_report

pytestmark = pytest.mark.slow


def test_the_report_shows_metrics_and_pictures(
    evaluation: Evaluation, features: FeatureCache, tiny: Instrument, tmp_path: Path
) -> None:
    history = tmp_path / "history.json"
    history.write_text(json.dumps([{"step": 0, "train/loss": 2.0}, {"step": 9, "train/loss": 1.0}]))
    report = tmp_path / "report"
    report.mkdir()
    write_report(evaluation, features, tiny.spec, {"envelopes": history}, report)
    written = json.loads((report / "evaluation.json").read_text(encoding="utf-8"))
    metrics = describe_metrics(evaluation.metrics)
    assert written["metrics"] == [asdict(metric) for metric in metrics]
    assert written["model"] == {"name": "tiny", "digest": tiny.spec.digest}
    page = (report / "report.md").read_text(encoding="utf-8")
    assert all(metric.label in page for metric in metrics)
    assert "## Alarms\n\n- 12 notes" in page
    pictures = {path.name for path in report.glob("*.png")}
    assert pictures == {
        *(f"sounds-{name}.png" for name in evaluation.examples),
        *(f"{name}.png" for name in ("playing", "map", "losses-envelopes", "timbre")),
        *(f"{name}.png" for name in ("held", "joins", "knobs")),
        *(["descriptors.png"] if evaluation.notes else []),
        *(["reconstructions.png"] if example_windows(evaluation.test, features) else []),
    }
    assert evaluation.timbre.without_soundfont in page
    assert all(f"]({picture})" in page for picture in pictures)


def test_a_damaged_history_is_told_before_anything_is_played(
    features: FeatureCache,
    tiny_instrument: Path,
    tiny_networks: tuple[ConditionalVAE, TimbreDecoder],
    tmp_path: Path,
) -> None:
    (tmp_path / "history.json").write_text("[")
    with pytest.raises(UsageError, match=r"history\.json"):
        evaluation_report(
            features,
            tiny_instrument,
            tiny_networks[0],
            tmp_path / "report",
            histories={"envelopes": tmp_path / "history.json"},
            progress=lambda _done, _of: pytest.fail("it plays"),
        )
    assert not (tmp_path / "report").exists()


def test_an_evaluation_needs_an_instrument(
    features: FeatureCache, tiny_networks: tuple[ConditionalVAE, TimbreDecoder], tmp_path: Path
) -> None:
    with pytest.raises(InstrumentError, match="no instrument here"):
        evaluation_report(features, tmp_path, tiny_networks[0], tmp_path / "report")
    assert not (tmp_path / "report").exists()
