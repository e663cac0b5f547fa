"""How soon after a key `arco play` sounds, beside another synthesizer.

Both are one client, which hears the program that sends and is heard by it. JACK breaks such a
circle by holding a connection back by a period, for both of them alike.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from instrument.arrays import Float32
from tests.instrument.live.arco_program import CALM_RUNS, ENDS_WITHIN, RATE, Arco, note

pytestmark = pytest.mark.live

ATTACK = RATE // 480
"""Samples in which a bowed note rises above the threshold, where a struck one is there at once."""


def onsets(heard: Float32, starts: list[int], within: int = RATE // 5) -> list[int]:
    """Samples from each start to the first one that is heard; none where nothing is."""
    level = np.abs(heard).max(axis=0)
    found = []
    for start in starts:
        before = float(level[max(0, start - 256) : start].max())
        after = np.flatnonzero(level[start : start + within] > max(1e-5, 1.5 * before))
        found += after[:1].tolist()
    return found


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_key_sounds_one_block_after_fluidsynth_would_at_its_frame(
    make_jack_server: Callable[..., Any],
    arco: Callable[..., Arco],
    perform: Callable[..., Float32],
    tmp_path: Path,
) -> None:
    soundfont = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
    if shutil.which("fluidsynth") is None or not soundfont.exists():
        reason = "FluidSynth and its soundfont aren't here (fluidsynth, fluid-soundfont-gm)"
        (pytest.fail if os.environ.get("ARCO_REQUIRE_LIVE") == "1" else pytest.skip)(reason)
    # A shared computer may need more than a shorter block to get a note ready.
    block = 256
    make_jack_server(block).start()
    rng = np.random.default_rng(block)
    starts = [round((0.3 + 0.5 * i) * RATE) + int(rng.integers(0, 4800)) for i in range(8)]
    events = [m for start in starts for m in note(start / RATE, 69, 0.05, 110)]
    options = "-i -s -a jack -m jack -o audio.jack.autoconnect=0 -o midi.autoconnect=0"
    dry = "-o synth.reverb.active=0 -o synth.chorus.active=0"
    command = f"fluidsynth {options} {dry} -r {RATE} -z {block} {soundfont}"
    program = arco("--midi-in", "virtual")
    with (tmp_path / "fluidsynth.log").open("wb") as log:
        other = subprocess.Popen(command.split(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        apart = []
        for _ in range(CALM_RUNS):
            theirs = onsets(perform(events, 5.0, "fluidsynth", "fluidsynth"), starts)
            ours = onsets(perform(events, 5.0), starts)
            assert len(ours) == len(theirs) == len(starts)
            # FluidSynth plays a period's keys as it begins: the capture began with one.
            places = np.array(starts) % block
            apart.append(float(np.median(np.array(ours) - np.array(theirs) - places)))
            if apart[-1] <= block + ATTACK:
                break
    finally:
        other.terminate()
        other.wait(ENDS_WITHIN)
    program.stop()
    assert min(apart) <= block + ATTACK, f"samples behind FluidSynth, at the median: {apart}"
