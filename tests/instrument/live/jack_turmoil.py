"""A program that connects and disconnects ports of JACK all the time: the graph never rests."""

import sys
import time

import jack

first = jack.Client("First", no_start_server=True)
second = jack.Client("Second", no_start_server=True)
out, into = first.midi_outports.register("out"), second.midi_inports.register("in")
with first, second:
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    until = time.monotonic() + float(sys.argv[1])
    while time.monotonic() < until:
        first.connect(out, into)
        first.disconnect(out, into)
