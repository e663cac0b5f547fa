"""Notes rendered from a soundfont: labelled, at pitch, whole, and never twice."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from instrument.errors import OutputError, UsageError
from instrument.listening.audio import read_audio
from instrument.units import midi_to_hz
from training.data.labels import DYNAMIC_WORDS
from training.data.readers import read_labels
from training.data.render_notes import dynamic_of_velocity, render_notes
from training.data.soundfont import RELEASE_SECONDS

SOUNDFONT = Path(os.environ.get("ARCO_SOUNDFONT", "/usr/share/sounds/sf2/FluidR3_GM.sf2"))
RATE = 24000
SECONDS = 0.75
VIOLIN = 40
SOUNDFONT_HEAD = b"RIFF\x10\x00\x00\x00sfbk"

needs_fluidsynth = pytest.mark.skipif(
    shutil.which("fluidsynth") is None, reason="needs the program fluidsynth"
)
needs_soundfont = pytest.mark.skipif(
    not SOUNDFONT.is_file(),
    reason=f"needs a soundfont: {SOUNDFONT} is missing, and ARCO_SOUNDFONT names no other",
)


def render(
    folder: Path,
    *,
    soundfont: Path = SOUNDFONT,
    program: int = VIOLIN,
    keys: tuple[int, ...] = (55, 70),
    velocities: tuple[int, ...] = (48, 110),
    seconds: float = SECONDS,
    sample_rate: int = RATE,
) -> tuple[Path, list[tuple[int, int]]]:
    steps: list[tuple[int, int]] = []
    table = render_notes(
        soundfont,
        folder,
        program=program,
        keys=keys,
        velocities=velocities,
        seconds=seconds,
        sample_rate=sample_rate,
        progress=lambda done, total: steps.append((done, total)),
    )
    return table, steps


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rendered")
    render(folder)
    return folder


@needs_fluidsynth
@needs_soundfont
class TestRendered:
    def test_every_note_is_labelled_in_the_csv_layout(self, rendered: Path) -> None:
        result = read_labels(rendered)
        assert result.problems == []
        assert [(label.midi, label.dynamic) for label in result.labels] == [
            (70, "p"),
            (70, "ff"),
            (55, "p"),
            (55, "ff"),
        ]
        assert {label.instrument for label in result.labels} == {"violin"}
        assert {label.source for label in result.labels} == {SOUNDFONT.stem}

    def test_every_note_sounds_at_its_pitch(self, rendered: Path) -> None:
        for label in read_labels(rendered).labels:
            samples = read_audio(label.path, RATE)[RATE // 4 : RATE * 3 // 4]
            spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), n=16 * len(samples)))
            hz = np.fft.rfftfreq(16 * len(samples), 1 / RATE)
            near = np.abs(12 * np.log2(np.maximum(hz, 1.0) / midi_to_hz(label.midi))) < 1
            peak_hz = hz[near][np.argmax(spectrum[near])]
            assert abs(1200 * np.log2(peak_hz / midi_to_hz(label.midi))) < 30
            assert spectrum[near].max() > 0.05 * spectrum.max()

    def test_files_are_mono_of_one_length_and_do_not_clip(self, rendered: Path) -> None:
        for label in read_labels(rendered).labels:
            info = soundfile.info(label.path)
            assert (info.channels, info.samplerate) == (1, RATE)
            assert info.frames == round((SECONDS + RELEASE_SECONDS) * RATE)
            assert np.abs(read_audio(label.path, RATE)).max() < 1.0

    def test_notes_begin_at_once_and_end_in_silence(self, rendered: Path) -> None:
        for label in read_labels(rendered).labels:
            samples = np.abs(read_audio(label.path, RATE))
            assert samples[: RATE // 20].max() > 0.01 * samples.max()
            assert samples[-RATE // 20 :].max() < 0.03 * samples.max()

    def test_a_higher_velocity_is_louder(self, rendered: Path) -> None:
        level = {
            (label.midi, label.dynamic): float(np.abs(read_audio(label.path, RATE)).max())
            for label in read_labels(rendered).labels
        }
        for key in (55, 70):
            assert level[key, "ff"] > 2 * level[key, "p"]

    def test_nothing_else_is_left_in_the_folder(self, rendered: Path) -> None:
        assert sorted(path.name for path in rendered.iterdir()) == [
            "notes.csv",
            "render.json",
            "violin_As4_v048.wav",
            "violin_As4_v110.wav",
            "violin_G3_v048.wav",
            "violin_G3_v110.wav",
        ]


@needs_fluidsynth
@needs_soundfont
def test_a_render_is_taken_up_where_it_stopped(tmp_path: Path) -> None:
    table, steps = render(tmp_path, keys=(60,), velocities=(64, 100))
    assert steps == [(1, 2), (2, 2)]
    kept, lost = tmp_path / "violin_C4_v064.wav", tmp_path / "violin_C4_v100.wav"
    before, first = soundfile.read(lost)[0], kept.stat().st_mtime_ns
    lost.unlink()
    table.unlink()
    assert render(tmp_path, keys=(60,), velocities=(64, 100)) == (table, steps)
    assert kept.stat().st_mtime_ns == first
    np.testing.assert_array_equal(soundfile.read(lost)[0], before)
    assert len(read_labels(tmp_path).labels) == 2


@needs_fluidsynth
@needs_soundfont
def test_notes_of_other_settings_are_not_mixed_in(tmp_path: Path) -> None:
    render(tmp_path, keys=(60,), velocities=(64,))
    with pytest.raises(UsageError, match="other settings"):
        render(tmp_path, keys=(60,), velocities=(64,), seconds=2 * SECONDS)


@needs_fluidsynth
@needs_soundfont
def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        render(tmp_path / "file" / "notes", keys=(60,), velocities=(64,))


@needs_fluidsynth
def test_a_missing_soundfont_says_where_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="fluid-soundfont-gm"):
        render(tmp_path / "out", soundfont=tmp_path / "gone.sf2")
    assert not (tmp_path / "out").exists()


@needs_fluidsynth
@pytest.mark.parametrize("content", [b"", b"not a soundfont", b"RIFF\x10\x00\x00\x00WAVEfmt "])
def test_a_file_that_is_no_soundfont_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "wrong.sf2"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="is not a soundfont"):
        render(tmp_path / "out", soundfont=path)


@needs_fluidsynth
def test_a_broken_soundfont_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.sf2"
    path.write_bytes(SOUNDFONT_HEAD + bytes(16))
    with pytest.raises(UsageError, match=r"broken\.sf2: is broken"):
        render(tmp_path / "out", soundfont=path)


@pytest.mark.skipif(os.name != "posix", reason="needs a shell to stand in for fluidsynth")
@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo 'warning: Instrument not found, substituted [bank=0 prog=41]' >&2", "no program 40"),
        ("echo 'warning: No preset found on channel 0' >&2", "no program 40"),
        ("echo 'error: disc full' >&2", "disc full"),
        ("exit 0", "it wrote nothing"),
        ("exit 3", "exit status 3"),
    ],
)
def test_a_complaint_of_fluidsynth_ends_the_render(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, message: str
) -> None:
    program, soundfont = tmp_path / "fluidsynth", tmp_path / "notes.sf2"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    soundfont.write_bytes(SOUNDFONT_HEAD)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match=message):
        render(tmp_path / "out", soundfont=soundfont)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["render.json"]


def test_without_fluidsynth_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError, match="apt install fluidsynth"):
        render(tmp_path / "out")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"program": 128}, "program 128"),
        ({"keys": (60, 128)}, "key 128"),
        ({"keys": ()}, "no key"),
        ({"velocities": (0,)}, "velocity 0"),
        ({"velocities": ()}, "no velocity"),
        ({"sample_rate": 4000}, "sample rate 4000"),
        ({"seconds": 0.0}, "0.0 seconds"),
        ({"seconds": float("nan")}, "nan seconds"),
    ],
)
def test_numbers_out_of_range_are_refused(
    tmp_path: Path, asked: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        render(tmp_path / "out", **asked)  # type: ignore[arg-type]


@given(st.integers(1, 127), st.integers(1, 127))
def test_dynamics_grow_with_velocity(one: int, other: int) -> None:
    order = list(dict.fromkeys(DYNAMIC_WORDS.values()))
    low, high = sorted((one, other))
    assert order.index(dynamic_of_velocity(low)) <= order.index(dynamic_of_velocity(high))
    assert {dynamic_of_velocity(velocity) for velocity in (1, 64, 127)} == {"ppp", "mp", "fff"}


@needs_fluidsynth
@needs_soundfont
def test_labels_of_other_recordings_stay(tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_text("file,midi\n")
    with pytest.raises(UsageError, match="other recordings"):
        render(tmp_path)
    assert (tmp_path / "notes.csv").read_text() == "file,midi\n"
