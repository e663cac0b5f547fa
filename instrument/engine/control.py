"""Events of the control thread: what each means to the voices and to the channels' controls."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from instrument.engine.allocation import Voices
from instrument.engine.articulations import Articulations
from instrument.engine.envelopes import NoteEnvelopes
from instrument.engine.frame_writer import FrameWriter
from instrument.engine.holding import Holding
from instrument.engine.lines import Lines
from instrument.engine.long_notes import LongNotes
from instrument.engine.notes import Notes
from instrument.engine.performance import pressure_db
from instrument.engine.places import Places
from instrument.engine.planner import FramePlanner
from instrument.engine.slots import Cut, Own, Theft, Turn, Wake
from instrument.engine.smoothing import PRESSED, SLID, ControlSmoother
from instrument.engine.table import VoiceTable
from instrument.engine.violin import AsPlayed, Violins
from instrument.engine.voices import VoicePool
from instrument.errors import InstrumentError
from instrument.midi.channel import CHANNELS
from instrument.midi.controllers import (
    HOLDS_OR_ENDS,
    OF_A_NOTE,
    Change,
    ChannelState,
)
from instrument.midi.events import (
    ChannelPressure,
    ControlChange,
    Event,
    KeyPressure,
    Latent,
    NoteOff,
    NoteOn,
    PitchBend,
    ProgramChange,
)
from instrument.midi.layouts import layout_of
from instrument.midi.switches import Switches
from instrument.model.dynamics import Dynamics
from instrument.model.graphs import Instrument
from instrument.model.latent import LatentSpace
from instrument.settings import EngineSettings, Mode
from instrument.units import FRAME_RATE

USUAL_REVERB = 40
"""Where the controller of the room leaves it as loud as the settings say."""


class Control:
    """Takes the events of one hop after another.

    While the events of a hop are handled, the frame at its end is already computed; what they
    change is heard from the next hop on. Only a new voice begins at its own sample.

    Attributes:
        voices: Which of them plays which note.
        state: What the channels were told.
        smoother: Of the voices' controls.
        writer: Of the control frames.
        planner: The clock, that goes on from hop to hop.
        pool: Of the voices that play.
        notes: As they begin and end.
    """

    def __init__(
        self,
        instrument: Instrument,
        settings: EngineSettings,
        latents: LatentSpace,
        preset: int,
        hops: int,
        frames_at_once: int = 1,
    ) -> None:
        """Make the control of an engine.

        Args:
            instrument: Whose graphs it runs.
            settings: How it plays.
            latents: Where the notes' latents are.
            preset: Index of the one that all channels begin with.
            hops: Length of the rings of control frames.
            frames_at_once: The most frames that are computed in one run of the graph.
        """
        spec = instrument.spec
        if spec.frame_rate != FRAME_RATE:
            raise InstrumentError(
                f"{spec.name}: {spec.frame_rate} frames a second; this version of Arco plays "
                f"{FRAME_RATE}"
            )
        sample_rate = settings.sample_rate
        self.voices = Voices(settings.voices, sample_rate)
        self.state = ChannelState(settings.controls, settings.bend_range)
        for channel in self.state.channels:
            channel.preset = preset
            channel.mono |= settings.mode == Mode.MONO
        self._layout = layout = layout_of(settings.controls)
        self._switches = Switches(layout, self.state)
        joins = layout.joins_by_velocity(settings.velocity_joins)
        lines = Lines(self.voices, self.state, sample_rate, velocity_joins=joins)
        slots = len(self.voices.slots)
        most = min(frames_at_once, hops - 2)
        self.smoother = ControlSmoother(self.state, FRAME_RATE, slots, most)
        knobs = self.smoother.knobs
        table = VoiceTable(spec, slots, knobs.shape[1], latents.seed)
        self._places = Places(spec)
        envelopes = NoteEnvelopes(table, instrument, latents, knobs, self._places)
        long_notes = LongNotes(table, envelopes, knobs, self._places)
        self.writer = FrameWriter(table, instrument, sample_rate, hops, latents.seed)
        self.pool = VoicePool(table, envelopes, long_notes, self.writer, spec.joins)
        self.planner = FramePlanner(
            self.voices,
            self.smoother,
            self.pool,
            long_notes,
            self.writer,
            sample_rate,
            most,
        )
        violins: Violins | AsPlayed = AsPlayed()
        if settings.mode == Mode.VIOLIN:
            violins = Violins(self.voices, self.state, spec.strings, latents, sample_rate)
        self.notes = Notes(
            self.voices,
            self.state,
            lines,
            self.smoother,
            self.pool,
            self.planner,
            Dynamics(spec.loudness_db),
            layout,
            violins,
            Articulations(
                self.voices, self.state, lines, self._switches, latents.seed, sample_rate
            ),
            sample_rate,
        )
        self._holding = Holding(self.voices, self.state, self.notes, self.pool)
        self._presets = latents.presets

    def listen(self, on_theft: Callable[[Theft], None], later: Callable[[Own, int], None]) -> None:
        """Tell what happens, and what is to happen later.

        Args:
            on_theft: Called when a note finds all voices taken.
            later: Called with what is to be handled at a sample to come.
        """
        self.voices.on_theft = on_theft
        self.notes.articulations.later = later
        self.notes.violins.later = later

    def handle(self, event: Event | Theft | Own, sample: int) -> None:
        """Take an event at a sample of the current hop."""
        match event:
            case NoteOn():
                self.notes.begin([event], sample)
            case NoteOff():
                self.notes.key_up(event, sample)
            case ControlChange():
                self._control_change(event, sample)
            case PitchBend():
                self._follow(self.state.change(event))
            case ChannelPressure():
                change = self._change(event)
                self._follow(change, PRESSED)
                self.notes.breathe(change.channels, sample)
            case KeyPressure(channel, key, value) if self._presses(channel):
                self.pool.press(self.voices.holding(channel, key), pressure_db(value))
            case ProgramChange():
                self._change_program(event)
            case Latent(channel, values):
                if self._places.place(self.state.controlled_channels(channel), values):
                    self.smoother.follow(self.state.place(channel, placed=bool(values)))
            case Theft():
                self.voices.repeat(event)
            case Turn() | Cut():
                self.notes.go_on(event, sample)
            case Wake():
                self.notes.play(self.notes.violins.wake(event, sample), sample)

    # --- controllers ---------------------------------------------------------------------

    def _change(self, event: ControlChange | ChannelPressure) -> Change:
        """Tell a channel; the room is everybody's, so whoever told it last counts."""
        told = self.state.channels[event.channel]
        told.reverb = None
        change = self.state.change(event)
        if told.reverb is not None:
            self.planner.room = told.reverb / USUAL_REVERB
        return change

    def _presses(self, channel: int) -> bool:
        """Whether pressure on its keys makes a channel's notes louder: a member's have its own."""
        return not self.state.is_member(channel) and self._layout.pressure == "pressure"

    def _follow(self, change: Change, columns: Sequence[int] = ()) -> None:
        """Let voices follow what a channel was told for others as well, if it is a manager."""
        channels = change.channels
        self.smoother.follow(channels, own=change.own)
        if columns and len(channels) > 1:
            self.smoother.follow_all(channels, columns)

    def _change_program(self, event: ProgramChange) -> None:
        if self._switches.program(event):
            return
        channel = self.state.channels[event.channel]
        preset = channel.preset_number(event.program)
        if preset < self._presets:
            channel.preset = preset

    def _control_change(self, event: ControlChange, sample: int) -> None:
        before = self._holding.pedals(event.channel)
        change = self._change(event)
        if not change.channels:
            return
        self._follow(change, SLID if event.controller in OF_A_NOTE else ())
        if change.regrouped or event.controller in HOLDS_OR_ENDS:
            self._holding.change(event, change, before, sample)
        self.notes.breathe(change.channels, sample)

    def release_all(self, sample: int) -> None:
        """End all notes, whatever holds them, with their natural release."""
        for channel in range(CHANNELS):
            self._holding.release_all(channel, sample)
