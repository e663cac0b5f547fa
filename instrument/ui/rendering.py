"""Renders a take in a process of its own: ``main`` with a take, a sound file and a folder.

How far it is comes on stdout, a share of 1 a line; what is wrong on stderr. Whoever plays meanwhile
goes before.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from instrument.errors import ArcoError
from instrument.midi.score import read_score
from instrument.model.graphs import load_instrument
from instrument.render import RenderSettings, check_output, render_files

NICE = 15
BITS = 24
STEP = 0.01


def main(take: Path, sound: Path, folder: Path) -> int:
    """Render a take with the instrument of a folder; the exit status."""
    with suppress(AttributeError, OSError):  # not every system knows it
        os.nice(NICE)
    told = -1.0

    def tell(share: float) -> None:
        nonlocal told
        if share >= min(told + STEP, 1.0) and share != told:
            told = share
            print(f"{share:.3f}", flush=True)  # noqa: T201 (who started it reads this)

    try:
        score = read_score(take)
        settings = RenderSettings.of(score)
        check_output(sound, BITS, score, settings, song=take)
        player = load_instrument(folder)
        render_files(player, score, settings, sound, BITS, progress=tell, jobs=1)
    except ArcoError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    return 0
