"""The examples run as they are written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import mido
import pytest
import soundfile

from tests.bowed_note import RATE, bowed_note

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


@pytest.mark.slow
def test_a_pitch_tracker_learns_from_a_score_and_is_tried_on_recordings(tmp_path: Path) -> None:
    track = mido.MidiTrack()
    for key in range(60, 72):
        track.append(mido.Message("note_on", note=key))
        track.append(mido.Message("note_off", note=key, time=240))
    mido.MidiFile(tracks=[track]).save(tmp_path / "scale.mid")
    for number in range(7):  # of which one is held out
        soundfile.write(tmp_path / f"A4_{number}.wav", bowed_note(69, 0.3, seed=number)[0], RATE)
    told = run("pitch_tracker", "scale.mid", ".", "--variants", "2", folder=tmp_path)
    recordings, learned, crepe = (float(x) for x in re.findall(r"[\d.]+", told.splitlines()[-1]))
    assert recordings == 1
    assert crepe > 95
    assert learned > 50
