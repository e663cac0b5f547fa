"""Programs of Arco's own: whatever lies in the working folder is none of theirs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from instrument.programs import python_program
from instrument.ui.devices import LOOK
from instrument.ui.takes import RENDERER

TELL = "import sys, json, instrument; print(json.__file__, instrument.__file__, sys.argv[1:])"


def test_what_lies_in_the_working_folder_is_not_imported(tmp_path: Path) -> None:
    for name in ("json", "instrument"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('it was imported')")
    done = subprocess.run(
        [*python_program(TELL), "a", "b"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(tmp_path) not in done.stdout
    assert "['a', 'b']" in done.stdout


@pytest.mark.parametrize("command", [LOOK, RENDERER], ids=["devices", "renderer"])
def test_those_of_the_page_import_nothing_of_it(command: tuple[str, ...], tmp_path: Path) -> None:
    for name in ("json", "instrument", "numpy", "typer"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(7)")
    done = subprocess.run([*command, "a", "b", "c"], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode != 7
