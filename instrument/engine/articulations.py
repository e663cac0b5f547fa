"""Articulations of notes that are played live: short strokes, tremolos and trills."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from instrument.engine.allocation import Voices
from instrument.engine.lines import Lines
from instrument.engine.slots import Cut, Own, Place, Stage, Turn
from instrument.joins import Join, by_velocity
from instrument.midi.channel import CHANNELS
from instrument.midi.controllers import ChannelState
from instrument.midi.events import NO_NOTE, NoteOff, NoteOn
from instrument.midi.marks import SEVERAL, SHORT, Mark
from instrument.midi.ornaments import LIFTED, STOPPED, Stroke, above, tremolo, trill
from instrument.midi.switches import Switches

SHORT_SECONDS = {Mark.STACCATO: 0.2, Mark.SPICCATO: 0.1}
"""How long short strokes sound that are played live, if their keys stay down."""

RELEASES = {Mark.STACCATO: STOPPED, Mark.SPICCATO: LIFTED}


@dataclass(slots=True)
class _Ornament:
    """A key that is played as several notes.

    Attributes:
        now: The note that sounds.
        join: What leads from each into the next.
        strokes: Those to come.
    """

    now: NoteOn
    join: Join
    strokes: Iterator[Stroke]


class Articulations:
    """Plays live notes as switches say; those of a score know how they are played.

    Attributes:
        switches: Say how notes are played.
        later: Takes what is to happen by itself, and its sample.
    """

    def __init__(
        self,
        voices: Voices,
        state: ChannelState,
        lines: Lines,
        switches: Switches,
        seed: int,
        sample_rate: int,
    ) -> None:
        """Play nothing.

        Args:
            voices: Which of them plays which note.
            state: What the channels were told.
            lines: What leads into their notes.
            switches: Say how notes are played.
            seed: Of what is left to chance.
            sample_rate: In Hz.
        """
        self.later: Callable[[Own, int], None] = lambda _own, _sample: None
        self._voices = voices
        self._state = state
        self._lines = lines
        self.switches = switches
        self._seed = seed
        self._sample_rate = sample_rate
        # Notes that are played live have numbers below `NO_NOTE` if something ends with them alone.
        self._numbers = NO_NOTE
        self._ornaments: dict[tuple[int, int], _Ornament] = {}
        self._begun: Counter[int] = Counter()
        self._scale = np.zeros((CHANNELS, 12), np.int64)

    def articulated(self, event: NoteOn, sample: int, place: Place | None) -> NoteOn:
        """A note as it is played."""
        if event.note is not None or event.join is not None:
            return event
        self._ornaments.pop((event.channel, event.key), None)
        self._scale[event.channel, event.key % 12] += 1
        mark = self.switches.mark(event.channel)
        if not mark:
            return event
        before = self._voices.line(event.channel, sample, place=place)
        if mark & SHORT:
            join = self._before_a_stroke(event.channel, before and before[1])
            return replace(self._short(event, mark, sample), join=join)
        if mark & SEVERAL:
            return self._several(event, mark, sample)
        touches = before is not None and before[1] == 0
        chosen = mark & Mark.SLUR and touches and self._lines.velocity_joins
        return replace(event, join=by_velocity(event.velocity) if chosen else mark.join)

    def _before_a_stroke(self, channel: int, gap: int | None) -> Join | None:
        """What leads into a short stroke: the stopped bow, or in a line another one."""
        if gap:
            return Join.STACCATO
        return Join.BOW if gap == 0 and self._state.mono(channel) else None

    def _numbered(self, event: NoteOn) -> NoteOn:
        self._numbers -= 1
        return replace(event, note=self._numbers)

    def _short(self, event: NoteOn, mark: Mark, sample: int) -> NoteOn:
        """A stroke that ends by itself."""
        numbered, kind = self._numbered(event), mark & SHORT
        end = NoteOff(event.channel, event.key, RELEASES[kind], numbered.note)
        self.later(Cut(end), sample + round(SHORT_SECONDS[kind] * self._sample_rate))
        return numbered

    def _several(self, event: NoteOn, mark: Mark, sample: int) -> NoteOn:
        """The first of several notes, which go on until the key comes up."""
        channel, seconds = event.channel, sample / self._sample_rate
        rng = np.random.default_rng([self._seed, channel, self._begun[channel]])
        self._begun[channel] += 1
        if mark & Mark.TREMOLO:
            join, strokes = Join.BOW, tremolo(event, seconds, np.inf, rng)
        else:
            step = above(event, mark, self._scale)
            join, strokes = Join.SLUR, trill(event, step, seconds, np.inf, rng)
        first = next(strokes)
        numbered = self._numbered(replace(event, velocity=first.velocity, seconds=first.lasts))
        ornament = _Ornament(numbered, join, strokes)
        self._ornaments[channel, event.key] = ornament
        self._await(event.key, ornament, first)
        return numbered

    def _await(self, key: int, ornament: _Ornament, stroke: Stroke) -> None:
        now = ornament.now
        ends = round((stroke.seconds + stroke.lasts) * self._sample_rate)
        self.later(Turn(now.channel, key, now.note or 0), ends)

    def turn(self, turn: Turn) -> NoteOn | None:
        """The next note of an ornament; None if its key or voice has gone on to something else."""
        ornament = self._ornaments.get((turn.channel, turn.key))
        slot = self._voices.voice_of(turn.note)
        if ornament is None or ornament.now.note != turn.note or slot is None:
            return None
        if self._voices.slots[slot].stage is not Stage.HELD:
            return None
        stroke = next(ornament.strokes)
        following = NoteOn(
            turn.channel, stroke.key, stroke.velocity, None, ornament.join, stroke.lasts, turn.note
        )
        ornament.now = self._numbered(following)
        self._await(turn.key, ornament, stroke)
        return ornament.now

    def up(self, event: NoteOff) -> NoteOff:
        """The end of what a key that comes up is played as."""
        if event.note is not None:
            return event
        ornament = self._ornaments.pop((event.channel, event.key), None)
        if ornament is None:
            return event
        return replace(event, key=ornament.now.key, note=ornament.now.note)
