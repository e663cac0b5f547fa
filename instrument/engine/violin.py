"""One violin: which of the keys that are down sound, in its two voices, and when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import NamedTuple

from instrument.engine.allocation import JOIN_WITHIN_SEMITONES, Voices
from instrument.engine.playing import Playing
from instrument.engine.slots import Place, Stage, Wake
from instrument.engine.strings import Strings
from instrument.engine.table import VoiceNote
from instrument.joins import Join
from instrument.midi.channel import CHANNELS
from instrument.midi.controllers import ChannelState
from instrument.midi.events import NoteOff, NoteOn
from instrument.midi.lines import CHORD_SECONDS
from instrument.model.latent import LatentSpace

QUICKEST_ROLL_SECONDS, SLOWEST_ROLL_SECONDS = 0.06, 0.12
"""Until the upper strings of a chord sound: of the loudest ones, and of the softest."""

ROLL_VARIES = 0.15
"""So much of that is left to chance, up and down."""

ROLLED_ATTACK = 0.4
"""How many times its own time the attack of the lower strings takes, which have no longer."""

SHORTEST_SECONDS = 0.05
"""A key of the upper strings that came up before they sound is heard for so long at least."""


class Play(NamedTuple):
    """A note to begin now.

    Attributes:
        event: The note.
        place: Where; None to leave that to its channel.
    """

    event: NoteOn
    place: Place | None = None


class Release(NamedTuple):
    """Voices to release now."""

    slots: list[int]


Step = Play | Release | NoteOff
"""What a violin does; each is to be done before it says the next."""


@dataclass(slots=True)
class _Key:
    """A key of a chord.

    Attributes:
        event: That put it down.
        number: How many notes its channel had before it.
        sounded: Whether it has been heard.
        up: The event and the sample at which it came up before it could sound.
    """

    event: NoteOn
    number: int
    sounded: bool = False
    up: tuple[NoteOff, int] | None = None

    def play(self, slot: int | None, *, bowed: bool = False) -> Play:
        """Begin it, in the voice of a slot or in one of its own.

        What a score doesn't join to what was before may be ``bowed``.
        """
        self.sounded = True
        event = self.event
        if bowed and event.note is not None and event.join is None:
            event = replace(event, join=Join.BOW)
        return Play(event, Place(self.number, slot))


@dataclass(slots=True)
class _Hand:
    """What the hands of one violinist do.

    Attributes:
        began: Sample at which the first key of the latest chord went down.
        chord: The keys of it, by MIDI note.
        waiting: Those of them that sound when the bow reaches the upper strings, or go on then.
        due: Sample at which that is; None if none wait.
        ends: Note-offs to come of keys that came up before they sounded, with their samples.
        double: Whether the music has been in two voices since it began.
    """

    began: int = 0
    chord: dict[int, _Key] = field(default_factory=dict)
    waiting: list[int] = field(default_factory=list)
    due: int | None = None
    ends: list[tuple[int, NoteOff]] = field(default_factory=list)
    double: bool = False


class AsPlayed:
    """Channels that are no violins: every key sounds when it goes down, as its channel says."""

    later: Callable[[Wake, int], None]

    def arrive(self, events: Sequence[NoteOn], _sample: int) -> Iterable[Step]:
        """Keys go down."""
        return map(Play, events)

    def waits(self, _event: NoteOff, _sample: int) -> bool:
        """No key waits."""
        return False

    def goes_back(self, _channel: int, _slot: int, _key: int) -> bool:
        """No voice goes back to a key that is still down."""
        return False

    def wake(self, _wake: Wake, _sample: int) -> Iterable[Step]:
        """Nothing is due."""
        return ()

    def forget(self, channel: int) -> None:
        """Nothing is to come."""

    def bowed(self, _slots: Sequence[int], notes: Sequence[VoiceNote]) -> Sequence[VoiceNote]:
        """Notes that begin: each with its own bow."""
        return notes


class Violins:
    """Every channel is one violin, and so is every MPE zone.

    A violin has two voices. Keys that go down together are a double stop, or a chord that is
    rolled. A key that comes later goes on in one of the voices, as in a mono line: the nearer one
    that leaves what the other holds.

    Attributes:
        later: Called with what is to be handled at a sample to come.
    """

    def __init__(
        self,
        voices: Voices,
        state: ChannelState,
        tuning: Sequence[int],
        latents: LatentSpace,
        sample_rate: int,
    ) -> None:
        """Hold nothing.

        Args:
            voices: Which of them plays which note.
            state: What the channels were told.
            tuning: The open strings, the lowest first.
            latents: Whose seed decides how quickly a chord is rolled.
            sample_rate: In Hz.
        """
        self.later: Callable[[Wake, int], None] = lambda _wake, _sample: None
        self._voices = voices
        self._state = state
        self._strings = Strings(tuning)
        self._playing = Playing(voices, state, self._strings)
        self._latents = latents
        self._sample_rate = sample_rate
        self._together = round(CHORD_SECONDS * sample_rate)
        self._hands = [_Hand() for _ in range(CHANNELS)]

    # --- keys --------------------------------------------------------------------------------

    def arrive(self, events: Sequence[NoteOn], sample: int) -> Iterator[Step]:
        """Keys go down at one sample; those of a channel that plays a line are left to it."""
        for violin, keys in groupby(events, lambda event: self._playing.violin(event.channel)):
            for mono, group in groupby(keys, lambda event: self._state.mono(event.channel)):
                if mono:
                    yield from map(Play, group)
                else:
                    yield from self._arrive(violin, list(group), sample)

    def _arrive(self, violin: int, events: list[NoteOn], sample: int) -> Iterator[Step]:
        hand = self._hands[violin]
        keys = [_Key(event, self._voices.number(event.channel)) for event in events]
        in_time = bool(hand.chord) and sample - hand.began <= self._together
        if not in_time:
            yield from self._reach_upper_strings(violin, sample)
            hand.chord.clear()
            hand.began = sample
        keys, merged = _unisons([each for each in hand.chord.values() if not each.sounded], keys)
        self._voices.notes += merged
        if not self._playing.held(violin):
            hand.double = False
        new: dict[int, _Key] = {}
        for key in keys:
            slot = self._playing.of_score(key.event.after)
            if slot is None:
                slot = self._playing.sounding(violin).get(key.event.key)
            if slot is None:
                new[key.event.key] = key
                continue
            yield key.play(slot)
            yield Release(self._voices.let_go(self._playing.in_the_way(violin), sample))
        alone = len(new) == 1 and not hand.chord
        hand.chord |= new
        if alone:
            yield from self._go_on(violin, next(iter(new.values())), sample)
        elif new:
            yield from self._hold_together(violin, sample)
        hand.double |= len(self._playing.held(violin)) == 2

    def waits(self, event: NoteOff, sample: int) -> bool:
        """Whether a key came up that the bow hasn't reached yet; it ends as much later."""
        hand = self._hands[self._playing.violin(event.channel)]
        key = hand.chord.get(event.key) if event.key in hand.waiting else None
        if key is None or key.sounded or key.up or key.event.channel != event.channel:
            return False
        if event.note not in (None, key.event.note):
            return False
        key.up = event, sample
        return True

    def goes_back(self, channel: int, slot: int, key: int) -> bool:
        """Whether the voice of a slot goes back to a key, which the other one may prevent."""
        return self._fits(self._playing.held(self._playing.violin(channel)), slot, key)

    def wake(self, wake: Wake, sample: int) -> Iterator[Step]:
        """Do what is due by a sample."""
        hand = self._hands[wake.violin]
        if hand.due is not None and hand.due <= sample:
            yield from self._reach_upper_strings(wake.violin, sample)
        due = [end for at, end in hand.ends if at <= sample]
        hand.ends = [each for each in hand.ends if each[0] > sample]
        yield from due

    def bowed(self, slots: Sequence[int], notes: Sequence[VoiceNote]) -> Sequence[VoiceNote]:
        """Notes that begin or go on together in slots, as bow and hand have them."""
        waiting = [self._hands[self._playing.violin(note.channel)].waiting for note in notes]
        quick = [ROLLED_ATTACK if others else 1.0 for others in waiting]
        own = (replace(n, attack=n.attack * times) for n, times in zip(notes, quick, strict=True))
        return self._playing.bowed(slots, [*own])

    def forget(self, channel: int) -> None:
        """Nothing of a channel's chord is to come any more: all its notes have ended."""
        self._hands[self._playing.violin(channel)] = _Hand()

    # --- the bow -----------------------------------------------------------------------------

    def _go_on(self, violin: int, key: _Key, sample: int) -> Iterator[Step]:
        """One key goes down: it goes on in a voice, or sounds beside what is held."""
        midi = key.event.key
        held = sorted(self._playing.held(violin), key=lambda i: self._playing.far(i, midi))
        if not held or (len(held) == 1 and self._beside(violin, key.event, held[0])):
            yield key.play(self._playing.just_ended(violin, midi, sample))
            return
        fitting = [slot for slot in held if self._fits(held, slot, midi)]
        yield key.play((fitting or held)[0])
        yield Release(self._voices.let_go(self._playing.in_the_way(violin), sample))

    def _beside(self, violin: int, event: NoteOn, slot: int) -> bool:
        """Whether a note is to sound beside the only one that is held.

        It is so if the music is in two voices, if a score has it so, and over more than an octave.
        """
        held = self._voices.slots[slot]
        wide = abs(held.key - event.key) > JOIN_WITHIN_SEMITONES
        both = held.stage is Stage.HELD and (wide or event.note is not None)
        wanted = event.join is None and (both or self._hands[violin].double)
        return wanted and self._strings.together([held.key, event.key])

    def _fits(self, held: Sequence[int], slot: int, key: int) -> bool:
        """Whether the voice of a slot can play a key beside what the other one of those holds."""
        slots = self._voices.slots
        return self._strings.together([key, *(slots[i].key for i in held if i != slot)])

    def _hold_together(self, violin: int, sample: int) -> Iterator[Step]:
        """Keys have gone down together: two sound at once, or the lower ones of a chord."""
        hand, slots = self._hands[violin], self._voices.slots
        sounding = self._playing.sounding(violin)
        hand.chord = {k: key for k, key in hand.chord.items() if not key.sounded or k in sounding}
        first, hand.waiting = self._strings.rolled([*hand.chord])
        for midi, slot in sounding.items():
            if midi in hand.chord and midi not in first:
                slots[slot].stage = Stage.FADING
                self._voices.notes -= 1
                hand.chord[midi].sounded = False
        missing = [midi for midi in first if midi not in sounding]
        before = {}
        if not hand.waiting:
            before = self._playing.in_hand(violin, missing, hand.chord, sample)
        left = [
            slot
            for midi, slot in sounding.items()
            if midi not in hand.chord and slot not in before.values()
        ]
        yield Release(self._voices.let_go(left, sample))
        for midi in missing:
            yield hand.chord[midi].play(before.get(midi), bowed=True)
        hand.due = None
        if hand.waiting:
            roll = _roll([*hand.chord.values()], self._latents, self._sample_rate)
            hand.due = max(hand.began + roll, sample)
            self.later(Wake(violin), hand.due)

    def _reach_upper_strings(self, violin: int, sample: int) -> Iterator[Step]:
        """The bow comes to the upper strings of a chord, and leaves the lower ones, if any wait."""
        hand, waiting = self._hands[violin], self._hands[violin].waiting
        hand.waiting, hand.due = [], None
        if not waiting:
            return
        sounding = self._playing.sounding(violin)
        left = [slot for midi, slot in sounding.items() if midi not in waiting]
        yield Release(self._voices.let_go(left, sample))
        for key in (hand.chord[midi] for midi in waiting):
            if key.sounded:
                continue
            yield key.play(None)
            if key.up is not None:
                event, up = key.up
                shortest = round(SHORTEST_SECONDS * self._sample_rate)
                hand.ends.append((sample + max(up - hand.began, shortest), event))
                self.later(Wake(violin), hand.ends[-1][0])
        self._voices.dropped += sum(not key.sounded for key in hand.chord.values())
        hand.chord.clear()
        hand.double |= len(self._playing.held(violin)) == 2


def _unisons(waiting: list[_Key], keys: list[_Key]) -> tuple[list[_Key], int]:
    """Which of some keys that go down are played, and how many notes are one with a longer one.

    Two parts may have one key, and a string has one sound. Those that wait haven't sounded yet.
    """
    longest = {key.event.key: key for key in waiting}
    for key in keys:
        other = longest.setdefault(key.event.key, key)
        if (key.event.seconds or 0.0) >= (other.event.seconds or 0.0):
            longest[key.event.key] = key
    played = [key for key in keys if longest[key.event.key] is key]
    return played, len(waiting) + len(keys) - len(longest)


def _roll(chord: list[_Key], latents: LatentSpace, sample_rate: int) -> int:
    """Samples until the upper strings of a chord sound, the first of whose keys says how soon."""
    first = chord[0]
    rng = latents.generator(CHANNELS + first.event.channel, first.number)
    loudest = max(key.event.velocity for key in chord) / 127.0
    seconds = SLOWEST_ROLL_SECONDS + loudest * (QUICKEST_ROLL_SECONDS - SLOWEST_ROLL_SECONDS)
    return round(seconds * rng.uniform(1.0 - ROLL_VARIES, 1.0 + ROLL_VARIES) * sample_rate)
