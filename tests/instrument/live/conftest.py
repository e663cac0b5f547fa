"""Real JACK servers without a sound card, programs that play on them, and a scheduler's stage."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from ctypes import CDLL
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from instrument.arrays import Float32
from instrument.live import jack
from instrument.live import scheduler as control
from instrument.live.bindings import Binding
from instrument.live.inputs import Inputs
from instrument.model.graphs import Instrument
from tests.instrument.live.arco_program import Arco, capture
from tests.instrument.live.stage import Stage, Time

REQUIRED = "ARCO_REQUIRE_LIVE"
"""Set to 1 where the live tests must run: whatever is missing there is a failure."""

SERVER_STARTS_WITHIN = 20.0
ENDS_WITHIN = 20.0

WAIT_FOR_SERVER = """
import sys, time
import jack
jack.set_error_function(lambda text: None)
jack.set_info_function(lambda text: None)
until = time.monotonic() + float(sys.argv[1])
while time.monotonic() < until:
    try:
        jack.Client("wait", no_start_server=True).close()
        sys.exit(0)
    except jack.JackOpenError:
        time.sleep(0.02)
sys.exit(1)
"""


def missing() -> str | None:
    """What the live tests lack on this computer, or None."""
    if shutil.which("jackd") is None:
        return "jackd isn't installed (on Debian: apt-get install jackd2)"
    for module, package in {"rtmidi": "python-rtmidi", "jack": "JACK-Client"}.items():
        if find_spec(module) is None:
            return f"{package} isn't installed (pip install 'arco[live,test]')"
    return None


@pytest.fixture(scope="session")
def live_parts() -> None:
    """Skips a test that needs JACK where it is missing; fails it where it must not be."""
    reason = missing()
    if reason is None:
        return
    if os.environ.get(REQUIRED) == "1":
        pytest.fail(reason)
    pytest.skip(reason)


class JackServer:
    """A JACK server of its own name with the dummy driver.

    Attributes:
        name: Of the server, for ``JACK_DEFAULT_SERVER``.
        block: Samples of a period.
        sample_rate: In Hz.
        synchronous: Whether it waits for its clients in each period. So nothing is lost when the
            computer is slow, but a client that is killed holds all others up for 20 s.
    """

    def __init__(self, log: Path, block: int, sample_rate: int, *, synchronous: bool) -> None:
        self.name = f"arco-{secrets.token_hex(4)}"
        self.block = block
        self.sample_rate = sample_rate
        self.synchronous = synchronous
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, or start it again, and wait until it answers."""
        command = f"jackd -n {self.name} -r {'-S' if self.synchronous else ''} -t 2000"
        command += f" --port-max 256 -d dummy -r {self.sample_rate} -p {self.block}"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command.split(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        waiting = [sys.executable, "-c", WAIT_FOR_SERVER, str(SERVER_STARTS_WITHIN)]
        environment = {**os.environ, "JACK_DEFAULT_SERVER": self.name}
        if subprocess.run(waiting, env=environment, check=False).returncode != 0:
            said = self._log.read_text(errors="replace")
            self.kill()
            pytest.fail(f"jackd doesn't start; it says: {said}")

    def stop(self) -> None:
        """End it as one ends a program."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it without a chance to clean up."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Keep it from running, though it is there."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it run again."""
        self._signal(signal.SIGCONT)

    def remove(self) -> None:
        """End it for good.

        A computer has places for eight servers. One that was killed keeps its own until a server
        of the same name has ended well; so does one whose clients left while it ended, because
        that is a SIGPIPE to it.
        """
        self.stop()
        if self._process is not None and self._process.returncode != 0:
            self.start()
            self.stop()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self.thaw()
            self._process.wait(ENDS_WITHIN)


@pytest.fixture
def make_jack_server(
    live_parts: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., JackServer]]:
    """Makes a server: (block=128, sample_rate=48_000, synchronous=True); it isn't started yet.

    Clients in this process and in those that it starts join the one that was made last.
    """
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    servers: list[JackServer] = []

    def make(
        block: int = 128, sample_rate: int = 48_000, *, synchronous: bool = True
    ) -> JackServer:
        server = JackServer(tmp_path / "jackd.log", block, sample_rate, synchronous=synchronous)
        monkeypatch.setenv("JACK_DEFAULT_SERVER", server.name)
        servers.append(server)
        return server

    yield make
    for server in servers:
        server.remove()


@pytest.fixture
def jack_server(make_jack_server: Callable[..., JackServer]) -> JackServer:
    """A server that runs, with periods of 128 samples."""
    server = make_jack_server()
    server.start()
    return server


@pytest.fixture
def jack_library(live_parts: None) -> CDLL:
    """JACK's own library."""
    library = jack.load()
    assert library is not None
    return library


class MidiSource:
    """A program that sends MIDI through JACK; see ``midi_source.py``."""

    def __init__(self, client: str = "Keys", *ports: str) -> None:
        script = Path(__file__).with_name("midi_source.py")
        self.client = client
        self._process = subprocess.Popen(
            [sys.executable, str(script), client],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._wait()
        for port in ports or ("out",):
            self.add(port)

    def add(self, port: str) -> None:
        """Make an output."""
        self._ask("add", port)

    def remove(self, port: str) -> None:
        """Unmake an output."""
        self._ask("remove", port)

    def connect(self, port: str, destination: str) -> None:
        """Connect an output to a port of another program."""
        self._ask("connect", [f"{self.client}:{port}", destination])

    def disconnect(self, port: str, destination: str) -> None:
        """Cut the connection."""
        self._ask("disconnect", [f"{self.client}:{port}", destination])

    def send(self, events: list[bytes], port: str = "out", every: int = 0) -> None:
        """Send JACK events, so many samples apart, and wait until they are sent."""
        self._ask("send", [port, [event.hex() for event in events], every])

    def close(self) -> None:
        """End the program."""
        try:
            self._process.communicate(timeout=ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the program without a chance to clean up."""
        self._process.kill()
        self._process.communicate()

    def _ask(self, request: str, value: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({request: value}) + "\n")
        self._process.stdin.flush()
        self._wait()

    def _wait(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "done\n", "the source has died"


@pytest.fixture
def midi_source(
    make_jack_server: Callable[..., JackServer],
) -> Iterator[Callable[..., MidiSource]]:
    """Starts a program that sends MIDI: (client="Keys", *ports); its port is "out" by default.

    It joins the running server, and leaves before that one ends.
    """
    sources: list[MidiSource] = []

    def start(client: str = "Keys", *ports: str) -> MidiSource:
        sources.append(MidiSource(client, *ports))
        return sources[-1]

    yield start
    for source in sources:
        source.close()


@pytest.fixture
def only_jack(live_parts: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves out the ports that this computer really has."""
    import rtmidi  # noqa: PLC0415 (may be missing, which live_parts has looked at)

    monkeypatch.setattr(rtmidi, "get_compiled_api", list)


@pytest.fixture
def open_inputs(only_jack: None, jack_server: Any) -> Iterator[Callable[..., Inputs]]:
    """Opens inputs on a running server, with the arguments of `Inputs`; closes them in the end."""
    opened: list[Inputs] = []

    def open_inputs(*arguments: str) -> Inputs:
        opened.append(Inputs(*arguments))
        return opened[-1]

    yield open_inputs
    for inputs in opened:
        inputs.close()


@pytest.fixture
def make_stage(tiny: Instrument, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Stage]]:
    """Makes a stage: (jack=False, bindings=())."""
    stages: list[Stage] = []

    def make(*, jack: bool = False, bindings: Sequence[Binding] = ()) -> Stage:
        time = Time()
        monkeypatch.setattr(control, "time", time)
        stages.append(Stage(tiny, time, jack=jack, bindings=bindings))
        return stages[-1]

    yield make
    for stage in stages:
        stage.time.let_go()
        stage.scheduler.stop()


@pytest.fixture
def stage(make_stage: Callable[..., Stage]) -> Stage:
    return make_stage()


@pytest.fixture
def arco(
    make_jack_server: Callable[..., Any], tiny_instrument: Path, tmp_path: Path
) -> Iterator[Callable[..., Arco]]:
    """Starts `arco play` with the tiny instrument, (*options, …), and ends it before the server."""
    running: list[Arco] = []

    def start(*options: str, instrument: Path = tiny_instrument, **chosen: Any) -> Arco:
        log = tmp_path / f"arco-{len(running)}.log"
        running.append(Arco(log, "--instrument", str(instrument), *options, **chosen))
        return running[-1]

    yield start
    for program in running:
        if program.runs:
            program.kill()


@pytest.fixture
def perform(tmp_path: Path) -> Callable[..., Float32]:
    """Sends events, [frame, byte…], through JACK and captures what is heard, [2, frames]."""
    return partial(capture, tmp_path / "captured.npz")
