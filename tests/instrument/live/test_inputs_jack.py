"""What is played through JACK arrives, while ports, programs and servers come and go."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from ctypes import CDLL
from itertools import pairwise
from threading import Event, Thread
from typing import Any

import pytest

from instrument.errors import UnknownName, UsageError
from instrument.live import arrivals as arriving
from instrument.live import jack, systems
from instrument.live.arrivals import Arrival
from instrument.live.inputs import Changes, Inputs, list_inputs
from instrument.midi.messages import decode, encode

pytestmark = pytest.mark.live

NOTE_ON, NOTE_OFF = bytes((0x90, 60, 64)), bytes((0x80, 60, 0))
POLL = 0.0005  # seconds between two polls


def controllers(count: int) -> list[bytes]:
    """So many different messages; which one is which can be told for the first 2 million."""
    return [bytes((0xB0 | n >> 14 & 15, n >> 7 & 127, n & 127)) for n in range(count)]


def heard(inputs: Inputs, count: int) -> list[Arrival]:
    """Polls until so many messages have come, or no more come for long."""
    arrivals: list[Arrival] = []
    last = time.monotonic()
    while len(arrivals) < count and time.monotonic() < last + 10.0:
        if new := inputs.poll():
            arrivals += new
            last = time.monotonic()
        time.sleep(POLL)
    return arrivals


def heard_messages(inputs: Inputs, count: int) -> list[bytes]:
    return [encode(arrival.event) for arrival in heard(inputs, count)]


def becomes(inputs: Inputs, opened: Sequence[str] = (), lost: Sequence[str] = ()) -> None:
    """Refreshes until this has changed, and nothing else: a server takes a moment for it."""
    changes = Changes()
    until = time.monotonic() + 10.0
    while changes != Changes([*opened], [*lost]) and time.monotonic() < until:
        new = inputs.refresh()
        changes = Changes(sorted(changes.opened + new.opened), sorted(changes.lost + new.lost))
    assert changes == Changes([*opened], [*lost])
    assert inputs.refresh() == Changes()


@pytest.fixture
def only_jack(live_parts: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves out the ports that this computer really has."""
    import rtmidi  # noqa: PLC0415 (may be missing, which live_parts has looked at)

    monkeypatch.setattr(rtmidi, "get_compiled_api", lambda: [rtmidi.API_UNIX_JACK])


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
    assert first.at_period_start
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
    capfd: pytest.CaptureFixture[str],
) -> None:
    for module in (arriving, systems):
        monkeypatch.setattr(module, "QUEUE_SIZE", 64)
    keys = midi_source()
    inputs = open_inputs("Keys")
    keys.send(controllers(300))
    assert heard_messages(inputs, 63) == controllers(63)
    assert inputs.lost == 1
    keys.remove("out")
    inputs.refresh()
    assert inputs.lost == 1
    assert "queue limit reached" in capfd.readouterr().err


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


@pytest.mark.parametrize("wanted", [(), ("keys",)], ids=["all", "named"])
def test_a_port_vanishes_and_returns(
    midi_source: Callable[..., Any], open_inputs: Callable[..., Inputs], wanted: tuple[str, ...]
) -> None:
    keys = midi_source()
    inputs = open_inputs(*wanted)
    for note in (NOTE_ON, NOTE_OFF):
        keys.send([note])
        assert heard_messages(inputs, 1) == [note]
        keys.remove("out")
        assert inputs.poll() == []
        becomes(inputs, lost=["Keys:out"])
        keys.add("out")
        becomes(inputs, opened=["Keys:out"])


def test_a_program_is_killed_and_started_again(
    only_jack: None, make_jack_server: Callable[..., Any], midi_source: Callable[..., Any]
) -> None:
    make_jack_server(synchronous=False).start()
    keys = midi_source()
    with closing(Inputs("keys")) as inputs:
        keys.kill()
        becomes(inputs, lost=["Keys:out"])
        keys = midi_source()
        becomes(inputs, opened=["Keys:out"])
        keys.send([NOTE_ON])
        assert heard_messages(inputs, 1) == [NOTE_ON]


def test_a_port_that_returns_between_two_looks_is_lost_and_opened(
    midi_source: Callable[..., Any], open_inputs: Callable[..., Inputs]
) -> None:
    keys = midi_source()
    inputs = open_inputs("Keys")
    keys.remove("out")
    keys.add("out")
    becomes(inputs, opened=["Keys:out"], lost=["Keys:out"])
    keys.send([NOTE_ON])
    assert heard_messages(inputs, 1) == [NOTE_ON]


def test_a_lost_input_hands_nothing_over_any_more(
    midi_source: Callable[..., Any], open_inputs: Callable[..., Inputs]
) -> None:
    keys = midi_source("Keys", "out", "other")
    inputs = open_inputs("Keys")
    keys.send([NOTE_ON])
    keys.remove("out")
    keys.send([NOTE_OFF], port="other")
    becomes(inputs, lost=["Keys:out"])
    assert heard_messages(inputs, 1) == [NOTE_OFF]


def test_ports_come_and_go_while_another_is_played(
    midi_source: Callable[..., Any], open_inputs: Callable[..., Inputs]
) -> None:
    keys, guest = midi_source("Keys"), midi_source("Guest", "out", "more")
    inputs = open_inputs()
    over = Event()

    def come_and_go() -> None:
        while not over.is_set():
            for change in (guest.remove, guest.add):
                change("out")
                inputs.refresh()

    coming_and_going = Thread(target=come_and_go)
    sending = Thread(target=keys.send, args=(controllers(10_000),), kwargs={"every": 6})
    coming_and_going.start()
    sending.start()
    arrivals = heard(inputs, 10_000)
    over.set()
    coming_and_going.join()
    sending.join()
    assert [encode(arrival.event) for arrival in arrivals] == controllers(10_000)
    assert {arrival.port for arrival in arrivals} == {"Keys:out"}


def test_what_is_closed_leaves_no_port_behind(
    midi_source: Callable[..., Any], open_inputs: Callable[..., Inputs], jack_library: CDLL
) -> None:
    keys = midi_source()
    inputs = open_inputs()
    watcher = jack.Watcher.open(jack_library, "Watcher")
    assert watcher is not None
    assert len(watcher.ports(jack.IS_INPUT)) == 2
    keys.remove("out")
    becomes(inputs, lost=["Keys:out"])
    assert watcher.ports(jack.IS_INPUT) == ["Arco:Arco"]
    inputs.close()
    assert watcher.ports(jack.IS_INPUT) == []
    watcher.close()


@pytest.mark.parametrize("death", ["kill", "stop"])
def test_the_server_dies_and_comes_back(
    midi_source: Callable[..., Any],
    jack_server: Any,
    open_inputs: Callable[..., Inputs],
    death: str,
) -> None:
    midi_source()
    inputs = open_inputs()
    for _ in range(3):
        getattr(jack_server, death)()
        assert inputs.poll() == []
        becomes(inputs, lost=["Arco", "Keys:out"])
        assert inputs.poll() == []
        jack_server.start()
        keys = midi_source()
        becomes(inputs, opened=["Arco", "Keys:out"])
        keys.send(controllers(1_000))
        assert heard_messages(inputs, 1_000) == controllers(1_000)


@pytest.mark.parametrize("death", ["kill", "stop"])
def test_the_server_dies_and_comes_back_before_anyone_looks(
    midi_source: Callable[..., Any],
    jack_server: Any,
    open_inputs: Callable[..., Inputs],
    death: str,
) -> None:
    midi_source()
    inputs = open_inputs("keys")
    for _ in range(3):
        getattr(jack_server, death)()
        jack_server.start()
        keys = midi_source()
        assert inputs.refresh() == Changes(lost=["Keys:out"])
        becomes(inputs, opened=["Keys:out"])
        keys.send([NOTE_ON])
        assert heard_messages(inputs, 1) == [NOTE_ON]


def test_the_server_dies_while_its_ports_are_looked_at(
    midi_source: Callable[..., Any],
    jack_server: Any,
    open_inputs: Callable[..., Inputs],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    midi_source()
    inputs = open_inputs()
    with monkeypatch.context() as unaware:
        unaware.setattr(jack.Watcher, "alive", True)
        unaware.setattr(jack.Watcher, "connections", lambda *_: [])
        jack_server.kill()
        assert sorted(inputs.refresh().lost) == ["Arco", "Keys:out"]
    jack_server.start()
    midi_source()
    becomes(inputs, opened=["Arco", "Keys:out"])


@pytest.mark.parametrize("death", ["kill", "stop"])
def test_inputs_of_a_dead_server_can_be_closed(
    midi_source: Callable[..., Any],
    jack_server: Any,
    open_inputs: Callable[..., Inputs],
    death: str,
) -> None:
    midi_source()
    inputs = open_inputs()
    getattr(jack_server, death)()
    inputs.close()
    assert (inputs.names, inputs.poll(), inputs.refresh()) == ([], [], Changes())
    jack_server.start()
    assert open_inputs("virtual").names == ["Arco"]


def test_a_server_that_has_stopped_doesnt_keep_inputs_from_closing(
    jack_server: Any, open_inputs: Callable[..., Inputs]
) -> None:
    inputs = open_inputs()
    jack_server.freeze()
    inputs.close()
    assert inputs.names == []


def test_nothing_is_printed_when_servers_are_missing_or_die(
    only_jack: None,
    make_jack_server: Callable[..., Any],
    capfd: pytest.CaptureFixture[str],
) -> None:
    server = make_jack_server()
    with pytest.raises(UsageError, match="start a JACK server"):
        list_inputs()
    server.start()
    with closing(Inputs()) as inputs:
        server.kill()
        becomes(inputs, lost=["Arco"])
    assert capfd.readouterr() == ("", "")
