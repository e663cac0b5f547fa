"""A program that plays MIDI to a JACK client and captures what that sounds like.

Both happen in one process callback, so that the times of what is sent and of what is heard are
frames of one clock. Called with a JSON object on stdin:

    to, hear: beginnings of the names of the MIDI input and of the two audio outputs to connect to
    events: [frame, byte, byte…], frames counted from the beginning of the capture
    frames: how many are captured
    out: path of the .npz file to write: audio [2, frames], and how many cycles were missed
"""

from __future__ import annotations

import json
import sys
import threading
import time

import jack
import numpy as np

PORT_SECONDS = 30.0
CLAIMED_SECONDS = 0.3
"""Arco connects to this program's port, too, if that was there before Arco or stood unconnected for
a look, and lets go again when it next looks and finds its own port connected: until then keys come
by both ways."""


def wait_for_ports(
    client: jack.Client, beginning: str, count: int, **kind: bool
) -> list[jack.Port]:
    until = time.monotonic() + PORT_SECONDS
    while time.monotonic() < until:
        ports = [p for p in client.get_ports(**kind) if p.name.startswith(beginning)]
        if len(ports) >= count:
            return ports
        time.sleep(0.02)
    sys.exit(f"no port {beginning}")


def connect(client: jack.Client, source: jack.Port, target: jack.Port) -> None:
    """Connect two ports; a client whose ports are there may not be active yet."""
    until = time.monotonic() + PORT_SECONDS
    while True:
        try:
            client.connect(source, target)
        except jack.JackErrorCode:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def main() -> None:
    task = json.load(sys.stdin)
    events = sorted((event[0], bytes(event[1:])) for event in task["events"])
    audio = np.zeros((2, task["frames"]), np.float32)
    client = jack.Client("player", no_start_server=True)
    midi_out = client.midi_outports.register("out")
    inputs = [client.inports.register(name) for name in ("left", "right")]
    first = -1
    sent = missed = 0
    expected = -1
    done = threading.Event()
    go = threading.Event()

    def process(frames: int) -> None:
        nonlocal first, sent, missed, expected
        midi_out.clear_buffer()
        now = client.last_frame_time
        if expected >= 0 and now != expected:
            missed += 1
        expected = now + frames
        if not go.is_set():
            return
        if first < 0:
            first = now
        place = now - first
        while sent < len(events) and events[sent][0] < place + frames:
            midi_out.write_midi_event(max(0, events[sent][0] - place), events[sent][1])
            sent += 1
        count = min(frames, audio.shape[1] - place)
        if count <= 0:
            done.set()
            return
        for channel, port in zip(audio, inputs, strict=True):
            channel[place : place + count] = port.get_array()[:count]

    client.set_process_callback(process)
    with client:
        if task["to"]:
            (target, *_) = wait_for_ports(client, task["to"], 1, is_midi=True, is_input=True)
            connect(client, midi_out, target)
        for source, port in zip(
            wait_for_ports(client, task["hear"], 2, is_audio=True, is_output=True),
            inputs,
            strict=False,
        ):
            connect(client, source, port)
        time.sleep(CLAIMED_SECONDS)
        go.set()
        if not done.wait(60.0 + 4.0 * task["frames"] / client.samplerate):
            sys.exit("JACK stands still")
    np.savez(task["out"], audio=audio, missed=missed)


if __name__ == "__main__":
    main()
