"""The examples run as they are written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

ROOT = Path(__file__).resolve().parents[1]


def run(name: str, *arguments: str, folder: Path) -> str:
    program = ROOT / "examples" / f"{name}.py"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.check_output(
        [sys.executable, str(program), *arguments], cwd=folder, env=environment, text=True
    )


@pytest.mark.slow
def test_a_scale_becomes_samples(tmp_path: Path) -> None:
    lines = run("scale", folder=tmp_path).splitlines()
    levels = [float(line.split()[-2]) for line in lines if line.startswith("MIDI")]
    assert len(levels) == 8
    assert max(levels) - min(levels) < 6.0


@pytest.mark.slow
def test_a_knob_moves_under_a_long_note(tmp_path: Path) -> None:
    run("moving_knobs", "out.wav", folder=tmp_path)
    assert soundfile.info(tmp_path / "out.wav").duration == 6.0


@pytest.mark.slow
def test_a_melody_is_streamed_block_by_block(tmp_path: Path) -> None:
    samples, _, _, peak = run("block_by_block", folder=tmp_path).replace(",", "").split()
    assert int(samples) > 240 * 128
    assert 0.05 < float(peak) < 1.0
