"""What is played through JACK arrives, whole and with the time at which it came."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from threading import Thread
from typing import Any

import pytest

from instrument.errors import UnknownName
from instrument.live import arrivals as arriving
from instrument.live import systems
from instrument.live.inputs import Inputs, list_inputs
from instrument.midi.messages import decode, encode
from tests.instrument.live.jack_inputs import NOTE_OFF, NOTE_ON, controllers, heard, heard_messages

pytestmark = pytest.mark.live


def test_all_outputs_of_other_programs_are_inputs(
    midi_source: Callable[..., Any], open_inputs: Callable[..., Inputs]
) -> None:
    keys, pads = midi_source("Keys", "out"), midi_source("Pads", "left", "right")
    assert sorted(list_inputs()) == [
        ("JACK", "Keys:out"),
        ("JACK", "Pads:left"),
        ("JACK", "Pads:right"),
    ]
    inputs = open_inputs()
    assert sorted(inputs.names) == ["Arco", "Keys:out", "Pads:left", "Pads:right"]
    keys.send([NOTE_ON])
    (first,) = heard(inputs, 1)
    pads.send([NOTE_OFF], port="right")
    (second,) = heard(inputs, 1)
    assert (first.port, first.event) == ("Keys:out", decode(NOTE_ON))
    assert (second.port, second.event) == ("Pads:right", decode(NOTE_OFF))
    assert first.sample is None, "nothing plays"
    assert first.seconds < second.seconds <= time.perf_counter()


def test_a_named_input_alone(
    midi_source: Callable[..., Any], open_inputs: Callable[..., Inputs]
) -> None:
    midi_source("Keys")
    midi_source("Pads")
    assert open_inputs("PAD").names == ["Pads:out"]
    with pytest.raises(UnknownName, match="no MIDI input named 'organ'; there is: Keys:out, Pads"):
        Inputs("organ")


def test_the_virtual_port_gets_what_others_connect_to_it(
    midi_source: Callable[..., Any], open_inputs: Callable[..., Inputs]
) -> None:
    inputs = open_inputs("virtual")
    keys = midi_source("Keys")
    inputs.refresh()
    assert inputs.names == ["Arco"]
    keys.send([NOTE_ON])
    keys.connect("out", "Arco:Arco")
    keys.send([NOTE_OFF])
    assert [(a.port, a.event) for a in heard(inputs, 1)] == [("Arco", decode(NOTE_OFF))]


def test_nothing_of_a_burst_is_missing(
    midi_source: Callable[..., Any], open_inputs: Callable[..., Inputs]
) -> None:
    keys = midi_source()
    inputs = open_inputs("Keys")
    for _ in range(5):
        keys.send(controllers(2_000))
        arrivals = heard(inputs, 2_000)
        assert [encode(arrival.event) for arrival in arrivals] == controllers(2_000)
        assert all(a.seconds <= b.seconds for a, b in pairwise(arrivals))
    assert inputs.lost == 0


def test_ten_thousand_messages_a_second(
    midi_source: Callable[..., Any], open_inputs: Callable[..., Inputs]
) -> None:
    keys = midi_source()
    inputs = open_inputs("Keys")
    sending = Thread(target=keys.send, args=(controllers(20_000),), kwargs={"every": 4})
    sending.start()
    assert heard_messages(inputs, 20_000) == controllers(20_000)
    sending.join()
    assert inputs.lost == 0


def test_a_queue_that_ran_full_is_told(
    midi_source: Callable[..., Any],
    open_inputs: Callable[..., Inputs],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (arriving, systems):
        monkeypatch.setattr(module, "QUEUE_SIZE", 64)
    keys = midi_source()
    inputs = open_inputs("Keys")
    keys.send(controllers(300))
    assert heard_messages(inputs, 63) == controllers(63)
    assert inputs.lost == 300 - 63
    keys.remove("out")
    inputs.refresh()
    assert inputs.lost == 300 - 63


def test_real_time_bytes_and_sysex_in_between(
    midi_source: Callable[..., Any], open_inputs: Callable[..., Inputs]
) -> None:
    keys = midi_source()
    inputs = open_inputs("Keys")
    between = [
        b"\xf8",
        b"\xfe",
        b"\xf1\x20",
        b"\xf0\x7e\x7f\x09\x01\xf7",
        b"\xfa",
        b"\xf6",
        b"\xff",
    ]
    sent = controllers(700)
    events = [event for i, m in enumerate(sent) for event in (m, between[i % len(between)])]
    keys.send(events)
    keys.send([NOTE_ON[:2] + b"\xf8" + NOTE_ON[2:], NOTE_ON[1:] + NOTE_ON[1:], NOTE_OFF])
    expected = [*sent, NOTE_ON, NOTE_ON, NOTE_ON, NOTE_OFF]
    assert heard_messages(inputs, len(expected)) == expected


def test_real_time_bytes_dont_shorten_the_time_between_notes(
    midi_source: Callable[..., Any], open_inputs: Callable[..., Inputs]
) -> None:
    keys = midi_source()
    inputs = open_inputs("Keys")
    keys.send([NOTE_ON])
    (first,) = heard(inputs, 1)
    keys.send([b"\xf8"] * 50, every=480)
    keys.send([NOTE_OFF])
    (second,) = heard(inputs, 1)
    assert second.seconds - first.seconds > 0.25


def test_a_message_that_is_polled_late_is_told_when_it_came(
    midi_source: Callable[..., Any], open_inputs: Callable[..., Inputs]
) -> None:
    keys = midi_source()
    inputs = open_inputs("Keys")
    for message in controllers(20):
        keys.send([message])
        assert heard_messages(inputs, 1) == [message]
    keys.send([NOTE_ON])
    sent = time.perf_counter()
    time.sleep(0.5)
    (late,) = heard(inputs, 1)
    assert late.seconds < sent + 0.25
