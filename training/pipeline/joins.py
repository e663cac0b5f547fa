"""What the joins of an instrument are like, as the performances that it learned from have them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from instrument.errors import RecordingError
from instrument.model.join_table import JoinClass
from training.data.contours import named, read_contours
from training.data.strokes import read_attacks
from training.export.joins import record_joins
from training.export.licences import licence_of
from training.output import plain, write_json

JOINS, CONTOURS = "joins.json", "contours"
"""What was measured, and where the contours are kept, in the folder of a run."""


def learn_joins(
    instrument: Path,
    folder: Path,
    performances: Sequence[str],
    licences: Mapping[str, str],
    run: Path,
    progress: Callable[[int, int], None],
) -> str:
    """Measure joins in performances, and write them into an exported instrument.

    Args:
        instrument: The folder of the instrument.
        folder: Of the recordings.
        performances: Names of those that were cut into notes, from their folder.
        licences: Of the sources of the notes, or of their folders.
        run: The folder of the run.
        progress: Called with how many recordings were listened to, of how many.

    Returns:
        Why joins stay as usual, though there are performances; else nothing.

    Raises:
        OutputError: Nothing can be written.
    """
    measured: Sequence[JoinClass] = ()
    reason = ""
    if performances:
        files = [folder / name for name in performances]
        sources = {
            name: file.relative_to(folder).with_suffix("").as_posix()
            for name, file in named(files).items()
        }
        said = {name: licence_of(source, licences) for name, source in sources.items()}
        own = {name: licence for name, licence in said.items() if licence is not None}
        try:
            contours = read_contours(files, run / CONTOURS, progress)
            attacks = read_attacks(files, contours, lambda _done, _of: None)
            measured = record_joins(instrument, contours, own, attacks).joins
        except RecordingError as error:
            reason = f"joins are as usual: {error}"
    write_json([plain(each) for each in measured], run / JOINS)
    return reason
