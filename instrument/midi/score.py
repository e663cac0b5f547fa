"""Scores: what a MIDI file plays, as events in seconds, in the order in which they are played."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO

from instrument.errors import MidiFileError, UsageError
from instrument.midi.controllers import ChannelState
from instrument.midi.ending import Ending, ending
from instrument.midi.events import ControlChange, Event, Note, NoteOff, NoteOn, TimedEvent
from instrument.midi.file import DEFAULT_TEMPO, Song, Track, read_song
from instrument.midi.take import Take, take_of
from instrument.midi.zones import LOWER, UPPER
from instrument.settings import Limits

PERCUSSION_CHANNEL = 9
MAX_DURATION_SECONDS = 24 * 3600.0

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
            A note that the file never ends has no `NoteOff`.
        duration_seconds: Time of its end, at or after the last event; see ``Ending``.
        notes: How many of the events are `NoteOn`.
        skipped_channels: Channels that were left out, counting from 0: the percussion channel 9
            when other channels have notes. It is none in a take, nor within an MPE zone.
        take: How it was played, if Arco recorded it.
    """

    events: tuple[TimedEvent, ...]
    duration_seconds: float
    notes: int
    skipped_channels: tuple[int, ...] = ()
    take: Take | None = None

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
        return _score(read_song(source))
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
    for index, note in enumerate(notes):
        _check(index, note)
        events.append(TimedEvent(note.start, NoteOn(note.channel, note.key, note.velocity)))
        events.append(TimedEvent(note.end, NoteOff(note.channel, note.key)))
    if not events:
        raise UsageError("there are no notes to play")
    events.sort(key=lambda timed: (timed.seconds, isinstance(timed.event, NoteOn)))
    return Score(tuple(events), events[-1].seconds, len(events) // 2)


def _check(index: int, note: Note) -> None:
    for name, limits in NOTE_LIMITS.items():
        limits.check(f"notes[{index}]: {name}", getattr(note, name))
    if note.duration == 0:
        raise UsageError(f"notes[{index}]: duration 0 s: should be above 0 s")
    NOTE_LIMITS["start"].check(f"notes[{index}]: end", note.end)


def _score(song: Song) -> Score:
    # The sequences of type 2 follow one another; every other type is one sequence of all tracks.
    sequences = [[track] for track in song.tracks] if song.type == 2 else [song.tracks]
    events: list[TimedEvent] = []
    end = 0.0
    for tracks in sequences:
        tempo_map = _tempo_map(song.division, tracks)
        events += [TimedEvent(end + tempo_map.seconds(tick), e) for tick, e in _merged(tracks)]
        end += tempo_map.seconds(max((track.end for track in tracks), default=0))
    score = _without_percussion(events, end, take_of(song))
    if score.take is None:
        score = _without_strays(score)
    if score.duration_seconds > MAX_DURATION_SECONDS:
        raise MidiFileError(
            f"lasts {score.duration_seconds / 3600:.0f} hours, more than "
            f"{MAX_DURATION_SECONDS / 3600:.0f}; "
            "look for a stray note far behind the music, or a wrong tempo"
        )
    return score


def _without_percussion(events: list[TimedEvent], end: float, take: Take | None) -> Score:
    notes = Counter(timed.event.channel for timed in events if isinstance(timed.event, NoteOn))
    if not notes:
        raise MidiFileError("has no notes; choose a file with notes in it")
    skipped: tuple[int, ...] = ()
    may_have_percussion = take is None and PERCUSSION_CHANNEL in notes and len(notes) > 1
    if may_have_percussion and not _in_zone(PERCUSSION_CHANNEL, events):
        skipped = (PERCUSSION_CHANNEL,)
        del notes[PERCUSSION_CHANNEL]
        events = [timed for timed in events if timed.event.channel != PERCUSSION_CHANNEL]
    return Score(tuple(events), end, notes.total(), skipped, take)


def _without_strays(score: Score) -> Score:
    """A score that ends where its music does, without what stands far behind."""
    last, song = score.ending.last_seconds, score.ending.song_seconds
    if song == score.duration_seconds:
        return score
    events = score.events[: bisect_right(score.events, last, key=lambda timed: timed.seconds)]
    return replace(score, events=events, duration_seconds=song)


def _in_zone(channel: int, events: Iterable[TimedEvent]) -> bool:
    """Whether a channel is ever a member of an MPE zone."""
    state = ChannelState()
    for timed in events:
        event = timed.event
        if isinstance(event, ControlChange) and event.channel in (LOWER, UPPER):
            state.change(event)
            if state.zones.manager(channel) != channel:
                return True
    return False


# --- Ticks to seconds, and the order within one tick ---------------------------------------------


@dataclass(frozen=True, slots=True)
class _TempoMap:
    """Seconds of ticks, exact up to one rounding: the sums are made of integers.

    Attributes:
        starts: Ticks at which a rate begins to hold, rising from 0.
        elapsed: Units gone by at each of them.
        rates: Units a tick from there on.
        units: Units in a second.
    """

    starts: list[int]
    elapsed: list[int]
    rates: list[int]
    units: int

    def seconds(self, tick: int) -> float:
        i = bisect_right(self.starts, tick) - 1
        return (self.elapsed[i] + (tick - self.starts[i]) * self.rates[i]) / self.units


def _tempo_map(division: int | Fraction, tracks: Iterable[Track]) -> _TempoMap:
    if isinstance(division, Fraction):
        return _TempoMap([0], [0], [division.numerator], units=division.denominator)
    tempo_map = _TempoMap([0], [0], [DEFAULT_TEMPO], units=1_000_000 * division)
    tempi = (tempo for track in tracks for tempo in track.tempi)
    for tick, tempo in sorted(tempi, key=itemgetter(0)):
        elapsed = tempo_map.elapsed[-1] + (tick - tempo_map.starts[-1]) * tempo_map.rates[-1]
        tempo_map.starts.append(tick)
        tempo_map.elapsed.append(elapsed)
        tempo_map.rates.append(tempo)
    return tempo_map


def _merged(tracks: Iterable[Track]) -> Iterator[tuple[int, Event]]:
    events = sorted((timed for track in tracks for timed in track.events), key=itemgetter(0))
    sounding: Counter[tuple[int, int]] = Counter()
    for tick, group in groupby(events, key=itemgetter(0)):
        for event in _offs_before_ons([event for _, event in group], sounding):
            yield tick, event


def _offs_before_ons(events: list[Event], sounding: Counter[tuple[int, int]]) -> list[Event]:
    """Order of the events of one instant: a channel's note-offs, then its note-ons.

    It is the note-ons that move, so that note-offs keep their order with the sustain pedal. A
    note-off that ends a note of this very instant moves along with it, or that note would hang.
    A channel without a note-off behind a note-on keeps its order.

    Args:
        events: The events of the instant in the order of the file.
        sounding: How often each (channel, key) is down; brought up to date.

    Returns:
        The events in the order in which they are to be played.
    """
    ends_older = [_release(event, sounding) for event in events]
    of_this_instant: list[bool] = []
    for event, ends in zip(events, ends_older, strict=True):
        if isinstance(event, NoteOn):
            sounding[event.channel, event.key] += 1
            of_this_instant.append(True)
        else:
            of_this_instant.append(not ends and _release(event, sounding))
    last_off = {events[i].channel: i for i, ends in enumerate(ends_older) if ends}

    def place(i: int) -> tuple[int, bool]:
        behind = last_off.get(events[i].channel, -1)
        moved = of_this_instant[i] and i < behind
        return (behind if moved else i), moved

    return [events[i] for i in sorted(range(len(events)), key=place)]


def _release(event: Event, sounding: Counter[tuple[int, int]]) -> bool:
    """Let a note-off end one sounding note of its key; False if there is none to end."""
    if not isinstance(event, NoteOff) or sounding[event.channel, event.key] == 0:
        return False
    sounding[event.channel, event.key] -= 1
    return True
