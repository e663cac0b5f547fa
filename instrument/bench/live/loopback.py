"""Notes go to programs and their sound comes back: the one module that knows JACK-Client."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import Any, TypeAlias

from instrument.bench.live.programs import Program
from instrument.bench.live.take import Take
from instrument.errors import UsageError, install

Jack: TypeAlias = Any  # the module, and its classes below, have no types
Client: TypeAlias = Any
Port: TypeAlias = Any

LEAD_SECONDS = 0.5
PORTS_WITHIN_SECONDS = 30.0
STALLED_SECONDS = 10.0
LOOK_SECONDS = 0.05
FRAME_COUNTS = 2**32
"""JACK's frames begin again at 0 after so many."""


class Loopback:
    """Sends messages to programs and records what each of them plays.

    It is two clients of JACK: one alone would stand before and behind a program, and JACK breaks
    such a circle by holding a connection back by a period.

    Attributes:
        programs: Their names.
        sample_rate: In Hz.
        block: Samples of a period.
        xruns: That the server told of.
    """

    def __init__(self, sender: Client, recorder: Client, programs: Sequence[str]) -> None:
        self.programs = programs
        self.sample_rate = int(sender.samplerate)
        self.block = int(sender.blocksize)
        self.xruns = 0
        self._sender, self._recorder = sender, recorder
        self._outputs = {name: sender.midi_outports.register(name) for name in programs}
        self._inputs = {name: recorder.inports.register(name) for name in programs}
        self._take: Take | None = None
        self._zero = 0
        self._place = 0
        self._messages_sent = self._notes_heard = 0
        self._gone, self._done = threading.Event(), threading.Event()
        sender.set_process_callback(self._send)
        sender.set_xrun_callback(self._count_xrun)
        sender.set_shutdown_callback(lambda *_: self._gone.set())
        recorder.set_process_callback(self._record)
        self._known: set[str] = set()

    def start(self) -> None:
        """Join the server's periods; what has a port by now is none of the programs."""
        self._sender.activate()
        self._recorder.activate()
        self._known = {port.name for port in self._sender.get_ports()}

    def connect(self, name: str, program: Program) -> None:
        """Wait for the ports of a program that was just started, and connect them.

        Both channels go into one port, where JACK adds them up.

        Raises:
            UsageError: They don't come.
        """
        until = time.monotonic() + PORTS_WITHIN_SECONDS
        while not (
            (midi := self._new(is_midi=True, is_input=True))
            and (len(audio := self._new(is_audio=True, is_output=True)) > 1)
        ):
            if program.poll() is not None or self._gone.is_set() or time.monotonic() > until:
                raise UsageError(f"{name} doesn't come to the JACK server with MIDI and sound")
            time.sleep(LOOK_SECONDS)
        # A program may still be about to connect itself.
        time.sleep(LEAD_SECONDS)
        for port in audio:
            for sink in self._sender.get_all_connections(port):
                self._sender.disconnect(port, sink)
            self._recorder.connect(port, self._inputs[name])
        self._sender.connect(self._outputs[name], midi[0])
        self._known = {port.name for port in self._sender.get_ports()}

    def _new(self, **kind: bool) -> list[Port]:
        return [port for port in self._sender.get_ports(**kind) if port.name not in self._known]

    def play(self, take: Take, progress: Callable[[float], None]) -> None:
        """Send the messages of a take and record its notes.

        Raises:
            UsageError: The server went away.
        """
        begins = round(LEAD_SECONDS * self.sample_rate)
        self._zero = self._sender.frame_time + begins
        self._place, self._messages_sent, self._notes_heard = -begins, 0, 0
        self.xruns = 0
        self._done.clear()
        with _collector_asleep():
            self._take = take
            place, moved = self._place, time.monotonic()
            while not self._done.wait(LOOK_SECONDS):
                now = time.monotonic()
                if self._place != place:
                    place, moved = self._place, now
                if self._gone.is_set() or now > moved + STALLED_SECONDS:
                    raise UsageError("the JACK server went away while notes were played")
                progress((place + begins) / self.sample_rate)
        self._take = None

    # --- in JACK's threads: nothing here makes arrays, but views of them ----------------------

    def _count_xrun(self, _delay_us: float) -> None:
        self.xruns += 1

    def _now(self, client: Client) -> int:
        """The first frame of this period, counted from the beginning; negative before it."""
        half = FRAME_COUNTS // 2
        frame: int = (client.last_frame_time - self._zero + half) % FRAME_COUNTS - half
        return frame

    def _send(self, frames: int) -> None:
        for port in self._outputs.values():
            port.clear_buffer()
        take = self._take
        if take is None:
            return
        start = self._now(self._sender)
        while self._messages_sent < len(take.messages):
            frame, program, data, note = take.messages[self._messages_sent]
            if frame >= start + frames:
                return
            offset = max(0, frame - start)
            self._outputs[program].write_midi_event(offset, data)
            if note is not None:
                take.sent[note] = start + offset
            self._messages_sent += 1

    def _record(self, frames: int) -> None:
        take = self._take
        if take is None or self._done.is_set():
            return
        start = self._place = self._now(self._recorder)
        length = take.sound.shape[1]
        while start >= take.begin[self._notes_heard] + length:
            self._notes_heard += 1
            if self._notes_heard == len(take.begin):
                self._done.set()
                return
        note = self._notes_heard
        begin = int(take.begin[note])
        first, last = max(start, begin), min(start + frames, begin + length)
        if first < last:
            heard = self._inputs[take.programs[note]].get_array()
            take.sound[note, first - begin : last - begin] = heard[first - start : last - start]


@contextmanager
def loopback(jack: Jack, programs: Sequence[str]) -> Iterator[Loopback]:
    """A loopback that runs; it leaves the server at the end."""
    # JACK prints much of what its functions return as well.
    jack.set_error_function(lambda _text: None)
    jack.set_info_function(lambda _text: None)
    try:
        with ExitStack() as clients:
            sender, recorder = (
                clients.enter_context(closing(jack.Client(name, no_start_server=True)))
                for name in ("arco-bench-notes", "arco-bench-sound")
            )
            loop = Loopback(sender, recorder, programs)
            loop.start()
            yield loop
    except jack.JackOpenError:
        raise UsageError(
            "no JACK server runs; start one (jackd -d alsa, or jackd -d dummy without a sound card)"
        ) from None
    except jack.JackError as error:
        raise UsageError(f"the JACK server refuses: {error}") from None
    finally:
        # Its threads may live longer than Python.
        jack.set_error_function(None)
        jack.set_info_function(None)


def load_jack() -> Jack:
    """The module of JACK-Client.

    Raises:
        UsageError: It or JACK's library is missing.
    """
    try:
        import jack  # noqa: PLC0415 (an extra, which may be missing)
    except ImportError:
        raise UsageError(f"JACK-Client isn't installed: {install('bench')}") from None
    except OSError:
        raise UsageError("the JACK library is missing; on Debian: apt-get install jackd2") from None
    return jack


@contextmanager
def _collector_asleep() -> Iterator[None]:
    """Python's collector of garbage would hold JACK's threads up."""
    was_awake = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_awake:
            gc.enable()
