"""What becomes of a collection of MIDI files, folder by folder: `python -m tests.survey FOLDER`.

Each file is read and its notes are counted, beside mido's count, as far as mido reads it, too. The
shortest of each folder are rendered.
"""

# ruff: noqa: T201

from __future__ import annotations

import argparse
import re
import warnings
from collections import Counter
from pathlib import Path

import mido
import numpy as np

from instrument.arrays import Float32
from instrument.errors import MidiFileError
from instrument.midi.score import Score, read_score
from instrument.model.catalogue import find_instrument
from instrument.model.graphs import Instrument, load_instrument
from instrument.render import RenderSettings, render_score

ENDINGS = {".mid", ".midi", ".kar", ".rmi"}


def notes_by_mido(path: Path, score: Score) -> int | None:
    """How many notes of the channels that are played mido finds; None if it reads no such file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tracks = mido.MidiFile(path, clip=True).tracks
    except (OSError, EOFError, ValueError, mido.KeySignatureError):
        return None
    notes = (m for track in tracks for m in track if m.type == "note_on" and m.velocity > 0)
    return sum(note.channel not in score.skipped_channels for note in notes)


def is_rendered(score: Score, instrument: Instrument) -> bool:
    """Whether a score is rendered into a sound that can be heard."""
    peaks: list[float] = []

    def write(block: Float32) -> None:
        peaks.append(float(np.abs(block).max()))

    render_score(instrument, score, RenderSettings.of(score), write)
    return 1e-3 < max(peaks) <= 1.0


def survey(folder: Path, instrument: Instrument, renders: int, seconds: float) -> Counter[str]:
    """Count what becomes of the files of a folder; print what is odd.

    Args:
        folder: With the files, and others.
        instrument: Which renders them.
        renders: How many are rendered.
        seconds: That these last, at most.
    """
    counts: Counter[str] = Counter()
    scores: list[Score] = []
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS):
        counts["files"] += 1
        try:
            score = read_score(path)
        except MidiFileError as error:
            reason = str(error).removeprefix(f"{path}: ").split(";")[0]
            counts["refused: " + re.sub(r"\(.*\)|\d+", "…", reason)] += 1
            continue
        scores.append(score)
        counts += Counter(read=1, mended=score.mended > 0, notes=score.notes)
        counts["notes mended"] += score.mended
        count_by_mido = notes_by_mido(path, score)
        counts["counted by mido"] += count_by_mido is not None
        if count_by_mido not in (None, score.notes):
            counts["counted otherwise"] += 1
            print(f"{path}: {score.notes} notes, {count_by_mido} by mido")
    scores.sort(key=lambda score: score.ending.song_seconds)
    for score in scores[:renders]:
        if score.ending.song_seconds <= seconds:
            counts["rendered"] += 1
            counts["not heard"] += not is_rendered(score, instrument)
    return counts


def main() -> None:
    """Print a line for each folder, and one for all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--instrument", default="violin")
    parser.add_argument("--renders", type=int, default=5, help="of each folder (%(default)s)")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each (%(default)s)")
    chosen = parser.parse_args()
    instrument = load_instrument(find_instrument(chosen.instrument))
    total: Counter[str] = Counter()
    for folder in sorted(path for path in chosen.folder.iterdir() if path.is_dir()):
        counts = survey(folder, instrument, chosen.renders, chosen.seconds)
        total += counts
        print(folder.name, *(f"{count} {what}" for what, count in counts.items()), sep=", ")
    print("all", *(f"{count} {what}" for what, count in total.items()), sep=", ")


if __name__ == "__main__":
    main()
