"""Phrases: notes and joins of whole lines, players' and the instrument's, by their descriptors.

The instrument plays the lines that players played. Both sides are measured by the same means, at
the same frame rate; where players' contours come from elsewhere, the instrument's are made as those
were.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from instrument import Note
from instrument.arrays import Float32
from instrument.errors import UsageError
from instrument.model.dynamics import Dynamics
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings
from training.analysis.line_notes import LEVEL_LABELS, PITCH_LABELS, note_table
from training.analysis.lines import Contour, joins, stretches
from training.data.contours import AS_USUAL, Measure, kept_contour, read_contours
from training.data.parts import AS_PARTS, read_parts, without_doubles
from training.data.sample_sets import AUDIO_SUFFIXES
from training.evaluation.comparison import Around, LineComparison, Sample
from training.evaluation.playback import RATE, play
from training.evaluation.replay import (
    bent_contour,
    between,
    notes_of,
    thinned,
    unbent,
    written_notes,
)

SCORE_SUFFIXES = {".mid", ".midi"}
JOIN_LABELS = {
    "semitones": "interval, either way",
    "before_ms": "length of the note before",
    "after_ms": "length of the note after",
    "glide_ms": "time of the pitch from 15 to 85 % of the way",
    "dip_db": "dip of the level",
    "dip_ms": "width of the dip",
    "overshoot_cents": "overshoot of the pitch",
}
AROUND_SECONDS = 0.12, 0.18
"""Before and after a join."""

GESTURES = "glide_ms", "dip_db", "dip_ms", "overshoot_cents"
"""What is left of joins where both sides play other notes."""

NOTE_LABELS = PITCH_LABELS | LEVEL_LABELS
ROOM_GAIN = EngineSettings().room_gain
"""Lines are played in the usual room: players are heard in one, too."""

USUAL_QUANTILE = 0.6
"""Of the instrument's loudness: where a line has its median level."""

Contours = Mapping[str, Contour]


@dataclass(frozen=True)
class Lines:
    """The players' lines.

    Attributes:
        performances: Sound files of single lines.
        parts: Contours that others measured, by name, see ``read_parts`` and ``without_doubles``.
        scores: .mid files whose bends are players' pitch; they are played without them.
        kept: Where contours are kept.
        seconds: Of each line, from its beginning.
    """

    performances: Sequence[Path] = ()
    parts: Contours | None = None
    scores: Sequence[Path] = ()
    kept: Path = Path("runs/contours")
    seconds: float = 60.0

    @classmethod
    def of(
        cls,
        performances: Sequence[Path],
        parts: Path | None,
        scores: Path | None,
        kept: Path,
        seconds: float,
    ) -> Lines:
        """The lines of sound files and folders.

        Raises:
            UsageError: There are none, or one isn't there.
            RecordingError: A contour can't be read.
        """
        found = cls(
            [file for path in performances for file in _sounds(path)],
            without_doubles(read_parts(parts)) if parts else None,
            _scores(scores) if scores else (),
            kept,
            seconds,
        )
        if not found.count:
            raise UsageError("there are no performances, parts or scores to compare with")
        return found

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.performances) + len(self.parts or {}) + len(self.scores)


def _sounds(path: Path) -> list[Path]:
    if not path.is_dir():
        if not path.is_file():
            raise UsageError(f"{path}: {'is not a file' if path.exists() else 'no such file'}")
        return [path]
    found = _files(path, AUDIO_SUFFIXES)
    if not found:
        raise UsageError(f"{path}: no sound files")
    return found


def _scores(folder: Path) -> list[Path]:
    found = _files(folder, SCORE_SUFFIXES) if folder.is_dir() else []
    if not found:
        raise UsageError(f"{folder}: no .mid files")
    return found


def _files(folder: Path, suffixes: Collection[str]) -> list[Path]:
    """The files of a folder with some endings, those left out that are hidden."""
    return sorted(
        file
        for file in folder.iterdir()
        if file.suffix.lower() in suffixes and file.is_file() and not file.name.startswith(".")
    )


def compare_lines(
    instrument: Instrument, lines: Lines, step: Callable[[], None] = lambda: None
) -> list[LineComparison]:
    """Compare the instrument's lines with players'.

    Args:
        instrument: What plays.
        lines: What it is compared with.
        step: Called before every line that is played.

    Raises:
        RecordingError: A performance can't be read.
        MidiFileError: A score can't be read.
        OutputError: Contours can't be kept.
    """
    replays = Replays(instrument, lines.kept, step)
    recorded = read_contours(lines.performances, lines.kept, lambda _done, _of: None)
    performances = begun(recorded, lines.seconds)
    parts = begun(lines.parts or {}, lines.seconds)
    found = _beside("performance", performances, replays.of(performances))
    found += _scores_beside(lines, replays, performances)
    again = replays.of(parts, AS_PARTS)
    return found + _beside("part", parts, again)


@dataclass(frozen=True)
class Replays:
    """Lines as the instrument plays them.

    Attributes:
        instrument: What plays.
        kept: Where contours are kept.
        step: Called before every line.
    """

    instrument: Instrument
    kept: Path
    step: Callable[[], None] = lambda: None

    def of(self, contours: Contours, measure: Measure = AS_USUAL) -> dict[str, Contour]:
        """The lines of contours, played and measured."""
        found = {}
        for name, contour in contours.items():
            self.step()
            found[name] = self.contour(self.notes(contour), measure)
        return found

    def notes(self, contour: Contour) -> list[Note]:
        """The notes of a contour."""
        loudness = self.instrument.spec.loudness_db
        usual = float(np.quantile(loudness, USUAL_QUANTILE))
        return notes_of(contour, Dynamics(loudness), usual)

    def contour(
        self, notes: Sequence[Note], measure: Measure = AS_USUAL, room_gain: float = ROOM_GAIN
    ) -> Contour:
        """Notes, played and measured."""
        return kept_contour(self.sound(notes, room_gain), RATE, self.kept, measure)

    def sound(self, notes: Sequence[Note], room_gain: float = ROOM_GAIN) -> Float32:
        """Notes, played, [samples]."""
        return play(self.instrument, notes, room_gain=room_gain)


def begun(contours: Contours, seconds: float) -> dict[str, Contour]:
    """The beginnings of contours that have notes."""
    found = {name: between(contour, 0.0, seconds) for name, contour in contours.items()}
    return {name: contour for name, contour in found.items() if stretches(contour)}


def join_sample(contours: Contours) -> Sample:
    """The joins of lines, by ``JOIN_LABELS``; intervals in whole semitones."""
    tables = {}
    for name, contour in contours.items():
        rows = [[getattr(join, label) for label in JOIN_LABELS] for join in joins(contour)]
        table = np.array(rows, np.float64).reshape(-1, len(JOIN_LABELS))
        table[:, 0] = np.round(np.abs(table[:, 0]))  # as it is written: intonation is the notes'
        tables[name] = table
    return Sample.of(tables)


def level_around(contours: Contours) -> Around | None:
    """The mean level around the bow changes of lines; None if there are none."""
    rows, rate = [], 0
    for contour in contours.values():
        rate = contour.frame_rate
        before, after = (round(seconds * rate) for seconds in AROUND_SECONDS)
        for join in joins(contour):
            around = contour.level_db[max(join.frame - before, 0) : join.frame + after + 1]
            if join.bowed and len(around) == before + after + 1:
                rows.append(around - np.median(around))
    if not rows:
        return None
    seconds = np.arange(-before, after + 1) / rate
    return Around(seconds, np.mean(rows, axis=0))


def note_sample(contours: Contours) -> Sample:
    """The notes of lines, by ``NOTE_LABELS``."""
    return Sample.of({n: note_table(line, stretches(line)) for n, line in contours.items()})


def _beside(of: str, real: Contours, played: Contours) -> list[LineComparison]:
    if not real:
        return []
    return [
        _joins_beside(f"{of}_joins", f"joins of {of}s", real, played),
        LineComparison(
            f"{of}_notes", f"notes of {of}s", NOTE_LABELS, note_sample(real), note_sample(played)
        ),
    ]


def _joins_beside(
    key: str, name: str, real: Contours, played: Contours, judged: Sequence[str] | None = None
) -> LineComparison:
    around = level_around(real), level_around(played)
    return LineComparison(
        key,
        name,
        JOIN_LABELS,
        join_sample(real),
        join_sample(played),
        judged,
        (around[0], around[1]) if around[0] and around[1] else None,
    )


def _scores_beside(
    lines: Lines, replays: Replays, performances: Contours
) -> Iterable[LineComparison]:
    played, players, own = {}, {}, {}
    for path in lines.scores:
        score, notes = written_notes(path, lines.seconds)
        if not notes:
            continue
        replays.step()
        straight = unbent(notes)
        if performances:
            played[path.stem] = replays.contour(straight)
        bent, alone = bent_contour(score, notes)
        players[path.stem] = note_table(bent, alone, level=False)
        # Bends are the pitch that was played, and not what a tracker makes of it in a room.
        dry = replays.contour(straight, room_gain=0.0)
        own[path.stem] = note_table(thinned(dry), alone, level=False)
    if played:
        name = "joins of scores, against performances"
        yield _joins_beside("score_joins", name, performances, played, GESTURES)
    if own:
        sides = Sample.of(players), Sample.of(own)
        yield LineComparison("score_notes", "notes of scores, without joins", PITCH_LABELS, *sides)
