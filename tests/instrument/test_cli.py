"""The command line: what a person types, and what is left when it goes wrong."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import mido
import numpy as np
import pytest
import soundfile

from instrument import cli
from instrument.arrays import Float32
from instrument.audio.stream import Device
from instrument.cli import demo as demo_command
from instrument.cli import main
from instrument.cli import train as train_command
from instrument.cli.demo import MELODY
from instrument.engine.engine import Engine
from instrument.errors import UsageError
from instrument.live.bindings import Binding, save_bindings
from instrument.live.session import LiveSettings, Status
from instrument.midi.events import ControlChange, Event, NoteOff, NoteOn, PitchBend
from instrument.midi.score import read_score
from instrument.midi.take import TakeWriter
from instrument.model.graphs import Instrument
from instrument.settings import SAMPLE_RATES, EngineSettings
from instrument.units import note_name

REPORT_KEYS = [
    "seconds",
    "render_seconds",
    "realtime_factor",
    "notes",
    "voices_max",
    "peak_dbfs",
    "sample_rate",
    "model",
]

COMMANDS = ("render", "demo", "play", "devices", "info", "bench", "train")

TAKE_RATE, TAKE_SAMPLES = 44_100, 30_000
TAKE_SETTINGS = EngineSettings(sample_rate=TAKE_RATE, voices=2, seed=5)
TAKE: list[tuple[int, Event]] = [
    (0, ControlChange(0, 74, 99)),
    (1_001, NoteOn(0, 60, 90)),
    (4_003, NoteOn(0, 64, 70)),
    (9_007, NoteOn(0, 67, 110)),
    (12_000, PitchBend(0, 3000)),
    (20_000, NoteOff(0, 60)),
    (20_000, NoteOff(0, 64)),
    (25_000, NoteOff(0, 67)),
]
"""What was played: more notes at once than it had voices for."""

Arco = Callable[..., tuple[int, str, str]]
RenderTake = Callable[..., tuple[Float32, int]]
Without = Callable[[str], None]


def write_song(path: Path, channels: Sequence[int]) -> Path:
    """A .mid in which the channels play a short note, one after another."""
    track = mido.MidiTrack()
    for channel in channels:
        track.append(mido.Message("note_on", channel=channel, note=67, velocity=80))
        track.append(mido.Message("note_off", channel=channel, note=67, time=120))
    file = mido.MidiFile()
    file.tracks.append(track)
    file.save(path)
    return path


def files_below(folder: Path) -> dict[str, bytes | None]:
    """Everything in a folder, hidden files too: names and contents."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that a person is in: a song, something that isn't one, and a folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    write_song(tmp_path / "song.mid", [0, 3])
    (tmp_path / "letter.mid").write_text("Dear Sir,\n")
    (tmp_path / "folder.wav").mkdir()
    return tmp_path


@pytest.fixture
def arco(desk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Arco:
    def run(*arguments: str | Path) -> tuple[int, str, str]:
        status = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.fixture
def render(arco: Arco, tiny_instrument: Path) -> Arco:
    """``arco render song.mid`` with a short tail, and what a test adds."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        return arco(
            "render", "song.mid", "--instrument", tiny_instrument, "--tail", "0.1", *arguments
        )

    return run


# --- What comes out ------------------------------------------------------------------------------


def test_a_render_is_a_wav_of_24_bits_named_after_the_song(render: Arco, desk: Path) -> None:
    status, out, err = render()
    assert (status, err) == (0, "")
    assert soundfile.info(desk / "song.wav").subtype == "PCM_24"
    assert len(out.splitlines()) == 2
    assert "song.wav" in out
    assert "times" in out


def test_the_ending_and_the_bits_choose_the_format(render: Arco, desk: Path) -> None:
    assert render("-o", "take.flac", "--bits", "16")[0] == 0
    sound = soundfile.info(desk / "take.flac")
    assert (sound.format, sound.subtype) == ("FLAC", "PCM_16")
    assert (sound.samplerate, sound.channels) == (48_000, 2)


def test_json_is_one_object_with_the_keys_of_the_report(render: Arco, desk: Path) -> None:
    status, out, err = render("--json", "--sample-rate", "44100")
    assert (status, err) == (0, "")
    report = json.loads(out)
    assert list(report) == REPORT_KEYS
    assert list(report["model"]) == ["name", "digest"]
    assert report["notes"] == 2
    assert report["sample_rate"] == 44_100
    sound = soundfile.info(desk / "song.wav")
    assert sound.samplerate == 44_100
    assert sound.duration == pytest.approx(report["seconds"])


def test_the_same_seed_gives_the_same_file_whenever_it_is_rendered(
    render: Arco, desk: Path
) -> None:
    for name, seed in (("a.wav", "1"), ("b.wav", "1"), ("c.wav", "2")):
        render("-o", name, "--seed", seed, "--bits", "32")
    a, b, c = ((desk / name).read_bytes() for name in ("a.wav", "b.wav", "c.wav"))
    assert a == b
    assert a != c


def test_stems_are_one_file_for_each_channel_with_notes(render: Arco, desk: Path) -> None:
    status, out, _ = render("-o", "take.flac", "--stems", "parts")
    assert status == 0
    assert "parts" in out
    names = {path.name for path in (desk / "parts").iterdir()}
    assert names == {"take-channel-01.flac", "take-channel-04.flac"}
    first, _ = soundfile.read(desk / "parts" / "take-channel-01.flac")
    fourth, _ = soundfile.read(desk / "parts" / "take-channel-04.flac")
    early = slice(0, int(0.05 * 48_000))
    assert np.abs(first[early]).max() > 0.001
    assert np.abs(fourth[early]).max() < np.abs(first[early]).max() / 100


def test_percussion_that_was_left_out_is_mentioned(render: Arco, desk: Path) -> None:
    assert "ercussion" not in render()[1]
    write_song(desk / "song.mid", [0, 9])
    assert "Channel 10, percussion, was left out." in render()[1]


def test_a_knob_changes_the_sound(render: Arco, desk: Path, tiny_instrument: Path) -> None:
    (knob, *_) = json.loads((tiny_instrument / "instrument.json").read_text())["axes"]
    for name, position in (("low.wav", 0), ("high.wav", 1)):
        assert render("-o", name, "--knob", f"{knob['name']}={position}")[0] == 0
    assert (desk / "low.wav").read_bytes() != (desk / "high.wav").read_bytes()


def test_an_older_file_is_replaced(render: Arco, desk: Path) -> None:
    (desk / "song.wav").write_text("old")
    assert render()[0] == 0
    assert soundfile.info(desk / "song.wav").format == "WAV"


def test_a_terminal_shows_progress_and_a_pipe_does_not(
    render: Arco, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert render()[2] == ""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    _, out, err = render("--json")
    assert "Rendering" in err
    assert list(json.loads(out)) == REPORT_KEYS


@pytest.mark.parametrize("rate", SAMPLE_RATES)
def test_every_sample_rate_of_the_engine_can_be_asked_for(render: Arco, rate: int) -> None:
    assert render("--sample-rate", str(rate))[0] == 0


# --- Takes ---------------------------------------------------------------------------------------


@pytest.fixture
def take(desk: Path) -> Path:
    """The .mid of what was played live."""
    path = desk / "take.mid"
    writer = TakeWriter(path, TAKE_SETTINGS)
    for sample, event in TAKE:
        writer.add(sample, event)
    writer.close(TAKE_SAMPLES)
    return path


@pytest.fixture
def render_take(arco: Arco, desk: Path, take: Path, tiny_instrument: Path) -> RenderTake:
    """``arco render take.mid`` and what a test adds; its sound, [2, samples], and the rate."""

    def run(*arguments: str) -> tuple[Float32, int]:
        status, _, err = arco(
            "render",
            take,
            "-o",
            "x.wav",
            "--bits",
            "32",
            "--instrument",
            tiny_instrument,
            *arguments,
        )
        assert (status, err) == (0, "")
        audio, rate = soundfile.read(desk / "x.wav", dtype="float32")
        return audio.T, rate

    return run


def test_a_take_is_rendered_as_it_was_played_sample_for_sample(
    render_take: RenderTake, tiny: Instrument
) -> None:
    engine = Engine(tiny, TAKE_SETTINGS)
    for sample, event in TAKE:
        engine.push(event, sample)
    played = np.zeros((2, TAKE_SAMPLES), np.float32)
    engine.render(played)
    audio, rate = render_take()
    assert rate == TAKE_RATE
    assert np.abs(played).max() > 0.01
    np.testing.assert_array_equal(audio, played)


def test_another_seed_is_another_performance_of_a_take(render_take: RenderTake) -> None:
    as_played, _ = render_take()
    other, rate = render_take("--seed", "0")
    assert (rate, other.shape) == (TAKE_RATE, as_played.shape)
    assert np.any(other != as_played)


def test_at_another_sample_rate_all_of_a_take_is_there(render_take: RenderTake) -> None:
    audio, rate = render_take("--sample-rate", "96000")
    assert rate == 96_000
    assert audio.shape[1] / rate > TAKE[-1][0] / TAKE_RATE
    as_played, _ = render_take("--sample-rate", str(TAKE_RATE))
    assert as_played.shape[1] == TAKE_SAMPLES


def test_a_take_can_have_another_tail(render_take: RenderTake) -> None:
    audio, _ = render_take("--tail", "1")
    assert audio.shape[1] == TAKE[-1][0] + 1 + TAKE_RATE


# --- What goes wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("letter.mid", "letter.mid"),
        ("missing.mid", "missing.mid"),
        ("folder.wav", "folder.wav"),
        (".", "folder"),
        ("song.mid -o song.mp3", ".wav or .flac"),
        ("song.mid -o song", ".wav or .flac"),
        ("song.mid -o song.flac --bits 32", "16 or 24"),
        ("song.mid --bits 20", "16, 24 or 32"),
        ("song.mid --bits many", "--bits"),
        ("song.mid -o nowhere/song.wav", "there is no folder nowhere"),
        ("song.mid -o folder.wav", "folder.wav: is a folder"),
        ("song.mid --stems nowhere/stems", "there is no folder nowhere"),
        ("song.mid --stems song.mid", "song.mid: is a file"),
        ("song.mid --sample-rate 0", "--sample-rate 0"),
        ("song.mid --sample-rate 999999", "--sample-rate 999999"),
        ("song.mid --sample-rate fast", "--sample-rate"),
        ("song.mid --seed -1", "--seed -1"),
        ("song.mid --tail -1", "--tail -1"),
        ("song.mid --tail nan", "--tail nan"),
        ("song.mid --tail inf", "--tail inf"),
        ("song.mid --tail 1e6", ".flac"),
        ("song.mid --knob vibrato", "NAME=VALUE"),
        ("song.mid --knob =0.5", "NAME=VALUE"),
        ("song.mid --knob vibrato=", "NAME=VALUE"),
        ("song.mid --knob vibrato=wide", "NAME=VALUE"),
        ("song.mid --knob vibrato=1.01", "0 to 1"),
        ("song.mid --knob vibrato=nan", "0 to 1"),
        ("song.mid --knob no-such-knob=0.5", "no-such-knob"),
        ("song.mid --preset no-such-preset", "no-such-preset"),
        ("song.mid --loud", "--loud"),
        ("", "arco render --help"),
    ],
)
def test_bad_input_gives_one_line_and_leaves_nothing(
    arco: Arco, desk: Path, tiny_instrument: Path, arguments: str, said: str
) -> None:
    before = files_below(desk)
    status, out, err = arco("render", *arguments.split(), "--instrument", tiny_instrument)
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert err.startswith("arco: ")
    assert said in err
    assert files_below(desk) == before


@pytest.mark.parametrize("arguments", ["render song.mid --instrument", "info"])
def test_an_instrument_that_isnt_there_or_was_edited_is_refused(
    arco: Arco, desk: Path, tiny_instrument: Path, arguments: str
) -> None:
    shutil.copytree(tiny_instrument, desk / "edited")
    graph = (
        desk
        / "edited"
        / json.loads((desk / "edited" / "instrument.json").read_text())["timbre"]["file"]
    )
    graph.write_bytes(graph.read_bytes() + b"\0")
    before = files_below(desk)
    for name, said in (("celo", "celo"), ("edited", graph.name), ("folder.wav", "folder.wav")):
        status, out, err = arco(*arguments.split(), name)
        assert (status, out) == (2, "")
        assert len(err.splitlines()) == 1
        assert said in err
    assert files_below(desk) == before


def test_a_missing_output_folder_is_found_before_the_instrument_is_loaded(
    arco: Arco, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("instrument.model.graphs.load_instrument", pytest.fail)
    assert arco("render", "song.mid", "-o", "nowhere/song.wav")[0] == 2


def broken_off(error: BaseException) -> Callable[..., None]:
    """A renderer that writes a second of sound and then fails."""

    def render_score(*arguments: Any, **_: Any) -> None:
        write = arguments[3]
        write(np.zeros((2, 48_000), np.float32))
        raise error

    return render_score


def test_ctrl_c_leaves_nothing(render: Arco, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("instrument.render.render_score", broken_off(KeyboardInterrupt()))
    before = files_below(desk)
    status, out, err = render("--stems", "stems")
    assert (status, out, err) == (130, "", "")
    assert files_below(desk) == before


def test_a_full_disk_gives_one_line_and_leaves_nothing(
    render: Arco, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = soundfile.LibsndfileError(2)
    monkeypatch.setattr("instrument.render.render_score", broken_off(refused))
    before = files_below(desk)
    status, out, err = render()
    assert (status, out) == (2, "")
    assert err.startswith("arco: song.wav: cannot be written")
    assert len(err.splitlines()) == 1
    assert files_below(desk) == before


def run_in_shell(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", script],
        cwd=folder,
        env=os.environ | {"ARCO": f"{sys.executable} -m instrument.cli"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_broken_pipe_is_quiet(tiny_instrument: Path) -> None:
    root = Path(cli.__file__).parents[2]
    for command in ("--version", f"info {tiny_instrument}"):
        assert run_in_shell(f"$ARCO {command} | true", root).stderr == ""


def test_a_file_name_that_is_no_text_can_be_said(arco: Arco) -> None:
    status, _, err = arco("render", os.fsdecode(b"\xff.mid"))
    assert status == 2
    assert "no such file" in err


# --- info ----------------------------------------------------------------------------------------


def test_info_tells_everything_within_80_columns(
    arco: Arco, tiny_instrument: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    status, out, err = arco("info", tiny_instrument)
    assert (status, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    assert "\x1b" not in out
    spec = json.loads((tiny_instrument / "instrument.json").read_text())
    told = " ".join(out.split())
    for kind in ("axes", "presets", "sources"):
        for entry in spec[kind]:
            assert entry["name"] in told
    assert f"({len(spec['metrics'])} in all)" in told


def test_info_shows_the_main_metrics_with_what_they_are_compared_with(
    arco: Arco, tiny_instrument: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    folder = shutil.copytree(tiny_instrument, tmp_path / "measured")
    spec = json.loads((folder / "instrument.json").read_text())
    hidden = {**spec["metrics"][0], "value": 77.5, "main": False}
    compared = [{"name": "cents_of_pca", "of": "PCA", "value": 98.5}]
    shown = {**hidden, "label": "unheard of", "unit": "cents", "value": 1.25, "main": True}
    spec["metrics"] = [hidden, {**shown, "compared": compared}, {**shown, "label": "nor this"}]
    (folder / "instrument.json").write_text(json.dumps(spec))
    status, out, _ = arco("info", folder)
    assert status == 0
    assert max(map(len, out.splitlines())) <= 80
    (row,) = [line.split() for line in out.splitlines() if line.startswith("unheard of")]
    assert row == ["unheard", "of", "1.25", "cents", "98.5", "PCA"]
    (row,) = [line.split() for line in out.splitlines() if line.startswith("nor this")]
    assert row == ["nor", "this", "1.25", "cents"]
    assert "77.5" not in out
    assert "(3 in all)" in out
    everything = json.loads(arco("info", folder, "--json")[1])
    assert everything["metrics"] == spec["metrics"]


def test_info_as_json(arco: Arco, tiny_instrument: Path) -> None:
    status, out, _ = arco("info", tiny_instrument, "--json")
    assert status == 0
    about = json.loads(out)
    spec = json.loads((tiny_instrument / "instrument.json").read_text())
    lowest, highest = spec["pitch_range"]
    assert about["range"]["lowest"] == {"midi": lowest, "name": note_name(lowest)}
    assert about["range"]["highest"]["midi"] == highest
    assert about["metrics"] == spec["metrics"]
    assert [preset["program"] for preset in about["presets"]] == list(range(len(spec["presets"])))
    assert list(about["presets"][0]) == ["name", "program", "description"]


@pytest.mark.parametrize(("midi", "name"), [(0, "C-1"), (55, "G3"), (60, "C4"), (106, "A#7")])
def test_note_names(midi: int, name: str) -> None:
    assert note_name(midi) == name


# --- demo ----------------------------------------------------------------------------------------


@pytest.fixture
def shipped(tiny_instrument: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of shipped instruments in which the tiny one is the violin."""
    folder = tmp_path_factory.mktemp("exported")
    shutil.copytree(tiny_instrument, folder / "violin")
    return folder


@pytest.fixture
def short_melody(desk: Path, monkeypatch: pytest.MonkeyPatch, shipped: Path) -> None:
    monkeypatch.setattr("instrument.model.catalogue.EXPORTED", shipped)
    monkeypatch.setattr(demo_command, "MELODY", desk / "song.mid")


@pytest.mark.usefixtures("short_melody")
def test_the_demo_says_why_it_isnt_played(
    arco: Arco, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    status, out, err = arco("demo")
    assert (status, err) == (0, "")
    assert soundfile.info(desk / "demo" / "londonderry-air.wav").frames > 0
    assert "faster" in out or "slower" in out
    assert out.splitlines()[-1].startswith("Not played: ")


class FakeSoundDevice(ModuleType):
    """Stands in for sounddevice: a machine with or without a device."""

    PortAudioError = OSError

    def __init__(self, has_device: bool) -> None:
        super().__init__("sounddevice")
        self.has_device = has_device
        self.played = 0

    def query_devices(self, kind: str) -> None:
        if not self.has_device:
            raise self.PortAudioError(f"no {kind}")

    def OutputStream(self, samplerate: int, channels: int) -> FakeSoundDevice:  # noqa: N802
        assert (samplerate, channels) == (48_000, 2)
        return self

    def __enter__(self) -> FakeSoundDevice:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def write(self, block: Any) -> None:
        self.played += len(block)


@pytest.mark.usefixtures("short_melody")
def test_the_demo_is_played_where_there_is_a_device(
    arco: Arco, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = FakeSoundDevice(has_device=True)
    monkeypatch.setitem(sys.modules, "sounddevice", device)
    _, out, _ = arco("demo", "-o", "mine.flac")
    assert device.played == soundfile.info(desk / "mine.flac").frames
    assert "Not played" not in out
    assert not (desk / "demo").exists()


@pytest.mark.usefixtures("short_melody")
def test_the_demo_is_silent_where_there_is_no_device(
    arco: Arco, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", FakeSoundDevice(has_device=False))
    status, out, _ = arco("demo")
    assert status == 0
    assert "Not played: there is no sound device." in out


def test_the_melody_is_one_slurred_line_on_the_violin() -> None:
    score = read_score(MELODY)
    events = [timed.event for timed in score.events]
    notes = [event for event in events if isinstance(event, NoteOn)]
    assert {event.channel for event in events} == {0}
    assert len(notes) == score.notes == 90
    assert 55 < score.duration_seconds < 70
    assert 55 <= min(note.key for note in notes) < max(note.key for note in notes) == 83
    loudest = max(notes, key=lambda note: note.velocity)
    assert (loudest.key, loudest.velocity) == (83, 100)
    sounding: set[int] = set()
    for event in events:
        if isinstance(event, NoteOn):
            assert not sounding
            sounding.add(event.key)
        elif isinstance(event, NoteOff):
            sounding.remove(event.key)
        elif isinstance(event, ControlChange):
            assert event.controller == 11
            assert 96 <= event.value <= 127
    swells = [event.value for event in events if isinstance(event, ControlChange)]
    assert np.abs(np.diff(swells)).max() <= 4


# --- devices -------------------------------------------------------------------------------------


def said(out: str) -> str:
    """What was said, however it was broken into lines."""
    return " ".join(out.split())


@pytest.fixture
def config(desk: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of learned knobs; it isn't there yet."""
    monkeypatch.setenv("ARCO_CONFIG", str(desk))
    return desk / "knobs.toml"


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Without:
    """Makes a library missing that playing live needs."""

    def without(library: str) -> None:
        if library != "PortAudio":
            monkeypatch.setitem(sys.modules, library, None)
            return
        folder = tmp_path_factory.mktemp("broken")
        (folder / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
        monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
        monkeypatch.syspath_prepend(folder)

    return without


@pytest.fixture
def one_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """A computer with a keyboard and a loudspeaker."""
    speakers = Device(0, "ALSA", "Speakers", 44_100, is_default=True)
    monkeypatch.setattr("instrument.live.inputs.list_inputs", lambda: [("ALSA", "Keys")])
    monkeypatch.setattr("instrument.audio.stream.list_outputs", lambda: [speakers])


@pytest.mark.usefixtures("one_device")
def test_devices_shows_inputs_outputs_and_learned_knobs(arco: Arco, config: Path) -> None:
    save_bindings(config, [Binding("vibrato", 20)])
    status, out, err = arco("devices")
    assert (status, err) == (0, "")
    rows = [line.split() for line in out.splitlines()]
    assert ["ALSA", "Keys"] in rows
    assert ["ALSA", "Speakers", "44100", "Hz", "default"] in rows
    assert ["20", "any", "vibrato", "absolute", "soft"] in rows


@pytest.mark.usefixtures("one_device")
def test_devices_refuses_a_broken_file_of_knobs(arco: Arco, config: Path) -> None:
    config.write_text("[[knob]]\n")
    status, _, err = arco("devices")
    assert status == 2
    assert err == f"arco: {config}: [[knob]] 1: has no target; write one\n"


PIP = "pip install 'arco[live]'"
PARTS = [
    ("rtmidi", "python-rtmidi isn't installed", PIP),
    ("sounddevice", "sounddevice isn't installed", PIP),
    ("PortAudio", "the PortAudio library is missing", "apt-get install libportaudio2"),
]
"""What may be missing, how it is said, and what helps."""


@pytest.mark.usefixtures("config")
@pytest.mark.parametrize(("library", "missing", "help_"), PARTS)
def test_devices_says_what_is_missing(
    arco: Arco,
    without: Without,
    library: str,
    missing: str,
    help_: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = "audio.stream.list_outputs" if library == "rtmidi" else "live.inputs.list_inputs"
    monkeypatch.setattr(f"instrument.{other}", list)
    without(library)
    status, out, err = arco("devices")
    assert (status, err) == (0, "")
    assert missing in said(out)
    assert help_ in said(out)


# --- play ----------------------------------------------------------------------------------------


class FakeInputs:
    """MIDI inputs at which nothing arrives."""

    opened = 0

    def __init__(self, _wanted: str | None) -> None:
        type(self).opened += 1

    def close(self) -> None:
        type(self).opened -= 1


class FakeSession:
    """A session in which somebody presses Ctrl-C at once."""

    latency_seconds = (0.004, 0.0)
    device = None
    sample_rate = 48_000
    inputs = ("Keys",)
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
        lost=0,
        tape_lost=0,
        faults=0,
        last_change=None,
        learning=None,
    )

    def __init__(
        self, _instrument: Instrument, settings: LiveSettings, say: Callable[[str], None]
    ) -> None:
        self.settings = settings
        self.say = say
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
        self.say("it ends")


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
        "12 notes were played.",
        f"take.mid: 'arco render take.mid --instrument {tiny_instrument}' plays it again, "
        "sample for sample.",
    ]


def test_play_takes_everything_to_the_session(
    play: Arco, sessions: list[FakeSession], config: Path
) -> None:
    save_bindings(config, [Binding("vibrato", 20)])
    play()
    options = "--midi-in keys --audio-out jack --block 64 --sample-rate 44100 --voices 4 --seed 3"
    more = "--mode mono --preset p --knob a=0.5 --knob b=1 --learn pan --learn vibrato"
    play(*options.split(), *more.split(), "--record", "t.mid", "--record-audio", "t.flac")
    kept = LiveSettings(bindings=[Binding("vibrato", 20)], bindings_path=config)
    assert [session.settings for session in sessions] == [
        kept,
        replace(
            kept,
            midi_in="keys",
            audio_out="jack",
            block=64,
            sample_rate=44_100,
            engine=EngineSettings(voices=4, seed=3, preset="p", knobs={"a": 0.5, "b": 1.0}),
            mono=True,
            learn=["pan", "vibrato"],
            record=Path("t.mid"),
            record_audio=Path("t.flac"),
        ),
    ]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("--block 15", "--block 15: should be from 16 to 4096"),
        ("--block 4097", "--block 4097: should be from 16 to 4096"),
        ("--block small", "--block"),
        ("--voices 0", "--voices 0: should be from 1 to 64"),
        ("--voices 65", "--voices 65: should be from 1 to 64"),
        ("--sample-rate 8000", "--sample-rate 8000: should be from 22050 to 192000 Hz"),
        ("--mode duo", "--mode duo: should be poly or mono"),
        ("--seed -1", "--seed -1"),
        ("--knob vibrato", "NAME=VALUE"),
        ("--knob no-such-knob=0.5", "no knob named 'no-such-knob'"),
        ("--preset no-such-preset", "no preset named 'no-such-preset'"),
        ("--learn vibrat", "no knob named 'vibrat'; did you mean 'vibrato'?"),
        ("--learn pan --learn bow", "no knob named 'bow'"),
        ("--instrument celo", "celo"),
        ("song.mid", "arco play --help"),
    ],
)
def test_play_refuses_bad_options_before_it_looks_for_devices(
    play: Arco, desk: Path, monkeypatch: pytest.MonkeyPatch, arguments: str, reason: str
) -> None:
    monkeypatch.setattr("instrument.live.session.Inputs", pytest.fail)
    before = files_below(desk)
    status, out, err = play(*arguments.split())
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert err.startswith("arco: ")
    assert reason in err
    assert files_below(desk) == before


def test_play_refuses_a_broken_file_of_knobs(play: Arco, config: Path) -> None:
    config.write_text("knob = 3\n")
    status, out, err = play()
    assert (status, out) == (2, "")
    assert err.startswith(f"arco: {config}: ")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("--record take.wav", "take.wav: should end in .mid"),
        ("--record nowhere/take.mid", "there is no folder nowhere"),
        ("--record folder.wav/take.mid --record-audio take.mp3", "take.mp3: should end in .wav"),
        ("--record-audio nowhere/take.wav", "there is no folder nowhere"),
        ("--record take.mid --sample-rate 44101", "can't count its samples"),
    ],
)
def test_play_refuses_to_record_where_or_what_it_cannot(
    play: Arco, desk: Path, monkeypatch: pytest.MonkeyPatch, arguments: str, reason: str
) -> None:
    speakers = Device(0, "ALSA", "Speakers", 48_000)
    monkeypatch.setattr("instrument.live.session.Inputs", FakeInputs)
    monkeypatch.setattr("instrument.live.session.choose_output", lambda _name: speakers)
    before = files_below(desk)
    status, out, err = play(*arguments.split())
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert reason in err
    assert files_below(desk) == before
    assert FakeInputs.opened == 0


def test_a_device_that_refuses_leaves_older_recordings_as_they_were(
    play: Arco, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise UsageError("Speakers (ALSA) refuses")

    speakers = Device(0, "ALSA", "Speakers", 48_000)
    for name, stand_in in (
        ("Inputs", FakeInputs),
        ("choose_output", lambda _name: speakers),
        ("_warm_up", lambda *_: None),
        ("Output", refuse),
    ):
        monkeypatch.setattr(f"instrument.live.session.{name}", stand_in)
    for name in ("take.mid", "take.wav"):
        (desk / name).write_text("old")
    before = files_below(desk)
    status, _, err = play("--record", "take.mid", "--record-audio", "take.wav")
    assert (status, err) == (2, "arco: Speakers (ALSA) refuses\n")
    assert files_below(desk) == before
    assert FakeInputs.opened == 0


@pytest.mark.parametrize(("library", "missing", "help_"), PARTS)
def test_play_says_what_is_missing(
    play: Arco,
    without: Without,
    monkeypatch: pytest.MonkeyPatch,
    library: str,
    missing: str,
    help_: str,
) -> None:
    if library != "rtmidi":
        monkeypatch.setattr("instrument.live.session.Inputs", FakeInputs)
    without(library)
    status, out, err = play()
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert missing in err
    assert help_ in err
    assert FakeInputs.opened == 0


# --- The rest ------------------------------------------------------------------------------------


def test_the_version_and_the_help(arco: Arco) -> None:
    assert arco("--version") == (0, "arco 0.1.0\n", "")
    for arguments in ((), ("--help",)):
        status, out, _ = arco(*arguments)
        assert status == 0
        assert all(command in out for command in COMMANDS)


def test_an_unknown_command_is_refused_in_one_line(arco: Arco) -> None:
    status, out, err = arco("rendr")
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert "rendr" in err


def test_training_without_torch_says_what_to_install(
    arco: Arco, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_command, "find_spec", lambda _: None)
    status, out, err = arco("train", "prepare")
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert "pip install 'arco[train]'" in err


def test_train_passes_everything_on(arco: Arco, monkeypatch: pytest.MonkeyPatch) -> None:
    passed: list[list[str]] = []
    training = ModuleType("training.cli")
    training.app = lambda args, **_: passed.append(args)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "training.cli", training)
    typed = ("--help", "prepare", "-o", "x", "--steps=3", "--", "-odd", "--json")
    assert arco("train", *typed)[0] == 0
    assert arco("train", *typed[1:])[0] == 0
    assert passed == [list(typed), list(typed[1:])]


def test_the_command_line_starts_without_the_heavy_libraries() -> None:
    heavy = "{'numba', 'numpy', 'onnxruntime', 'soundfile', 'rich.progress', 'torch'}"
    script = f"import sys, instrument.cli; sys.exit(', '.join({heavy} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.stderr.decode().strip() == ""
