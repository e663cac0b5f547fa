"""The engine: ``push`` events, ``render`` samples. It knows no clock, no device and no file."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from instrument.arrays import Float32
from instrument.dsp.block import Renderer
from instrument.dsp.frames import hop_of, hop_start, longest_hop
from instrument.dsp.limiter import LimiterState
from instrument.dsp.noise import half_responses
from instrument.dsp.reverb import ReverbState
from instrument.dsp.state import Synth, SynthState
from instrument.engine.control import Control
from instrument.engine.disturbing import disturbing
from instrument.engine.observer import Observer
from instrument.engine.queue import EventQueue, Timed
from instrument.engine.slots import Own, Theft
from instrument.errors import InstrumentError, UsageError
from instrument.midi.events import Event, NoteOn
from instrument.model.graphs import FaultWatch, Instrument
from instrument.model.latent import LatentSpace, knob_settings
from instrument.model.spec import InstrumentSpec
from instrument.settings import EngineSettings, Mode
from instrument.units import FRAME_RATE

LEAST_HOPS = 4
"""Control frames that are kept: this hop's, the next one's, and room for those who are late."""


def starting_point(spec: InstrumentSpec, settings: EngineSettings) -> tuple[int, dict[int, float]]:
    """The preset that channels begin with, and the knobs that are turned, by their indices.

    Raises:
        UnknownName: A preset or knob that the instrument doesn't have.
        UsageError: An axis that has no knob, or a mode that needs strings, which aren't there.
    """
    if settings.mode == Mode.VIOLIN and not spec.strings:
        raise UsageError(
            f"mode {settings.mode}: {spec.name} has no strings; "
            f"should be {Mode.POLY} or {Mode.MONO}"
        )
    preset = 0
    if settings.preset is not None:
        preset = spec.presets.index(spec.preset(settings.preset))
    return preset, knob_settings(spec, settings.knobs)


class Engine:
    """Plays an instrument.

    Time is counted in samples from the engine's beginning. The same events at the same samples give
    the same output, bit for bit, whatever the size of the blocks.

    One thread may call `push` and `advance` while another plays ``synth``, as live, or `render`.

    Attributes:
        reached: Sample before which everything has been handled.
        synth: What the audio callback plays, by `render_synth`.
        computing: Who writes there what voices sound like.
    """

    def __init__(
        self,
        instrument: Instrument,
        settings: EngineSettings | None = None,
        *,
        ahead: int = 0,
        frames_at_once: int = 1,
        on_theft: Callable[[Theft], None] = lambda _theft: None,
    ) -> None:
        """Make an engine.

        Args:
            instrument: What it plays.
            settings: How; the usual ones by default.
            ahead: Samples by which `advance` may be ahead of what is played.
            frames_at_once: The most control frames that one run of the timbre's graph computes.
                Of more, if onnxruntime computes it, bits below −110 dBFS show the size of blocks.
            on_theft: Called when a note finds all voices taken.

        Raises:
            UnknownName: A preset or knob that the instrument doesn't have.
            UsageError: An axis that has no knob, or a mode that needs strings, which aren't there.
        """
        settings = settings or EngineSettings()
        spec, size, sample_rate = instrument.spec, instrument.spec.timbre_size, settings.sample_rate
        matrix = half_responses(size.noise_bands, sample_rate, spec.sample_rate)
        hops = LEAST_HOPS + -(-ahead * FRAME_RATE // sample_rate)
        latents = LatentSpace(spec, settings.seed, settings.humanize)
        preset, knobs = starting_point(spec, settings)
        self._control = Control(instrument, settings, latents, preset, hops, frames_at_once)
        self._queue = EventQueue(disturbing(settings.controls))
        self._control.listen(on_theft, self._queue.push)
        for axis, position in knobs.items():
            self._control.smoother.turn(axis, position)
        slots = len(self._control.voices.slots)
        state = SynthState.empty(slots, size.harmonics, size.noise_bands, sample_rate)
        self.computing = self._control.writer.computing
        self.synth = Synth(
            sample_rate=sample_rate,
            matrix=matrix,
            frames=self.computing.frames,
            onsets=self.computing.onsets,
            state=state,
            reverb=ReverbState.empty(sample_rate, settings.room_gain),
            limiter=LimiterState.empty(sample_rate),
        )
        self._render = Renderer(self.synth)
        self._watch = FaultWatch(instrument)
        self._sample_rate = sample_rate
        self._step = max(ahead, longest_hop(sample_rate))
        self._hop_end = self.reached = 0

    @property
    def position(self) -> int:
        """The next sample to be played."""
        return int(self.synth.state.position[0])

    @property
    def voices(self) -> int:
        """How many voices sound."""
        return self._control.voices.sounding()

    @property
    def sounding_notes(self) -> list[tuple[int, int, float]]:
        """What sounds: channel, key, and how far each note is in its curves, in seconds."""
        return [self._control.pool.progress(slot) for slot in self._control.voices.active()]

    @property
    def held(self) -> int:
        """How many notes are held, by key or pedal."""
        return self._control.voices.held()

    @property
    def fault(self) -> InstrumentError | None:
        """What went wrong in the instrument's graphs, if anything did; it is silent."""
        return self._watch.fault

    @property
    def silent(self) -> bool:
        """Whether no voice sounds and nothing is to come."""
        return not self._control.voices.active() and self._queue.next is None

    @property
    def notes(self) -> int:
        """How many notes have been heard."""
        return self._control.voices.notes - self._control.voices.unheard

    @property
    def without_voice(self) -> int:
        """How many notes got no voice, or lost it before they were heard."""
        return self._control.voices.dropped + self._control.voices.unheard

    @property
    def most_voices(self) -> int:
        """How many voices have sounded at once."""
        return self._control.voices.most

    @property
    def dropped(self) -> int:
        """How many notes got no voice."""
        return self._control.voices.dropped

    @property
    def stolen(self) -> int:
        """How many voices had to fade away for others."""
        return self._control.voices.stolen

    def push(self, event: Event | Theft, sample: int) -> None:
        """Give an event; it takes effect at that sample, or as soon as possible if it has passed.

        Events at the same sample take effect in the order in which they were pushed. A `Theft`
        repeats what another engine did, see `stem`.
        """
        self._queue.push(event, max(sample, self.reached))

    def follow(self, events: Iterator[Timed]) -> None:
        """Give the events of a score, which are taken when they are due.

        Args:
            events: (sample, event) from the beginning; the samples rise.
        """
        self._queue.follow(events)

    def hear_only(self, channel: int | None) -> None:
        """Let no other channel be heard, from the beginning on; all if None."""
        self._control.smoother.hear_only(channel)

    def observe(self, observer: Observer) -> None:
        """Tell somebody what the voices play."""
        self._control.pool.observer = observer

    def release_all(self) -> None:
        """End all notes now, each with its natural release."""
        self._control.release_all(self.reached)

    def advance(self, until: int) -> None:
        """Handle all that happens before a sample, so that it can be played up to there."""
        while True:
            before = min(self._hop_end, until)
            while (due := self._queue.pop(before)) is not None:
                self._handle(*due)
            if self._hop_end < until:
                self.reached, following = self._hop_end, self._queue.next
                undisturbed = self._hops_until(until - 1, self._queue.next_disturbance(until))
                uneventful = self._hops_until(until - 1, following and following[0])
                self._control.planner.begin_hop(undisturbed, uneventful)
                self._hop_end = hop_start(self._control.planner.hop + 1, self._sample_rate)
            else:
                break
        self.reached = max(self.reached, until)

    def _hops_until(self, sample: int, event: int | None) -> int:
        """How many hops will begin until there is a sample, or before that the one of an event."""
        last = sample if event is None else min(sample, event)
        return hop_of(last, self._sample_rate) - self._control.planner.hop

    def _handle(self, sample: int, event: Event | Theft | Own) -> None:
        """Handle an event; keys that go down together are one chord."""
        self.reached = max(self.reached, sample)
        if not isinstance(event, NoteOn):
            self._control.handle(event, self.reached)
            return
        chord = [event]
        while (following := self._queue.next) is not None and isinstance(following[1], NoteOn):
            if self._queue.pop(self.reached + 1) is None:
                break
            chord.append(following[1])
        self._control.notes.begin(chord, self.reached)

    def render(self, out: Float32) -> None:
        """Fill the next block, [2, samples].

        Raises:
            InstrumentError: A graph gave what can't be played.
        """
        for first in range(0, out.shape[1], self._step):
            left, right = out[:, first : first + self._step]
            self.advance(self.position + len(left))
            self._render(left, right)
        self._watch.check()
