"""The model card: it says what the spec says, and how to make the instrument again."""

from __future__ import annotations

import dataclasses
import math
import re
import shlex
import shutil
from pathlib import Path

import pytest
import typer

from instrument import terminal as ui
from instrument.errors import InstrumentError, OutputError
from instrument.model.graphs import load_instrument
from instrument.model.spec import Source, read_spec
from training.cli import app
from training.export.card import (
    PLAYED,
    SHAPES,
    card,
    figure_tables,
    record_figures,
    table,
    write_card,
)


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


def test_a_bar_does_not_break_a_table() -> None:
    assert table(["a"], [["x | y\nz"]]).splitlines() == ["| a |", "|---|", "| x \\| y z |"]


def test_figures_stand_beside_those_of_training_notes_and_pca() -> None:
    text = figure_tables({"cents_mae": 2.25, "train_cents_mae": 1.5, "pca_cents_mae": 3.0})
    assert "| | held-out notes | training notes | PCA, held-out notes |" in re.sub(" +", " ", text)
    assert "| pitch, mean error (cents) | 2.25 | 1.5 | 3 |" in text


def test_a_figure_without_other_sides_has_a_dash() -> None:
    figures = {"cents_mae": 2.0, "train_cents_mae": 1.0, "kl": 70.0}
    assert f"| {SHAPES['kl'].text} (nats) | 70 | – |" in figure_tables(figures)


def test_every_figure_is_shown_even_an_unknown_one() -> None:
    text = figure_tables({"velocity_rank": 0.98, "new_thing": 12345.6})
    assert f"| {PLAYED['velocity_rank'].text} | 0.98 |" in text
    assert "| new thing | 12346 |" in text
    assert figure_tables({}) == "Not evaluated yet."


def test_what_info_shows_is_measured_and_in_the_same_unit() -> None:
    meanings = SHAPES | PLAYED
    for name, headline in ui.HEADLINES.items():
        assert headline.unit == meanings[name].unit


def test_recorded_figures_are_in_spec_and_card(folder: Path) -> None:
    digest = read_spec(folder).digest
    spec = record_figures(folder, {"cents_mae": 2.123456, "pitch_variance": math.nan})
    assert spec == read_spec(folder)
    assert spec.figures["cents_mae"] == 2.123
    assert "pitch_variance" not in spec.figures
    assert "onnx_difference" in spec.figures
    assert "2.12" in (folder / "README.md").read_text(encoding="utf-8")
    assert load_instrument(folder).spec.digest == digest


def test_later_figures_take_the_place_of_earlier_ones(folder: Path) -> None:
    record_figures(folder, {"cents_mae": 2.0, "score_cents": 5.0})
    assert (
        record_figures(folder, {"cents_mae": 1.0}).figures.items()
        >= {
            "cents_mae": 1.0,
            "score_cents": 5.0,
        }.items()
    )


def test_card_needs_its_folder(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there is no folder"):
        write_card(read_spec(folder), tmp_path / "nowhere")
    with pytest.raises(InstrumentError, match="no instrument here"):
        record_figures(tmp_path, {})
