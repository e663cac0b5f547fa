"""A graph's file: in its folder, with its digest, and read once."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from instrument.errors import InstrumentError
from instrument.model.onnx_file import read_graph
from instrument.model.spec import Graph, read_spec


@pytest.fixture
def folder(tiny_instrument: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_instrument, tmp_path / "folder"))


@pytest.fixture
def graph(tiny_instrument: Path) -> Graph:
    return read_spec(tiny_instrument).timbre


def refused(graph: Graph, folder: Path) -> str:
    with pytest.raises(InstrumentError) as caught:
        read_graph(graph, folder)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message


def test_the_bytes_are_those_that_were_exported(graph: Graph, folder: Path) -> None:
    assert read_graph(graph, folder) == (folder / graph.file).read_bytes()


def test_a_missing_or_edited_file_is_refused(graph: Graph, folder: Path) -> None:
    path = folder / graph.file
    edited = bytearray(path.read_bytes())
    edited[len(edited) // 2] ^= 1
    path.write_bytes(edited)
    assert f"differs from {graph.sha256[:12]}" in refused(graph, folder)
    path.unlink()
    assert f"{graph.file}: missing; export or install" in refused(graph, folder)


@pytest.mark.parametrize(
    "name",
    ["../other/timbre.onnx", "./timbre.onnx", "sub/timbre.onnx", "", ".", "..", "sub\\timbre.onnx",
     "C:timbre.onnx", "timbre.onnx\0", "t" * 5000],
)  # fmt: skip
def test_a_name_that_leads_out_of_the_folder_is_refused(
    graph: Graph, folder: Path, name: str
) -> None:
    """Even if there is such a file, with the right digest."""
    for other in (folder.parent / "other", folder / "sub"):
        other.mkdir()
        shutil.copy(folder / graph.file, other)
    refused(replace(graph, file=name), folder)


def test_an_absolute_name_is_refused(graph: Graph, folder: Path) -> None:
    assert "should lie in the folder" in refused(
        replace(graph, file=str(folder / graph.file)), folder
    )


def test_links_may_lead_to_the_folder_and_within_it_only(graph: Graph, folder: Path) -> None:
    path, outside = folder / graph.file, folder.parent / "elsewhere.onnx"
    linked = folder.parent / "linked"
    linked.symlink_to(folder)
    whole = read_graph(graph, linked)
    within = path.rename(folder / "within.onnx")
    path.symlink_to(within)
    assert read_graph(graph, folder) == whole
    path.unlink()
    path.symlink_to(within.rename(outside))
    assert "should lie in the folder" in refused(graph, folder)
    path.unlink()
    path.symlink_to(path)
    refused(graph, folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")
def test_what_is_no_file_is_refused_and_not_waited_for(graph: Graph, folder: Path) -> None:
    path = folder / graph.file
    path.unlink()
    os.mkfifo(path)
    assert "not an ordinary file" in refused(graph, folder)
    path.unlink()
    path.mkdir()
    assert "not an ordinary file" in refused(graph, folder)


def test_a_file_that_cant_be_read_is_told(
    graph: Graph, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "open", fails)
    assert "cannot be read: Input/output error" in refused(graph, folder)
