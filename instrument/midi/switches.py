"""Articulations that keys, programs and channels choose: what they mean, and in scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from instrument.joins import by_velocity
from instrument.midi.controllers import (
    BANK_COARSE,
    BANK_FINE,
    DATA_ENTRY,
    RPN_COARSE,
    RPN_FINE,
    ChannelState,
)
from instrument.midi.events import ControlChange, NoteOn, ProgramChange
from instrument.midi.layouts import ARTICULATION_BANK, Layout, articulation_programs
from instrument.midi.marks import Mark
from instrument.midi.packed import ScoreEvents, of_notes, values_of, with_keys
from instrument.midi.whole_notes import numbered

if TYPE_CHECKING:
    from instrument.midi.score import Score

MARKS = {
    "as-played": Mark(0),
    "slur": Mark.SLUR,
    "bow": Mark.BOW,
    "portamento": Mark.PORTAMENTO,
    "staccato": Mark.STACCATO,
    "spiccato": Mark.SPICCATO,
    "tremolo": Mark.TREMOLO,
    "trill": Mark.TRILL,
}
"""What articulations are, by name."""

SAID_BY = (BANK_COARSE, BANK_FINE, *DATA_ENTRY, RPN_FINE, RPN_COARSE)
"""Controllers that choose banks and zones."""


class Switches:
    """Which articulation each channel has now; a zone of MPE has one."""

    def __init__(self, layout: Layout, state: ChannelState) -> None:
        """Begin as the layout says.

        Args:
            layout: Says which keys and channels choose what.
            state: What the channels were told: their zones and banks.
        """
        self._layout = layout
        self._state = state
        self._chosen: dict[int, str] = dict(layout.channels)

    def key(self, event: NoteOn) -> bool:
        """Take a key that goes down; whether it is a switch, which sounds nothing."""
        name = self._layout.keys.get(event.key)
        if name is not None:
            self._choose(event.channel, name)
        return name is not None

    def parted(self, events: Iterable[NoteOn]) -> Iterator[list[NoteOn]]:
        """The keys that sound of some that go down at once, up to each switch, which is taken."""
        before: list[NoteOn] = []
        for event in events:
            if event.key not in self._layout.keys:
                before.append(event)
                continue
            if before:
                yield before
            before = []
            self.key(event)
        if before:
            yield before

    def program(self, event: ProgramChange) -> bool:
        """Take a program; whether it chose an articulation, and so is no preset."""
        if self._state.channels[event.channel].bank != ARTICULATION_BANK:
            return False
        name = articulation_programs().get(event.program)
        if name is not None:
            self._choose(event.channel, name)
        return name is not None

    def _choose(self, channel: int, name: str) -> None:
        self._chosen[self._state.zones.manager(channel)] = name

    def mark(self, channel: int) -> Mark:
        """How the notes of a channel are played."""
        zone = self._state.zones.manager(channel)
        return MARKS[self._chosen.get(zone, "as-played")]


def switched(score: Score, layout: Layout, *, velocity_joins: bool = False) -> Score:
    """A score whose notes are marked as keys, programs and channels say; keys that say so are gone.

    What is written beside a note counts before. Takes stay as they were played: their switches are
    the engine's.

    Args:
        score: With all its keys.
        layout: Which of them are switches.
        velocity_joins: Whether the velocities of slurred notes choose how; see ``EngineSettings``.
    """
    if score.take is not None:
        return score
    bank = ARTICULATION_BANK >> 7
    if not (layout.keys or layout.channels or bank in values_of(score.events, BANK_COARSE)):
        return score
    packed = isinstance(score.events, ScoreEvents)
    events = score.events if packed else numbered(score.events)
    said = of_notes(events, SAID_BY, programs=True)
    marks, notes, state = bytearray(score.marks), 0, ChannelState()
    switches = Switches(layout, state)
    for timed in said:
        event = timed.event
        match event:
            case NoteOn() if not switches.key(event):
                notes += 1
                mark = switches.mark(event.channel)
                if velocity_joins and mark & Mark.SLUR:
                    mark = MARKS[by_velocity(event.velocity).value]
                _mark(marks, event.note or 0, mark)
            case ProgramChange():
                switches.program(event)
            case ControlChange():
                state.change(event)
            case _:
                pass
    heard = [None if key in layout.keys else key for key in range(128)]
    given = bytes(marks) if any(marks) else b""
    return replace(score, events=with_keys(events, heard), notes=notes, marks=given)


def _mark(marks: bytearray, note: int, mark: Mark) -> None:
    """Mark a note that has no mark of its own; all notes up to it have a place."""
    marks.extend(bytes(max(0, note + 1 - len(marks))))
    marks[note] = marks[note] or mark
