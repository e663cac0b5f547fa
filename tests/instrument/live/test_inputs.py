"""Which inputs are opened, on computers whose MIDI systems are played by stand-ins."""

from __future__ import annotations

import sys
from collections.abc import Callable
from ctypes import CDLL
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from instrument.audio import jack
from instrument.audio.jack_client import Seat
from instrument.errors import UsageError
from instrument.live import rtmidi_ports
from instrument.live.arrivals import MOST_AT_ONCE
from instrument.live.inputs import Changes, Inputs, eligible, list_inputs, matching, moved
from instrument.live.systems import all_systems, numbered
from instrument.midi.messages import decode

NOTE_ON, NOTE_OFF = bytes((0x90, 60, 64)), bytes((0x80, 60, 0))

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


# --- A computer with a MIDI system, and both libraries -------------------------------------------


@dataclass
class FakeComputer:
    """A computer that has one MIDI system.

    Attributes:
        system: Title of the MIDI system.
        sources: Names of the ports that messages come from.
        busy: Those that refuse to be opened.
        answers: Whether the MIDI system does.
        clients: Those that are there.
        tried: Names of the ports that another program has tried to open.
    """

    system: str
    sources: list[str]
    busy: set[str] = field(default_factory=set)
    answers: bool = True
    clients: list[FakeMidiIn] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)

    @property
    def opened(self) -> list[str]:
        """What is open: names of ports, or of virtual ones."""
        return [client.source for client in self.clients if client.source]

    def play(self, source: str, *messages: bytes) -> None:
        for client in self.clients:
            if client.source == source:
                client.queue += messages


class FakeMidiIn:
    """What both libraries have in common."""

    def __init__(self, computer: FakeComputer) -> None:
        self.computer = computer
        self.source = ""
        self.queue: list[bytes] = []
        self.ignored = (True, True, True)
        computer.clients.append(self)

    def ignore_types(self, sysex: bool, timing: bool, active_sense: bool) -> None:
        self.ignored = (sysex, timing, active_sense)

    def next_message(self) -> list[int] | None:
        assert self.ignored == (False, False, False), "RtMidi counts no time of what it ignores"
        return list(self.queue.pop(0)) if self.queue else None

    def is_gone(self) -> None:
        self.computer.clients.remove(self)


SYSTEMS = ("ALSA", "CoreMIDI", "Windows")
PLATFORMS = {"ALSA": "linux", "CoreMIDI": "darwin", "Windows": "win32"}


class FakeRtMidi(ModuleType):
    """Stands in for python-rtmidi."""

    API_LINUX_ALSA, API_MACOSX_CORE, API_WINDOWS_MM = range(3)

    class RtMidiError(Exception):
        pass

    def __init__(self, computer: FakeComputer) -> None:
        super().__init__("rtmidi")
        self._computer = computer
        self._rtmidi = SimpleNamespace(__file__="no-such-library")
        module = self

        class MidiIn(FakeMidiIn):
            def __init__(self, api: int, name: str, queue_size_limit: int) -> None:
                if not computer.answers:
                    raise module.RtMidiError("no answer")
                assert SYSTEMS[api] == computer.system
                super().__init__(computer)

            def get_ports(self) -> list[str]:
                return computer.sources.copy()

            def open_port(self, port: int, name: str) -> None:
                if computer.sources[port] in computer.busy:
                    raise module.RtMidiError("in other hands")
                self.source = computer.sources[port]

            def open_virtual_port(self, name: str) -> None:
                if computer.system == "Windows":
                    raise NotImplementedError
                self.source = name

            def get_message(self) -> tuple[list[int], float] | None:
                message = self.next_message()
                return None if message is None else (message, 0.0)

            def delete(self) -> None:
                self.is_gone()

        self.MidiIn = MidiIn

    def get_compiled_api(self) -> list[int]:
        return [SYSTEMS.index(self._computer.system)]


class FakeRtMidi2(ModuleType):
    """Stands in for rtmidi2, which ends the program where a port refuses."""

    API_LINUX_ALSA, API_MACOSX_CORE, API_WINDOWS_MM = range(3)
    __file__ = "no-such-library"

    def __init__(self, computer: FakeComputer) -> None:
        super().__init__("rtmidi2")
        self.computer = computer

        class MidiIn(FakeMidiIn):
            def __init__(self, clientname: str, queuesize: int, api: int) -> None:
                if not computer.answers:
                    raise RuntimeError("no answer")
                assert SYSTEMS[api] == computer.system
                super().__init__(computer)
                self.deltatime = 0.0

            @property
            def ports(self) -> list[str | None]:
                return [name or None for name in computer.sources]

            def open_port(self, port: int) -> None:
                assert computer.sources[port] not in computer.busy, "the program would end here"
                self.source = computer.sources[port]

            def open_virtual_port(self, port_name: str) -> None:
                assert computer.system != "Windows", "rtmidi2 prints something here"
                self.source = port_name

            def get_message(self) -> list[int] | None:
                return self.next_message()

            def close_port(self) -> None:
                self.is_gone()

        self.MidiIn = MidiIn

    def opens_elsewhere(self, api: int, place: int, name: str) -> bool:
        self.computer.tried.append(self.computer.sources[place])
        return self.computer.sources[place] not in self.computer.busy


@pytest.fixture(params=["rtmidi", "rtmidi2"])
def computer(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., FakeComputer]:
    """A computer with a MIDI system, by its title, and sources: (system, *sources)."""

    def computer(system: str, *sources: str) -> FakeComputer:
        fake = FakeComputer(system, [*sources])
        second = FakeRtMidi2(fake)
        first = FakeRtMidi(fake) if request.param == "rtmidi" else None
        monkeypatch.setitem(sys.modules, "rtmidi", first)
        monkeypatch.setitem(sys.modules, "rtmidi2", second)
        monkeypatch.setattr(sys, "platform", PLATFORMS[system])
        monkeypatch.setattr(jack, "load", lambda: None)
        monkeypatch.setattr(rtmidi_ports, "SEQUENCER", str(tmp_path))
        monkeypatch.setattr(rtmidi_ports, "opens_elsewhere", second.opens_elsewhere)
        monkeypatch.setattr(rtmidi_ports, "TRIES_AGAIN_SECONDS", 0.0)
        return fake

    return computer


@pytest.mark.parametrize("system", ["ALSA", "CoreMIDI"])
def test_every_input_is_opened_and_a_virtual_one(
    computer: Callable[..., FakeComputer], system: str
) -> None:
    fake = computer(system, "Keys", "Midi Through Port-0", "Pads")
    assert list_inputs() == [(system, "Keys"), (system, "Pads")]
    inputs = Inputs()
    assert inputs.names == fake.opened == ["Arco", "Keys", "Pads"]
    fake.play("Pads", NOTE_ON, NOTE_OFF)
    arrivals = inputs.poll()
    assert [(arrival.port, arrival.event) for arrival in arrivals] == [
        ("Pads", decode(NOTE_ON)),
        ("Pads", decode(NOTE_OFF)),
    ]
    assert all(arrival.sample is None for arrival in arrivals)
    inputs.close()
    assert fake.clients == []
    assert inputs.poll() == []


def test_windows_has_no_virtual_ports(computer: Callable[..., FakeComputer]) -> None:
    fake = computer("Windows", "Keys 0")
    assert Inputs().names == ["Keys 0"]
    with pytest.raises(UsageError, match="name an input instead"):
        Inputs("virtual")
    assert fake.opened == ["Keys 0"]


def test_two_keyboards_of_one_make_are_opened_anew_when_one_goes(
    computer: Callable[..., FakeComputer],
) -> None:
    fake = computer("CoreMIDI", "Keys", "Pads", "Keys")
    inputs = Inputs()
    pads = next(midi_in for midi_in in fake.clients if midi_in.source == "Pads")
    fake.sources.remove("Keys")
    assert inputs.refresh() == Changes(opened=["Keys"], lost=["Keys", "Keys"])
    assert sorted(fake.opened) == ["Arco", "Keys", "Pads"]
    assert pads in fake.clients


def test_an_input_in_other_hands_is_opened_when_it_is_free(
    computer: Callable[..., FakeComputer],
) -> None:
    fake = computer("Windows", "Keys 0", "Pads 1")
    fake.busy = {"Keys 0"}
    inputs = Inputs()
    assert inputs.names == ["Pads 1"]
    assert inputs.refresh() == Changes()
    with pytest.raises(UsageError, match="close the program that uses it"):
        Inputs("keys")
    fake.busy.clear()
    assert inputs.refresh() == Changes(opened=["Keys 0"])


def test_a_port_that_refused_is_let_alone_for_a_while_where_a_try_takes_a_program(
    computer: Callable[..., FakeComputer], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = computer("Windows", "Keys 0", "Pads 1")
    monkeypatch.setattr(rtmidi_ports, "TRIES_AGAIN_SECONDS", 1e6)
    fake.busy = {"Keys 0"}
    inputs = Inputs()
    for _ in range(3):
        inputs.refresh()
    assert fake.tried in ([], ["Keys 0", "Pads 1"])
    monkeypatch.setattr(rtmidi_ports, "TRIES_AGAIN_SECONDS", 0.0)
    fake.busy.clear()
    assert inputs.refresh() == Changes(opened=["Keys 0"])


def test_one_flooded_input_leaves_time_for_the_others(
    computer: Callable[..., FakeComputer],
) -> None:
    fake = computer("ALSA", "Keys", "Pads")
    inputs = Inputs()
    fake.play("Keys", *[NOTE_ON] * (2 * MOST_AT_ONCE))
    fake.play("Pads", NOTE_OFF)
    first, second = inputs.poll(), inputs.poll()
    assert len(first) == MOST_AT_ONCE + 1
    assert {arrival.port for arrival in first} == {"Keys", "Pads"}
    assert len(second) == MOST_AT_ONCE


def test_a_computer_without_midi_says_what_to_start(
    computer: Callable[..., FakeComputer],
) -> None:
    computer("ALSA").answers = False
    for ask in (Inputs, list_inputs):
        with pytest.raises(UsageError, match="modprobe snd-seq") as refused:
            ask()
        assert "JACK" not in str(refused.value), "the library isn't built for it"


@pytest.fixture
def no_midi_library(monkeypatch: pytest.MonkeyPatch) -> None:
    for library in ("rtmidi", "rtmidi2"):
        monkeypatch.setitem(sys.modules, library, None)


@pytest.mark.usefixtures("no_midi_library")
def test_a_midi_library_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jack, "load", lambda: None)
    for ask in (Inputs, list_inputs):
        with pytest.raises(UsageError, match=r"pip install '\.\[live\]'"):
            ask()


@pytest.mark.usefixtures("no_midi_library")
def test_jack_needs_no_midi_library(monkeypatch: pytest.MonkeyPatch) -> None:
    there = CDLL(None)
    monkeypatch.setattr(jack, "load", lambda: there)
    assert [system.title for system in all_systems("Arco", Seat("Arco"))] == ["JACK"]
