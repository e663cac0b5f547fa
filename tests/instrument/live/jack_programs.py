"""Programs on JACK: a server without a sound card, and one that sends MIDI."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SERVER_STARTS_WITHIN = 20.0
ENDS_WITHIN = 30.0
"""JACK itself waits 20 s for a period of a client that leaves while the server ends."""

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
        """Keep it from running, though it is there; a busy computer takes a moment for it."""
        self._signal(signal.SIGSTOP)
        while self._process is not None and not self._stands_still(self._process.pid):
            time.sleep(0.001)

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

    @staticmethod
    def _stands_still(pid: int) -> bool:
        """Whether all threads of a process are stopped."""
        threads = Path(f"/proc/{pid}/task").glob("*/stat")
        return all(stat.read_text().rpartition(")")[2].split()[0] in "TZ" for stat in threads)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self.thaw()
            self._process.wait(ENDS_WITHIN)


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
