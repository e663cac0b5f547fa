"""The model card: it says what the spec says, and how to make the instrument again."""

from __future__ import annotations

import dataclasses
import json
import math
import shlex
import shutil
from pathlib import Path

import pytest
import typer

from instrument.errors import InstrumentError, OutputError
from instrument.model.catalogue import find_instrument
from instrument.model.graphs import load_instrument
from instrument.model.metrics import metric_values
from instrument.model.spec import SPEC_FILE, Source, read_spec
from training.cli import app
from training.export.card import card, metric_tables, record_metrics, write_card
from training.export.metrics import METHODS, SECTIONS, describe_metrics


@pytest.fixture
def folder(tiny_instrument: Path, tmp_path: Path) -> Path:
    """A copy of the tiny instrument, to write in."""
    return Path(shutil.copytree(tiny_instrument, tmp_path / "tiny"))


def test_card_names_sources_with_their_licences(folder: Path) -> None:
    text = card(read_spec(folder))
    assert "| one | 12 | CC0 |" in text
    assert "| two | 12 | not stated |" in text


def test_card_says_what_the_graphs_take_and_give(folder: Path) -> None:
    spec = read_spec(folder)
    text = card(spec)
    for graph in (spec.envelope, spec.timbre):
        assert graph.sha256 in text
        for tensor in (*graph.inputs, *graph.outputs):
            line = next(row for row in text.splitlines() if f"`{tensor}`" in row)
            assert "[" in line, f"{tensor} has no shape"
    assert f"[B, {spec.envelope_size.latent}]" in text
    assert f"[V, T, {spec.timbre_size.harmonics}]" in text


def test_card_says_that_only_joins_were_taken_where_that_is_so(folder: Path) -> None:
    spec = dataclasses.replace(read_spec(folder), performances=[Source("sonata", 40, "CC0")])
    assert "Nothing else was taken" in card(spec)
    learned = dataclasses.replace(spec, sources=[*spec.sources, Source("sonata", 90, "CC0")])
    assert "Nothing else was taken" not in card(learned)


def test_card_lists_knobs_and_presets(folder: Path) -> None:
    spec = read_spec(folder)
    text = card(spec)
    for axis in spec.axes:
        assert f"| `{axis.name}` | {axis.label} |" in text
    for number, preset in enumerate(spec.presets):
        assert f"| {number} | `{preset.name}` |" in text


def test_commands_on_the_card_can_be_typed(folder: Path) -> None:
    spec = dataclasses.replace(
        read_spec(folder), sources=[Source("o'clock", 3, "CC BY 4.0 | by $USER")]
    )
    block = card(spec).rsplit("```", 2)[1].replace("\\\n", " ")
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    lines = [line for line in block.splitlines() if line.strip()]
    assert [line.split()[2] for line in lines][-2:] == ["export", "evaluate"]
    for line in lines:
        arco, train, name, *arguments = shlex.split(line)
        assert (arco, train) == ("arco", "train")
        context = commands[name].make_context(name, arguments, resilient_parsing=False)
        if name == "export":
            assert context.params["licence"] == ["o'clock=CC BY 4.0 | by $USER"]


def test_card_says_how_lines_took_part(folder: Path, tiny_in_lines: Path) -> None:
    spec = read_spec(folder)
    bowed = dataclasses.replace(spec, performances=[Source("sonata", 40, "CC BY 4.0")])
    assert "arco train joins" not in card(spec)
    assert "arco train joins tiny PERFORMANCES" in card(bowed)
    assert "--licence 'sonata=CC BY 4.0'" in card(bowed)
    assert "--performance" not in card(bowed)
    assert "--performance" in card(read_spec(tiny_in_lines))


def test_metrics_stand_beside_what_they_are_compared_with() -> None:
    values = {"cents_mae": 2.25, "train_cents_mae": 1.5, "pca_cents_mae": 3.0, "kl": 170.0}
    text = metric_tables(describe_metrics(values))
    assert "### Reconstruction" in text
    assert METHODS["Reconstruction"] in text
    assert "|  | held-out notes | training notes | PCA | unit |" in text
    described = SECTIONS["Reconstruction"]
    assert f"| {described['cents_mae'].label} | 2.25 | 1.5 | 3 | cents |" in text
    assert f"| {described['kl'].label} | 170 | – | – | nats |" in text


def test_metrics_without_section_or_unit_are_shown() -> None:
    text = metric_tables(describe_metrics({"velocity_rank": 0.98, "new_thing": 12345.6}))
    assert f"| {SECTIONS['Played notes']['velocity_rank'].label} | 0.98 |  |" in text
    assert "| new thing | 12346 |  |" in text


def test_recorded_metrics_are_in_spec_and_card(folder: Path) -> None:
    digest = read_spec(folder).digest
    spec = record_metrics(folder, {"cents_mae": 2.123456, "pitch_variance": math.nan})
    assert spec == read_spec(folder)
    values = metric_values(spec.metrics)
    assert values["cents_mae"] == 2.123
    assert "pitch_variance" not in values
    assert "onnx_difference" in values
    assert "2.12" in (folder / "README.md").read_text(encoding="utf-8")
    assert load_instrument(folder).spec.digest == digest


def test_later_metrics_take_the_place_of_earlier_ones(folder: Path) -> None:
    record_metrics(folder, {"cents_mae": 2.0, "pca_cents_mae": 3.0, "score_cents": 5.0})
    values = metric_values(record_metrics(folder, {"cents_mae": 1.0}).metrics)
    assert values.items() >= {"cents_mae": 1.0, "pca_cents_mae": 3.0, "score_cents": 5.0}.items()


def test_metrics_of_an_older_format_are_described_when_others_are_recorded(folder: Path) -> None:
    content = json.loads((folder / SPEC_FILE).read_text(encoding="utf-8"))
    del content["metrics"]
    content |= {"format": 3, "figures": {"cents_mae": 2.0, "pca_cents_mae": 3.0}}
    (folder / SPEC_FILE).write_text(json.dumps(content), encoding="utf-8")
    spec = record_metrics(folder, {"score_cents": 5.0})
    assert spec.metrics == describe_metrics(
        {"cents_mae": 2.0, "pca_cents_mae": 3.0, "score_cents": 5.0}
    )


def test_card_needs_its_folder(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there is no folder"):
        write_card(read_spec(folder), tmp_path / "nowhere")
    with pytest.raises(InstrumentError, match="no instrument here"):
        record_metrics(tmp_path, {})


@pytest.mark.parametrize("name", ["violin", "violin-full", "flute", "flute-diet"])
def test_the_card_of_a_shipped_instrument_is_what_would_be_written_now(name: str) -> None:
    folder = find_instrument(name)
    spec = read_spec(folder)
    assert (folder / "README.md").read_text(encoding="utf-8") == card(spec)
    assert spec.metrics == describe_metrics(metric_values(spec.metrics))
