"""Breath: where a layout says so, notes wait for it, and end without it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from instrument.midi.controllers import ChannelState
from instrument.midi.events import NoteOn
from instrument.midi.layouts import Breath


class Breathing:
    """The keys that are down where notes wait for breath, and in which channels there is some.

    Without limits there always is, and no key waits.
    """

    def __init__(self, state: ChannelState, limits: Breath | None) -> None:
        """Begin without breath.

        Args:
            state: What the channels were told.
            limits: When notes begin and end.
        """
        self._state = state
        self._limits = limits
        self._blown: set[int] = set()
        # The keys of each channel, the latest last, and those of them that don't sound.
        self._down: defaultdict[int, dict[int, NoteOn]] = defaultdict(dict)
        self._waiting: defaultdict[int, set[int]] = defaultdict(set)

    def heard(self, events: Iterable[NoteOn]) -> list[NoteOn]:
        """Those of some keys that go down that sound now; the others wait."""
        if self._limits is None:
            return [*events]
        heard = []
        for event in events:
            channel, key = event.channel, event.key
            self._down[channel].pop(key, None)
            self._down[channel][key] = event
            # What a member of a zone was told rests when its note has ended.
            if channel in self._blown and self._dynamics(channel) < self._limits.ends:
                self._blown.remove(channel)
            if channel in self._blown:
                self._waiting[channel].discard(key)
                heard.append(event)
            else:
                self._waiting[channel].add(key)
        return heard

    def up(self, channel: int, key: int) -> list[NoteOn]:
        """What begins before a key comes up: a line goes back to one that has waited."""
        down, waiting = self._down[channel], self._waiting[channel]
        down.pop(key, None)
        waiting.discard(key)
        latest = next(reversed(down), None)
        if self._state.mono(channel) and channel in self._blown and latest in waiting:
            return [down[latest]]
        return []

    def _dynamics(self, channel: int) -> int:
        return self._state.dynamics(channel) or 0

    def forget(self, channel: int) -> None:
        """No key of a channel is down any more."""
        self._down[channel].clear()
        self._waiting[channel].clear()

    def change(self, channel: int) -> tuple[list[NoteOn], bool]:
        """What the breath of a channel does now.

        Returns:
            The notes that begin, of a line only its latest; and whether all end.
        """
        limits = self._limits
        if limits is None:
            return [], False
        dynamics = self._dynamics(channel)
        blown = channel in self._blown
        if not blown and dynamics >= limits.begins:
            self._blown.add(channel)
            notes = [*self._down[channel].values()]
            return notes[-1:] if self._state.mono(channel) else notes, False
        if blown and dynamics < limits.ends:
            self._blown.remove(channel)
            self._waiting[channel].update(self._down[channel])
            return [], True
        return [], False
