"""Scores: what a MIDI file plays, as events in seconds, in the order in which they are played."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from math import ceil
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
from numpy.typing import NDArray

from instrument.arrays import Float64, among
from instrument.errors import MidiFileError, UsageError
from instrument.midi.channel import CHANNELS
from instrument.midi.controllers import ChannelState
from instrument.midi.ending import LONGEST_REST_SECONDS, Ending, ending
from instrument.midi.events import NO_NOTE, ControlChange, Latent, Note, NoteOff, NoteOn, TimedEvent
from instrument.midi.file import Song, Track, read_song
from instrument.midi.marks import marks_of_notes
from instrument.midi.messages import CONTROL_CHANGE, NOTE_ON, unpack
from instrument.midi.packed import ScoreEvents
from instrument.midi.pairing import pair
from instrument.midi.take import Take, take_of
from instrument.midi.tempo import TempoMap
from instrument.midi.timeline import Timeline
from instrument.midi.zones import LOWER, UPPER
from instrument.settings import Limits

Scalar = TypeVar("Scalar", bound=np.generic)

PERCUSSION_CHANNEL = 9
MAX_DURATION_SECONDS = 24 * 3600.0

SHORTEST_SECONDS = 0.04
"""What a note of no length lasts: hardly longer than the bow needs to be heard."""


NOTE_LIMITS = {
    "start": Limits(0, MAX_DURATION_SECONDS, unit=" s"),
    "duration": Limits(0, MAX_DURATION_SECONDS, unit=" s"),
    "key": Limits(0, 127, whole=True),
    "velocity": Limits(1, 127, whole=True),
    "channel": Limits(0, 15, whole=True),
}
"""Of the numbers of a ``Note``."""


@dataclass(frozen=True)
class Score:
    """What a MIDI file plays.

    Attributes:
        events: Sorted by time. Within one instant they keep the order of the file, except that a
            channel's note-offs come before its note-ons, so that a repeated note sounds again.
            Notes are paired with their ends as ``pairing`` has it; those of a take are as they
            were played.
        duration_seconds: Time of its end, at or after the last event; see ``Ending``.
        notes: How many of the events are `NoteOn`.
        mended: How many of these notes had no end or no length, and were given one.
        skipped_channels: Channels that were left out, counting from 0: the percussion channel 9
            when other channels have notes. It is none in a take, nor within an MPE zone.
        take: How it was played, if Arco recorded it.
        marks: The ``Mark`` of each note, by its number; empty if none is marked.
    """

    events: Sequence[TimedEvent]
    duration_seconds: float
    notes: int
    mended: int = 0
    skipped_channels: tuple[int, ...] = ()
    take: Take | None = None
    marks: bytes = b""

    @cached_property
    def ending(self) -> Ending:
        """Where its music ends, and what is held until there."""
        return ending(self.events, self.duration_seconds)


def read_score(source: Path | BinaryIO) -> Score:
    """Read a Standard MIDI File of type 0, 1 or 2, or standard input that holds one.

    The tracks of types 0 and 1 sound together under one tempo map; the tracks of type 2 sound one
    after another, each under its own. See ``read_song`` for what is passed over.

    Raises:
        MidiFileError: In one line, when the file cannot be read, is no MIDI file, is cut short or
            damaged, has no notes, or lasts longer than `MAX_DURATION_SECONDS`.
    """
    try:
        return score_of_song(read_song(source))
    except MidiFileError as error:
        name = source if isinstance(source, Path) else "standard input"
        raise MidiFileError(f"{name}: {error}") from None


def score_of_notes(notes: Iterable[Note]) -> Score:
    """A score of whole notes, in any order.

    Where a note ends at the instant at which another begins, it ends first.

    Raises:
        UsageError: There are none, or one is outside what ``Note`` allows, or ends later than
            after `MAX_DURATION_SECONDS`.
    """
    events: list[TimedEvent] = []
    mended = 0
    for number, note in enumerate(notes):
        _check(number, note)
        # Far behind the beginning, a short note has none of its length left.
        has_length = note.end > note.start
        mended += not has_length
        end = note.end if has_length else note.start + SHORTEST_SECONDS
        on = NoteOn(note.channel, note.key, note.velocity, number)
        events.append(TimedEvent(note.start, on))
        events.append(TimedEvent(end, NoteOff(note.channel, note.key, note=number)))
    if not events:
        raise UsageError("there are no notes to play")
    events.sort(key=lambda timed: (timed.seconds, isinstance(timed.event, NoteOn)))
    return Score(tuple(events), events[-1].seconds, len(events) // 2, mended)


def at_tempo(score: Score, factor: float) -> Score:
    """A score that is played so many times faster, above 0; its controllers, too.

    Raises:
        UsageError: It is a take, which is as it was played, or it would last too long.
    """
    if factor == 1.0:
        return score
    if score.take is not None:
        raise UsageError("a take is as it was played, and has no other tempo")
    duration = score.duration_seconds / factor
    if duration > MAX_DURATION_SECONDS:
        raise UsageError(f"it would last {ceil(duration / 3600)} hours at that tempo")
    events = score.events
    quicker: Sequence[TimedEvent]
    if isinstance(events, ScoreEvents):
        quicker = events.at_tempo(factor)
    else:
        quicker = [TimedEvent(timed.seconds / factor, timed.event) for timed in events]
    return replace(score, events=quicker, duration_seconds=duration)


def _check(index: int, note: Note) -> None:
    for name, limits in NOTE_LIMITS.items():
        limits.check(f"notes[{index}]: {name}", getattr(note, name))
    if note.duration == 0:
        raise UsageError(f"notes[{index}]: duration 0 s: should be above 0 s")
    NOTE_LIMITS["start"].check(f"notes[{index}]: end", note.end)


def score_of_song(song: Song) -> Score:
    """The score of a song that was read; its tracks lose their events.

    Raises:
        MidiFileError: In one line, which leaves out the path, when it has no notes, or lasts longer
            than `MAX_DURATION_SECONDS`.
    """
    # The sequences of type 2 follow one another; every other type is one sequence of all tracks.
    sequences = [[track] for track in song.tracks] if song.type == 2 else [song.tracks]
    tempo_maps = [TempoMap.of(song.division, tracks) for tracks in sequences]
    ends = (max((track.end for track in tracks), default=0) for tracks in sequences)
    lengths = (tempo_map.seconds(end) for tempo_map, end in zip(tempo_maps, ends, strict=True))
    *starts, end = accumulate(lengths, initial=0.0)
    counts = _note_counts(song.tracks)
    if not any(counts):
        raise MidiFileError("has no notes; choose a file with notes in it")
    take = take_of(song)
    skipped = _percussion(counts, sequences) if take is None else ()
    timelines: list[Timeline] = []
    seconds: list[Float64] = []
    mended = 0
    marks = bytearray()
    for tracks, tempo_map, start in zip(sequences, tempo_maps, starts, strict=True):
        timeline = Timeline.of(tracks)
        for track in tracks:
            track.events.clear()
        if take is None:
            timeline, count = _whole_notes(timeline, tracks, tempo_map, skipped)
            mended += count
            marks += marks_of_notes(timeline, tracks)
        timelines.append(timeline)
        seconds.append(start + tempo_map.all_seconds(timeline.ticks))
        seconds[-1][timeline.no_length] += SHORTEST_SECONDS
    events = _joined(timelines, seconds, song.places, paired=take is None)
    notes = sum(counts) - sum(counts[channel] for channel in skipped)
    end = max(end, events[-1].seconds)
    score = Score(events, end, notes, mended, skipped, take, bytes(marks if any(marks) else b""))
    if take is None:
        score = _without_strays(score)
    if score.duration_seconds > MAX_DURATION_SECONDS:
        raise MidiFileError(
            f"lasts {ceil(score.duration_seconds / 3600)} hours, more than "
            f"{MAX_DURATION_SECONDS / 3600:.0f}; "
            "look for a stray note far behind the music, or a wrong tempo"
        )
    return score


def _without_strays(score: Score) -> Score:
    """A score that ends where its music does, without what stands far behind."""
    last, song = score.ending.last_seconds, score.ending.song_seconds
    if song == score.duration_seconds:
        return score
    events = score.events[: bisect_right(score.events, last, key=lambda timed: timed.seconds)]
    return replace(score, events=events, duration_seconds=song)


def _whole_notes(
    timeline: Timeline, tracks: Sequence[Track], tempo_map: TempoMap, skipped: Sequence[int]
) -> tuple[Timeline, int]:
    """The events in the order in which they are played, and how many notes were mended."""
    if skipped:
        timeline = timeline.take(~among(timeline.channels, skipped))
    # A track may end hours behind its music; a note that has no end doesn't last as long.
    latest = tempo_map.tick(tempo_map.seconds(timeline.last_note) + LONGEST_REST_SECONDS)
    timeline, mended = pair(timeline, [min(track.end, latest) for track in tracks])
    return timeline.offs_before_ons(), mended


def _joined(
    timelines: Sequence[Timeline],
    seconds: Sequence[Float64],
    places: Sequence[Latent],
    *,
    paired: bool,
) -> ScoreEvents:
    """The events of sequences, whose notes are numbered one sequence after another."""
    notes, known = [], 0
    for timeline in timelines:
        notes.append(np.where(timeline.notes >= 0, timeline.notes + known, NO_NOTE))
        known = max(known, int(notes[-1].max(initial=NO_NOTE)) + 1)
    at, messages = _end_to_end(seconds), _end_to_end([t.messages for t in timelines])
    # Ends of notes of no length are the only events that have left their place.
    order = np.argsort(at, kind="stable") if np.any(at[1:] < at[:-1]) else slice(None)
    known_notes = _end_to_end(notes)[order].astype(np.int32, copy=False)
    return ScoreEvents(at[order], messages[order], known_notes if paired else None, places)


def _end_to_end(parts: Sequence[NDArray[Scalar]]) -> NDArray[Scalar]:
    """The parts in one; a single one, which may be large, isn't copied."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _note_counts(tracks: Iterable[Track]) -> list[int]:
    """How many notes begin in each channel."""
    counts = np.zeros(CHANNELS, np.int64)
    for track in tracks:
        messages = np.asarray(track.events.messages)
        begins = messages[messages & 0xF0 == NOTE_ON]
        counts += np.bincount(begins & 0x0F, minlength=CHANNELS)
    return [int(count) for count in counts]


def _percussion(notes: Sequence[int], sequences: Iterable[Sequence[Track]]) -> tuple[int, ...]:
    """The channels that are left out, of those that have so many notes each."""
    others = sum(notes) - notes[PERCUSSION_CHANNEL]
    if notes[PERCUSSION_CHANNEL] and others and not _in_zone(PERCUSSION_CHANNEL, sequences):
        return (PERCUSSION_CHANNEL,)
    return ()


def _in_zone(channel: int, sequences: Iterable[Sequence[Track]]) -> bool:
    """Whether a channel is ever a member of an MPE zone."""
    state = ChannelState()
    for tracks in sequences:
        timeline = Timeline.of(tracks)
        managing = (timeline.channels == LOWER) | (timeline.channels == UPPER)
        managing &= timeline.kinds == CONTROL_CHANGE
        for event in map(unpack, timeline.messages[managing].tolist()):
            if isinstance(event, ControlChange):
                state.change(event)
            if state.is_member(channel):
                return True
    return False
