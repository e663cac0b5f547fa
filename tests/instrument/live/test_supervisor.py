"""The eye that is kept on a session: what it tells, keeps and gives up."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from instrument.audio.devices import JACK, Device
from instrument.errors import InstrumentError, UsageError
from instrument.live import supervisor as supervision
from instrument.live.bindings import Binding, load_bindings, save_bindings
from instrument.live.controllers import Controllers
from instrument.live.inputs import Changes
from instrument.live.knobs import Knobs
from instrument.live.notices import Notice
from instrument.live.supervisor import SoundDevice, Supervisor

SPEAKERS = Device(0, "ALSA", "Speakers", 48_000)
SEAT: Any = None


class FakeOutput:
    """An open stream that lives until a test ends it."""

    def __init__(self, device: Device, rate: int, *_: object, **__: object) -> None:
        self.device = device
        self.sample_rate = rate
        self.alive = True
        self.abandoned = self.closed = False

    def abandon(self) -> None:
        self.abandoned = True

    def close(self) -> None:
        self.closed = True


class Hall:
    """A session of stand-ins, which ends when there is no more to do in it.

    Attributes:
        told: What was told.
        rounds: What happens in each round; after the last one the session is stopped.
    """

    def __init__(self, bindings_path: Path | None = None, *bindings: Binding) -> None:
        self.told: list[Notice] = []
        self.rounds: list[Callable[[], None]] = []
        self.changes: list[Changes] = []
        self.lost: list[str] = []
        self.drained = 0
        scheduler: Any = SimpleNamespace(
            controllers=Controllers(Knobs(bindings, ["swell"]), ["swell"]),
            last_fault=None,
            lose=self.lost.append,
            play_on=lambda _output: None,
            finish=lambda: None,
        )
        playback: Any = SimpleNamespace(calls=[0])
        inputs: Any = SimpleNamespace(refresh=lambda: (self.changes or [Changes()]).pop(0))
        recorder: Any = SimpleNamespace(drain=self.drain)
        engine: Any = SimpleNamespace(silent=True, fault=None)
        self.engine = engine
        self.scheduler = scheduler
        performance: Any = SimpleNamespace(engine=engine, playback=playback, sample_rate=48_000)
        self.performance = performance
        self.sound = SoundDevice(scheduler, performance, 128, SEAT, self.told.append)
        self.supervisor = Supervisor(
            performance,
            inputs,
            scheduler,
            self.sound,
            recorder,
            "ALSA",
            bindings_path,
            self.told.append,
        )

    def drain(self) -> None:
        """The first thing of each round."""
        self.drained += 1
        if self.rounds:
            self.rounds.pop(0)()
        else:
            self.supervisor.stop()
            self.supervisor.stop()

    @property
    def events(self) -> list[str]:
        return [notice.event for notice in self.told]

    def about(self, event: str) -> Any:
        (notice,) = (notice for notice in self.told if notice.event == event)
        return notice.about


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets no time go by, and opens no device."""
    for name in ("LOOK_SECONDS", "REFRESH_SECONDS", "REOPEN_SECONDS"):
        monkeypatch.setattr(supervision, name, 0.0)
    monkeypatch.setattr(supervision, "open_output", FakeOutput)
    monkeypatch.setattr(supervision, "rescan", lambda: None)
    monkeypatch.setattr(supervision, "choose_output", lambda *_, **__: SPEAKERS)


def test_bindings_to_what_there_isnt_are_told_once() -> None:
    hall = Hall(None, Binding("bow", 20), Binding("swell", 21))
    hall.sound.open(SPEAKERS)
    hall.rounds = [lambda: None] * 3
    hall.supervisor.run()
    assert hall.events == ["unknown-binding"]
    assert hall.about("unknown-binding") == {"target": "bow"}


def test_a_session_that_has_been_silent_ends_at_once() -> None:
    hall = Hall()
    hall.sound.open(SPEAKERS)
    hall.rounds = [hall.supervisor.stop, *[lambda: None] * 5]
    hall.supervisor.run()
    assert len(hall.rounds) == 4


def test_the_room_rings_on_behind_the_last_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "TAIL_SECONDS", 0.02)
    hall = Hall()
    hall.sound.open(SPEAKERS)
    hall.engine.silent = False
    ended: list[float] = []

    def end() -> None:
        hall.supervisor.stop()
        hall.rounds[:0] = [lambda: None, fall_silent]

    def fall_silent() -> None:
        hall.engine.silent = True
        ended.append(time.monotonic())

    hall.rounds = [lambda: None, end, *[lambda: None] * 1_000_000]
    hall.supervisor.run()
    assert time.monotonic() > ended[0] + 0.01


def test_what_was_learned_is_told_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "knobs.toml"
    vibrato, of_another_arco = Binding("vibrato", 20), Binding("pan", 30)
    hall = Hall(path, vibrato)
    save_bindings(path, [vibrato, of_another_arco])
    hall.sound.open(SPEAKERS)
    learned = Binding("swell", 21, 3)
    hall.scheduler.controllers.knobs.bind(learned)
    hall.scheduler.controllers.learned.put(learned)
    hall.supervisor.run()
    assert hall.about("learned") == {
        "target": "swell",
        "controller": 21,
        "channel": 3,
        "kind": "absolute",
    }
    assert load_bindings(path) == [vibrato, of_another_arco, learned]


def test_bindings_that_cannot_be_kept_are_told_and_kept_with_the_next_ones(tmp_path: Path) -> None:
    folder = tmp_path / "file"
    folder.touch()
    hall = Hall(folder / "knobs.toml")
    hall.sound.open(SPEAKERS)
    knobs = hall.scheduler.controllers.knobs
    hall.rounds = [lambda: knobs.bind(Binding("swell", 21)), lambda: None, folder.unlink]
    hall.rounds += [lambda: knobs.bind(Binding("pan", 22))]
    hall.supervisor.run()
    assert hall.events == ["not-kept"]
    assert load_bindings(folder / "knobs.toml") == [Binding("swell", 21), Binding("pan", 22)]


def test_inputs_that_come_and_go_are_told_and_their_notes_ended() -> None:
    hall = Hall()
    hall.sound.open(SPEAKERS)
    hall.changes = [Changes(opened=["Keys"], lost=["Pads"], left=["Arco"])]
    hall.supervisor.run()
    assert hall.lost == ["Pads", "Arco"]
    assert hall.events == ["input-lost", "input-opened"]
    assert hall.about("input-opened") == {"name": "Keys"}


def test_a_fault_is_told_once() -> None:
    hall = Hall()
    hall.sound.open(SPEAKERS)
    hall.scheduler.last_fault = ValueError("odd")
    hall.rounds = [lambda: None] * 3
    hall.supervisor.run()
    assert hall.events == ["fault"]


def test_a_broken_instrument_is_told_once() -> None:
    hall = Hall()
    hall.sound.open(SPEAKERS)
    hall.engine.fault = InstrumentError("timbre.onnx: it gives nan")
    hall.rounds = [lambda: None] * 3
    hall.supervisor.run()
    assert hall.events == ["instrument-broken"]


def test_a_device_that_dies_is_left_and_another_is_played_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hall = Hall()
    hall.sound.open(SPEAKERS)
    first: Any = hall.sound.output

    def dies() -> None:
        first.alive = False

    def refuses(*_: object, **__: object) -> Device:
        raise UsageError("there is no sound device")

    def no_device() -> None:
        monkeypatch.setattr(supervision, "choose_output", refuses)

    def comes_back() -> None:
        monkeypatch.setattr(supervision, "choose_output", lambda *_, **__: SPEAKERS)

    no_device()
    hall.rounds = [dies, lambda: None, comes_back]
    hall.supervisor.run()
    assert first.abandoned
    assert hall.events == ["device-lost", "device-missing", "device-opened"]
    assert hall.about("device-opened") == {
        "device": "Speakers",
        "api": "ALSA",
        "sample_rate": 48_000,
    }
    second: Any = hall.sound.output
    hall.sound.close()
    assert second.closed
    assert hall.sound.output is None


def test_a_device_whose_callback_stands_still_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "STALLED_SECONDS", 0.0)
    hall = Hall()
    hall.sound.open(SPEAKERS)
    output: Any = hall.sound.output
    seen: list[object] = []
    monkeypatch.setattr(FakeOutput, "abandon", lambda _self: seen.append(hall.sound.output))
    hall.sound.watch()
    assert output.alive
    assert seen == [None], "a stream that closes is asked nothing any more"
    assert hall.events == ["device-lost"]


def test_the_recording_is_drained_while_the_last_notes_end() -> None:
    hall = Hall()
    hall.sound.open(SPEAKERS)
    hall.engine.silent = False
    hall.supervisor.stop()
    hall.rounds = [lambda: None] * 2
    hall.supervisor.run()
    assert hall.drained == 3


def test_who_wants_to_know_more_soon_is_asked_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    hall = Hall()
    hall.sound.open(SPEAKERS)
    wishes = iter([True, True, False, False])
    waited: list[float] = []
    hall.supervisor._look = lambda: next(wishes)

    class Stopping:
        def is_set(self) -> bool:
            return True

        def set(self) -> None:
            pass

        def wait(self, seconds: float) -> bool:
            waited.append(seconds)
            return len(waited) > 4

    monkeypatch.setattr(supervision, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(hall.supervisor, "_stopping", Stopping())
    hall.supervisor.run()
    assert waited == [0.1, 1 / 30, 1 / 30, 0.1, 0.1]


@pytest.mark.parametrize(
    ("api", "refuses", "given", "wanted"),
    [
        (JACK, False, False, [44_100]),
        (JACK, False, True, []),
        ("ALSA", False, False, []),
        ("ALSA", True, False, [44_100]),
        ("ALSA", True, True, []),
    ],
)
def test_the_sample_rate_of_a_device_is_followed_unless_another_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, api: str, refuses: bool, given: bool, wanted: list[int]
) -> None:
    """JACK takes its own rate only; others may take any, and are asked first."""
    hall = Hall()
    device = Device(0, api, "Speakers", 44_100)
    monkeypatch.setattr(supervision, "choose_output", lambda *_, **__: device)
    followed: list[int] = []

    def follow(rate: int) -> None:
        followed.append(rate)
        hall.performance.sample_rate = rate

    def output(device: Device, rate: int, *rest: object, **more: object) -> FakeOutput:
        if refuses and rate != device.sample_rate:
            raise UsageError("no")
        return FakeOutput(device, rate, *rest, **more)

    monkeypatch.setattr(supervision, "open_output", output)
    hall.sound._follow = None if given else follow
    hall.sound.reopen(api)
    assert followed == wanted
    assert (hall.sound.output is None) == (refuses and given)
