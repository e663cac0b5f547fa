"""Where systems put the soundfont that FluidSynth plays beside Arco."""

from __future__ import annotations

import os
from pathlib import Path

from instrument.errors import UsageError

SOUNDFONT = "FluidR3_GM.sf2"

VIOLIN = 40
"""Its program in General MIDI, counted from 0."""


def find_soundfont() -> Path:
    """The usual soundfont, in one of the folders for data of the XDG specification.

    Raises:
        UsageError: It is in none of them.
    """
    own = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    shared = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    for data in map(Path, (own, *shared.split(":"))):
        for folder in ("sounds/sf2", "soundfonts"):
            path = data / folder / SOUNDFONT
            if path.is_file():
                return path
    raise UsageError(
        f"{SOUNDFONT} isn't there: apt install fluid-soundfont-gm, or name another soundfont "
        "with --soundfont"
    )
