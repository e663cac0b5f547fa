"""``arco play``: options reach the session, and nothing is opened for bad ones."""

from __future__ import annotations

import gc
import json
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, Self

import pytest

from instrument.audio.devices import Device
from instrument.errors import UsageError
from instrument.live.bindings import Binding, save_bindings
from instrument.live.notices import Notice, Tell
from instrument.live.session import LiveSettings
from instrument.live.status import Status
from instrument.midi.filters import read_filter
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings

Arco = Callable[..., tuple[int, str, str]]
Refused = Callable[..., str]


class Missing(Protocol):
    """See the fixture."""

    module: str
    name: str
    help: str


class FakeInputs:
    """MIDI inputs at which nothing arrives."""

    opened = 0

    def __init__(self, _wanted: str | None, _seat: object) -> None:
        type(self).opened += 1

    def close(self) -> None:
        type(self).opened -= 1


class FakeSession:
    """A session in which somebody presses Ctrl-C at once."""

    latency_seconds = (0.004, 0.0)
    device = None
    sample_rate = 48_000
    block = 128
    inputs = ("Keys",)
    osc_port = None
    status = Status(
        sounding=True,
        voices=0,
        notes=12,
        dropped=0,
        load=0.1,
        late_frames=0,
        late_notes=0,
        postponed=0,
        underruns=0,
        stolen=0,
        messages_lost=0,
        samples_lost=0,
        faults=0,
        osc_malformed=0,
        unknown_bindings=(),
        last_change=None,
        learning=None,
    )

    def __init__(self, _instrument: Instrument, settings: LiveSettings, tell: Tell) -> None:
        self.settings = settings
        self.tell = tell
        self.stops = 0
        self.closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True

    def stop(self) -> None:
        self.stops += 1

    def run(self) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        self.tell(Notice("input-lost", "it ends", {"name": "Keys"}))


@pytest.fixture
def play(arco: Arco, config: Path, tiny_instrument: Path) -> Arco:
    """``arco play`` and what a test adds."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        return arco("play", "--instrument", tiny_instrument, *arguments)

    return run


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[FakeSession]]:
    """The sessions that were played; none is real."""
    played: list[FakeSession] = []

    def session(*arguments: Any) -> FakeSession:
        played.append(FakeSession(*arguments))
        return played[-1]

    monkeypatch.setattr("instrument.live.session.Session", session)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield played
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_play_ends_well_after_ctrl_c(
    play: Arco, sessions: list[FakeSession], tiny_instrument: Path
) -> None:
    status, out, err = play("--record", "take.mid")
    (session,) = sessions
    assert (status, session.stops, session.closed) == (0, 2, True)
    assert err.splitlines() == [
        "A key sounds 4.0 ms after it arrives.",
        "MIDI input: Keys",
        "Ctrl-C ends it.",
        "it ends",
    ]
    assert out.splitlines() == [
        "Notes played: 12.",
        f"take.mid: 'arco render take.mid --instrument {tiny_instrument}' plays it again, "
        "sample for sample.",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGHUP")
def test_play_ends_well_when_its_terminal_closes(
    play: Arco, sessions: list[FakeSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeSession, "run", lambda _: signal.raise_signal(signal.SIGHUP))
    assert play()[0] == 0
    (session,) = sessions
    assert (session.stops, session.closed) == (1, True)


def test_play_as_json_says_what_happens_and_nothing_else(
    play: Arco, sessions: list[FakeSession]
) -> None:
    status, out, err = play("--json", "--record", "take.mid", "--mode", "mono")
    ready, lost, report = map(json.loads, out.splitlines())
    assert (status, err) == (0, "")
    assert ready.items() >= {"event": "ready", "inputs": ["Keys"], "mode": "mono"}.items()
    assert lost == {"event": "input-lost", "name": "Keys"}
    assert report.items() >= {"event": "report", "notes": 12, "record": "take.mid"}.items()
    assert len(sessions) == 1


def test_a_wind_controller_has_the_mode_of_its_layout_unless_one_is_chosen(
    play: Arco, sessions: list[FakeSession]
) -> None:
    play(*["--controls", "wind"])
    play(*["--controls", "wind", "--mode", "poly"])
    assert [session.settings.engine.mode for session in sessions] == ["mono", "poly"]


def test_play_takes_everything_to_the_session(
    play: Arco, sessions: list[FakeSession], config: Path
) -> None:
    save_bindings(config, [Binding("vibrato", 20)])
    play()
    options = "--midi-in keys --audio-out jack --block 64 --sample-rate 44100 --voices 4 --seed 3"
    more = "--mode mono --preset p --knob a=0.5 --knob b=1 --learn pan --learn vibrato"
    heard = "--controls wind --bend-range 12 --velocity-curve hard --transpose -2 --channels 2"
    play(
        *options.split(),
        *more.split(),
        *heard.split(),
        *("--keys", "C2-B3"),
        "--velocity-joins",
        "--record",
        "t.mid",
        "--record-audio",
        "t.flac",
    )
    kept = LiveSettings(bindings=[Binding("vibrato", 20)], bindings_path=config)
    assert [session.settings for session in sessions] == [
        kept,
        replace(
            kept,
            midi_in="keys",
            audio_out="jack",
            block=64,
            sample_rate=44_100,
            engine=EngineSettings(
                voices=4,
                seed=3,
                preset="p",
                knobs={"a": 0.5, "b": 1.0},
                velocity_joins=True,
                mode="mono",
                controls="wind",
                bend_range=12.0,
            ),
            filter=read_filter("2", "36-59", -2, "hard"),
            learn=["pan", "vibrato"],
            record=Path("t.mid"),
            record_audio=Path("t.flac"),
        ),
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--block 15", "--block 15"),
        ("--block 4097", "--block 4097"),
        ("--block small", "--block"),
        ("--voices 0", "--voices 0"),
        ("--voices 65", "--voices 65"),
        ("--sample-rate 8000", "--sample-rate 8000"),
        ("--mode duo", "'--mode'"),
        ("--mode violin", "has no strings; should be poly or mono"),
        ("--seed -1", "--seed -1"),
        ("--controls gm3", "gm2"),
        ("--controls nowhere.toml", "nowhere.toml: cannot be read"),
        ("--bend-range 97", "--bend-range 97"),
        ("--velocity-curve loud", "--velocity-curve loud"),
        ("--transpose 61", "--transpose 61"),
        ("--channels 17", "--channels 17"),
        ("--keys C9-C2", "--keys C9-C2"),
        ("--knob vibrato", "NAME=VALUE"),
        ("--knob no-such-knob=0.5", "no-such-knob"),
        ("--preset no-such-preset", "no-such-preset"),
        ("--learn vibrat", "'vibrato'"),
        ("--learn pan --learn bow", "'bow'"),
        ("--instrument celo", "celo"),
        ("song.mid", "arco play --help"),
    ],
)
def test_play_refuses_bad_options_before_it_looks_for_devices(
    play: Arco, refused: Refused, monkeypatch: pytest.MonkeyPatch, arguments: str, said: str
) -> None:
    monkeypatch.setattr("instrument.live.session.Inputs", pytest.fail)
    assert said in refused(play, *arguments.split())


def test_play_refuses_a_broken_file_of_knobs(play: Arco, refused: Refused, config: Path) -> None:
    config.write_text("knob = 3\n")
    assert refused(play).startswith(f"{config}: ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--record take.wav", ".mid"),
        ("--record nowhere/take.mid", "nowhere"),
        ("--record folder.wav/take.mid --record-audio take.mp3", "take.mp3"),
        ("--record-audio nowhere/take.wav", "nowhere"),
        ("--record take.mid --sample-rate 44101", "44101"),
    ],
)
def test_play_refuses_to_record_where_or_what_it_cannot(
    play: Arco, refused: Refused, monkeypatch: pytest.MonkeyPatch, arguments: str, said: str
) -> None:
    speakers = Device(0, "ALSA", "Speakers", 48_000)
    monkeypatch.setattr("instrument.live.session.Inputs", FakeInputs)
    monkeypatch.setattr("instrument.live.session.choose_output", lambda *_: speakers)
    assert said in refused(play, *arguments.split())
    assert FakeInputs.opened == 0


def test_a_device_that_refuses_leaves_older_recordings_as_they_were(
    play: Arco, refused: Refused, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise UsageError("Speakers (ALSA) refuses")

    speakers = Device(0, "ALSA", "Speakers", 48_000)
    for name, stand_in in (
        ("session.Inputs", FakeInputs),
        ("session.choose_output", lambda *_: speakers),
        ("session._warm_up", lambda *_: None),
        ("supervisor.open_output", refuse),
    ):
        monkeypatch.setattr(f"instrument.live.{name}", stand_in)
    for name in ("take.mid", "take.wav"):
        (desk / name).write_text("old")
    interval = sys.getswitchinterval()
    said = refused(play, "--record", "take.mid", "--record-audio", "take.wav")
    assert said == "Speakers (ALSA) refuses"
    assert FakeInputs.opened == 0
    assert (sys.getswitchinterval(), gc.get_freeze_count()) == (interval, 0)


def test_play_says_what_is_missing(
    play: Arco, refused: Refused, monkeypatch: pytest.MonkeyPatch, missing: Missing
) -> None:
    if missing.module != "rtmidi":
        monkeypatch.setattr("instrument.live.session.Inputs", FakeInputs)
    said = refused(play)
    assert missing.name in said
    assert missing.help in said
    assert FakeInputs.opened == 0
