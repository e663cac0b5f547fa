"""What holds notes beside their keys, and what ends them: pedals and mode messages."""

from __future__ import annotations

from typing import NamedTuple

from instrument.engine.allocation import Voices
from instrument.engine.notes import Notes
from instrument.engine.voices import VoicePool
from instrument.midi.controllers import (
    ALL_SOUND_OFF,
    ENDS_NOTES,
    RESET_CONTROLLERS,
    Change,
    ChannelState,
)
from instrument.midi.events import ControlChange


class Pedals(NamedTuple):
    """Which pedals of a channel are down."""

    sustain: bool
    sostenuto: bool


class Holding:
    """Lets notes follow their channels' pedals and mode messages."""

    def __init__(self, voices: Voices, state: ChannelState, notes: Notes, pool: VoicePool) -> None:
        """Hold nothing.

        Args:
            voices: Which of them plays which note.
            state: What the channels were told.
            notes: As they begin and end.
            pool: Of the voices that play.
        """
        self._voices = voices
        self._state = state
        self._notes = notes
        self._pool = pool

    def pedals(self, channel: int) -> Pedals:
        """Which pedals count for a channel."""
        told = self._state.controlling_channel(channel)
        return Pedals(told.pedal, told.sostenuto)

    def change(self, event: ControlChange, change: Change, before: Pedals, sample: int) -> None:
        """Do what an event means to the notes that sound.

        Args:
            event: It; the state was told.
            change: What it changed there.
            before: The pedals of its channel before that.
            sample: When it happens.
        """
        for index in change.channels if change.regrouped else ():
            self.release_all(index, sample)
        for index in self._state.controlled_channels(event.channel):
            self._move_pedals(index, before, sample)
            if event.controller == ALL_SOUND_OFF:
                self._voices.all_sound_off(index)
                self._notes.forget(index)
            elif event.controller == RESET_CONTROLLERS:
                self._pool.unpress(index)
            elif event.controller in ENDS_NOTES:
                pedal = self.pedals(index).sustain
                self._notes.release(self._voices.all_notes_off(index, sample, pedal=pedal))
                self._notes.keep(index)
                self._notes.forget(index)

    def _move_pedals(self, index: int, before: Pedals, sample: int) -> None:
        """Let a channel's notes follow its pedals."""
        now = self.pedals(index)
        if before.sustain and not now.sustain:
            self._notes.release(self._voices.pedal_up(index, sample))
        if now.sostenuto and not before.sostenuto:
            self._voices.sostenuto_down(index)
        elif before.sostenuto and not now.sostenuto:
            self._notes.release(self._voices.sostenuto_up(index, sample, pedal=now.sustain))

    def release_all(self, channel: int, sample: int) -> None:
        """End all notes of a channel, whatever holds them, with their natural release."""
        self._notes.release(self._voices.release_all(channel, sample))
        self._notes.forget(channel)
