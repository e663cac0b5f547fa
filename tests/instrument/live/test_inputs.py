"""What is played arrives, whole and in order and in time, while ports and servers come and go."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from ctypes import CDLL
from itertools import pairwise
from threading import Event, Thread
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.errors import UnknownName, UsageError
from instrument.live import inputs as ports
from instrument.live import jack as libjack
from instrument.live.inputs import (
    Arrival,
    ArrivalClock,
    Changes,
    Inputs,
    eligible,
    list_inputs,
    matching,
    moved,
    numbered,
)
from instrument.midi.messages import decode, encode

NOTE_ON, NOTE_OFF = bytes((0x90, 60, 64)), bytes((0x80, 60, 0))
POLL = 0.0005  # seconds between two polls
ROUNDING = 1e-9

# --- Times of arrival -----------------------------------------------------------------------------


def timed(
    arrivals: Sequence[float], polls: Sequence[float], rate: float = 1.0
) -> list[tuple[float, float, float, float]]:
    """When messages came, were taken to have come, were found, and the queue was last empty.

    Args:
        arrivals: True times, rising.
        polls: Times of the polls, rising; the last is after all arrivals.
        rate: Seconds of the driver's clock in a second.
    """
    clock = ArrivalClock()
    rows: list[tuple[float, float, float, float]] = []
    before, empty = arrivals[0] if arrivals else 0.0, float("-inf")
    left = list(arrivals)
    for poll in polls:
        while left and left[0] <= poll:
            came = left.pop(0)
            rows.append((came, clock.arrival((came - before) * rate, poll, empty), poll, empty))
            before = came
        empty = poll
    return rows


gaps = st.floats(0.0, 0.3)
waits = st.one_of(st.just(POLL), st.floats(1e-5, 0.2))


@given(st.lists(gaps, min_size=1, max_size=40), st.lists(waits), st.floats(-4e-4, 4e-4))
def test_a_message_arrives_between_the_polls_around_it(
    between: list[float], waiting: list[float], drift: float
) -> None:
    arrivals = [sum(between[: i + 1]) for i in range(len(between))]
    polls = [sum(waiting[: i + 1]) for i in range(len(waiting))] + [arrivals[-1] + 1.0]
    rows = timed(arrivals, polls, 1.0 + drift)
    for _came, told, found, empty in rows:
        assert empty - ArrivalClock.SLACK - ROUNDING <= told <= found
    assert all(first[1] <= second[1] for first, second in pairwise(rows))


def test_polls_that_come_late_dont_move_messages() -> None:
    arrivals = [0.0, 0.010, 0.013, 0.013, 0.027, 0.250]
    rows = timed(arrivals, [0.0, 0.05, 0.06, 0.4])
    for came, told, _found, _empty in rows:
        assert told == pytest.approx(came, abs=0.25 * ArrivalClock.CREEP + ROUNDING)


@pytest.mark.parametrize("drift", [-3e-4, 3e-4])
def test_clocks_that_drift_apart_are_brought_together(drift: float) -> None:
    arrivals = [0.0137 * note for note in range(20_000)]
    polls = [POLL * poll for poll in range(round(arrivals[-1] / POLL) + 2)]
    for came, told, _found, _empty in timed(arrivals, polls, 1.0 + drift):
        assert abs(told - came) <= POLL + ROUNDING


def test_the_time_of_messages_that_were_lost_is_made_up_for() -> None:
    clock = ArrivalClock()
    clock.arrival(0.0, 10.0, 9.999)
    assert clock.arrival(0.001, 20.0, 19.999) == 20.0
    assert clock.arrival(0.001, 20.002, 20.0005) == pytest.approx(20.001, abs=1e-6)


# --- Which ports ----------------------------------------------------------------------------------


def test_ports_that_would_sound_twice_or_feed_back_are_left_out() -> None:
    bridges = ["a2j:Keys [20] (capture): Keys", "Midi-Bridge:Keys", "system:midi_capture_1"]
    others = ["Keys:out", "Arcobaleno:out"]
    never = ["Midi Through:Midi Through Port-0 14:0", "Arco:out", "Arco-01:out"]
    assert eligible([*bridges, *others, *never], "Arco", bridged=True) == others
    assert eligible([*bridges, *others, *never], "Arco", bridged=False) == [*bridges, *others]


def test_a_part_of_a_name_is_enough() -> None:
    names = ["Keystation:Keystation MIDI 1 20:0", "Pads:Pads 24:0", "keys:out"]
    assert matching(names, "KEYS") == [names[0], names[2]]
    assert matching(names, "24:0") == [names[1]]
    assert matching(names, None) == names


def test_equal_names_are_numbered() -> None:
    assert numbered(["a", "b", "a", "a"]) == [("a", 0), ("b", 0), ("a", 1), ("a", 2)]


def test_a_name_of_which_there_are_more_or_fewer_has_moved() -> None:
    assert moved(["a", "b", "c", "c"], ["d", "c", "a"]) == {"b", "c", "d"}
    assert moved(["a", "b"], ["b", "a"]) == set()


# --- MIDI systems that have no server to test with ------------------------------------------------


class FakeRtMidi(ModuleType):
    """Stands in for rtmidi on a computer whose only MIDI system is ALSA's, or another one.

    Attributes:
        sources: Names of the ports that messages come from.
        busy: Those that refuse to be opened.
        answers: Whether the MIDI system does.
        opened: What is open: names of ports, or of virtual ones.
    """

    API_LINUX_ALSA, API_MACOSX_CORE, API_WINDOWS_MM, API_UNIX_JACK = range(4)

    class RtMidiError(Exception):
        pass

    def __init__(self, api: int, *sources: str) -> None:
        super().__init__("rtmidi")
        self.sources = list(sources)
        self.busy: set[str] = set()
        self.answers = True
        self.inputs: list[FakeMidiIn] = []
        self._rtmidi = SimpleNamespace(__file__="no-such-library")
        self._api = api

    @property
    def opened(self) -> list[str]:
        return [midi_in.source for midi_in in self.inputs if midi_in.source]

    def get_compiled_api(self) -> list[int]:
        return [self._api]

    def MidiIn(self, api: int, name: str, queue_size_limit: int) -> FakeMidiIn:  # noqa: N802
        if not self.answers:
            raise self.RtMidiError("no answer")
        self.inputs.append(FakeMidiIn(self, api))
        return self.inputs[-1]

    def play(self, source: str, *messages: bytes) -> None:
        for midi_in in self.inputs:
            if midi_in.source == source:
                midi_in.queue += messages


class FakeMidiIn:
    def __init__(self, rtmidi: FakeRtMidi, api: int) -> None:
        self.rtmidi = rtmidi
        self.api = api
        self.source = ""
        self.queue: list[bytes] = []

    def get_ports(self) -> list[str]:
        return self.rtmidi.sources.copy()

    def get_port_name(self, port: int) -> str:
        return self.rtmidi.sources[port]

    def ignore_types(self, sysex: bool, timing: bool, active_sense: bool) -> None:
        pass

    def open_port(self, port: int, name: str) -> None:
        if self.rtmidi.sources[port] in self.rtmidi.busy:
            raise self.rtmidi.RtMidiError("in other hands")
        self.source = self.rtmidi.sources[port]

    def open_virtual_port(self, name: str) -> None:
        if self.api == FakeRtMidi.API_WINDOWS_MM:
            raise NotImplementedError
        self.source = name

    def get_message(self) -> tuple[list[int], float] | None:
        return (list(self.queue.pop(0)), 0.0) if self.queue else None

    def delete(self) -> None:
        self.rtmidi.inputs.remove(self)


@pytest.fixture
def computer(monkeypatch: pytest.MonkeyPatch) -> Callable[..., FakeRtMidi]:
    """A computer with a MIDI system, by the name of its API, and sources: (api, *sources)."""

    def computer(api: str, *sources: str) -> FakeRtMidi:
        fake = FakeRtMidi(getattr(FakeRtMidi, api), *sources)
        monkeypatch.setitem(sys.modules, "rtmidi", fake)
        return fake

    return computer


@pytest.mark.parametrize(
    ("api", "title"), [("API_LINUX_ALSA", "ALSA"), ("API_MACOSX_CORE", "CoreMIDI")]
)
def test_every_input_is_opened_and_a_virtual_one(
    computer: Callable[..., FakeRtMidi], api: str, title: str
) -> None:
    fake = computer(api, "Keys", "Midi Through Port-0", "Pads")
    assert list_inputs() == [(title, "Keys"), (title, "Pads")]
    inputs = Inputs()
    assert inputs.names == fake.opened == ["Arco", "Keys", "Pads"]
    fake.play("Pads", NOTE_ON, NOTE_OFF)
    arrivals = inputs.poll()
    assert [(arrival.port, arrival.event) for arrival in arrivals] == [
        ("Pads", decode(NOTE_ON)),
        ("Pads", decode(NOTE_OFF)),
    ]
    assert not any(arrival.at_period_start for arrival in arrivals)
    inputs.close()
    assert fake.inputs == []
    assert inputs.poll() == []


def test_windows_has_no_virtual_ports(computer: Callable[..., FakeRtMidi]) -> None:
    fake = computer("API_WINDOWS_MM", "Keys 0")
    assert Inputs().names == ["Keys 0"]
    with pytest.raises(UsageError, match="name an input instead"):
        Inputs("virtual")
    assert fake.opened == ["Keys 0"]


def test_two_keyboards_of_one_make_are_opened_anew_when_one_goes(
    computer: Callable[..., FakeRtMidi],
) -> None:
    fake = computer("API_MACOSX_CORE", "Keys", "Pads", "Keys")
    inputs = Inputs()
    pads = next(midi_in for midi_in in fake.inputs if midi_in.source == "Pads")
    fake.sources.remove("Keys")
    assert inputs.refresh() == Changes(opened=["Keys"], lost=["Keys", "Keys"])
    assert sorted(fake.opened) == ["Arco", "Keys", "Pads"]
    assert pads in fake.inputs


def test_an_input_in_other_hands_is_opened_when_it_is_free(
    computer: Callable[..., FakeRtMidi],
) -> None:
    fake = computer("API_WINDOWS_MM", "Keys 0", "Pads 1")
    fake.busy = {"Keys 0"}
    inputs = Inputs()
    assert inputs.names == ["Pads 1"]
    assert inputs.refresh() == Changes()
    with pytest.raises(UsageError, match="close the program that uses it"):
        Inputs("keys")
    fake.busy.clear()
    assert inputs.refresh() == Changes(opened=["Keys 0"])


def test_one_flooded_input_leaves_time_for_the_others(
    computer: Callable[..., FakeRtMidi],
) -> None:
    fake = computer("API_LINUX_ALSA", "Keys", "Pads")
    inputs = Inputs()
    fake.play("Keys", *[NOTE_ON] * (2 * ports.MOST_AT_ONCE))
    fake.play("Pads", NOTE_OFF)
    first, second = inputs.poll(), inputs.poll()
    assert len(first) == ports.MOST_AT_ONCE + 1
    assert {arrival.port for arrival in first} == {"Keys", "Pads"}
    assert len(second) == ports.MOST_AT_ONCE


def test_a_computer_without_midi_says_what_to_start(
    computer: Callable[..., FakeRtMidi], monkeypatch: pytest.MonkeyPatch
) -> None:
    computer("API_LINUX_ALSA").answers = False
    monkeypatch.setattr(sys, "platform", "linux")
    for ask in (Inputs, list_inputs):
        with pytest.raises(UsageError, match=r"modprobe snd-seq.* start a JACK server"):
            ask()


def test_rtmidi_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rtmidi", None)
    for ask in (Inputs, list_inputs):
        with pytest.raises(UsageError, match=r"pip install 'arco\[live\]'"):
            ask()


# --- Real JACK servers ----------------------------------------------------------------------------


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


@pytest.mark.live
def test_jack_all_outputs_of_other_programs_are_inputs(
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


@pytest.mark.live
def test_jack_a_named_input_alone(
    midi_source: Callable[..., Any], open_inputs: Callable[..., Inputs]
) -> None:
    midi_source("Keys")
    midi_source("Pads")
    assert open_inputs("PAD").names == ["Pads:out"]
    with pytest.raises(UnknownName, match="no MIDI input named 'organ'; there is: Keys:out, Pads"):
        Inputs("organ")


@pytest.mark.live
def test_jack_the_virtual_port_gets_what_others_connect_to_it(
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


@pytest.mark.live
def test_jack_nothing_of_a_burst_is_missing(
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


@pytest.mark.live
def test_jack_ten_thousand_messages_a_second(
    midi_source: Callable[..., Any], open_inputs: Callable[..., Inputs]
) -> None:
    keys = midi_source()
    inputs = open_inputs("Keys")
    sending = Thread(target=keys.send, args=(controllers(20_000),), kwargs={"every": 4})
    sending.start()
    assert heard_messages(inputs, 20_000) == controllers(20_000)
    sending.join()
    assert inputs.lost == 0


@pytest.mark.live
def test_jack_a_queue_that_ran_full_is_told(
    midi_source: Callable[..., Any],
    open_inputs: Callable[..., Inputs],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(ports, "QUEUE_SIZE", 64)
    keys = midi_source()
    inputs = open_inputs("Keys")
    keys.send(controllers(300))
    assert heard_messages(inputs, 63) == controllers(63)
    assert inputs.lost == 1
    keys.remove("out")
    inputs.refresh()
    assert inputs.lost == 1
    assert "queue limit reached" in capfd.readouterr().err


@pytest.mark.live
def test_jack_real_time_bytes_and_sysex_in_between(
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


@pytest.mark.live
def test_jack_real_time_bytes_dont_shorten_the_time_between_notes(
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


@pytest.mark.live
def test_jack_a_message_that_is_polled_late_is_told_when_it_came(
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


@pytest.mark.live
@pytest.mark.parametrize("wanted", [(), ("keys",)], ids=["all", "named"])
def test_jack_a_port_vanishes_and_returns(
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


@pytest.mark.live
def test_jack_a_program_is_killed_and_started_again(
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


@pytest.mark.live
def test_jack_a_port_that_returns_between_two_looks_is_lost_and_opened(
    midi_source: Callable[..., Any], open_inputs: Callable[..., Inputs]
) -> None:
    keys = midi_source()
    inputs = open_inputs("Keys")
    keys.remove("out")
    keys.add("out")
    becomes(inputs, opened=["Keys:out"], lost=["Keys:out"])
    keys.send([NOTE_ON])
    assert heard_messages(inputs, 1) == [NOTE_ON]


@pytest.mark.live
def test_jack_a_lost_input_hands_nothing_over_any_more(
    midi_source: Callable[..., Any], open_inputs: Callable[..., Inputs]
) -> None:
    keys = midi_source("Keys", "out", "other")
    inputs = open_inputs("Keys")
    keys.send([NOTE_ON])
    keys.remove("out")
    keys.send([NOTE_OFF], port="other")
    becomes(inputs, lost=["Keys:out"])
    assert heard_messages(inputs, 1) == [NOTE_OFF]


@pytest.mark.live
def test_jack_ports_come_and_go_while_another_is_played(
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


@pytest.mark.live
def test_jack_what_is_closed_leaves_no_port_behind(
    midi_source: Callable[..., Any], open_inputs: Callable[..., Inputs], jack_library: CDLL
) -> None:
    keys = midi_source()
    inputs = open_inputs()
    watcher = libjack.Watcher.open(jack_library, "Watcher")
    assert watcher is not None
    assert len(watcher.ports(libjack.IS_INPUT)) == 2
    keys.remove("out")
    becomes(inputs, lost=["Keys:out"])
    assert watcher.ports(libjack.IS_INPUT) == ["Arco:Arco"]
    inputs.close()
    assert watcher.ports(libjack.IS_INPUT) == []
    watcher.close()


@pytest.mark.live
@pytest.mark.parametrize("death", ["kill", "stop"])
def test_jack_the_server_dies_and_comes_back(
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


@pytest.mark.live
@pytest.mark.parametrize("death", ["kill", "stop"])
def test_jack_the_server_dies_and_comes_back_before_anyone_looks(
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


@pytest.mark.live
def test_jack_the_server_dies_while_its_ports_are_looked_at(
    midi_source: Callable[..., Any],
    jack_server: Any,
    open_inputs: Callable[..., Inputs],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    midi_source()
    inputs = open_inputs()
    with monkeypatch.context() as unaware:
        unaware.setattr(libjack.Watcher, "alive", True)
        unaware.setattr(libjack.Watcher, "connections", lambda *_: [])
        jack_server.kill()
        assert sorted(inputs.refresh().lost) == ["Arco", "Keys:out"]
    jack_server.start()
    midi_source()
    becomes(inputs, opened=["Arco", "Keys:out"])


@pytest.mark.live
@pytest.mark.parametrize("death", ["kill", "stop"])
def test_jack_inputs_of_a_dead_server_can_be_closed(
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


@pytest.mark.live
def test_jack_a_server_that_has_stopped_doesnt_keep_inputs_from_closing(
    jack_server: Any, open_inputs: Callable[..., Inputs]
) -> None:
    inputs = open_inputs()
    jack_server.freeze()
    inputs.close()
    assert inputs.names == []


@pytest.mark.live
def test_jack_nothing_is_printed_when_servers_are_missing_or_die(
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
