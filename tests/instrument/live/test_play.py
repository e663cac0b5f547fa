"""`arco play` on a real JACK server: what is sent to it, and what it sounds like."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from instrument.arrays import Float32
from instrument.cli import main
from instrument.midi.events import ControlChange, NoteOff, NoteOn
from instrument.midi.score import read_score

pytestmark = pytest.mark.live

RATE = 48_000
ARCO = [sys.executable, "-c", "from instrument.cli import main; raise SystemExit(main())"]
STARTS_WITHIN = 90.0
ENDS_WITHIN = 30.0
CALM_RUNS = 6
"""A shared computer takes the processor away at times: what needs a calm one is tried again."""

NOTE_ON, NOTE_OFF, CONTROL = 0x90, 0x80, 0xB0
Message = list[int]


class Arco:
    """`arco play --json` as a program of its own; what it says goes to a file.

    Args:
        log: The file.
        options: Of the command.
        terminal: If given, a descriptor to which it says all for people, and nothing as JSON.
    """

    def __init__(self, log: Path, *options: str, terminal: int | None = None) -> None:
        self._log = log
        how = ["--json"] if terminal is None else []
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                [*ARCO, "play", *how, *options],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file if terminal is None else terminal,
            )
        if terminal is None:
            self.wait_for("ready")

    @property
    def told(self) -> list[dict[str, Any]]:
        """What it has told, in order; a line that isn't whole yet is left out."""
        whole = self._log.read_text().rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines()]

    @property
    def runs(self) -> bool:
        return self._process.poll() is None

    def wait_for(self, event: str, times: int = 1, **about: str) -> None:
        """Wait until it has told of an event so often."""
        until = time.monotonic() + STARTS_WITHIN
        wanted = {"event": event, **about}
        while sum(told.items() >= wanted.items() for told in self.told) < times:
            assert self.runs, self._log.read_text()
            assert time.monotonic() < until, f"waited for {wanted}: {self._log.read_text()}"
            time.sleep(0.05)

    def end(self) -> None:
        """End it as Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)
        assert self._process.wait(ENDS_WITHIN) == 0, self._log.read_text()

    def stop(self) -> dict[str, Any]:
        """End it as Ctrl-C does; its report."""
        self.end()
        report = self.told[-1]
        assert report["event"] == "report"
        return report

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(ENDS_WITHIN)


@pytest.fixture
def arco(
    make_jack_server: Callable[..., Any], tiny_instrument: Path, tmp_path: Path
) -> Iterator[Callable[..., Arco]]:
    """Starts `arco play` with the tiny instrument, (*options, …), and ends it before the server."""
    running: list[Arco] = []

    def start(*options: str, instrument: Path = tiny_instrument, **chosen: Any) -> Arco:
        log = tmp_path / f"arco-{len(running)}.log"
        running.append(Arco(log, "--instrument", str(instrument), *options, **chosen))
        return running[-1]

    yield start
    for program in running:
        if program.runs:
            program.kill()


@pytest.fixture
def perform(tmp_path: Path) -> Callable[..., Float32]:
    """Sends events, [frame, byte…], through JACK and captures what is heard, [2, frames]."""

    def perform(
        events: list[Message], seconds: float, to: str = "Arco", hear: str = "PortAudio"
    ) -> Float32:
        out = tmp_path / "captured.npz"
        task = {
            "to": to,
            "hear": hear,
            "events": events,
            "frames": round(seconds * RATE),
            "out": str(out),
        }
        script = Path(__file__).with_name("jack_player.py")
        done = subprocess.run(
            [sys.executable, str(script)],
            input=json.dumps(task),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        with np.load(out, allow_pickle=False) as captured:
            audio: Float32 = captured["audio"]
        return audio

    return perform


def note(seconds: float, key: int, length: float, velocity: int = 90) -> list[Message]:
    first, last = round(seconds * RATE), round((seconds + length) * RATE)
    return [[first, NOTE_ON, key, velocity], [last, NOTE_OFF, key, 64]]


def phrase() -> list[Message]:
    """Chords, a line, pedal, wheel, expression, bend, and a knob while notes sound."""
    events = [message for i in range(8) for message in note(0.2 + 0.15 * i, 60 + 2 * i, 0.14)]
    events += [message for key in (60, 64, 67) for message in note(1.5, key, 0.8)]
    events += [[round(1.6 * RATE), CONTROL, 64, 127], [round(2.6 * RATE), CONTROL, 64, 0]]
    for step in range(0, 128, 8):
        frame = round((1.5 + step / 128) * RATE)
        events += [[frame, CONTROL, controller, step] for controller in (1, 11, 74)]
        events.append([frame, 0xE0, 0, 64 + step // 4])
    return events


def loudest(audio: Float32) -> float:
    return float(np.abs(audio).max())


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_take_renders_to_what_was_recorded_and_heard(
    jack_server: Any,
    arco: Callable[..., Arco],
    perform: Callable[..., Float32],
    tmp_path: Path,
    tiny_instrument: Path,
) -> None:
    take, recording, rendered = (tmp_path / name for name in ("t.mid", "t.wav", "again.wav"))
    for _ in range(CALM_RUNS):
        program = arco(
            "--midi-in", "virtual", "--record", str(take), "--record-audio", str(recording)
        )
        heard = perform(phrase(), 4.0)
        report = program.stop()
        if report["late_frames"] == report["late_notes"] == 0:
            break
    assert (report["late_frames"], report["late_notes"]) == (0, 0)
    assert (report["record"], report["record_audio"]) == (str(take), str(recording))
    assert (
        main(["render", str(take), "-o", str(rendered), "--instrument", str(tiny_instrument)]) == 0
    )
    assert rendered.read_bytes() == recording.read_bytes()

    recorded = soundfile.read(recording, dtype="float32")[0].T
    assert loudest(recorded) > 0.01
    sounding = np.flatnonzero(np.abs(heard[0]) > 1e-4)[0]
    pattern = heard[0, sounding : sounding + 256]
    windows = np.lib.stride_tricks.sliding_window_view(recorded[0], len(pattern))
    begin = int(np.argmin(np.abs(windows - pattern).max(axis=1))) - sounding
    assert begin >= 0
    half_a_step = 2.0**-23
    same = recorded[:, begin : begin + heard.shape[1]]
    assert np.abs(same - heard[:, : same.shape[1]]).max() <= half_a_step


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("block", [64, 128, 256])
def test_a_thousand_notes_come_through_and_none_hangs(
    block: int,
    make_jack_server: Callable[..., Any],
    arco: Callable[..., Arco],
    perform: Callable[..., Float32],
    tmp_path: Path,
) -> None:
    make_jack_server(block).start()
    program = arco("--record", str(tmp_path / "t.mid"))
    rng = np.random.default_rng(block)
    notes = [
        (0.1 + 0.012 * i, int(rng.integers(55, 97)), int(rng.integers(1, 128))) for i in range(1000)
    ]
    events = [m for at, key, velocity in notes for m in note(at, key, 0.03, velocity)]
    heard = perform(events, 14.5)
    report = program.stop()
    assert (report["notes"], report["dropped"], report["messages_lost"]) == (1000, 0, 0)
    assert report["stolen"] > 0
    score = read_score(tmp_path / "t.mid")
    played = [(e.event.key, e.event.velocity) for e in score.events if isinstance(e.event, NoteOn)]
    assert sorted(played) == sorted((key, velocity) for _, key, velocity in notes)
    ends = sum(isinstance(e.event, NoteOff) for e in score.events)
    assert ends == 1000
    assert loudest(heard[:, : 12 * RATE]) > 0.01
    assert loudest(heard[:, -RATE // 2 :]) < 1e-3


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_flood_of_ten_thousand_events_a_second_leaves_no_note_behind(
    jack_server: Any, arco: Callable[..., Arco], perform: Callable[..., Float32], tmp_path: Path
) -> None:
    program = arco("--record", str(tmp_path / "t.mid"))
    events = [
        [RATE // 10 + round(4.8 * i), CONTROL, (1, 11, 74, 7)[i % 4], i % 128]
        for i in range(20_000)
    ]
    events += [message for i in range(20) for message in note(0.2 + 0.1 * i, 60 + i, 0.2)]
    heard = perform(sorted(events), 4.5)
    program.stop()
    score = read_score(tmp_path / "t.mid")
    assert sum(isinstance(e.event, ControlChange) for e in score.events) >= 20_000
    assert score.notes == 20
    assert loudest(heard[:, -RATE // 2 :]) < 1e-3


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_a_keyboard_holds_ends_when_it_vanishes_and_it_plays_again_when_it_returns(
    jack_server: Any,
    arco: Callable[..., Arco],
    midi_source: Callable[..., Any],
    tmp_path: Path,
) -> None:
    program = arco("--record", str(tmp_path / "t.mid"))
    keys = midi_source("Keys")
    program.wait_for("input-opened", name="Keys:out")
    keys.send([bytes((CONTROL, 64, 127)), bytes((NOTE_ON, 60, 90))])
    time.sleep(0.3)
    keys.close()
    program.wait_for("input-lost", name="Keys:out")
    again = midi_source("Keys")
    program.wait_for("input-opened", name="Keys:out", times=2)
    again.send([bytes((NOTE_ON, 62, 90)), bytes((NOTE_OFF, 62, 64))])
    time.sleep(0.3)
    program.stop()
    events = [timed.event for timed in read_score(tmp_path / "t.mid").events]
    assert events.index(NoteOff(0, 60)) < events.index(NoteOn(0, 62, 90))
    assert events.index(ControlChange(0, 64, 0)) < events.index(NoteOn(0, 62, 90))


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_the_sound_comes_back_with_the_server(
    end: str,
    make_jack_server: Callable[..., Any],
    arco: Callable[..., Arco],
    perform: Callable[..., Float32],
) -> None:
    # A server that waits for its clients would wait long for one that it lost sight of.
    server = make_jack_server(synchronous=False)
    server.start()
    program = arco()
    assert loudest(perform(note(0.1, 69, 0.5), 1.0)) > 0.01
    getattr(server, end)()
    program.wait_for("device-lost")
    server.start()
    program.wait_for("device-opened")
    program.wait_for("input-opened", name="Arco")
    heard = perform(note(0.1, 69, 0.3), 3.5)
    assert loudest(heard) > 0.01
    assert loudest(heard[:, -RATE // 2 :]) < 1e-3
    program.stop()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_terminal_that_takes_nothing_holds_no_note_up(
    jack_server: Any, arco: Callable[..., Arco], perform: Callable[..., Float32], tmp_path: Path
) -> None:
    import pty  # noqa: PLC0415 (there is none on Windows)

    master, slave = pty.openpty()
    with contextlib.ExitStack() as descriptors:
        for descriptor in (master, slave):
            descriptors.callback(os.close, descriptor)
        filling = os.open(os.ttyname(slave), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        descriptors.callback(os.close, filling)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(filling, b"x" * 64)
        program = arco("--record", str(tmp_path / "t.mid"), terminal=slave)
        events = [m for i in range(40) for m in note(0.2 + 0.1 * i, 60 + i % 12, 0.08)]
        heard = perform(events, 5.0)
        program.end()
    assert read_score(tmp_path / "t.mid").notes == 40
    assert loudest(heard) > 0.01


BURNER = """
import sys, threading
from pathlib import Path
from instrument.live.session import LiveSettings, Session
from instrument.model.graphs import load_instrument
settings = LiveSettings(record=Path(sys.argv[2]))
with Session(load_instrument(Path(sys.argv[1])), settings) as session:
    playing = threading.Thread(target=session.run)
    playing.start()
    def burn():
        while playing.is_alive():
            sum(range(1000))
    threading.Thread(target=burn, daemon=True).start()
    print("burning", flush=True)
    sys.stdin.read()
    session.stop()
    playing.join()
    status = session.status
print(status.notes, status.dropped, status.voices, flush=True)
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_python_that_burns_the_interpreter_costs_no_note(
    jack_server: Any, perform: Callable[..., Float32], tiny_instrument: Path, tmp_path: Path
) -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", BURNER, str(tiny_instrument), str(tmp_path / "t.mid")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "burning\n"
    events = [m for i in range(100) for m in note(0.2 + 0.05 * i, 60 + i % 24, 0.04)]
    heard = perform(events, 7.0)
    said, _ = program.communicate("", timeout=ENDS_WITHIN)
    assert said.split() == ["100", "0", "0"]
    assert loudest(heard[:, : 5 * RATE]) > 0.01
    assert loudest(heard[:, -RATE // 2 :]) < 1e-3


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--sample-rate", "44100"), "runs at 48000 Hz"),
        (("--audio-out", "nowhere"), "no sound device named 'nowhere'"),
        (("--midi-in", "nothing"), "no MIDI input named 'nothing'"),
        (("--record", "take.wav"), "should end in .mid"),
        (("--record-audio", "take.mp3"), "should end in .wav or .flac"),
        (("--block", "5"), "--block 5: should be from 16 to 4096"),
        (("--mode", "duo"), "should be poly or mono"),
        (("--learn", "nonsense"), "no knob named 'nonsense'"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    options: tuple[str, ...],
    words: str,
    jack_server: Any,
    tiny_instrument: Path,
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [*ARCO, "play", "--instrument", str(tiny_instrument), *options],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 2
    assert re.fullmatch(r"arco: .*\n", done.stderr), done.stderr
    assert words in done.stderr
    assert list(tmp_path.glob("take*")) == []


def test_without_a_server_it_says_what_to_start(
    live_parts: None, tiny_instrument: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "there-is-none")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    done = subprocess.run(
        [*ARCO, "play", "--instrument", str(tiny_instrument)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "start a JACK server" in done.stderr


def onsets(heard: Float32, starts: list[int], within: int = RATE // 5) -> list[int]:
    """Samples from each start to the first one that is heard; none where nothing is."""
    level = np.abs(heard).max(axis=0)
    found = []
    for start in starts:
        before = float(level[max(0, start - 256) : start].max())
        after = np.flatnonzero(level[start : start + within] > max(1e-5, 1.5 * before))
        found += after[:1].tolist()
    return found


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_key_sounds_within_a_block_of_fluidsynth(
    make_jack_server: Callable[..., Any],
    arco: Callable[..., Arco],
    perform: Callable[..., Float32],
    tmp_path: Path,
) -> None:
    soundfont = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
    if shutil.which("fluidsynth") is None or not soundfont.exists():
        reason = "FluidSynth and its soundfont aren't here (fluidsynth, fluid-soundfont-gm)"
        (pytest.fail if os.environ.get("ARCO_REQUIRE_LIVE") == "1" else pytest.skip)(reason)
    # A shared computer may need more than a shorter block to get a note ready.
    block = 256
    make_jack_server(block).start()
    rng = np.random.default_rng(block)
    starts = [round((0.3 + 0.5 * i) * RATE) + int(rng.integers(0, 4800)) for i in range(12)]
    events = [m for start in starts for m in note(start / RATE, 69, 0.05, 110)]
    options = "-i -s -a jack -m jack -o audio.jack.autoconnect=0 -o midi.autoconnect=0"
    dry = "-o synth.reverb.active=0 -o synth.chorus.active=0"
    command = f"fluidsynth {options} {dry} -r {RATE} -z {block} {soundfont}"
    program = arco("--midi-in", "virtual")
    with (tmp_path / "fluidsynth.log").open("wb") as log:
        other = subprocess.Popen(command.split(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        apart = []
        for _ in range(CALM_RUNS):
            theirs = onsets(perform(events, 7.0, "fluidsynth", "fluidsynth"), starts)
            ours = onsets(perform(events, 7.0), starts)
            assert len(ours) == len(theirs) == len(starts)
            apart.append(float(np.median(ours) - np.median(theirs)))
            if apart[-1] <= block:
                break
    finally:
        other.terminate()
        other.wait(ENDS_WITHIN)
    program.stop()
    assert min(apart) <= block, f"samples behind FluidSynth, at the median: {apart}"
