"""The keys that are down: a channel of an MPE zone comes to rest with its last one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from instrument.midi.channel import CHANNELS
from instrument.midi.events import NO_NOTE, NoteOff, NoteOn


class KeysDown:
    """How many notes hold each key of each channel down."""

    def __init__(self) -> None:
        """None does."""
        self._down: list[Counter[int]] = [Counter() for _ in range(CHANNELS)]

    def take(self, events: Iterable[NoteOn]) -> None:
        """Keys go down."""
        for event in events:
            self._down[event.channel][event.key] += 1

    def lift(self, event: NoteOff) -> bool:
        """A key comes up; whether it was down. The end of no note of a score lifts none."""
        down = self._down[event.channel]
        if event.key not in down or event.note == NO_NOTE:
            return False
        down[event.key] -= 1
        if not down[event.key]:
            del down[event.key]
        return True

    def clear(self, channel: int) -> bool:
        """All keys of a channel come up; whether any was down."""
        any_down = self.any(channel)
        self._down[channel].clear()
        return any_down

    def any(self, channel: int) -> bool:
        """Whether any key of a channel is down."""
        return bool(self._down[channel])
