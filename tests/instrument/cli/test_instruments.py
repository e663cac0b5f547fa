"""Instruments that are named wrongly, hide others or are broken, at the command line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from instrument.model.spec import SPEC_FILE, read_spec
from tests.instrument.model.graph_maker import constant, copy_with, node, timbre

Arco = Callable[..., tuple[int, str, str]]
Refused = Callable[..., str]


def test_info_takes_the_description_for_its_folder(
    arco: Arco, tiny_instrument: Path, desk: Path
) -> None:
    shutil.copytree(tiny_instrument, desk / "inst")
    assert arco("info", "inst/instrument.json") == arco("info", "inst")


@pytest.mark.parametrize("command", ["info", "render"])
def test_a_folder_that_hides_an_instrument_is_told_once_on_stderr(
    arco: Arco, tiny_instrument: Path, desk: Path, command: str
) -> None:
    shutil.copytree(tiny_instrument, desk / "violin")
    asked = ("info", "violin") if command == "info" else ("render", "song.mid")
    status, _, err = arco(*asked)
    assert status == 0
    (line,) = err.splitlines()
    assert str(desk / "violin") in line
    assert arco("info", "./violin")[2] == ""


@pytest.mark.parametrize("name", ["folder.wav", "song.mid", "nowhere/inst", "in\x1b[2Jst"])
@pytest.mark.parametrize("command", ["info", "render"])
def test_what_is_no_instrument_is_refused_in_one_line(
    arco: Arco, refused: Refused, command: str, name: str
) -> None:
    asked = ("info", name) if command == "info" else ("render", "song.mid", "--instrument", name)
    line = refused(arco, *asked)
    assert line.isprintable()


def test_info_shows_no_control_characters(arco: Arco, tiny_instrument: Path, desk: Path) -> None:
    folder = shutil.copytree(tiny_instrument, desk / "inst")
    content = json.loads((folder / SPEC_FILE).read_text(encoding="utf-8"))
    content["description"] = content["presets"][0]["description"] = "\x1b[2J\x9b\u202egnp\x07"
    content["sources"][0]["licence"] = content["metrics"][0]["label"] = "\x1b]0;owned\x07"
    content["metrics"][0]["main"] = True
    (folder / SPEC_FILE).write_text(json.dumps(content), encoding="utf-8")
    for more in ((), ("--json",)):
        status, out, err = arco("info", "inst", *more)
        assert (status, err) == (0, "")
        assert all(line.isprintable() for line in out.splitlines())
        assert "owned" in out


@pytest.mark.parametrize("name", ["timbre", "envelope", "encoder"])
def test_info_refuses_graphs_that_cant_be_trusted(
    arco: Arco, refused: Refused, tiny_instrument: Path, desk: Path, name: str
) -> None:
    copy_with(tiny_instrument, desk / "inst", **{name: b"no graph"})
    assert f"{name}.onnx" in refused(arco, "info", "inst")


def test_an_instrument_that_breaks_while_it_plays_leaves_nothing(
    arco: Arco, refused: Refused, tiny_instrument: Path, desk: Path
) -> None:
    """The song's notes are at 392 Hz, and the trial isn't."""
    more = [
        node("Less", "f0_hz limit", "low"),
        node("Where", "low value level", "wrong"),
        constant("limit", 410.0),
        constant("value", np.nan),
    ]
    graph = timbre(read_spec(tiny_instrument), level="wrong", more=more)
    copy_with(tiny_instrument, desk / "inst", timbre=graph)
    assert arco("info", "inst")[0] == 0
    line = refused(arco, "render", "song.mid", "--instrument", "inst", "--stems", "stems")
    assert "timbre.onnx: it gives nan" in line
