"""What reports are written with."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from instrument.errors import OutputError
from training.output import make_folder, markdown_table, write_json, write_table, write_wav


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is full")
def test_a_full_disk_is_said_of_a_sound(tmp_path: Path) -> None:
    (tmp_path / "a.wav").symlink_to("/dev/full")
    with pytest.raises(OutputError, match=r"a\.wav: .*No space left"):
        write_wav(np.zeros(10_000, np.float32), 48_000, tmp_path / "a.wav")


@pytest.mark.parametrize("name", ["a\rb", "a\nb", "a\r\nb", 'a,"b"', "a b"])
def test_a_name_in_a_table_is_read_as_it_was_written(tmp_path: Path, name: str) -> None:
    write_table(["file", "midi"], [[name, 60], ["c", 61]], tmp_path / "x.csv")
    with (tmp_path / "x.csv").open(newline="") as stream:
        assert list(csv.reader(stream, strict=True)) == [
            ["file", "midi"],
            [name, "60"],
            ["c", "61"],
        ]


def test_a_bar_does_not_break_a_table() -> None:
    assert markdown_table(["a"], [["x | y\nz"]]).splitlines() == ["| a |", "|---|", "| x \\| y z |"]


@pytest.mark.parametrize("below", ["", "a", "a/b"])
def test_a_file_is_no_folder_to_write_in(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="file is a file"):
        make_folder(tmp_path / "file" / below)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("name", ["x" * 300, "a\0b"])
def test_what_no_folder_can_be_called_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match="cannot be made"):
        make_folder(tmp_path / name)


def test_names_that_are_no_text_are_escaped(tmp_path: Path) -> None:
    write_json({"name": "caf\udce9 é"}, tmp_path / "x.json")
    assert "é" in (tmp_path / "x.json").read_text("utf-8")
    assert json.loads((tmp_path / "x.json").read_bytes()) == {"name": "caf\udce9 é"}
