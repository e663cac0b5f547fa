"""``arco render``: what comes out, and what is left when it goes wrong."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
import soundfile

from instrument.settings import SAMPLE_RATES
from instrument.terminal import Bars

REPORT_KEYS = [
    "seconds",
    "render_seconds",
    "compile_seconds",
    "realtime_factor",
    "notes",
    "mended",
    "outside",
    "skipped",
    "without_voice",
    "voices_max",
    "peak_dbfs",
    "sample_rate",
    "model",
]

Arco = Callable[..., tuple[int, str, str]]
Files = Callable[[], dict[str, bytes | None]]
Refused = Callable[..., str]


@pytest.fixture
def render(arco: Arco, tiny_instrument: Path) -> Arco:
    """``arco render song.mid`` with a short tail, and what a test adds."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        return arco(
            "render", "song.mid", "--instrument", tiny_instrument, "--tail", "0.1", *arguments
        )

    return run


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


def test_any_number_of_jobs_writes_the_same_file(render: Arco, desk: Path) -> None:
    files = {(render("--jobs", jobs)[0], (desk / "song.wav").read_bytes()) for jobs in "123"}
    assert len(files) == 1
    assert render("--jobs", "0")[0] == 2


def test_all_that_is_compiled_counts_and_is_shown_by_one_bar(
    render: Arco, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compile_missing(_names: object, _passes: int, progress: Callable[[float], None]) -> float:
        for share in (0.0, 0.5, 1.0):
            progress(share)
        return 0.5

    shares: list[float] = []
    bars = Bars(lambda _share: None, shares.append)
    monkeypatch.setattr("instrument.terminal.progress_bars", lambda: nullcontext(bars))
    for room in ("model.small", "dsp.block"):
        monkeypatch.setattr(f"instrument.{room}.compile_missing", compile_missing)
    _, out, _ = render("--json")
    assert json.loads(out)["compile_seconds"] == 1.0
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


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


@pytest.mark.parametrize(("velocity", "limited"), [(30, False), (127, True)])
def test_that_the_limiter_worked_is_said_of_stems(
    render: Arco, desk: Path, velocity: int, *, limited: bool
) -> None:
    track = mido.MidiTrack()
    for kind, time in (("note_on", 0), ("note_off", 480)):
        for channel in range(9):
            track.append(
                mido.Message(
                    kind, channel=channel, note=67, velocity=velocity, time=0 if channel else time
                )
            )
    file = mido.MidiFile()
    file.tracks.append(track)
    file.save(desk / "song.mid")
    _, out, _ = render("--stems", "stems")
    assert ("limiter" in out) is limited


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


def test_percussion_that_was_left_out_is_mentioned(
    render: Arco, write_channels: Callable[..., None]
) -> None:
    assert "ercussion" not in render()[1]
    write_channels(0, 9)
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


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("letter.mid", "letter.mid"),
        ("missing.mid", "missing.mid"),
        ("folder.wav", "folder.wav"),
        (".", ".: "),
        ("song.mid -o song.mp3", ".wav or .flac"),
        ("song.mid -o song", ".wav or .flac"),
        ("song.mid -o song.flac --bits 32", "16 or 24"),
        ("song.mid --bits 20", "16, 24 or 32"),
        ("song.mid --bits many", "--bits"),
        ("song.mid -o nowhere/song.wav", "nowhere"),
        ("song.mid -o folder.wav", "folder.wav"),
        ("song.mid --stems nowhere/stems", "nowhere"),
        ("song.mid --stems song.mid", "song.mid: "),
        ("song.mid --sample-rate 0", "--sample-rate 0"),
        ("song.mid --sample-rate 999999", "--sample-rate 999999"),
        ("song.mid --sample-rate fast", "--sample-rate"),
        ("song.mid --seed -1", "--seed -1"),
        ("song.mid --seed 18446744073709551616", "--seed"),
        ("song.mid --humanize 1e300", "--humanize 1e+300"),
        ("song.mid --room nan", "--room nan"),
        ("song.mid --joins none", "--joins"),
        ("song.mid --tail -1", "--tail -1"),
        ("song.mid --tail nan", "--tail nan"),
        ("song.mid --tail inf", "--tail inf"),
        ("song.mid --tail 1e9", "--tail 1e+09"),
        ("song.mid -o song.flac --tail 1e9", "--tail 1e+09"),
        ("song.mid --tail 3600 --bits 32 --sample-rate 192000", ".flac"),
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
    arco: Arco, refused: Refused, tiny_instrument: Path, arguments: str, said: str
) -> None:
    assert said in refused(arco, "render", *arguments.split(), "--instrument", tiny_instrument)


@pytest.mark.parametrize("arguments", ["render song.mid --instrument", "info"])
def test_an_instrument_that_isnt_there_or_was_edited_is_refused(
    arco: Arco, refused: Refused, desk: Path, tiny_instrument: Path, arguments: str
) -> None:
    edited = shutil.copytree(tiny_instrument, desk / "edited")
    spec = json.loads((edited / "instrument.json").read_text())
    graph = edited / spec["timbre"]["file"]
    graph.write_bytes(graph.read_bytes() + b"\0")
    for name, said in (("celo", "celo"), ("edited", graph.name), ("folder.wav", "folder.wav")):
        assert said in refused(arco, *arguments.split(), name)


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


def test_ctrl_c_leaves_nothing(render: Arco, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("instrument.render.render_score", broken_off(KeyboardInterrupt()))
    before = files()
    status, out, err = render("--stems", "stems")
    assert (status, out, err) == (130, "", "")
    assert files() == before


def test_a_full_disk_gives_one_line_and_leaves_nothing(
    render: Arco, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = soundfile.LibsndfileError(2)
    monkeypatch.setattr("instrument.render.render_score", broken_off(full))
    assert refused(render).startswith("song.wav: ")
