"""Notes as they begin, join and end: what each key means to the voices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from instrument.dsp.frames import hop_start
from instrument.engine.allocation import Voices
from instrument.engine.articulations import Articulations
from instrument.engine.breath import Breathing
from instrument.engine.keys import KeysDown
from instrument.engine.lines import Lines
from instrument.engine.planner import FramePlanner
from instrument.engine.slots import Cut, Turn
from instrument.engine.smoothing import ControlSmoother
from instrument.engine.table import Line, VoiceNote
from instrument.engine.times import attack_times, key_up_speed, release_speed
from instrument.engine.violin import AsPlayed, Play, Release, Step, Violins
from instrument.engine.voices import VoicePool
from instrument.midi.controllers import ChannelState
from instrument.midi.events import NoteOff, NoteOn
from instrument.midi.layouts import Layout
from instrument.model.dynamics import Dynamics


class Notes:
    """Begins and ends the notes of all channels.

    Attributes:
        breathing: Which keys are down, where notes wait for breath.
        articulations: What switches say of them.
    """

    def __init__(
        self,
        voices: Voices,
        state: ChannelState,
        lines: Lines,
        smoother: ControlSmoother,
        pool: VoicePool,
        planner: FramePlanner,
        dynamics: Dynamics,
        layout: Layout,
        violins: Violins | AsPlayed,
        articulations: Articulations,
        sample_rate: int,
    ) -> None:
        """Know of no notes.

        Args:
            voices: Which of them plays which note.
            state: What the channels were told.
            lines: What leads into their notes.
            smoother: Of the voices' controls.
            pool: What the voices play.
            planner: Knows the current hop.
            dynamics: How loud a velocity is.
            layout: Says what velocity and breath do.
            violins: Which of the keys sound, and when.
            articulations: How notes are played live.
            sample_rate: In Hz.
        """
        self._voices = voices
        self._state = state
        self._lines = lines
        self._smoother = smoother
        self._pool = pool
        self._planner = planner
        self._dynamics = dynamics
        self._layout = layout
        self.articulations = articulations
        self.breathing = Breathing(state, layout.breath)
        self.violins = violins
        self._sample_rate = sample_rate
        self._keys = KeysDown()

    def begin(self, events: Sequence[NoteOn], sample: int) -> None:
        """Take keys that go down at one sample of the current hop."""
        self._keys.take(events)
        self._begin(events, sample)

    def _begin(self, events: Sequence[NoteOn], sample: int) -> None:
        """Begin what sounds of keys that are down."""
        for keys in self.articulations.switches.parted(events):
            heard = self.breathing.heard(keys)
            self.play(self.violins.arrive(heard, sample), sample)

    def play(self, steps: Iterable[Step], sample: int) -> None:
        """Begin and end notes, one after another; those that begin by themselves in the end."""
        slots: list[int] = []
        notes: list[VoiceNote] = []
        for step in steps:
            if not isinstance(step, Play):
                self._begin_voices(slots, notes, sample)
                slots, notes = [], []
                if isinstance(step, Release):
                    self.release(step.slots)
                else:
                    self.end(step, sample)
                continue
            channel, place = step.event.channel, step.place
            articulated = self.articulations.articulated(step.event, sample, place)
            event = self._lines.led(articulated, sample, place)
            allocation = self._voices.note_on(
                channel,
                event.key,
                event.velocity,
                sample,
                mono=event.join is not None or self._state.mono(channel),
                note=event.note,
                after=event.after,
                place=place,
            )
            if allocation is None:
                continue
            self.release(allocation.released)
            number = self._voices.slots[allocation.slot].number
            note = self._note(event, number, sample)
            if allocation.joined:
                self._begin_voices(slots, notes, sample)
                slots, notes = [], []
                self._join(allocation.slot, note, Line(allocation.gap, allocation.seconds))
            else:
                slots.append(allocation.slot)
                notes.append(note)
        self._begin_voices(slots, notes, sample)

    def _begin_voices(self, slots: Sequence[int], notes: Sequence[VoiceNote], sample: int) -> None:
        if not slots:
            return
        hop = self._planner.hop
        first = hop_start(hop, self._sample_rate)
        length = hop_start(hop + 1, self._sample_rate) - first
        inside = sample - first
        notes = self.violins.bowed(slots, notes)
        self._smoother.begin(slots, [note.channel for note in notes])
        self._pool.begin(slots, notes, hop, inside, inside / length, self._smoother.values)

    def _join(self, slot: int, note: VoiceNote, line: Line) -> None:
        (note,) = self.violins.bowed([slot], [note])
        before = self._smoother.join(slot, note.channel)
        glide = self._pool.join(slot, note, line, before, self._smoother.values)
        self._smoother.led.lead(slot, glide)

    def _note(self, event: NoteOn, number: int, sample: int) -> VoiceNote:
        controlling_channel = self._state.controlling_channel(event.channel)
        velocity = self._layout.loudness_velocity(event.velocity)
        loudness = self._dynamics.quantile(velocity, soft=controlling_channel.soft)
        preset = controlling_channel.preset
        slide = self._lines.slide(event, sample)
        return VoiceNote(
            *(event.channel, event.key, loudness, preset, number, *slide, event.velocity),
            join=event.join,
            seconds=event.seconds,
            attack=attack_times(controlling_channel, self._layout, event.velocity),
        )

    def go_on(self, due: Turn | Cut, sample: int) -> None:
        """Go on with a tremolo or a trill, or end a short stroke."""
        if isinstance(due, Cut):
            self._end_note(due.end, sample)
        elif (following := self.articulations.turn(due)) is not None:
            self.play([Play(following)], sample)

    def key_up(self, event: NoteOff, sample: int) -> None:
        """Take a key that comes up: if it is the last of an MPE channel, that comes to rest."""
        self.end(event, sample)
        if self._keys.lift(event):
            self._rest(event.channel)

    def _rest(self, channel: int) -> None:
        if not self._keys.any(channel) and not self._voices.keys_down(channel):
            self._smoother.follow(self._state.rest(channel).channels)

    def end(self, event: NoteOff, sample: int) -> None:
        """End the note of a key that is up, unless the bow hasn't reached it yet."""
        if self.violins.waits(event, sample):
            return
        self._begin(self.breathing.up(event.channel, event.key), sample)
        self._end_note(self.articulations.up(event), sample)

    def _end_note(self, event: NoteOff, sample: int) -> None:
        """End a note, whether or not its key is up."""
        channel = event.channel
        pedal, mono = self._state.controlling_channel(channel).pedal, self._state.mono(channel)

        def goes_back(slot: int, back: int) -> bool:
            return mono or self.violins.goes_back(channel, slot, back)

        ended = self._voices.note_off(
            channel, event.key, sample, pedal=pedal, goes_back=goes_back, note=event.note
        )
        self.release(ended.released, key_up_speed(event.velocity))
        if (back := ended.back) is not None:
            note = self._note(NoteOn(channel, back.key, back.velocity), back.number, sample)
            self._join(back.slot, note, Line(0, back.seconds))
        self.keep(channel)

    def breathe(self, channels: range, sample: int) -> None:
        """Begin what has waited for breath, and end what lacks it."""
        for index in channels if self._layout.breath else ():
            begun, ended = self.breathing.change(index)
            self._begin(begun, sample)
            if ended:
                self.violins.forget(index)
                self.release(self._voices.release_all(index, sample))

    def forget(self, channel: int) -> None:
        """No key of a channel is down any more, and nothing is to come."""
        self.breathing.forget(channel)
        self.violins.forget(channel)
        if self._keys.clear(channel):
            self._rest(channel)

    def release(self, slots: list[int], speed: float = 1.0) -> None:
        """Let voices go on in their release, so many times faster than their channel says."""
        self._smoother.end(slots)
        for slot in slots:
            told = self._state.controlling_channel(self._voices.slots[slot].channel)
            self._pool.release([slot], self._smoother.values, speed * release_speed(told))

    def keep(self, channel: int) -> None:
        """Let the pedalled notes of a member keep what is their own, as if they were released."""
        if self._state.is_member(channel):
            self._smoother.end(self._voices.pedalled(channel))
