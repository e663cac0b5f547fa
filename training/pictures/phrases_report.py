"""The report of phrases: what tells players' lines from the instrument's, and pictures of some."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from instrument.files import replacing
from instrument.listening.audio import read_audio
from instrument.model.graphs import Instrument, load_instrument
from training.data.contours import AS_USUAL, named, read_contours
from training.data.parts import AS_PARTS
from training.evaluation.comparison import LineComparison
from training.evaluation.evaluate import Progress, Steps
from training.evaluation.excerpts import excerpt
from training.evaluation.phrases import Lines, Replays, begun, compare_lines
from training.evaluation.playback import RATE
from training.output import check_own, new_folders, plain, write_json
from training.pictures.line_plots import levels as draw_levels
from training.pictures.line_plots import lines as draw_lines
from training.pictures.phrase_tables import apart_table, tables

PAGE, TITLE = "phrases.md", "# Phrases of "
SHOWN = 2
"""Performances and parts, each, that are drawn."""


def phrases_report(
    instrument_folder: Path,
    lines: Lines,
    folder: Path,
    progress: Progress = lambda _done, _of: None,
) -> list[LineComparison]:
    """Compare the instrument's lines with players', and report what was found.

    Args:
        instrument_folder: The exported instrument.
        lines: What it is compared with.
        folder: For ``phrases.json``, ``phrases.md`` and its pictures; made if need be.
        progress: Called with how many steps are done, of how many.

    Raises:
        InstrumentError: There is no such instrument.
        RecordingError: A performance can't be read.
        MidiFileError: A score can't be read.
        OutputError: Nothing can be written in the folder, or contours can't be kept.
    """
    instrument = load_instrument(instrument_folder)
    check_phrases(folder)
    with new_folders(folder):
        found = compare_lines(instrument, lines, Steps(progress, lines.count))
        write_phrases(instrument, lines, found, folder)
    return found


def check_phrases(folder: Path) -> None:
    """See that a report of phrases may be written.

    Raises:
        OutputError: There is a page that a person wrote.
    """
    check_own(folder / PAGE, TITLE, "report of phrases")


def write_phrases(
    instrument: Instrument, lines: Lines, found: Sequence[LineComparison], folder: Path
) -> None:
    """Write ``phrases.json``, ``phrases.md`` and its pictures.

    Raises:
        OutputError: Nothing can be written in the folder.
    """
    spec = instrument.spec
    write_json(
        {
            "model": {"name": spec.name, "digest": spec.digest},
            "comparisons": [
                {
                    "name": each.name,
                    "players": len(each.real.table),
                    "played": len(each.played.table),
                    "apart": {name: round(value, 4) for name, value in each.apart.items()},
                    "descriptors": plain(each.sides()),
                }
                for each in found
            ],
        },
        folder / "phrases.json",
    )
    files = _draw(instrument, lines, folder)
    levels = {each.name: each.levels for each in found if each.levels}
    if levels:
        draw_levels(levels, folder / "joins-level")
        files.insert(0, "joins-level.png")
    pictures = [f"![{file}]({file})" for file in files]
    parts = [f"{TITLE}{spec.name} {spec.digest}", apart_table(found)]
    parts += [f"## {each.name.capitalize()}\n\n{tables(each)}" for each in found]
    with replacing(folder / PAGE) as beside:
        beside.write_text("\n\n".join([*parts, *pictures]) + "\n", encoding="utf-8")


def _draw(instrument: Instrument, lines: Lines, folder: Path) -> list[str]:
    """Draw excerpts; the names of the pictures."""
    replays = Replays(instrument, lines.kept)
    some = lines.performances[:SHOWN]
    recorded = begun(read_contours(some, lines.kept, lambda _done, _of: None), lines.seconds)
    sounds = {name: read_audio(path, RATE) for name, path in named(some).items()}
    shown: list[str] = []
    parts = dict(list(begun(lines.parts or {}, lines.seconds).items())[:SHOWN])
    for contours, measure in ((recorded, AS_USUAL), (parts, AS_PARTS)):
        for name, contour in contours.items():
            file = f"line-{len(shown) + 1}.png"
            sides = excerpt(replays, contour, sounds.get(name), measure)
            draw_lines(sides, (folder / file).with_suffix(""), name)
            shown.append(file)
    return shown
