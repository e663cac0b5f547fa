"""The events of tracks that sound together, in arrays: merged, thinned out, put into order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from instrument.arrays import Bool, Int32, Int64, UInt16, UInt32
from instrument.midi.events import NO_NOTE
from instrument.midi.file import Track
from instrument.midi.messages import NOTE_OFF, NOTE_ON


@dataclass(frozen=True, slots=True)
class Timeline:
    """Events in the order of their ticks; within one tick track by track, as they were written.

    Attributes:
        ticks: [events], rising.
        messages: [events], each as ``pack`` has it.
        tracks: [events], the track that each comes from.
        notes: [events], the note that each begins or ends, as `NoteOn` and `NoteOff` have it.
    """

    ticks: Int64
    messages: UInt32
    tracks: UInt16
    notes: Int32

    @classmethod
    def of(cls, tracks: Sequence[Track]) -> Timeline:
        """Merge tracks; the notes aren't known yet."""
        counts = [len(track.events) for track in tracks]
        ticks = np.concatenate([np.zeros(0, np.int64), *(t.events.ticks for t in tracks)])
        messages = np.concatenate([np.zeros(0, np.uint32), *(t.events.messages for t in tracks)])
        numbers = np.repeat(np.arange(len(tracks), dtype=np.uint16), counts)
        if len(tracks) > 1:
            order = np.argsort(ticks, kind="stable")
            # One by one: there may be millions.
            ticks = ticks[order]
            messages = messages[order]
            numbers = numbers[order]
        return cls(ticks, messages, numbers, np.full(len(ticks), NO_NOTE, np.int32))

    def __len__(self) -> int:
        return len(self.ticks)

    def take(self, which: Int64 | Bool) -> Timeline:
        """The events at these indices, or those for which it is true."""
        return Timeline(
            self.ticks[which], self.messages[which], self.tracks[which], self.notes[which]
        )

    def insert(self, places: Int64, others: Timeline) -> Timeline:
        """These and other events, each before the event at its place."""
        return Timeline(
            np.insert(self.ticks, places, others.ticks),
            np.insert(self.messages, places, others.messages),
            np.insert(self.tracks, places, others.tracks),
            np.insert(self.notes, places, others.notes),
        )

    @property
    def kinds(self) -> UInt32:
        """[events], the status byte of each, as it is on channel 0."""
        return self.messages & np.uint32(0xF0)

    @property
    def channels(self) -> UInt32:
        """[events], the channel of each, counted from 0."""
        return self.messages & np.uint32(0x0F)

    @property
    def last_note(self) -> int:
        """Tick at which the last note begins; 0 if there is none."""
        ticks = self.ticks[self.kinds == NOTE_ON]
        return int(ticks[-1]) if len(ticks) else 0

    @property
    def no_length(self) -> Bool:
        """[events], whether each is a note-off in the tick in which its note begins."""
        kinds = self.kinds
        begins = kinds == NOTE_ON
        ends: Bool = (kinds == NOTE_OFF) & (self.notes >= 0)
        began = np.zeros(np.count_nonzero(begins), np.int64)
        began[self.notes[begins]] = self.ticks[begins]
        ends[ends] = began[self.notes[ends]] == self.ticks[ends]
        return ends

    def offs_before_ons(self) -> Timeline:
        """The events with a channel's note-offs of one tick before its note-ons.

        So a repeated note sounds again. It is the note-ons that move, so that note-offs keep their
        order with the sustain pedal. Note-offs that end nothing, or a note of no length, move none.
        """
        kinds = self.kinds
        ends = (kinds == NOTE_OFF) & (self.notes >= 0) & ~self.no_length
        places = np.flatnonzero((kinds == NOTE_ON) | ends)
        begins = (kinds[places] == NOTE_ON).data
        channels, ticks = self.channels[places].data, self.ticks[places].data
        moved: list[int] = []
        behind: list[int] = []
        # From the last to the first: the last note-off of each channel in this tick.
        tick, last_off = -1, dict[int, int]()
        for i in range(len(places) - 1, -1, -1):
            if ticks[i] != tick:
                tick = ticks[i]
                last_off.clear()
            if not begins[i]:
                last_off.setdefault(channels[i], int(places[i]))
            elif channels[i] in last_off:
                moved.append(int(places[i]))
                behind.append(last_off[channels[i]])
        if not moved:
            return self
        order = 2 * np.arange(len(self), dtype=np.int32)
        order[moved] = 2 * np.array(behind, np.int32) + 1
        return self.take(np.argsort(order, kind="stable"))
