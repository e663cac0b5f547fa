"""Which note-off ends which note: a file is known whole, so that nothing in it has to hang.

1. Note-ons and note-offs of one track, channel and key belong together. A note-off ends a note of
   an earlier tick; within one tick the note-offs come first.
2. A note-off that finds no note down ends one that begins in its own tick, before or behind it: a
   note of no length. But if another note-off is written before the next note-on, that one ends
   the note, and this one, which was written twice, nothing. The same holds for a note-off behind
   a note-on if another stands before: that has ended the older note.
3. If there are as many note-ons as note-offs, notes that overlap end in the order in which they
   begin. If there are more note-ons, a note-off ends the note that began last, and those before it
   have no end: a key was struck again and let go once.
4. A note without an end ends with whatever its key does next in its channel, in any track: a
   note-off that has no note, a note that begins, a note that ends. It ends with its track, if
   that is earlier. Such an end is supplied unless all notes off comes before.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain, groupby, pairwise, takewhile, zip_longest
from operator import not_
from typing import NamedTuple

import numpy as np

from instrument.arrays import Int64, among
from instrument.midi.channel import CHANNELS
from instrument.midi.controllers import ALL_NOTES_OFF, ALL_SOUND_OFF, MAKES_ZONES, ChannelState
from instrument.midi.events import NO_NOTE, ControlChange, NoteOff
from instrument.midi.messages import CONTROL_CHANGE, NOTE_OFF, NOTE_ON, encode, pack, unpack
from instrument.midi.timeline import Timeline


def pair(timeline: Timeline, track_ends: Sequence[int]) -> tuple[Timeline, int]:
    """Pair the note-ons and note-offs of tracks that sound together.

    Args:
        timeline: Their events, as they were merged.
        track_ends: Tick at which each track ends.

    Returns:
        The timeline, in which each note-on has a note-off or all notes off behind it and each
        note-off knows its note, and the number of notes that had no end or no length. The notes
        are numbered from 0.
    """
    pairing = _Pairing(timeline, track_ends)
    pairing.pair_within_tracks()
    pairing.end_the_endless()
    return pairing.result(), pairing.mended


class _Lane(NamedTuple):
    """The events of one key, known by their indices.

    Attributes:
        pairs: Note-ons and their note-offs.
        short: The same of notes of no length.
        endless: Note-ons without a note-off.
        strays: Note-offs without a note-on.
    """

    pairs: list[tuple[int, int]]
    short: list[tuple[int, int]]
    endless: list[int]
    strays: list[int]

    @classmethod
    def of(cls, begins: Sequence[bool], ticks: Sequence[int], written: Sequence[bool]) -> _Lane:
        """Pair events of which some begin notes and the others end them.

        Args:
            begins: [events], whether each is a note-on; in a tick the note-offs come first.
            ticks: [events], rising.
            written: [events], the same as ``begins`` as they stand in the file.
        """
        spare = list(_spare(begins, ticks, written))
        short = [(on, off) for on, off in spare if on is not None]
        strays = [off for on, off in spare if on is None]
        known = {*chain.from_iterable(short), *strays}
        endless: list[int] = []
        for i, begin in enumerate(begins):
            if i in known:
                continue
            if begin:
                endless.append(i)
            else:
                endless.pop()
        known.update(endless)
        down: deque[int] = deque()
        pairs: list[tuple[int, int]] = []
        for i, begin in enumerate(begins):
            if i in known:
                continue
            if begin:
                down.append(i)
            else:
                pairs.append((down.popleft(), i))
        return cls(pairs, short, endless, strays)


def _spare(
    begins: Sequence[bool], ticks: Sequence[int], written: Sequence[bool]
) -> Iterator[tuple[int | None, int]]:
    """The note-offs that end no note of an earlier tick.

    Each comes with the note-on of its tick that it ends; with None if that has another, or there is
    none.
    """
    down = 0
    for _, same_tick in groupby(range(len(ticks)), key=ticks.__getitem__):
        events = list(same_tick)
        following = events[-1] + 1
        ons = [i for i in events if begins[i]]
        offs = events[: len(events) - len(ons)]
        before_ons = sum(1 for _ in takewhile(not_, written[events[0] : following]))
        ended = min(down, before_ons or len(offs))
        later = sum(1 for _ in takewhile(not_, written[following : following + len(ons)]))
        short = ons[: max(0, len(ons) - later)]
        spare = offs[ended:]
        yield from zip_longest(short[: len(spare)], spare)
        down += len(ons) - min(len(short), len(spare)) - ended


class _Supplied(NamedTuple):
    """An end that the file doesn't have.

    Attributes:
        place: In the timeline, of the event before which it comes.
        tick: At which it comes.
        note: That it ends, by its index.
    """

    place: int
    tick: int
    note: int


class _Pairing:
    """The note-ons and note-offs of a timeline while they are paired, each known by its index.

    Attributes:
        mended: How many notes had no end or no length.
    """

    def __init__(self, timeline: Timeline, track_ends: Sequence[int]) -> None:
        self._timeline = timeline
        self._track_ends = track_ends
        kinds = timeline.kinds
        self._places = np.flatnonzero((kinds == NOTE_ON) | (kinds == NOTE_OFF)).astype(np.int32)
        messages = timeline.messages[self._places]
        self._begins = messages & 0xF0 == NOTE_ON
        self._keys = ((messages & 0x0F) << 7 | messages >> 8 & 0x7F).astype(np.int32)
        self._ticks = timeline.ticks[self._places]
        self._numbers = np.full(len(messages), NO_NOTE, np.int32)
        self._numbers[self._begins] = np.arange(np.count_nonzero(self._begins))
        self.mended = 0
        self._supplied: list[_Supplied] = []
        # Notes without an end by (channel and) key, and note-offs without a note by key and tick.
        self._endless: defaultdict[int, list[int]] = defaultdict(list)
        self._strays: defaultdict[tuple[int, int], deque[int]] = defaultdict(deque)

    def pair_within_tracks(self) -> None:
        """Pair what belongs to one track and key; keep what is left over."""
        if not len(self._places):
            return
        tracks = self._timeline.tracks[self._places].astype(np.int32)
        lanes = tracks << 11 | self._keys
        order = np.lexsort((self._begins, self._ticks, lanes))
        lanes = lanes[order]
        starts = np.flatnonzero(lanes[1:] != lanes[:-1]) + 1
        for first, last in pairwise([0, *starts, len(order)]):
            self._pair_lane(order[first:last])

    def _pair_lane(self, events: Int64) -> None:
        begins, written = self._begins[events], self._begins[np.sort(events)]
        lane = _Lane.of(begins.tolist(), self._ticks[events].tolist(), written.tolist())
        for begin, end in chain(lane.pairs, lane.short):
            self._numbers[events[end]] = self._numbers[events[begin]]
        self.mended += len(lane.short)
        key = int(self._keys[events[0]])
        if lane.endless:
            self._endless[key] += events[lane.endless].tolist()
        for stray in events[lane.strays].tolist():
            self._strays[key, int(self._ticks[stray])].append(stray)

    def end_the_endless(self) -> None:
        """End the notes that found no end in their own track."""
        if not self._endless:
            return
        by_key = np.argsort(self._keys, kind="stable")
        keys = self._keys[by_key]
        for key, notes in self._endless.items():
            first, last = np.searchsorted(keys, (key, key + 1))
            events = by_key[first:last]
            following = np.searchsorted(self._ticks[events], self._ticks[notes], "right")
            for note, i in zip(notes, following.tolist(), strict=True):
                self._end(note, int(events[i]) if i < len(events) else None)

    def _end(self, note: int, following: int | None) -> None:
        """End a note where the following event of its key is, or with its track."""
        key, began = int(self._keys[note]), int(self._ticks[note])
        place = int(self._places[note])
        tick = self._track_ends[self._timeline.tracks[place]]
        before = int(np.searchsorted(self._timeline.ticks, tick, "right"))
        if following is not None:
            there = int(self._ticks[following])
            if strays := self._strays.get((key, there)):
                self._numbers[strays.popleft()] = self._numbers[note]
                return
            if there <= tick:
                tick, before = there, int(self._places[following])
        if not self._all_notes_off(key >> 7, began, tick):
            self._supplied.append(_Supplied(before, tick, note))
            self.mended += 1

    def _all_notes_off(self, channel: int, after: int, until: int) -> bool:
        """Whether a channel's notes are all ended behind a tick and no later than at another."""
        ticks = self._ends_all[channel]
        i = bisect_right(ticks, after)
        return i < len(ticks) and ticks[i] <= until

    @cached_property
    def _ends_all(self) -> list[list[int]]:
        """Ticks at which all notes of each channel are ended.

        In an MPE zone its manager ends those of all, and a member none.
        """
        timeline, state = self._timeline, ChannelState()
        controllers = timeline.messages >> np.uint32(8) & np.uint32(0x7F)
        ending = (controllers == ALL_SOUND_OFF) | (controllers >= ALL_NOTES_OFF)
        told = (ending | among(controllers, MAKES_ZONES)) & (timeline.kinds == CONTROL_CHANGE)
        ticks: list[list[int]] = [[] for _ in range(CHANNELS)]
        changes = zip(timeline.ticks[told].tolist(), timeline.messages[told].tolist(), strict=True)
        for tick, message in changes:
            event = unpack(message)
            if not isinstance(event, ControlChange):
                continue
            if event.controller in MAKES_ZONES:
                state.change(event)
            elif not state.is_member(event.channel):
                for channel in state.controlled_channels(event.channel):
                    ticks[channel].append(tick)
        return ticks

    def result(self) -> Timeline:
        """The timeline with what was found."""
        notes = self._timeline.notes.copy()
        notes[self._places] = self._numbers
        timeline = replace(self._timeline, notes=notes)
        if not self._supplied:
            return timeline
        return timeline.insert(np.array([end.place for end in self._supplied]), self._ends())

    def _ends(self) -> Timeline:
        """The ends that are supplied."""
        notes = [end.note for end in self._supplied]
        keys = self._keys[notes].tolist()
        return Timeline(
            np.array([end.tick for end in self._supplied], np.int64),
            np.array([pack(encode(NoteOff(key >> 7, key & 0x7F))) for key in keys], np.uint32),
            self._timeline.tracks[self._places[notes]],
            self._numbers[notes],
        )
