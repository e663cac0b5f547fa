"""Performances cut into notes: minutes of solo playing, without labels, as single labelled notes.

What isn't single is left out and told: double stops, and what has no steady pitch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from instrument.arrays import Float32
from instrument.errors import RecordingError
from instrument.joins import Join
from instrument.listening.note import LEAD_SECONDS, Analysis, measured, note_level_db
from instrument.listening.pitch import is_octave_below
from instrument.listening.segmentation import Segments, find_release
from instrument.units import FRAME_RATE, midi_to_hz
from training.analysis.cutting import CutNote, cut
from training.analysis.lines import Contour
from training.analysis.polyphony import second_tone_db
from training.data.contours import Measure, by_swift_f0, kept_contour
from training.data.left_out import Span
from training.data.notes import PrepareSettings
from training.data.phrases import JOIN_FRAMES
from training.data.stretches import LineNote, PerformedStretch, stretches_of

QUICKLY = Measure(track=by_swift_f0)
"""Where notes are is found by a quick tracker; the pitch of each is refined by its harmonics."""

SHORTEST_SECONDS = 0.12
POLYPHONIC_DB = -9.0
"""Partials of a second tone that are stronger, against the first's harmonics, are another note. In
recordings of Bach those of double stops have −6 dB at the median; those beside single notes, which
still ring in the room, −18 dB, and in 5 % of the notes more than −8 dB."""

LEAST_SECONDS = 0.06
SILENT_BELOW_DB = 40.0
"""Under the performance's loud notes nothing sounds."""

FAINT_DB = 25.0
"""What is fainter than the median note by more is what a room still rings with."""

TOO_SHORT, TWO_TONES, NO_NOTE = "too short", "more than one note sounds", "no steady pitch"
TOO_FAINT, AS_ASKED = "too faint", "left out as asked"
NOT_FOLLOWED = TWO_TONES, NO_NOTE, AS_ASKED
"""Why a part is in no stretch, either."""


@dataclass(frozen=True)
class PerformedNote:
    """A note that was cut out of a performance.

    Attributes:
        begin: Frame of the performance at which its analysis begins.
        midi: Its key.
        previous: The key that leads into it; none after a rest.
        join: How that leads into it; none after a rest.
        analysis: Of it, as of a recording of one note. A note that leads into the next is
            released where the join begins, and nothing is measured of its release.
    """

    begin: int
    midi: int
    previous: int | None
    join: Join | None
    analysis: Analysis

    @property
    def onset(self) -> int:
        """The frame of the performance at which it begins."""
        return self.begin + self.analysis.segments.onset

    @property
    def end(self) -> int:
        """The frame of the performance behind it."""
        return self.begin + self.analysis.segments.end


@dataclass(frozen=True)
class LeftOut:
    """What isn't taken of a performance: frames ``begin ≤ i < end``, and why."""

    begin: int
    end: int
    reason: str


@dataclass(frozen=True)
class Performance:
    """What was made of a performance.

    Attributes:
        notes: In order.
        left_out: In order; with the notes, all that sounds.
        stretches: In order: what the notes are in, whole.
    """

    notes: list[PerformedNote]
    left_out: list[LeftOut]
    stretches: list[PerformedStretch] = field(default_factory=list)

    @property
    def several(self) -> bool:
        """Whether it is a line, and not one note."""
        return len(self.notes) > 2 and len({note.midi for note in self.notes}) > 1


def read_performance(
    audio: Float32, kept: Path, settings: PrepareSettings, spans: Sequence[Span] = ()
) -> Performance:
    """Cut a performance into notes.

    Args:
        audio: [samples], mono at ``settings.sample_rate``.
        kept: Folder where its contour is kept, and looked for.
        settings: Of the run.
        spans: What is left out of it: notes that reach into one are, whole.

    Raises:
        OutputError: Nothing can be kept.
    """
    contour = kept_contour(audio, settings.sample_rate, kept, QUICKLY)
    notes: list[PerformedNote] = []
    left_out: list[LeftOut] = []
    found = cut(contour)
    for note in found:
        try:
            _check_wanted(note, spans)
            notes.append(_performed(audio, contour, note, settings))
        except RecordingError as error:
            left_out.append(LeftOut(note.begin, note.end, str(error)))
    left_out += _between(contour, found)
    levels_db = {note.begin: note_level_db(note.analysis) for note in notes}
    least_db = float(np.median(list(levels_db.values()) or [0.0])) - FAINT_DB
    for faint in (note for note in notes if levels_db[note.begin] < least_db):
        left_out.append(LeftOut(faint.onset, faint.end, TOO_FAINT))
    notes = [note for note in notes if levels_db[note.begin] >= least_db]
    left_out.sort(key=lambda part: part.begin)
    barred = np.zeros(len(contour.midi), bool)
    for part in left_out:
        barred[part.begin : part.end] |= part.reason in NOT_FOLLOWED
    for span in spans:
        barred[span.frames] = True
    places = [LineNote(note.onset, note.end, note.midi) for note in notes]
    stretches = stretches_of(audio, settings.sample_rate, contour, places, barred)
    return Performance(notes, left_out, stretches)


def _check_wanted(note: CutNote, spans: Sequence[Span]) -> None:
    if any(span.touches(note.begin, note.end) for span in spans):
        raise RecordingError(AS_ASKED)


def _performed(
    audio: Float32, contour: Contour, note: CutNote, settings: PrepareSettings
) -> PerformedNote:
    if note.end - note.begin < SHORTEST_SECONDS * FRAME_RATE:
        raise RecordingError(TOO_SHORT)
    lead = 0 if note.led_into else round(LEAD_SECONDS * FRAME_RATE)
    first = max(0, note.begin - lead)
    rate, hop = settings.sample_rate, settings.sample_rate // FRAME_RATE
    last = min(note.end, len(audio) // hop)
    sound = audio[first * hop : last * hop]
    frames = slice(first, first + 1 + len(sound) // hop)
    level_db = contour.level_db[frames].astype(np.float32)
    midi = contour.midi[frames] - 12.0 * np.round((contour.midi[frames] - note.steady.midi) / 12.0)
    heard_hz = np.asarray(midi_to_hz(midi), np.float32)
    key = _key(sound, rate, heard_hz, round(note.steady.midi))
    f0_hz = (heard_hz * np.exp2((key - round(note.steady.midi)) / 12.0)).astype(np.float32)
    onset, end = note.begin - first, last - first
    confidence = contour.confidence[frames].astype(np.float32)
    if note.led_into:
        confidence[: onset + JOIN_FRAMES] = 0.0
    if note.leads_on:
        confidence[end - JOIN_FRAMES :] = 0.0
        release = end - JOIN_FRAMES
    else:
        release = find_release(level_db, onset, end)
    segments = Segments(onset, release, end)
    try:
        found = measured(sound, key, rate, (f0_hz, confidence), level_db, segments)
    except RecordingError as error:
        raise RecordingError(NO_NOTE) from error
    steady = slice(note.steady.begin - first, note.steady.end - first)
    second_db = second_tone_db(
        sound[steady.start * hop : steady.stop * hop], rate, found.f0_hz[steady]
    )
    if second_db > POLYPHONIC_DB:
        raise RecordingError(TWO_TONES)
    previous = None if note.before is None else round(note.before)
    return PerformedNote(first, key, previous, note.join, found)


def _key(audio: Float32, sample_rate: int, f0_hz: Float32, key: int) -> int:
    """The key of a note that was heard at a key, or sounds an octave above it."""
    return key + 12 if is_octave_below(audio, sample_rate, f0_hz, FRAME_RATE, key) else key


def _between(contour: Contour, notes: Sequence[CutNote]) -> list[LeftOut]:
    """What sounds and is in no note."""
    level = contour.level_db
    sounds = level > float(np.percentile(level, 98)) - SILENT_BELOW_DB
    for note in notes:
        sounds[note.begin : note.end] = False
    edges = np.flatnonzero(np.diff(np.pad(sounds.astype(np.int8), 1)))
    runs = edges.reshape(-1, 2).tolist()
    least = LEAST_SECONDS * contour.frame_rate
    return [LeftOut(begin, end, NO_NOTE) for begin, end in runs if end - begin >= least]
