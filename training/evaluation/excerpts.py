"""A few seconds of a player's line, and the same notes by the instrument and by a soundfont."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from instrument.arrays import Float32
from instrument.errors import UsageError
from training.analysis.lines import Contour, stretches
from training.data.contours import Measure, kept_contour
from training.data.soundfont import play_line
from training.evaluation.phrases import Replays
from training.evaluation.playback import RATE, PlaybackSettings, stretch
from training.evaluation.replay import between

EXCERPT_SECONDS, STEP_SECONDS = 6.0, 1.0
VIOLIN = 40
SOUNDFONT = PlaybackSettings().soundfont


@dataclass(frozen=True)
class Heard:
    """One side of an excerpt.

    Attributes:
        title: Who plays.
        contour: Of the excerpt.
        audio: [samples], 48 kHz; None if there is only a contour.
    """

    title: str
    contour: Contour
    audio: Float32 | None = None


def busiest(contour: Contour) -> float:
    """The second from which on a line has most notes in an excerpt."""
    begins = np.array([note.begin for note in stretches(contour)]) / contour.frame_rate
    length = len(contour.midi) / contour.frame_rate
    starts = np.arange(0.0, max(length - EXCERPT_SECONDS, 0.0) + STEP_SECONDS, STEP_SECONDS)
    counts = [np.sum((begins >= at) & (begins < at + EXCERPT_SECONDS)) for at in starts]
    return float(starts[int(np.argmax(counts))])


def excerpt(
    replays: Replays,
    contour: Contour,
    audio: Float32 | None,
    measure: Measure,
    soundfont: Path = SOUNDFONT,
) -> list[Heard]:
    """The busiest seconds of a line by each side; without a soundfont, its side is left out.

    Args:
        replays: What plays.
        contour: Of the player's line.
        audio: [samples], 48 kHz, of the same, if there is any.
        measure: How the contour was measured.
        soundfont: Whose violin plays, too.
    """
    begin = busiest(contour)
    end = begin + EXCERPT_SECONDS
    shown = between(contour, begin, end)
    notes = replays.notes(shown)
    heard = None if audio is None else stretch(audio, RATE, begin, end)
    sides = [Heard("a player", shown, heard)]
    sounds = {replays.instrument.spec.name: replays.sound(notes)}
    with suppress(UsageError):
        sounds[soundfont.stem] = play_line(
            soundfont,
            [(note.start, note.end, note.key, note.velocity) for note in notes],
            program=VIOLIN,
            sample_rate=RATE,
        )
    for title, sound in sounds.items():
        cut = stretch(sound, RATE, 0.0, EXCERPT_SECONDS)
        measured = kept_contour(cut, RATE, replays.kept, measure)
        sides.append(Heard(title, measured, cut))
    return sides
