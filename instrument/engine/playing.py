"""What the voices of each violin play."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import permutations

from instrument.engine.allocation import JOIN_WITHIN_SEMITONES, Voices
from instrument.engine.slots import HOLDING, Stage
from instrument.engine.strings import Strings
from instrument.engine.table import VoiceNote
from instrument.midi.controllers import ChannelState

STRING_SEMITONES = 5
"""A finger of a double stop goes so far along its string; beyond, another string is nearer."""


class Playing:
    """The voices of an engine as those of violins: one for each channel, or MPE zone."""

    def __init__(self, voices: Voices, state: ChannelState, strings: Strings) -> None:
        """Look at some voices.

        Args:
            voices: Which of them plays which note.
            state: What the channels were told.
            strings: Of all violins.
        """
        self._voices = voices
        self._state = state
        self._strings = strings

    def of_score(self, note: int | None) -> int | None:
        """The voice of a note of a score, if that sounds still."""
        return None if note is None else self._voices.voice_of(note)

    def violin(self, channel: int) -> int:
        """The violin that a channel is played on: its first channel."""
        return self._state.zones.manager(channel)

    def held(self, violin: int) -> list[int]:
        """The voices of a violin that a key or a pedal holds."""
        channels = self._state.controlled_channels(violin)
        return [
            i
            for i, slot in enumerate(self._voices.slots)
            if slot.channel in channels and slot.stage in HOLDING
        ]

    def sounding(self, violin: int) -> dict[int, int]:
        """The same by what they play."""
        return {self._voices.slots[i].key: i for i in self.held(violin)}

    def far(self, slot: int, midi: int) -> tuple[bool, int, int]:
        """How little a voice suggests itself to go on with a key: those first that no key holds."""
        voice = self._voices.slots[slot]
        return voice.stage is Stage.HELD, abs(voice.key - midi), voice.key

    def just_ended(self, violin: int, midi: int, sample: int) -> int | None:
        """The voice that was released a moment ago, and isn't far from a key, if there is one."""
        slots = self._voices.slots
        ended = [
            slot
            for channel in self._state.controlled_channels(violin)
            for slot in self._voices.just_released(channel, sample)
            if abs(slots[slot].key - midi) <= JOIN_WITHIN_SEMITONES
        ]
        return min(ended, key=lambda i: self.far(i, midi), default=None)

    def in_the_way(self, violin: int) -> list[int]:
        """Voices that can't sound beside the note that began last."""
        slots = self._voices.slots
        held = sorted(self.held(violin), key=lambda i: -slots[i].order)
        fitting = [i for i in held if self._strings.together([slots[held[0]].key, slots[i].key])]
        return [i for i in held[1:] if i not in fitting[:1]]

    def in_hand(
        self, violin: int, keys: Sequence[int], chord: Collection[int], sample: int
    ) -> dict[int, int]:
        """Which voices go on with keys of a double stop: each one with the nearest in its reach.

        Over wider leaps the strings change, and other voices begin. Those of the ``chord`` stay.
        """
        slots, channels = self._voices.slots, self._state.controlled_channels(violin)
        free = [i for i in self.held(violin) if slots[i].key not in chord]
        for channel in channels:
            free += self._voices.just_released(channel, sample)
        none: list[int | None] = [None] * len(keys)
        best: dict[int, int] = {}
        least = (0, 0)
        for chosen in permutations([*free, *none], len(keys)):
            found = {k: i for k, i in zip(keys, chosen, strict=True) if i is not None}
            ways = [abs(slots[i].key - key) for key, i in found.items()]
            if max(ways, default=0) <= STRING_SEMITONES and (-len(ways), sum(ways)) < least:
                best, least = found, (-len(ways), sum(ways))
        return best

    def bowed(self, slots: Sequence[int], notes: Sequence[VoiceNote]) -> list[VoiceNote]:
        """Notes that begin or go on together in slots, as bow and hand have them.

        Each with the voice whose bow it shares, if there is one, and whether it has a finger.
        """
        return [
            note if self._state.mono(note.channel) else self._bowed(note, slots[place:])
            for place, note in enumerate(notes)
        ]

    def _bowed(self, note: VoiceNote, later: Sequence[int]) -> VoiceNote:
        held = self.held(self.violin(note.channel))
        beside = next((i for i in held if i not in later), None)
        keys = [self._voices.slots[i].key for i in held]
        return replace(note, beside=beside, open=self._strings.is_open(note.key, keys))
