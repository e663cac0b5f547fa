"""A program with MIDI outputs on JACK, which does as it is told on its standard input.

Run as a script, ``midi_source.py CLIENT``. Each line is a request in JSON; a line "done" answers it
when it has been carried out:

- {"add": PORT} and {"remove": PORT} make and unmake an output;
- {"connect": [SOURCE, DESTINATION]} and {"disconnect": [SOURCE, DESTINATION]};
- {"send": [PORT, EVENTS, EVERY]} sends JACK events, hexadecimal bytes each, so many samples apart;
  0 puts them one after another as quickly as they fit. None is lost on this side.
"""

from __future__ import annotations

import json
import os
import sys
from collections import deque
from threading import Event, Lock
from typing import Any

import jack


class Source:
    """Outputs, and what they have yet to send."""

    def __init__(self, client: str) -> None:
        self.client = jack.Client(client, no_start_server=True)
        self.ports: dict[str, Any] = {}
        self.waiting: deque[tuple[str, bytes, int]] = deque()
        self.lock = Lock()
        self.idle = Event()
        self.due = 0
        self.client.set_process_callback(self.process)
        # A dead server is no reason to stay, and nothing more can be said to it.
        self.client.set_shutdown_callback(lambda *_: os._exit(0))
        self.client.activate()

    def process(self, frames: int) -> None:
        start = self.client.last_frame_time
        with self.lock:
            for port in self.ports.values():
                port.clear_buffer()
            if not self.waiting:
                self.idle.set()
            while self.waiting:
                name, event, every = self.waiting[0]
                self.due = max(self.due, start)
                if self.due >= start + frames:
                    return
                try:
                    self.ports[name].write_midi_event(self.due - start, event)
                except jack.JackError:  # this period's buffer is full
                    return
                self.due += every
                self.waiting.popleft()

    def add(self, name: str) -> None:
        port = self.client.midi_outports.register(name)
        with self.lock:
            self.ports[name] = port

    def remove(self, name: str) -> None:
        with self.lock:
            port = self.ports.pop(name)
        port.unregister()

    def connect(self, between: list[str]) -> None:
        self.client.connect(*between)

    def disconnect(self, between: list[str]) -> None:
        self.client.disconnect(*between)

    def send(self, order: tuple[str, list[str], int]) -> None:
        port, events, every = order
        self.idle.clear()
        with self.lock:
            self.waiting.extend((port, bytes.fromhex(event), every) for event in events)
        self.idle.wait()


def done() -> None:
    sys.stdout.write("done\n")
    sys.stdout.flush()


if __name__ == "__main__":
    source = Source(sys.argv[1])
    done()
    for line in sys.stdin:
        for request, value in json.loads(line).items():
            getattr(source, request)(value)
        done()
    source.client.close()
