"""Stems: what one channel of a score plays, just as it plays within the whole."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from instrument.engine.slots import NoteId, Theft
from instrument.midi.channel import CHANNELS
from instrument.midi.controllers import BANK_COARSE, ChannelState
from instrument.midi.events import (
    ChannelPressure,
    ControlChange,
    Event,
    KeyPressure,
    NoteOff,
    NoteOn,
    TimedEvent,
)
from instrument.midi.layouts import ARTICULATION_BANK, Controls, layout_of, member_layout
from instrument.midi.meanings import SLIDE
from instrument.midi.packed import values_of
from instrument.midi.score import Score
from instrument.midi.zones import LOWER, UPPER
from instrument.settings import EngineSettings, Mode

ROOM = "reverb"
"""The role of a controller that is for all channels."""


@dataclass
class Whole:
    """What the stems of a score have to know of the whole, once that is rendered.

    Attributes:
        samples: Its length; 0 if it isn't rendered.
        thefts: The notes that found all voices taken.
    """

    samples: int = 0
    thefts: list[Theft] = field(default_factory=list)


def needs_all(score: Score, settings: EngineSettings, whole: Whole) -> bool:
    """Whether all channels have to be played for a stem, though only one is heard.

    What violins do to their voices depends on all of them. Where voices were stolen, notes are told
    by their place among the note-ons; but among a take's there are switches and none of ornaments,
    and notes that wait for breath begin in another order. A switch is for all of an MPE zone.
    """
    layout, take = layout_of(settings.controls), score.take is not None
    uncounted = take or layout.breath is not None
    switches = layout.keys or ARTICULATION_BANK >> 7 in values_of(score.events, BANK_COARSE)
    told = (take and bool(switches)) or (uncounted and bool(whole.thefts))
    return settings.mode == Mode.VIOLIN or told


def stem(
    events: Iterable[TimedEvent], channel: int | None, whole: Whole, controls: Controls = None
) -> Iterator[tuple[float, Event | Theft]]:
    """What an engine is given for one channel alone, in seconds.

    Its notes get the same envelopes and noise as in the whole, since they have the same numbers;
    they hear their zone's manager; and where the whole had too few voices, they fade away as there.
    The room is that of all, whichever channel moves it. Channels to which its lines lead are played
    with it, but only it is to be heard.

    Args:
        events: Of the whole score.
        channel: Counted from 0; all of them if None.
        whole: Rendered before.
        controls: See ``EngineSettings``.
    """
    if channel is None:
        yield from ((timed.seconds, timed.event) for timed in events)
        return
    by_thief: defaultdict[NoteId, list[Theft]] = defaultdict(list)
    for theft in whole.thefts:
        by_thief[theft.thief].append(theft)
    played = _tied(channel, events)
    heard = set[int]().union(*(_heard_by(each, events) for each in played))
    moves_room = _moving_room(controls)
    numbers: Counter[int] = Counter()
    for seconds, event in ((timed.seconds, timed.event) for timed in events):
        if not isinstance(event, NoteOn):
            of_a_key = isinstance(event, NoteOff | KeyPressure)
            told = event.channel in heard or moves_room(event)
            if event.channel in played or (told and not of_a_key):
                yield seconds, event
            continue
        note = NoteId(event.channel, numbers[event.channel])
        numbers[event.channel] += 1
        done = by_thief.get(note, ())
        if note.channel in played and not any(theft.victim is None for theft in done):
            yield seconds, event
        for theft in done:
            if (theft.victim or theft.thief).channel in played:
                yield seconds, theft


def channels(score: Score) -> list[int]:
    """Channels that have notes, counting from 0."""
    return sorted(
        {timed.event.channel for timed in score.events if isinstance(timed.event, NoteOn)}
    )


def _tied(channel: int, events: Iterable[TimedEvent]) -> set[int]:
    """A channel, and those to which its lines lead from there, or from which they come."""
    tied = [{each} for each in range(CHANNELS)]
    channels = bytearray()
    for timed in events:
        event = timed.event
        if not isinstance(event, NoteOn) or event.note is None or event.note < 0:
            continue
        channels.extend(bytes(max(0, event.note + 1 - len(channels))))
        channels[event.note] = event.channel
        if event.after is not None and event.after < len(channels):
            both = tied[event.channel] | tied[channels[event.after]]
            for each in both:
                tied[each] = both
    return tied[channel]


def _heard_by(channel: int, events: Iterable[TimedEvent]) -> set[int]:
    """The channels whose controllers reach a channel: its own and, in an MPE zone, the managers."""
    state = ChannelState()
    for timed in events:
        event = timed.event
        if isinstance(event, ControlChange) and event.channel in (LOWER, UPPER):
            state.change(event)
            if state.is_member(channel):
                return {channel, LOWER, UPPER}
    return {channel}


def _moving_room(controls: Controls) -> Callable[[Event], bool]:
    """What says whether an event may make the room louder, whichever channel it is for."""
    layout, member = layout_of(controls), member_layout(controls)
    numbers = {number for number, role in layout.controllers.items() if role == ROOM}
    pressed = ROOM in (layout.pressure, member.pressure)
    slid = member.slide == ROOM
    numbers |= {SLIDE} if slid else set()
    # What a member's finger does depends on which channels are members: their managers say it.
    zones = {LOWER, UPPER} if pressed or slid else set()

    def moves(event: Event) -> bool:
        if isinstance(event, ChannelPressure):
            return pressed
        of_room = isinstance(event, ControlChange) and event.controller in numbers
        return of_room or event.channel in zones

    return moves
