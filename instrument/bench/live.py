"""Note-on to sound through real MIDI and audio: a loopback on JACK. The one module that knows it.

Notes go out of a MIDI port to Arco, played by ``arco play`` in a process of its own, and what Arco
plays comes back into an audio port. Every other note goes to FluidSynth, where it is installed, so
that both are measured by the same ear at the same time on the same computer.

**What is measured.** From the frame at which a note-on is in its JACK period to the first sample
that is louder than −90 dBFS and than twice what was there in the silence before. So the attack of a
sound counts as far as that level: a few samples of Arco's, and of FluidSynth's violin as much as
its recording has. Each note is short, and the room has 1.2 s to die away before the next one.

JACK hands over all MIDI of a period at the start of that period; a program may keep to the frame
at which each message is in it, or play them all as if they were at the start. Therefore a latency
is told twice, from the note's own frame and from the start of its period. Where the first spreads
over a period and the second doesn't, the program plays them as if at the start. From the note's
frame such a program may even be early, by what of the period had gone by at the note.
"""

from __future__ import annotations

import gc
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from instrument.arrays import Float32, Int64
from instrument.bench.soundfont import VIOLIN, find_soundfont
from instrument.errors import UsageError

Jack: TypeAlias = Any  # the module, and its classes below, have no types
Client: TypeAlias = Any
Port: TypeAlias = Any
Program: TypeAlias = "subprocess.Popen[str]"

ARCO, FLUIDSYNTH = "Arco", "FluidSynth"

KEY, VELOCITY = 69, 110
NOTE_SECONDS = 0.02
SILENCE_SECONDS = 1.2
"""From one note of a program to its next: the room falls to some −85 dBFS."""

LISTEN_SECONDS = 0.1
"""How long a note may take, besides three periods, before it counts as lost."""

BEFORE_SECONDS = 0.01
"""What is heard before a note, to know how silent it is."""

LEAST_LEVEL = 10.0 ** (-90.0 / 20.0)
ABOVE_SILENCE = 2.0

LEAD_SECONDS = 0.5
PORTS_WITHIN_SECONDS = 30.0
STALLED_SECONDS = 10.0
ENDS_WITHIN_SECONDS = 20.0
LOOK_SECONDS = 0.05
FRAME_COUNTS = 2**32
"""JACK's frames begin again at 0 after so many."""

NOTE_OFF, NOTE_ON, PROGRAM_CHANGE = 0x80, 0x90, 0xC0
FASTEST_RELEASE = 127

QUIT = "quit\n"
"""FluidSynth's own word. A signal would kill it, and a server that waits for its clients would
stand still for 20 s."""

READY = "Ctrl-C ends it."
"""Arco's last sentence before it plays."""

SENTENCES = {
    "latency_ms": r"A key sounds ([\d.]+) ms after it arrives",
    "notes": r"(\d+) notes were played",
    "dropped": r"(\d+) notes dropped",
    "messages_lost": r"(\d+) messages lost",
    "postponed": r"(\d+) messages had to wait",
    "late_frames": r"(\d+) control frames and \d+ notes came late",
    "late_notes": r"\d+ control frames and (\d+) notes came late",
    "underruns": r"reported (\d+) gaps",
}
"""What `ui.live_sentences` and `ui.live_report` say; what went well isn't mentioned."""


# --- What is found out ---------------------------------------------------------------------------


class Spread(NamedTuple):
    """How latencies are spread, in samples, or in the unit that they were turned into.

    Attributes:
        median: Half of them are shorter.
        p1: One in a hundred is shorter.
        p99: One in a hundred is longer.
        jitter: The longest less the shortest.
    """

    median: float
    p1: float
    p99: float
    jitter: float

    @classmethod
    def of(cls, latencies: Int64) -> Spread | None:
        """The spread of latencies [n]; None if there is none."""
        if len(latencies) == 0:
            return None
        p1, median, p99 = map(float, np.percentile(latencies, (1.0, 50.0, 99.0)))
        return cls(median, p1, p99, float(latencies.max() - latencies.min()))

    def in_ms(self, sample_rate: int) -> Spread:
        """The same in milliseconds."""
        return Spread(*(1000.0 * samples / sample_rate for samples in self))


@dataclass(frozen=True)
class Latency:
    """How soon a program sounded.

    Attributes:
        notes: That it was sent.
        lost: Of these, notes without a sound.
        missed: Of these, notes of which the loopback itself missed a period; in no other metric.
        from_note: Samples from the frame of the note-on to its first sample; None if all are lost.
        from_period: Samples from the start of the note-on's period; None if all are lost.
    """

    notes: int
    lost: int
    missed: int
    from_note: Spread | None
    from_period: Spread | None


@dataclass(frozen=True)
class OwnCounts:
    """What Arco says of itself, from its start to its end.

    Attributes:
        latency_ms: From a note's arrival to its sound, as announced at the start.
        notes: That were played.
        dropped: Notes that got no voice.
        messages_lost: Messages that overflowed a queue.
        postponed: Messages that had to wait for another block.
        late_frames: Control frames that came late.
        late_notes: Notes that began after their sample.
        underruns: Gaps that the sound device reported, of which making connections costs some.
    """

    latency_ms: float = 0.0
    notes: int = 0
    dropped: int = 0
    messages_lost: int = 0
    postponed: int = 0
    late_frames: int = 0
    late_notes: int = 0
    underruns: int = 0

    @classmethod
    def read(cls, said: str) -> OwnCounts:
        """The counts in what ``arco play`` said from its start to its end."""
        found = {name: re.search(pattern, said) for name, pattern in SENTENCES.items()}
        told = {name: match[1] for name, match in found.items() if match}
        latency_ms = float(told.pop("latency_ms", 0.0))
        return cls(latency_ms, **{name: int(count) for name, count in told.items()})


@dataclass(frozen=True)
class LiveLatency:
    """What a loopback found out.

    Attributes:
        sample_rate: Of the JACK server, in Hz.
        block: Samples of its period.
        xruns: Of the server, meanwhile.
        arco: How soon Arco sounded.
        own: What it said of itself.
        fluidsynth: How soon FluidSynth sounded, or a sentence that says why that isn't known.
    """

    sample_rate: int
    block: int
    xruns: int
    arco: Latency
    own: OwnCounts
    fluidsynth: Latency | str


def measure_live(
    notes: int = 1000,
    instrument: str = "violin",
    soundfont: Path | None = None,
    seed: int = 0,
    progress: Callable[[float], None] = lambda _seconds: None,
) -> LiveLatency:
    """Play notes through a JACK server that runs, and measure when they sound.

    It takes as long as `live_seconds` says. Nothing of it is heard: what Arco is connected to by
    itself is disconnected.

    Args:
        notes: For each program.
        instrument: That Arco plays: its name, or the folder of an exported one.
        soundfont: That FluidSynth plays; the usual one if None.
        seed: Of where in its period each note is.
        progress: Called with the seconds that have gone by.

    Raises:
        UsageError: JACK-Client isn't installed, no JACK server runs, it went away, or Arco didn't
            start or ended.
    """
    jack = _load_jack()
    missing = missing_fluidsynth(soundfont)
    with ExitStack() as opened:
        loop = opened.enter_context(_loopback(jack, (ARCO,) if missing else (ARCO, FLUIDSYNTH)))
        arco = opened.enter_context(_program(_arco_command(instrument)))
        said = _wait_until_ready(arco)
        loop.connect(ARCO, arco)
        if not missing:
            command = _fluidsynth_command(
                loop.sample_rate, loop.block, soundfont or find_soundfont()
            )
            # What it says would fill a pipe that nobody empties.
            fluidsynth = opened.enter_context(_program(command, QUIT, subprocess.DEVNULL))
            loop.connect(FLUIDSYNTH, fluidsynth)
        take = Take.empty(loop.programs, notes, loop.sample_rate, loop.block, seed)
        loop.play(take, progress)
        if arco.poll() is not None:
            raise UsageError("'arco play' ended while notes were played")
        own = OwnCounts.read(said + _end(arco))
    return LiveLatency(
        sample_rate=loop.sample_rate,
        block=loop.block,
        xruns=loop.xruns,
        arco=take.latency(ARCO),
        own=own,
        fluidsynth=missing or take.latency(FLUIDSYNTH),
    )


def live_seconds(notes: int = 1000) -> float:
    """How long `measure_live` plays."""
    return LEAD_SECONDS + SILENCE_SECONDS * notes


# --- What is played, and what was heard ----------------------------------------------------------


class Message(NamedTuple):
    """A MIDI message.

    Attributes:
        frame: When it is to be sent, counted from the beginning.
        program: Name of the program that it is for.
        data: Its bytes.
        note: Number of the note that it begins, or None.
    """

    frame: int
    program: str
    data: bytes
    note: int | None = None


@dataclass(frozen=True)
class Take:
    """Notes that programs take turns to play, and what was heard of them.

    Attributes:
        programs: [notes], names of those that play them.
        messages: In order of time.
        silent: How many samples of a note's sound are before it whatever the program does.
        begin: [notes], the frame at which its sound begins to be recorded.
        sent: [notes], the frame at which its note-on was sent.
        offset: [notes], the note-on's place in its period.
        sound: [notes, samples], NaN where a period was missed.
    """

    programs: list[str]
    messages: list[Message]
    silent: int
    begin: Int64
    sent: Int64
    offset: Int64
    sound: Float32

    @classmethod
    def empty(
        cls, programs: Sequence[str], notes: int, sample_rate: int, block: int, seed: int
    ) -> Take:
        """Notes for each program, at random places of their periods; nothing is heard yet."""
        silent = round(BEFORE_SECONDS * sample_rate)
        # A program may sound a period early, see above.
        before = silent + block
        length = before + round(LISTEN_SECONDS * sample_rate) + 3 * block
        apart = max(round(SILENCE_SECONDS * sample_rate / len(programs)), length + 2 * block)
        rng = np.random.default_rng(seed)
        count = notes * len(programs)
        on = before + apart * np.arange(count) + rng.integers(block, size=count)
        off = on + round(NOTE_SECONDS * sample_rate)
        players = [programs[number % len(programs)] for number in range(count)]
        messages = [Message(0, name, bytes((PROGRAM_CHANGE, VIOLIN))) for name in programs]
        for number, name in enumerate(players):
            begins = bytes((NOTE_ON, KEY, VELOCITY))
            ends = bytes((NOTE_OFF, KEY, FASTEST_RELEASE))
            messages.append(Message(int(on[number]), name, begins, number))
            messages.append(Message(int(off[number]), name, ends))
        return cls(
            programs=players,
            messages=sorted(messages, key=lambda message: message.frame),
            silent=silent,
            begin=on - before,
            sent=np.zeros(count, np.int64),
            offset=np.zeros(count, np.int64),
            sound=np.full((count, length), np.nan, np.float32),
        )

    def latency(self, program: str) -> Latency:
        """How soon a program sounded."""
        rows = [number for number, name in enumerate(self.programs) if name == program]
        whole = [row for row in rows if not np.isnan(self.sound[row]).any()]
        onsets = {row: onset(self.sound[row], self.silent) for row in whole}
        heard = [row for row, first in onsets.items() if first is not None]
        first = self.begin[heard] + np.array([onsets[row] for row in heard], np.int64)
        return Latency(
            notes=len(rows),
            lost=len(whole) - len(heard),
            missed=len(rows) - len(whole),
            from_note=Spread.of(first - self.sent[heard]),
            from_period=Spread.of(first - self.sent[heard] + self.offset[heard]),
        )


def onset(sound: Float32, silent: int) -> int | None:
    """The first sample that is heard, if one is.

    Args:
        sound: [n].
        silent: How many of its samples are before the note.
    """
    level = np.abs(sound)
    threshold = max(LEAST_LEVEL, ABOVE_SILENCE * float(level[:silent].max()))
    loud = np.flatnonzero(level[silent:] > threshold)
    return silent + int(loud[0]) if len(loud) else None


# --- The loopback --------------------------------------------------------------------------------


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
                take.sent[note], take.offset[note] = start + offset, offset
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
def _loopback(jack: Jack, programs: Sequence[str]) -> Iterator[Loopback]:
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


def _load_jack() -> Jack:
    """The module of JACK-Client.

    Raises:
        UsageError: It or JACK's library is missing.
    """
    try:
        import jack  # noqa: PLC0415 (an extra, which may be missing)
    except ImportError:
        raise UsageError("JACK-Client isn't installed: pip install 'arco[bench]'") from None
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


# --- The programs --------------------------------------------------------------------------------


def _arco_command(instrument: str) -> list[str]:
    command = [sys.executable, "-m", "instrument.cli", "play", "--instrument", instrument]
    return [*command, "--midi-in", "virtual", "--audio-out", "JACK"]


def missing_fluidsynth(soundfont: Path | None) -> str:
    """What there isn't of FluidSynth, as a sentence; nothing if it can play."""
    if shutil.which("fluidsynth") is None:
        return "the program fluidsynth isn't installed: apt install fluidsynth"
    if soundfont is not None:
        return "" if soundfont.is_file() else f"there is no soundfont {soundfont}"
    try:
        find_soundfont()
    except UsageError as error:
        return str(error)
    return ""


def _fluidsynth_command(sample_rate: int, block: int, soundfont: Path) -> list[str]:
    """FluidSynth without effects, and with no connections but those that are made for it."""
    settings = {
        "audio.jack.autoconnect": 0,
        "midi.autoconnect": 0,
        "synth.chorus.active": 0,
        "synth.reverb.active": 0,
    }
    options = [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]
    drivers = ["-a", "jack", "-m", "jack", "-r", str(sample_rate), "-z", str(block)]
    return ["fluidsynth", *drivers, *options, str(soundfont)]


@contextmanager
def _program(
    command: Sequence[str], goodbye: str = "", output: int = subprocess.PIPE
) -> Iterator[Program]:
    """A program that runs and is ended: by a word on its stdin, or else by a signal."""
    process = subprocess.Popen(  # noqa: S603 (the commands are above)
        command,
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
        errors="backslashreplace",
    )
    try:
        yield process
    finally:
        _end(process, goodbye)


def _wait_until_ready(arco: Program) -> str:
    """What Arco says until it plays.

    Raises:
        UsageError: It ends instead.
    """
    said: list[str] = []
    for line in arco.stdout or ():
        said.append(line)
        if READY in line:
            return "".join(said)
    why = said[-1].strip().removeprefix("arco: ") if said else "it says nothing"
    raise UsageError(f"'arco play' doesn't start: {why}")


def _end(process: Program, goodbye: str = "") -> str:
    """Let a program end, and wait until it has; what it still said."""
    if process.returncode is not None:
        return ""
    if not goodbye:
        process.terminate()
    try:
        said, _ = process.communicate(goodbye, timeout=ENDS_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        said, _ = process.communicate()
    return said or ""
