"""`arco play` goes on through a JACK server that ends, comes back and changes, again and again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from instrument.arrays import Float32
from instrument.midi.score import read_score
from tests.instrument.live.arco_program import CALM_RUNS, NOTE_OFF, NOTE_ON, Arco, loudest

pytestmark = [pytest.mark.live, pytest.mark.slow]

CHANGES = int(os.environ.get("ARCO_JACK_CHANGES", "5"))
"""How many random changes are made; `ARCO_JACK_CHANGES=50` makes a thorough round."""

RATES = (44_100, 48_000, 96_000)
BLOCKS = (128, 256, 512, 1024)
SEED = 16

SET_BLOCK = """
import sys, jack
with jack.Client("block", no_start_server=True) as client:
    client.blocksize = int(sys.argv[1])
"""


def struck(key: int, rate: int) -> list[list[int]]:
    first, last = round(0.1 * rate), round(0.4 * rate)
    return [[first, NOTE_ON, key, 100], [last, NOTE_OFF, key, 64]]


@pytest.mark.timeout(60 + 20 * CHANGES)
def test_sound_returns_after_any_change_and_every_take_reads_back(
    make_jack_server: Callable[..., Any],
    arco: Callable[..., Arco],
    perform: Callable[..., Float32],
    midi_source: Callable[..., Any],
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(SEED)
    # One that waits for its clients loses nothing where the computer is busy.
    server = make_jack_server()
    server.start()
    program = arco("--record", str(tmp_path / "take.mid"))

    def sounds() -> bool:
        """Whether a note sounds; a busy computer may lose sight of one."""
        return any(
            loudest(perform(struck(69, server.sample_rate), 1.2)) > 0.01 for _ in range(CALM_RUNS)
        )

    restarts = 0
    for change in range(CHANGES):
        assert sounds(), f"silent after {change} changes"
        how = str(rng.choice(("stop", "kill", "block")))
        if how == "block":
            server.block = int(rng.choice(BLOCKS))
            setting = [sys.executable, "-c", SET_BLOCK, str(server.block)]
            assert subprocess.run(setting, check=False).returncode == 0
            continue
        # It dies while a note is held.
        keys = midi_source(f"Keys {change}")
        program.wait_for("input-opened", name=f"Keys {change}:out")
        keys.send([bytes((NOTE_ON, 48, 90))])
        getattr(server, how)()
        keys.kill()
        restarts += 1
        program.wait_for("device-lost", times=restarts)
        server.sample_rate, server.block = int(rng.choice(RATES)), int(rng.choice(BLOCKS))
        server.start()
        program.wait_for("device-opened", times=restarts)
        program.wait_for("input-opened", name="Arco", times=restarts)
        opened = [told for told in program.told if told["event"] == "device-opened"]
        assert opened[-1]["sample_rate"] == server.sample_rate
    assert sounds()
    report = program.stop()
    assert report["faults"] == 0
    scores = [read_score(path) for path in tmp_path.glob("take*.mid")]
    assert sum(score.notes for score in scores) == report["notes"] > CHANGES
    began = [told for told in program.told if told["event"] == "recording"]
    assert len(scores) == 1 + len(began)
