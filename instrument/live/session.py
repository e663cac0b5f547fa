"""A live session: inputs, engine and sound device, opened together and given back together."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from instrument.audio.devices import Device, choose_output
from instrument.audio.jack_client import Seat
from instrument.dsp.callback import Playback
from instrument.engine.engine import Engine, starting_point
from instrument.live.arrivals import Filtered, Sources
from instrument.live.audience import Audience
from instrument.live.bindings import Binding
from instrument.live.controllers import Controllers
from instrument.live.inputs import CLIENT, Inputs
from instrument.live.knobs import Knobs
from instrument.live.learn import Learner
from instrument.live.notices import Tell
from instrument.live.performance import Performance
from instrument.live.process import undisturbed
from instrument.live.recorder import Recorder
from instrument.live.scheduler import EventScheduler
from instrument.live.status import Status
from instrument.live.supervisor import SoundDevice, Supervisor
from instrument.midi.controllers import AXIS_CONTROLLERS
from instrument.midi.events import ControlChange, NoteOn
from instrument.midi.filters import NO_FILTER, Filter
from instrument.midi.layouts import layout_of
from instrument.model.graphs import Instrument
from instrument.model.latent import positions
from instrument.settings import EngineSettings

if TYPE_CHECKING:
    from instrument.live.osc import OscPort

AHEAD_SAMPLES = 8192
"""So far the control may be ahead of the sound: for blocks up to half of it."""

READY_SECONDS = 2.0

LIVE = EngineSettings(voices=8)


@dataclass(frozen=True)
class LiveSettings:
    """How Arco is played live.

    Attributes:
        osc_port: UDP port at which OSC messages are heard, 0 for any that is free; none if None.
        midi_in: Part of an input's name, or "virtual"; all of them if None.
        audio_out: Part of a device's name; the default one if None.
        block: Samples that the device takes at once.
        sample_rate: In Hz; the device's own if None.
        engine: Settings of the engine, but for its sample rate.
        filter: What becomes of the MIDI inputs' events before anything plays or records them.
        bindings: What the hardware's knobs do.
        learn: What is to be learned, by name.
        bindings_path: Where learned bindings are kept.
        record: The .mid file to record into.
        record_audio: The .wav or .flac file to record into.
        takes: Folder of the takes that programs begin through OSC.
    """

    osc_port: int | None = None
    midi_in: str | None = None
    audio_out: str | None = None
    block: int = 128
    sample_rate: int | None = None
    engine: EngineSettings = LIVE
    filter: Filter = NO_FILTER
    bindings: Sequence[Binding] = ()
    learn: Sequence[str] = ()
    bindings_path: Path | None = None
    record: Path | None = None
    record_audio: Path | None = None
    takes: Path | None = None


class Session:
    """Plays an instrument live until it is told to stop; a context that gives everything back."""

    def __init__(
        self,
        instrument: Instrument,
        settings: LiveSettings,
        tell: Tell = lambda _notice: None,
    ) -> None:
        """Open the inputs, the device and the recordings, and begin to play.

        Args:
            instrument: What is played.
            settings: How.
            tell: Takes what happens, for whoever plays.

        Raises:
            UsageError: What was wanted isn't there or refuses, or a library is missing.
            OutputError: A recording can't be written where it should be.
        """
        starting_point(instrument.spec, settings.engine)
        with ExitStack() as opened:
            # MIDI first: opening a port takes its time, and nothing should sound meanwhile.
            seat = Seat(CLIENT)
            self._inputs = Inputs(settings.midi_in, seat)
            opened.callback(self._inputs.close)
            self._osc = _osc_port(instrument, settings)
            if self._osc is not None:
                opened.callback(self._osc.close)
            device = choose_output(settings.audio_out, seat)
            rate = settings.sample_rate or device.sample_rate
            playing = replace(settings.engine, sample_rate=rate)
            self._recorder = opened.enter_context(
                Recorder(settings.record, settings.record_audio, playing, tell, settings.takes)
            )
            _warm_up(instrument, rate)
            self._instrument, self._playing = instrument, playing
            engine, playback = self._begun(playing)
            self._recorder.record(engine, playback)
            opened.enter_context(undisturbed())
            performance = Performance(engine, playback, self._recorder.take)
            self._performance = performance
            self._scheduler = EventScheduler(
                performance,
                Sources(
                    self._inputs
                    if settings.filter == NO_FILTER
                    else Filtered(self._inputs, settings.filter),
                    *([] if self._osc is None else [self._osc]),
                ),
                _controllers(instrument, settings, self._osc),
                AHEAD_SAMPLES,
                seat.wakeup.wait,
            )
            if settings.learn:
                self._scheduler.controllers.learner = Learner(settings.learn)
            self._sound = SoundDevice(
                self._scheduler,
                performance,
                settings.block,
                seat,
                tell,
                self._follow if settings.sample_rate is None else None,
            )
            opened.callback(self._sound.close)
            engine.advance(AHEAD_SAMPLES // 2)
            self._sound.open(device)
            self._scheduler.start()
            opened.callback(self._scheduler.stop)
            self._scheduler.ready.wait(READY_SECONDS)
            self._opened = opened.pop_all()
        self._audience = None
        if self._osc is not None:
            self._audience = Audience(
                self._osc,
                performance,
                self._scheduler.controllers,
                self._recorder,
            )
        self._supervisor = Supervisor(
            performance,
            self._inputs,
            self._scheduler,
            self._sound,
            self._recorder,
            settings.audio_out or device.api,
            settings.bindings_path,
            tell,
            self._look,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._opened.close()

    def _begun(self, playing: EngineSettings) -> tuple[Engine, Playback]:
        engine = Engine(self._instrument, playing, ahead=AHEAD_SAMPLES)
        return engine, Playback.empty(engine.synth, self._recorder.tape_samples)

    def _follow(self, rate: int) -> None:
        """Go on at another sample rate, while nothing plays.

        Raises:
            UsageError: Nothing can be played at it.
        """
        playing = replace(self._playing, sample_rate=rate)
        engine, playback = self._begun(playing)
        take = self._recorder.next_take(playing)
        self._scheduler.go_on(engine, playback, take)
        self._recorder.go_on(playing, take, engine, playback)

    def run(self) -> None:
        """Play until `stop`, then let the last notes end."""
        self._supervisor.run()

    # --- for other threads ---------------------------------------------------------------

    def stop(self) -> None:
        """Let ``run`` end; a second call doesn't wait for the last notes."""
        self._supervisor.stop()

    @property
    def inputs(self) -> list[str]:
        """Names of the MIDI inputs that are open."""
        return self._inputs.names

    @property
    def osc_port(self) -> int | None:
        """The UDP port at which OSC messages are heard, if any."""
        return None if self._osc is None else self._osc.port

    @property
    def device(self) -> Device | None:
        """What is played on now."""
        output = self._sound.output
        return output.device if output else None

    @property
    def block(self) -> int:
        """Samples that the device takes at once; 0 until it has begun to."""
        return int(self._performance.playback.block[0])

    @property
    def sample_rate(self) -> int:
        """Of what plays, in Hz."""
        return self._performance.sample_rate

    @property
    def latency_seconds(self) -> tuple[float, float]:
        """From an event to its first sample, and from there through the device, as it says."""
        output = self._sound.output
        through = output.latency_seconds if output else 0.0
        return self._scheduler.latency / self.sample_rate, through

    @property
    def status(self) -> Status:
        """How it is getting on."""
        counts, scheduler = self._performance.counts, self._scheduler
        controllers, output = scheduler.controllers, self._sound.output
        learner = controllers.learner
        learning = None
        if learner is not None and learner.target is not None:
            learning = (learner.target, learner.one_way)
        return Status(
            sounding=output is not None,
            voices=self._performance.engine.voices,
            notes=counts.notes,
            dropped=counts.dropped + scheduler.ignored,
            load=output.load if output is not None else 0.0,
            late_frames=counts.late_frames,
            late_notes=counts.late_notes,
            postponed=scheduler.postponed,
            underruns=counts.underruns,
            stolen=counts.stolen,
            messages_lost=self._inputs.lost,
            samples_lost=self._recorder.samples_lost,
            faults=scheduler.faults,
            osc_malformed=0 if self._osc is None else self._osc.malformed,
            unknown_bindings=tuple(controllers.knobs.unknown),
            last_change=controllers.last_change,
            learning=learning,
        )

    def _look(self) -> bool:
        """Do what programs ask for, and tell them; whether they want to know more soon."""
        return self._audience is not None and self._audience.look(self.status)


def _osc_port(instrument: Instrument, settings: LiveSettings) -> OscPort | None:
    if settings.osc_port is None:
        return None
    from instrument.live.osc import OscPort  # noqa: PLC0415 (only who wants it needs the library)

    layout = layout_of(settings.engine.controls)
    return OscPort(instrument.spec, settings.osc_port, layout=layout)


def _controllers(
    instrument: Instrument, settings: LiveSettings, osc: OscPort | None
) -> Controllers:
    """What the hardware's controllers do, and where their targets stand."""
    axes = [axis.name for axis in instrument.spec.axes]
    layout = layout_of(settings.engine.controls)
    knobs = Knobs(settings.bindings, axes, partial(positions, instrument.spec), layout)
    for name, position in settings.engine.knobs.items():
        knobs.turn(name, position)
    return Controllers(knobs, axes, osc)


def _warm_up(instrument: Instrument, sample_rate: int) -> None:
    """Compile and touch everything that will be used, so that the first note is like the others."""
    engine = Engine(instrument, EngineSettings(sample_rate=sample_rate, voices=2))
    engine.push(NoteOn(0, 69, 100), 0)
    engine.push(ControlChange(0, AXIS_CONTROLLERS[0], 100), sample_rate // 2)
    block = np.zeros((2, sample_rate), dtype=np.float32)
    engine.render(block)
