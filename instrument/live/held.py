"""What inputs hold, so that nothing sounds for ever when one of them goes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from instrument.midi.channel import CHANNELS
from instrument.midi.controllers import ALL_NOTES_OFF, SOSTENUTO, SUSTAIN
from instrument.midi.events import ControlChange, Event, NoteOff, NoteOn


class Held:
    """The keys that are down and the pedals that are pressed, for each input."""

    def __init__(self) -> None:
        self._down: defaultdict[str, Counter[tuple[int, int]]] = defaultdict(Counter)
        self._pedals: defaultdict[str, set[tuple[int, int]]] = defaultdict(set)

    def remember(self, port: str, event: Event) -> None:
        """Keep in mind what an input holds after an event."""
        match event:
            case NoteOn(channel, key):
                self._down[port][channel, key] += 1
            case NoteOff(channel, key):
                # Its key may have gone down while nothing played.
                self._down[port][channel, key] = max(0, self._down[port][channel, key] - 1)
            case ControlChange(channel, controller, value) if controller in (SUSTAIN, SOSTENUTO):
                pedals = self._pedals[port]
                (pedals.add if value >= 64 else pedals.discard)((channel, controller))
            case _:
                pass

    def ends(self, port: str) -> Iterator[Event]:
        """The events that end all that an input holds; from then on it holds nothing."""
        for (channel, key), times in self._down.pop(port, Counter()).items():
            for _ in range(times):
                yield NoteOff(channel, key)
        for channel, controller in self._pedals.pop(port, set()):
            yield ControlChange(channel, controller, 0)


def ends_of_all() -> Iterator[Event]:
    """The events that end all notes, whatever holds them."""
    for channel in range(CHANNELS):
        for controller in (SUSTAIN, SOSTENUTO, ALL_NOTES_OFF):
            yield ControlChange(channel, controller, 0)
