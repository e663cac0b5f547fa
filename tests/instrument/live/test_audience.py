"""Programs ask a session to learn, to forget and to record, and are told how it is getting on."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from instrument.dsp.callback import Callback, Playback
from instrument.engine.engine import Engine
from instrument.live.audience import Audience
from instrument.live.bindings import Binding
from instrument.live.controllers import Controllers
from instrument.live.knobs import Knobs
from instrument.live.notices import Notice
from instrument.live.osc import LOOPBACK, OscPort, unpacked
from instrument.live.performance import Performance
from instrument.live.recorder import Recorder
from instrument.live.requests import MOST_WAITING
from instrument.midi.events import ControlChange, Event, NoteOn
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings
from tests.instrument.live.osc_packets import packet
from tests.instrument.test_display import CALM

WITHIN = 5.0


class Stalls:
    """A session's parts, and a program that talks to them."""

    def __init__(self, instrument: Instrument, folder: Path | None) -> None:
        self.notices: list[Notice] = []
        self.engine = Engine(instrument, ahead=8192)
        self.playback = Playback.empty(self.engine.synth)
        self.callback = Callback(self.playback)
        self.osc = OscPort(instrument.spec, 0)
        axes = [axis.name for axis in instrument.spec.axes]
        self.controllers = Controllers(Knobs([Binding(axes[0], 20, 2)], axes), axes, self.osc)
        settings = EngineSettings()
        self.recorder = Recorder(None, None, settings, self.notices.append, folder)
        self.recorder.__enter__()
        self.recorder.record(self.engine, self.playback)
        performance = Performance(self.engine, self.playback)
        self.audience = Audience(self.osc, performance, self.controllers, self.recorder)
        self.program = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.program.settimeout(WITHIN)
        self.program.bind((LOOPBACK, 0))

    def close(self) -> None:
        self.program.close()
        self.osc.close()

    def ask(self, *packets: bytes) -> list[Event]:
        """Send packets and wait until they were read; their events."""
        for each in packets:
            self.program.sendto(each, (LOOPBACK, self.osc.port))
        self.program.sendto(packet("/bend", 0.0), (LOOPBACK, self.osc.port))
        events: list[Event] = []
        until = time.monotonic() + WITHIN
        while time.monotonic() < until:
            events += (arrival.event for arrival in self.osc.poll())
            if events and type(events[-1]).__name__ == "PitchBend":
                return events[:-1]
        raise AssertionError(events)

    def play(self, blocks: int = 1) -> None:
        out = np.zeros((128, 2), np.float32)
        for _ in range(blocks):
            self.engine.advance(self.engine.position + 128)
            self.callback(out, 0.0)

    def look(self, **status: Any) -> dict[str, list[Any]]:
        """What is told at one look, the last of each address (and name)."""
        self.soon = self.audience.look(replace(CALM, **status))
        told = {}
        while True:
            address, values = unpacked(self.program.recv(1000))
            told[f"{address} {values[0]}" if address == "/learned" else address] = values
            if address == "/voices":
                return told


@pytest.fixture
def stalls(tiny: Instrument, tmp_path: Path) -> Iterator[Stalls]:
    stalls = Stalls(tiny, tmp_path / "takes")
    yield stalls
    stalls.close()


def test_a_newcomer_is_told_all_and_later_what_changes(stalls: Stalls) -> None:
    assert stalls.ask(packet("/subscribe")) == []
    told = stalls.look()
    axes = stalls.osc.targets[-9:-1]
    first = next(name for name in stalls.osc.targets if told[f"/learned {name}"][1] == 20)
    assert told[f"/learned {first}"] == [first, 20, 3]
    assert told["/learned morph"] == ["morph", -1, 0]
    assert told["/learning"] == ["", 0]
    assert told["/recording"] == [""]
    assert set(axes) <= {name.removeprefix("/learned ") for name in told}
    assert set(stalls.look()) == {"/status", "/voices"}


def test_a_controller_is_learned_shown_and_forgotten(stalls: Stalls) -> None:
    stalls.ask(packet("/subscribe"), packet("/learn", "morph"))
    assert stalls.look()["/learning"] == ["morph", 0]
    for value in range(10):
        assert stalls.controllers.translate(ControlChange(4, 33, 9 * value), 1.0) == []
        if stalls.controllers.learner is None or stalls.controllers.learner.target is None:
            break
    told = stalls.look()
    assert told["/learned morph"] == ["morph", 33, 5]
    assert told["/learning"] == ["", 0]
    stalls.ask(packet("/forget", "morph"), packet("/forget", "pan"))
    assert stalls.look()["/learned morph"] == ["morph", -1, 0]
    event = ControlChange(4, 33, 7)
    assert stalls.controllers.translate(event, 2.0) == [event]


def test_learning_is_given_up(stalls: Stalls) -> None:
    stalls.ask(packet("/subscribe"), packet("/learn", "pan"))
    stalls.look()
    stalls.ask(packet("/learn"))
    assert stalls.look()["/learning"] == ["", 0]
    event = ControlChange(0, 33, 7)
    assert stalls.controllers.translate(event, 1.0) == [event]


def test_lambda_moves_between_the_notes_that_were_named_last(
    stalls: Stalls, tiny: Instrument
) -> None:
    stalls.controllers.knobs.bind(Binding("morph", 33))
    move = ControlChange(0, 33, 127)
    assert stalls.controllers.translate(move, 1.0) == []
    stalls.ask(packet("/morph", 2, 7, 0.5), packet("/morph", 1, 4, 0.5, 3))
    places = stalls.controllers.translate(move, 1.0)
    at = [(event.channel, event.values) for event in places if hasattr(event, "values")]
    points = tiny.spec.map
    assert at == [(0, tuple(points[2].latent)), (2, tuple(points[1].latent))]
    stalls.ask(packet("/point", 3), packet("/free", 3))
    assert stalls.controllers.translate(move, 1.0) == []


def test_levels_are_told_and_soon_again_while_it_sounds(stalls: Stalls) -> None:
    stalls.ask(packet("/subscribe"))
    quiet = stalls.look(voices=0)["/status"]
    assert (len(quiet), quiet[6:]) == (12, [-120.0, -120.0, -120.0, -120.0, 0.0, 0])
    assert not stalls.soon
    stalls.engine.push(NoteOn(0, 69, 120), 0)
    stalls.play(200)
    stalls.look(voices=1)
    stalls.play()
    *_, left, right, rms_left, rms_right, limited, _ = stalls.look(voices=1)["/status"]
    assert -60.0 < rms_left < left < 0.0
    assert -60.0 < rms_right < right < 0.0
    assert limited == 0.0
    assert stalls.soon


def test_a_take_is_recorded_while_it_plays(stalls: Stalls, tmp_path: Path) -> None:
    stalls.ask(packet("/subscribe"), packet("/record", 1))
    (path,) = [stalls.look(), *(tmp_path / "takes").iterdir()][1:]
    stalls.ask(packet("/record", 1))
    assert "/recording" not in stalls.look()
    stalls.play(400)
    stalls.ask(packet("/record", 0))
    assert stalls.look()["/recording"] == [""]
    assert [notice.event for notice in stalls.notices] == ["recording", "recorded"]
    assert stalls.notices[1].about["path"] == str(path)
    assert stalls.notices[1].about["seconds"] == pytest.approx(400 * 128 / 48_000)


def test_a_flood_of_takes_is_one(stalls: Stalls, tmp_path: Path) -> None:
    stalls.ask(packet("/subscribe"), *[packet("/record", on % 2) for on in range(20)])
    stalls.look()
    assert len([*(tmp_path / "takes").iterdir()]) == 1


def test_without_a_folder_nothing_is_recorded(tiny: Instrument) -> None:
    stalls = Stalls(tiny, None)
    stalls.ask(packet("/subscribe"), packet("/record", 1))
    stalls.look()
    assert [notice.event for notice in stalls.notices] == ["not-recorded"]
    stalls.close()


@pytest.mark.parametrize(
    "wrong",
    [
        ("/learn", "nothing"),
        ("/learn", 1),
        ("/learn", "pan", "swell"),
        ("/forget",),
        ("/forget", "../x"),
        ("/record",),
        ("/record", 2),
        ("/record", "take.mid"),
    ],
)
def test_what_means_nothing_is_counted(stalls: Stalls, wrong: tuple[Any, ...]) -> None:
    assert stalls.ask(packet(*wrong)) == []
    assert stalls.osc.malformed == 1
    assert stalls.osc.requests.empty()


def test_a_flood_of_requests_is_bounded(stalls: Stalls) -> None:
    stalls.ask(*[packet("/learn", "pan")] * (MOST_WAITING + 10))
    assert stalls.osc.requests.qsize() == MOST_WAITING
    assert stalls.osc.malformed == 10
