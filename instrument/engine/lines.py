"""How notes go on from those before them in their channel: what switches and velocities say."""

from __future__ import annotations

from dataclasses import dataclass, replace

from instrument.engine.allocation import Voices
from instrument.engine.slots import Place
from instrument.joins import SLIDES_UP_TO, Join, by_velocity
from instrument.midi.channel import CHANNELS
from instrument.midi.controllers import ChannelState
from instrument.midi.events import NoteOn
from instrument.midi.lines import CHORD_SECONDS
from instrument.units import FRAME_RATE

SHORTEST_SLIDE_SECONDS, LONGEST_SLIDE_SECONDS = 0.02, 2.0


def slide_frames(portamento_time: int) -> int:
    """How long a portamento takes: 20 ms to 2 s, on a logarithmic scale."""
    ratio = LONGEST_SLIDE_SECONDS / SHORTEST_SLIDE_SECONDS
    return round(FRAME_RATE * SHORTEST_SLIDE_SECONDS * float(ratio ** (portamento_time / 127.0)))


@dataclass(slots=True)
class _Struck:
    """The keys that went down last in a channel.

    Attributes:
        last: The last one.
        before_chord: The last one before the chord that this is of.
        chord_at: Sample of that chord's first key.
    """

    last: int | None = None
    before_chord: int | None = None
    chord_at: int = 0

    def before(self, key: int, sample: int, chord_samples: int | None) -> int | None:
        """Take a key; returns the one that it comes from.

        Args:
            key: That goes down.
            sample: At which it does.
            chord_samples: Within so many of its first key it is of the same chord; None in a line,
                where each key comes from the one before.
        """
        last, self.last = self.last, key
        if chord_samples is None or last is None or sample - self.chord_at > chord_samples:
            self.before_chord, self.chord_at = last, sample
        return self.before_chord


class Lines:
    """What leads into the notes of each channel.

    Attributes:
        velocity_joins: Whether the velocity of a note that touches the one before says it.
    """

    def __init__(
        self, voices: Voices, state: ChannelState, sample_rate: int, *, velocity_joins: bool
    ) -> None:
        """Know of no notes.

        Args:
            voices: Which of them plays which note.
            state: What the channels were told.
            sample_rate: In Hz.
            velocity_joins: See ``EngineSettings``.
        """
        self._voices = voices
        self._state = state
        self.velocity_joins = velocity_joins
        self._struck = [_Struck() for _ in range(CHANNELS)]
        self._chord_samples = round(CHORD_SECONDS * sample_rate)

    def led(self, event: NoteOn, sample: int, place: Place | None = None) -> NoteOn:
        """A note that says what leads into it, if a controller or its velocity does.

        From a key that CC 84 names and that its line holds it is slid, and by CC 65 from any. After
        a gap the bow changes, whatever the velocity; a soft note that is slid into is as loud as
        the one before: it was soft to choose the slide.
        """
        portamento = self._state.controlling_channel(event.channel).portamento
        slide_from = self._state.channels[event.channel].slide_from
        told = event.join is not None
        line_goes_on = told or self._state.mono(event.channel) or place is not None
        in_line = line_goes_on and (portamento or self.velocity_joins)
        if slide_from is None and not in_line:
            return event
        line = self._voices.line(event.channel, sample, event.after, place)
        if line is None:
            return event
        before, gap = line
        held = gap == 0
        if held and slide_from == before.key:
            return replace(event, join=Join.PORTAMENTO)
        if not in_line or not (told or held):
            return event
        if portamento:
            return replace(event, join=Join.PORTAMENTO)
        join = event.join or by_velocity(event.velocity)
        chosen = join is Join.PORTAMENTO and event.velocity <= SLIDES_UP_TO
        return replace(event, join=join, velocity=before.velocity if chosen else event.velocity)

    def slide(self, event: NoteOn, sample: int) -> tuple[float, int]:
        """What a portamento into a note begins at, in cents from it, and its frames; 0 for none.

        All notes of a chord begin at the last one before it. What goes on in a line that comes from
        another channel begins where that is.
        """
        channel, key = event.channel, event.key
        own, controlling_channel = (
            self._state.channels[channel],
            self._state.controlling_channel(channel),
        )
        line = event.join is not None or self._state.mono(channel)
        before = self._struck[channel].before(key, sample, None if line else self._chord_samples)
        if own.slide_from is not None:
            before, own.slide_from = own.slide_from, None
        elif not controlling_channel.portamento:
            before = None
        elif event.after is not None:
            before = key
        if before is None:
            return 0.0, 0
        return 100.0 * (before - key), slide_frames(controlling_channel.portamento_time)
