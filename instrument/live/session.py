"""A live session: inputs, engine and sound device, and the eye that is kept on them."""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from queue import Empty
from typing import Self

import numpy as np

from instrument.arrays import Float32
from instrument.audio.files import sound_file
from instrument.audio.stream import Device, Output, choose_output, rescan
from instrument.dsp.callback import Playback
from instrument.engine.engine import Engine, starting_point
from instrument.errors import ArcoError
from instrument.live.bindings import Binding, Knobs, bind, save_bindings
from instrument.live.inputs import Inputs
from instrument.live.learn import Learner
from instrument.live.notices import Notice, Tell
from instrument.live.scheduler import EventScheduler
from instrument.midi.channel import CHANNELS
from instrument.midi.controllers import AXIS_CONTROLLERS, MONO_ON
from instrument.midi.events import ControlChange, Event, NoteOn
from instrument.midi.take import TakeWriter
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings

AHEAD_SAMPLES = 8192
"""So far the control may be ahead of the sound: for blocks up to half of it."""

TAPE_SAMPLES = 2**20
"""What is kept for the recording until it is written, 20 s: the disk may be slow."""

RECORDED_BITS = 24
LOOK_SECONDS = 0.1
REFRESH_SECONDS = 0.25
REOPEN_SECONDS = 1.0
STALLED_SECONDS = 5.0
TAIL_SECONDS = 1.3
"""The room after the last note."""

LONGEST_END_SECONDS = 4.0
READY_SECONDS = 2.0
SWITCH_INTERVAL_SECONDS = 1e-4
"""Another thread of Python's may keep the control waiting so long."""


LIVE = EngineSettings(voices=8)


@dataclass(frozen=True)
class LiveSettings:
    """How Arco is played live.

    Attributes:
        midi_in: Part of an input's name, or "virtual"; all of them if None.
        audio_out: Part of a device's name; the default one if None.
        block: Samples that the device takes at once.
        sample_rate: In Hz; the device's own if None.
        engine: Settings of the engine, but for its sample rate.
        mono: Whether all channels play single lines at first.
        bindings: What the hardware's knobs do.
        learn: What is to be learned, by name.
        bindings_path: Where learned bindings are kept.
        record: The .mid file to record into.
        record_audio: The .wav or .flac file to record into.
    """

    midi_in: str | None = None
    audio_out: str | None = None
    block: int = 128
    sample_rate: int | None = None
    engine: EngineSettings = LIVE
    mono: bool = False
    bindings: Sequence[Binding] = ()
    learn: Sequence[str] = ()
    bindings_path: Path | None = None
    record: Path | None = None
    record_audio: Path | None = None


@dataclass(frozen=True)
class Status:
    """How a session is getting on.

    Attributes:
        sounding: Whether there is a sound device.
        voices: That sound now.
        notes: That were played.
        dropped: Notes that got no voice, or that came while there was no sound device.
        load: Share of its time that the audio callback needs, 0…1.
        late_frames: Control frames that came late: the sound was held for 4 ms.
        late_notes: Notes that began after their sample.
        postponed: Messages that had to wait for another block: notes take their time.
        underruns: Gaps that the sound device reported.
        stolen: Voices that had to fade away for others.
        messages_lost: Messages that overflowed a queue.
        samples_lost: Samples that the disk was too slow for.
        faults: Rounds of the control that failed inside.
        unknown_bindings: Targets of bindings that this instrument doesn't have.
        last_change: The controller that moved last.
        learning: What is being learned, and whether the knob must be turned the other way too.
    """

    sounding: bool
    voices: int
    notes: int
    dropped: int
    load: float
    late_frames: int
    late_notes: int
    postponed: int
    underruns: int
    stolen: int
    messages_lost: int
    samples_lost: int
    faults: int
    unknown_bindings: tuple[str, ...]
    last_change: ControlChange | None
    learning: tuple[str, bool] | None

    def mishaps(self) -> dict[str, int]:
        """What should never happen, and how often it did."""
        return {
            "notes dropped": self.dropped,
            "messages lost": self.messages_lost,
            "recorded samples lost": self.samples_lost,
            "faults": self.faults,
        }


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
        self._settings = settings
        self._tell = tell
        self._axes = [axis.name for axis in instrument.spec.axes]
        self._bindings = list(settings.bindings)
        self._stopping, self._stop_now = threading.Event(), threading.Event()
        self._told, self._told_fault = "", False
        self._calls, self._called_at = 0, 0.0
        starting_point(instrument.spec, settings.engine)
        with ExitStack() as opened:
            # MIDI first: opening a port takes its time, and nothing should sound meanwhile.
            self._inputs = Inputs(settings.midi_in)
            opened.callback(self._inputs.close)
            device = choose_output(settings.audio_out)
            self._api = device.api
            self.sample_rate = settings.sample_rate or device.sample_rate
            playing = replace(settings.engine, sample_rate=self.sample_rate)
            take, write = self._open_recordings(opened, playing)
            _warm_up(instrument, self.sample_rate)
            self._engine = Engine(instrument, playing, ahead=AHEAD_SAMPLES)
            self._playback = Playback.empty(self._engine.synth, TAPE_SAMPLES if write else 1)
            self._tape = Tape(self._playback, write)
            opened.callback(self._drain)
            knobs = self._knobs()
            self._scheduler = EventScheduler(
                self._engine,
                self._playback,
                self._inputs,
                knobs,
                self.sample_rate,
                AHEAD_SAMPLES,
                take,
            )
            for event in _beginning(settings):
                self._scheduler.give(event, 0)
            if settings.learn:
                self._scheduler.learner = Learner(settings.learn)
            self._output: Output | None = None
            opened.callback(self._close_output)
            self._engine.advance(AHEAD_SAMPLES // 2)
            self._open_output(device)
            self._scheduler.start()
            opened.callback(self._scheduler.stop)
            self._scheduler.ready.wait(READY_SECONDS)
            self._opened = opened.pop_all()
        self._tell_unknown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._opened.close()

    # --- for other threads ---------------------------------------------------------------

    @property
    def inputs(self) -> list[str]:
        """Names of the MIDI inputs that are open."""
        return self._inputs.names

    @property
    def device(self) -> Device | None:
        """What is played on now."""
        return self._output.device if self._output else None

    @property
    def block(self) -> int:
        """Samples that the device takes at once; 0 until it has begun to."""
        return int(self._playback.block[0])

    @property
    def latency_seconds(self) -> tuple[float, float]:
        """From an event to its first sample, and from there through the device, as it says."""
        through = self._output.latency_seconds if self._output else 0.0
        return self._scheduler.latency / self.sample_rate, through

    @property
    def status(self) -> Status:
        """How it is getting on."""
        engine, state, scheduler = self._engine, self._engine.synth.state, self._scheduler
        learner, output = scheduler.learner, self._output
        learning = None
        if learner is not None and learner.target is not None:
            learning = (learner.target, learner.one_way)
        return Status(
            sounding=output is not None,
            voices=engine.voices,
            notes=engine.notes,
            dropped=engine.dropped + scheduler.ignored,
            load=output.load if output is not None else 0.0,
            late_frames=int(state.late_frames[0]),
            late_notes=int(state.late_notes[0]),
            postponed=scheduler.postponed,
            underruns=int(self._playback.underflows[0]),
            stolen=engine.stolen,
            messages_lost=self._inputs.lost,
            samples_lost=self._tape.lost,
            faults=scheduler.faults,
            unknown_bindings=tuple(scheduler.knobs.unknown),
            last_change=scheduler.last_change,
            learning=learning,
        )

    def stop(self) -> None:
        """Let ``run`` end; a second call doesn't wait for the last notes."""
        if self._stopping.is_set():
            self._stop_now.set()
        self._stopping.set()

    # --- the thread that keeps an eye on it all ----------------------------------------------

    def run(self) -> None:
        """Play until `stop`, then let the last notes end."""
        refreshed = reopened = time.monotonic()
        while not self._stopping.wait(LOOK_SECONDS):
            self._drain()
            self._watch_output()
            self._keep_learned()
            self._tell_fault()
            now = time.monotonic()
            if now >= refreshed + REFRESH_SECONDS:
                refreshed = now
                self._refresh_inputs()
            if self._output is None and now >= reopened + REOPEN_SECONDS:
                reopened = now
                self._reopen_output()
        self._scheduler.finish()
        self._let_end()

    def _let_end(self) -> None:
        """Wait until the last notes and the room are silent."""
        until = time.monotonic() + LONGEST_END_SECONDS
        silent_since: float | None = None
        while time.monotonic() < until and not self._stop_now.wait(LOOK_SECONDS / 2.0):
            self._drain()
            now = time.monotonic()
            if self._output is None or not self._output.alive:
                return
            if not self._engine.silent:
                silent_since = None
            elif silent_since is None:
                silent_since = now
            elif now > silent_since + TAIL_SECONDS:
                return

    def _tell_fault(self) -> None:
        """Say once that something failed inside."""
        if self._scheduler.last_fault is not None and not self._told_fault:
            self._told_fault = True
            fault = repr(self._scheduler.last_fault)
            text = f"a fault in Arco, which plays on: {fault}"
            self._tell(Notice("fault", text, {"error": fault}))

    def _tell_unknown(self) -> None:
        """Say which bindings turn nothing of this instrument's."""
        for target in self._scheduler.knobs.unknown:
            text = (
                f"nothing is named {target!r} here: the knob that is bound to it does what it did"
            )
            self._tell(Notice("unknown-binding", text, {"target": target}))

    def _refresh_inputs(self) -> None:
        changes = self._inputs.refresh()
        for name in changes.lost:
            self._scheduler.lose(name)
            self._tell(Notice("input-lost", f"MIDI input gone: {name}", {"name": name}))
        for name in changes.opened:
            self._tell(Notice("input-opened", f"MIDI input: {name}", {"name": name}))

    def _knobs(self) -> Knobs:
        knobs = Knobs(self._bindings, self._axes)
        for name, position in self._settings.engine.knobs.items():
            knobs.turn(name, position)
        return knobs

    def _keep_learned(self) -> None:
        """Use and keep the bindings that were learned."""
        with suppress(Empty):
            while True:
                binding = self._scheduler.learned.get_nowait()
                self._bindings = bind(self._bindings, binding)
                self._scheduler.knobs = self._knobs()
                text = f"controller {binding.controller} turns {binding.target} ({binding.kind})"
                self._tell(Notice("learned", f"learned: {text}", asdict(binding)))
                if self._settings.bindings_path is not None:
                    try:
                        save_bindings(self._settings.bindings_path, self._bindings)
                    except ArcoError as error:
                        text = f"not kept: {error}"
                        self._tell(Notice("not-kept", text, {"error": str(error)}))

    # --- sound device ------------------------------------------------------------------------

    def _open_output(self, device: Device) -> None:
        self._output = Output(device, self.sample_rate, self._settings.block, self._playback)
        self._called_at = time.monotonic()
        self._scheduler.play_on(self._output)

    def _close_output(self) -> None:
        self._scheduler.play_on(None)
        output, self._output = self._output, None
        if output is None:
            return
        if output.alive:
            output.close()
        else:
            output.abandon()

    def _watch_output(self) -> None:
        """Give up a device that plays no more."""
        if self._output is None:
            return
        calls, now = int(self._playback.calls[0]), time.monotonic()
        if calls != self._calls:
            self._calls, self._called_at = calls, now
        if self._output.alive and now < self._called_at + STALLED_SECONDS:
            return
        name = self._output.device.name
        text = f"the sound device {name} is gone; waiting for it"
        self._tell(Notice("device-lost", text, {"device": name}))
        self._scheduler.play_on(None)
        self._output.abandon()
        self._output = None

    def _reopen_output(self) -> None:
        """Look for a device like the one that has gone."""
        try:
            rescan()
            device = choose_output(self._settings.audio_out or self._api)
            self._open_output(device)
        except ArcoError as error:
            if str(error) != self._told:
                self._told = str(error)
                self._tell(Notice("device-missing", self._told, {"error": self._told}))
            return
        self._told = ""
        about = {"device": device.name, "api": device.api}
        self._tell(Notice("device-opened", "the sound is back", about))

    # --- recordings --------------------------------------------------------------------------

    def _open_recordings(
        self, opened: ExitStack, playing: EngineSettings
    ) -> tuple[TakeWriter | None, Callable[[Float32], None] | None]:
        """Open what is recorded into; it is written when the stack is closed."""
        settings, rate = self._settings, self.sample_rate
        take, write = None, None
        if settings.record is not None:
            take = TakeWriter(settings.record, playing)
            opened.push(partial(self._close_take, take))
        if settings.record_audio is not None:
            write = opened.enter_context(sound_file(settings.record_audio, rate, RECORDED_BITS))
        return take, write

    def _drain(self) -> None:
        try:
            self._tape.drain()
        except (OSError, RuntimeError) as error:
            self._tape.stop()
            path = str(self._settings.record_audio)
            text = f"{path}: no more is recorded: {error}"
            self._tell(Notice("recording-stopped", text, {"path": path, "error": str(error)}))

    def _close_take(self, take: TakeWriter, error: object, *_: object) -> None:
        """Write the take, unless it never began."""
        if error is None:
            take.close(self._engine.position)


class Tape:
    """What is played, on its way into a file.

    Attributes:
        lost: How many samples were overwritten before they were written.
    """

    def __init__(self, playback: Playback, write: Callable[[Float32], None] | None) -> None:
        """Record what a callback plays, if there is something to write into.

        Args:
            playback: Its ring is the tape.
            write: Takes stereo blocks [2, n].
        """
        self.lost = 0
        self._playback = playback
        self._write = write
        self._written = 0
        playback.recording[0] = write is not None

    def drain(self) -> None:
        """Write what was played since the last time."""
        if self._write is None:
            return
        size = len(self._playback.tape)
        kept = int(self._playback.kept[0])
        if kept - self._written > size:
            self.lost += kept - self._written - size
            self._written = kept - size
        if kept == self._written:
            return
        rows = np.arange(self._written, kept) % size
        self._write(np.ascontiguousarray(self._playback.tape[rows].T))
        self._written = kept

    def stop(self) -> None:
        """Record no more."""
        self._write = None
        self._playback.recording[0] = 0


def _beginning(settings: LiveSettings) -> Iterator[Event]:
    """The settings of the channels as events, so that a take holds them."""
    if settings.mono:
        yield from (ControlChange(channel, MONO_ON, 1) for channel in range(CHANNELS))


def _warm_up(instrument: Instrument, sample_rate: int) -> None:
    """Compile and touch everything that will be used, so that the first note is like the others."""
    engine = Engine(instrument, EngineSettings(sample_rate=sample_rate, voices=2))
    engine.push(NoteOn(0, 69, 100), 0)
    engine.push(ControlChange(0, AXIS_CONTROLLERS[0], 100), sample_rate // 2)
    block = np.zeros((2, sample_rate), dtype=np.float32)
    engine.render(block)
    # What is here now stays: the collector needn't look at it, which takes it 0.1 s at times.
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(SWITCH_INTERVAL_SECONDS)
