"""Two worker processes, of which one is killed: all is made, once, and nothing is left over."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from instrument.corpus.items import Plan
from tests.instrument.corpus.conftest import contents

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="no such signals"),
]


def arco_corpus(scores: Path, instrument: Path, folder: Path, *more: str) -> subprocess.Popen[str]:
    """``arco corpus`` in a process of its own, with two workers."""
    command = [sys.executable, "-m", "instrument.cli", "corpus", scores, "-o", folder]
    options = ["--instrument", instrument, "--variants", "2", "--seed", "5", "--workers", "2"]
    options += ["--transpose=-2..2", "--tempo=0.8..1.25", "--room=0", "--split=0.5,0.25,0.25"]
    options += ["--sample-rate=22050", "--frame-rate=50", "--json", *more]
    return subprocess.Popen(
        [*map(str, command), *map(str, options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def workers(process: subprocess.Popen[str]) -> Iterator[psutil.Process]:
    """Its worker processes, as soon as there is one."""
    while True:
        for child in psutil.Process(process.pid).children(recursive=True):
            if "spawn_main" in " ".join(child.cmdline()):
                yield child
        time.sleep(0.02)


def wait_for_an_item(folder: Path, pattern: str) -> None:
    """Wait until a worker writes an item, or has written one."""
    while not list(folder.glob(f"items/*/{pattern}")):
        time.sleep(0.01)


def test_a_killed_worker_changes_nothing(
    scores: Path, plan: Plan, whole: Path, tiny_instrument: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "whole"
    process = arco_corpus(scores, tiny_instrument, folder)
    worker = next(workers(process))
    wait_for_an_item(folder, "*")
    worker.kill()
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    told = json.loads(out)
    assert (told["items"], told["new"], told["refused"], told["strays"]) == (4, 4, 2, 0)
    assert contents(folder) == contents(whole)
    assert "http://127.0.0.1" in err


def test_ctrl_c_ends_the_workers_and_leaves_nothing_half(
    scores: Path, tiny_instrument: Path, tmp_path: Path
) -> None:
    process = arco_corpus(scores, tiny_instrument, tmp_path / "set", "--variants=2000")
    worker = next(workers(process))
    wait_for_an_item(tmp_path / "set", "*/item.json")
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert (out, len(err.splitlines())) == ("", 1)
    assert not worker.is_running()
    assert [path for path in (tmp_path / "set").rglob(".*") if path.name != ".lock"] == []
