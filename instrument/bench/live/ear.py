"""What a program plays on JACK, on this computer's clock."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import numpy as np

from instrument.arrays import Float32
from instrument.bench.live.loopback import FRAME_COUNTS, PORTS_WITHIN_SECONDS, Client, Jack, Port
from instrument.errors import UsageError

LOOK_SECONDS = 0.05


class Ear:
    """A client of JACK that keeps what it hears, with the channels added up.

    Attributes:
        sample_rate: In Hz.
        block: Samples of a period.
        missed: Periods in which it wasn't called.
    """

    def __init__(self, client: Client, seconds: float) -> None:
        self.sample_rate = int(client.samplerate)
        self.block = int(client.blocksize)
        self.missed = 0
        self._client = client
        self._input: Port = client.inports.register("in")
        self._heard: Float32 = np.zeros(round(seconds * self.sample_rate), np.float32)
        self._zero = self._place = -1
        client.set_process_callback(self._record)
        client.activate()
        self._known = {port.name for port in client.get_ports()}

    def connect(self) -> None:
        """Wait for the outputs of a program that was just started, and hear them alone.

        Raises:
            UsageError: They don't come.
        """
        until = time.monotonic() + PORTS_WITHIN_SECONDS
        while len(audio := self._new()) < 2:
            if time.monotonic() > until:
                raise UsageError("'arco ui' doesn't come to the JACK server with sound")
            time.sleep(LOOK_SECONDS)
        time.sleep(10 * LOOK_SECONDS)  # it may still be about to connect itself
        for port in audio:
            for sink in self._client.get_all_connections(port):
                self._client.disconnect(port, sink)
            self._client.connect(port, self._input)

    def _new(self) -> list[Port]:
        ports = self._client.get_ports(is_audio=True, is_output=True)
        return [port for port in ports if port.name not in self._known]

    @property
    def samples(self) -> int:
        """How many it has heard."""
        return max(self._place, 0)

    def heard(self, first: int, last: int) -> Float32:
        """What it has heard between two samples."""
        return self._heard[max(first, 0) : last]

    def sample_at(self, seconds: float) -> float:
        """The sample that the clock of JACK was at, at a time of ``time.perf_counter``.

        A sample of a period leaves the computer one period later at the earliest.
        """
        looks = []
        for _ in range(9):
            before = time.perf_counter()
            frame = self._client.frame_time
            after = time.perf_counter()
            looks.append((after - before, frame, (before + after) / 2.0))
        _, frame, at = min(looks)
        return float((frame - self._zero) % FRAME_COUNTS - (at - seconds) * self.sample_rate)

    def _record(self, frames: int) -> None:
        """JACK's thread: nothing here makes arrays but views of them."""
        now = self._client.last_frame_time
        if self._zero < 0:
            self._zero = now
        place = (now - self._zero) % FRAME_COUNTS
        self.missed += place != max(self._place, 0)
        self._place = place + frames
        if self._place <= len(self._heard):
            self._heard[place : self._place] = self._input.get_array()


@contextmanager
def ear(jack: Jack, seconds: float) -> Iterator[Ear]:
    """An ear that listens for so long; it leaves the server at the end."""
    jack.set_error_function(lambda _text: None)
    jack.set_info_function(lambda _text: None)
    try:
        with closing(jack.Client("arco-bench-page", no_start_server=True)) as client:
            yield Ear(client, seconds)
    except jack.JackOpenError:
        raise UsageError("no JACK server runs; start one (jackd -d dummy)") from None
    finally:
        jack.set_error_function(None)
        jack.set_info_function(None)
