"""Real pieces: how well the audio of the shipped instrument keeps the pitch of their scores."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from instrument.arrays import Float32, Float64
from instrument.errors import ArcoError, UsageError
from instrument.files import check_writable
from instrument.midi.score import Score, read_score
from instrument.model.graphs import load_instrument
from instrument.units import FRAME_RATE, gain_to_db
from training.evaluation.playback import CREPE_FRAME_RATE, RATE, play_score, stretch, track_pitch
from training.evaluation.score import ATTACK_SECONDS, bends, lone_notes, score_notes
from training.output import write_json


@dataclass(frozen=True)
class PieceScore:
    """How a rendered piece follows its score.

    Attributes:
        name: Of the file.
        refused: Why it can't be read; empty if it was rendered.
        notes: That sound alone for at least 0.3 s, and so could be measured.
        seconds: Measured, of those.
        cents: Median absolute error of all frames, refined.
        crepe_cents: The same by CREPE alone.
        note_cents: Median over the notes of their median error's size.
        peak_dbfs: Of the audio.
        finite: Whether all samples are numbers.
    """

    name: str
    refused: str = ""
    notes: int = 0
    seconds: float = 0.0
    cents: float = math.nan
    crepe_cents: float = math.nan
    note_cents: float = math.nan
    peak_dbfs: float = -200.0
    finite: bool = True


@dataclass(frozen=True)
class ScoreReport:
    """All pieces, and the same errors over the frames and notes of all of them."""

    pieces: list[PieceScore]
    cents: float
    crepe_cents: float
    note_cents: float

    @property
    def notes(self) -> int:
        """How many could be measured."""
        return sum(piece.notes for piece in self.pieces)

    def metrics(self) -> dict[str, float]:
        """For the model card; none if nothing was measured."""
        if not self.notes:
            return {}
        return {
            "score_cents": self.cents,
            "score_note_cents": self.note_cents,
            "score_pieces": float(sum(piece.notes > 0 for piece in self.pieces)),
            "score_notes": float(self.notes),
        }


def _score_errors(audio: Float32, score: Score) -> tuple[list[Float64], list[Float64]]:
    """Errors in cents of each lone note of a rendered score: refined, and by CREPE alone."""
    refined: list[Float64] = []
    crepe: list[Float64] = []
    curves = {channel: bends(score.events, channel) for channel in range(16)}
    for note in lone_notes(score_notes(score.events, score.duration_seconds)):
        begin = note.onset + ATTACK_SECONDS
        track = track_pitch(stretch(audio, RATE, begin, note.off), RATE, note.key)
        times, semitones = curves[note.channel]
        for cents, rate, errors in (
            (track.cents, FRAME_RATE, refined),
            (track.crepe_cents, CREPE_FRAME_RATE, crepe),
        ):
            at = begin + np.arange(len(cents)) / rate
            written = semitones[np.searchsorted(times, at, side="right") - 1]
            errors.append(cents - 100.0 * written)
    return refined, crepe


def _median(errors: Sequence[Float64]) -> float:
    return float(np.median(np.abs(np.concatenate(errors)))) if errors else math.nan


def _note_median(errors: Sequence[Float64]) -> float:
    return float(np.median([abs(np.median(e)) for e in errors])) if errors else math.nan


def _write(found: ScoreReport, path: Path) -> None:
    content = asdict(found)
    for entry in (content, *content["pieces"]):  # JSON has no NaN
        entry.update({k: None for k, v in entry.items() if isinstance(v, float) and math.isnan(v)})
    write_json(content, path)


def score_report(
    instrument_folder: Path,
    paths: Sequence[Path],
    report: Path | None = None,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> ScoreReport:
    """Render real pieces without the room and compare the pitch of the audio with the score.

    Measured are notes of at least 0.3 s, MIDI 55 to 96, where no other sounds, from 0.1 s after the
    onset to the note-off. The score's pitch is the key with the channel's pitch bend.

    Args:
        instrument_folder: The exported instrument.
        paths: MIDI files; one that can't be read is named with the reason.
        report: A JSON file to write, if any.
        progress: Called with how many pieces are done, of how many.

    Raises:
        InstrumentError: There is no such instrument.
        UsageError: Not one piece can be read.
        OutputError: The report cannot be written.
    """
    instrument = load_instrument(instrument_folder)
    if report is not None:
        check_writable(report)
    pieces: list[PieceScore] = []
    all_refined: list[Float64] = []
    all_crepe: list[Float64] = []
    for done, path in enumerate(paths, start=1):
        try:
            score = read_score(path)
        except ArcoError as error:
            pieces.append(PieceScore(path.name, refused=str(error)))
            progress(done, len(paths))
            continue
        audio = play_score(instrument, score)
        refined, crepe = _score_errors(audio, score)
        all_refined += refined
        all_crepe += crepe
        pieces.append(
            PieceScore(
                name=path.name,
                notes=len(refined),
                seconds=sum(map(len, refined)) / FRAME_RATE,
                cents=_median(refined),
                crepe_cents=_median(crepe),
                note_cents=_note_median(refined),
                peak_dbfs=float(gain_to_db(float(np.abs(audio).max()))),
                finite=bool(np.isfinite(audio).all()),
            )
        )
        progress(done, len(paths))
    if pieces and all(piece.refused for piece in pieces):
        raise UsageError(f"not one piece could be read; the first: {pieces[0].refused}")
    found = ScoreReport(pieces, _median(all_refined), _median(all_crepe), _note_median(all_refined))
    if report is not None:
        _write(found, report)
    return found
