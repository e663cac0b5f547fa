"""Nobody is told that Arco runs a network: onnxruntime tells its makers if nothing is said."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PLAYS = """
from pathlib import Path
from instrument.model.graphs import load_instrument
load_instrument(Path({folder!r}))
"""
LISTENS = """
import numpy as np
from instrument.listening.tracker import track_line
track_line(np.zeros(4800, np.float32), 48_000)
"""


@pytest.mark.parametrize("what", [PLAYS, LISTENS])
def test_what_runs_networks_leaves_nothing_in_the_home_of_its_user(
    what: str, tiny_instrument: Path, tmp_path: Path
) -> None:
    if what is LISTENS:
        pytest.importorskip("swift_f0")
    home = dict.fromkeys(("HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_CACHE_HOME"), str(tmp_path))
    others = {name: text for name, text in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    program = what.format(folder=str(tiny_instrument))
    subprocess.run([sys.executable, "-c", program], env=others | home, check=True)
    assert list(tmp_path.iterdir()) == []
