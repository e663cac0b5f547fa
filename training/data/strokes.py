"""The attacks of new bows in whole performances."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from instrument.listening.audio import read_audio
from training.analysis.lines import Contour
from training.analysis.strokes import BowAttack, bow_attacks
from training.data.contours import RATE, named


def read_attacks(
    files: Sequence[Path], contours: Mapping[str, Contour], progress: Callable[[int, int], None]
) -> list[BowAttack]:
    """The attacks of new bows in sound files.

    Args:
        files: In any usual format.
        contours: Of them, by their names, see ``named``.
        progress: Called with how many are done, of how many.

    Raises:
        RecordingError: A file can't be read.
    """
    found: list[BowAttack] = []
    for number, (name, file) in enumerate(named(files).items()):
        progress(number, len(files))
        found += bow_attacks(read_audio(file, RATE), RATE, contours[name])
    progress(len(files), len(files))
    return found
