"""The thread that keeps an eye on a live session: devices and inputs come and go, disks fill."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import Empty

from instrument.audio.devices import Device, choose_output
from instrument.audio.jack_client import Seat
from instrument.audio.output import Output, open_output
from instrument.audio.portaudio import rescan
from instrument.errors import ArcoError, UsageError
from instrument.live.bindings import save_changes
from instrument.live.inputs import Inputs
from instrument.live.notices import Notice, Tell, not_kept
from instrument.live.performance import Performance
from instrument.live.recorder import Recorder
from instrument.live.scheduler import EventScheduler

LOOK_SECONDS = 0.1
LOOK_SOON_SECONDS = 1.0 / 30.0
REFRESH_SECONDS = 0.25
REOPEN_SECONDS = 1.0
STALLED_SECONDS = 5.0
TAIL_SECONDS = 1.3
"""The room after the last note."""

LONGEST_END_SECONDS = 4.0


class SoundDevice:
    """What a session plays on: a sound device, or none while it waits for one.

    Attributes:
        output: The open stream, if there is one.
    """

    def __init__(
        self,
        scheduler: EventScheduler,
        performance: Performance,
        block: int,
        seat: Seat,
        tell: Tell,
        follow: Callable[[int], None] | None = None,
    ) -> None:
        """Play nothing yet.

        Args:
            scheduler: Is told what is played on.
            performance: What plays.
            block: Samples that a device takes at once.
            seat: At the JACK server.
            tell: Takes what becomes of the device.
            follow: Lets the performance go on at another sample rate, in Hz, while nothing plays;
                None if only the one that there is will do.
        """
        self.output: Output | None = None
        self._scheduler = scheduler
        self._performance = performance
        self._follow = follow
        self._block = block
        self._seat = seat
        self._tell = tell
        self._told = ""
        self._for_jack = False
        self._calls, self._called_at = 0, 0.0

    def open(self, device: Device) -> None:
        """Play on a device.

        Raises:
            UsageError: It refuses.
        """
        rate, playback = self._performance.sample_rate, self._performance.playback
        given = self._follow is None
        self.output = open_output(device, rate, self._block, playback, self._seat, rate_given=given)
        self._for_jack = device.is_jack
        self._called_at = time.monotonic()
        self._scheduler.play_on(self.output)

    def close(self) -> None:
        """Play on nothing any more."""
        self._scheduler.play_on(None)
        output, self.output = self.output, None
        if output is None:
            return
        if output.alive:
            output.close()
        else:
            output.abandon()

    def watch(self) -> None:
        """Give up a device that plays no more."""
        if self.output is None:
            return
        calls, now = int(self._performance.playback.calls[0]), time.monotonic()
        if calls != self._calls:
            self._calls, self._called_at = calls, now
        if self.output.alive and now < self._called_at + STALLED_SECONDS:
            return
        name = self.output.device.name
        text = f"the sound device {name} is gone; waiting for it"
        self._tell(Notice("device-lost", text, {"device": name}))
        self._scheduler.play_on(None)
        output, self.output = self.output, None  # other threads ask it nothing any more
        output.abandon()

    def reopen(self, wanted: str) -> None:
        """Look for a device like the one that has gone, by a part of its name or its system's."""
        try:
            if not self._for_jack:
                rescan()
            device = choose_output(wanted, self._seat, only_jack=self._for_jack)
            followed = self._open_at_its_rate(device)
        except ArcoError as error:
            if str(error) != self._told:
                self._told = str(error)
                self._tell(Notice("device-missing", self._told, {"error": self._told}))
            return
        self._told = ""
        rate = self._performance.sample_rate
        about = {"device": device.name, "api": device.api, "sample_rate": rate}
        text = f"the sound is back{f', at {rate} Hz' if followed else ''}"
        self._tell(Notice("device-opened", text, about))

    def _open_at_its_rate(self, device: Device) -> bool:
        """Play on a device, at its own sample rate if it takes no other.

        Returns:
            Whether that is another one.

        Raises:
            ArcoError: It refuses, or nothing can be played at its rate.
        """
        follow = self._follow if device.sample_rate != self._performance.sample_rate else None
        if follow is None:
            self.open(device)
            return False
        if not device.is_jack:  # JACK takes its own only
            with suppress(UsageError):
                self.open(device)
                return False
        follow(device.sample_rate)
        self.open(device)
        return True


class Supervisor:
    """Looks after a session, until it is told to stop."""

    def __init__(
        self,
        performance: Performance,
        inputs: Inputs,
        scheduler: EventScheduler,
        sound: SoundDevice,
        recorder: Recorder,
        wanted: str,
        bindings_path: Path | None,
        tell: Tell,
        look: Callable[[], bool] = lambda: False,
    ) -> None:
        """Take charge.

        Args:
            performance: What plays.
            inputs: Which are refreshed.
            scheduler: Whose faults and learned bindings are told.
            sound: That is opened anew when its device has gone.
            recorder: That is drained.
            wanted: A part of the name of the device to wait for, or of its system's.
            bindings_path: Where learned bindings are kept.
            tell: Takes what happens.
            look: Called now and then; it says whether it wants to be called soon again.
        """
        self._look = look
        self._performance = performance
        self._inputs = inputs
        self._scheduler = scheduler
        self._sound = sound
        self._recorder = recorder
        self._wanted = wanted
        self._bindings_path = bindings_path
        self._tell = tell
        self._told_fault = self._told_broken = False
        self._sounded_at = -math.inf
        self._seen = self._kept = scheduler.controllers.knobs.bindings
        self._stopping, self._stop_now = threading.Event(), threading.Event()

    def stop(self) -> None:
        """Let `run` end; a second call doesn't wait for the last notes."""
        if self._stopping.is_set():
            self._stop_now.set()
        self._stopping.set()

    def run(self) -> None:
        """Keep an eye on everything until `stop`, then let the last notes end."""
        self._tell_unknown()
        refreshed = reopened = time.monotonic()
        soon = False
        while not self._stopping.wait(min(LOOK_SECONDS, LOOK_SOON_SECONDS if soon else 1.0)):
            self._recorder.drain()
            self._sound.watch()
            self._keep_learned()
            self._tell_fault()
            self._note_silence()
            soon = self._look()
            now = time.monotonic()
            if now >= refreshed + REFRESH_SECONDS:
                refreshed = now
                self._refresh_inputs()
            if self._sound.output is None and now >= reopened + REOPEN_SECONDS:
                reopened = now
                self._sound.reopen(self._wanted)
        self._scheduler.finish()
        self._let_end()

    def _let_end(self) -> None:
        """Wait until the last notes and the room are silent."""
        until = time.monotonic() + LONGEST_END_SECONDS
        while time.monotonic() < until and not self._stop_now.wait(LOOK_SECONDS / 2.0):
            self._recorder.drain()
            if self._sound.output is None or not self._sound.output.alive:
                return
            self._note_silence()
            if time.monotonic() > self._sounded_at + TAIL_SECONDS:
                return

    def _note_silence(self) -> None:
        """Remember when a voice sounded last, as far as it is seen."""
        if not self._performance.engine.silent:
            self._sounded_at = time.monotonic()

    def _tell_unknown(self) -> None:
        """Say which bindings turn nothing of this instrument's."""
        for target in self._scheduler.controllers.knobs.unknown:
            text = f"no knob is named {target!r} here; what was bound to it keeps MIDI's meaning"
            self._tell(Notice("unknown-binding", text, {"target": target}))

    def _tell_fault(self) -> None:
        """Say once that something failed inside, and once that the instrument did."""
        if self._scheduler.last_fault is not None and not self._told_fault:
            self._told_fault = True
            last = repr(self._scheduler.last_fault)
            text = f"a fault in Arco, which plays on: {last}"
            self._tell(Notice("fault", text, {"error": last}))
        fault = self._performance.engine.fault
        if fault is not None and not self._told_broken:
            self._told_broken = True
            broken = str(fault)
            text = f"the instrument is broken, and silent where it is: {broken}"
            self._tell(Notice("instrument-broken", text, {"error": broken}))

    def _refresh_inputs(self) -> None:
        changes = self._inputs.refresh()
        for name in [*changes.lost, *changes.left]:
            self._scheduler.lose(name)
        for name in changes.lost:
            self._tell(Notice("input-lost", f"MIDI input gone: {name}", {"name": name}))
        for name in changes.opened:
            self._tell(Notice("input-opened", f"MIDI input: {name}", {"name": name}))

    def _keep_learned(self) -> None:
        """Tell the bindings that were learned, and keep those that are in force."""
        controllers = self._scheduler.controllers
        with suppress(Empty):
            while True:
                learned = controllers.learned.get_nowait()
                text = f"controller {learned.controller} turns {learned.target} ({learned.kind})"
                about = {
                    "target": learned.target,
                    "controller": learned.controller,
                    "channel": learned.channel,
                    "kind": learned.kind,
                }
                self._tell(Notice("learned", f"learned: {text}", about))
        bindings = controllers.knobs.bindings
        if bindings is not self._seen:
            self._seen = bindings
            self._save_bindings()

    def _save_bindings(self) -> None:
        """Keep what has changed since that was possible the last time."""
        if self._bindings_path is None:
            return
        try:
            save_changes(self._bindings_path, self._kept, self._seen)
        except ArcoError as error:
            self._tell(not_kept(error))
        else:
            self._kept = self._seen
