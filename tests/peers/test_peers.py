"""The peers that Arco is measured beside: programs that say how fast they are or what they lack."""

from __future__ import annotations

import argparse
import io
import json
import math
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
import torch

from instrument.bench.soundfont import VIOLIN, find_soundfont
from instrument.errors import UsageError
from peers import fluidsynth, torch_port
from peers.frames import BANDS, HARMONICS, HOP, SAMPLE_RATE, Frames, frames_file
from peers.libfluidsynth import load_library, synth

FRAMES = 125
MELODY = Path(str(files("instrument") / "melodies" / "londonderry_air.mid"))


def fluidsynth_is_there() -> bool:
    try:
        load_library()
        find_soundfont()
    except UsageError:
        return False
    return True


needs_fluidsynth = pytest.mark.skipif(
    not fluidsynth_is_there(), reason="needs FluidSynth's library and its usual soundfont"
)


def frames(count: int = FRAMES) -> Frames:
    rng = np.random.default_rng(0)
    f0_hz = 440.0 * 2.0 ** rng.normal(0.0, 0.001, count).cumsum()
    harmonics = rng.uniform(0.0, 1.0, (count, HARMONICS))
    return Frames(
        f0_hz.astype(np.float32),
        rng.uniform(-40.0, -20.0, count).astype(np.float32),
        rng.uniform(0.0, 0.1, count).astype(np.float32),
        (harmonics / harmonics.sum(1, keepdims=True)).astype(np.float32),
        rng.uniform(0.0, 1e-3, (count, BANDS)).astype(np.float32),
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "frames.npz"
    np.savez(path, **frames()._asdict())
    return path


def answer(peer: str, *arguments: str, before: str = "pass") -> dict[str, Any]:
    """What a peer prints; `before` is done in its process first."""
    program = f"{before}\nfrom peers import {peer}\n{peer}.main()"
    result = subprocess.run(
        [sys.executable, "-c", program, *arguments], check=True, capture_output=True, text=True
    )
    said: dict[str, Any] = json.loads(result.stdout)
    return said


def assert_finite_and_positive(rounds: dict[str, list[float]], count: int) -> None:
    for metric, values in rounds.items():
        assert len(values) == count, metric
        assert all(math.isfinite(value) and value > 0.0 for value in values), metric


class TestAnswers:
    @pytest.mark.slow
    @pytest.mark.parametrize(
        "peer",
        ["pytorch_ddsp", pytest.param("tensorflow_ddsp", marks=pytest.mark.reference)],
    )
    def test_a_ddsp_gives_its_factors_for_every_round(self, peer: str, file: Path) -> None:
        said = answer(peer, "--frames", str(file), "--rounds", "2")
        assert set(said) == {"name", "version", "rounds"}
        assert set(said["rounds"]) == {"realtime_factor", "decoder", "synth"}
        assert_finite_and_positive(said["rounds"], 2)

    @pytest.mark.slow
    @needs_fluidsynth
    def test_fluidsynth_gives_speed_and_latency_for_every_round(self) -> None:
        said = answer("fluidsynth", "--midi", str(MELODY), "--notes", "20", "--rounds", "2")
        assert said["version"].startswith("2.")
        assert set(said["rounds"]) == {
            "realtime_factor",
            "soundfont_load_seconds",
            "note_on_samples_median",
            "note_on_samples_p99",
            "note_on_us_median",
            "note_on_us_p99",
        }
        assert_finite_and_positive(said["rounds"], 2)

    @pytest.mark.parametrize(
        ("peer", "library"), [("pytorch_ddsp", "torch"), ("tensorflow_ddsp", "tensorflow")]
    )
    def test_a_ddsp_without_its_library_says_how_to_get_it(
        self, peer: str, library: str, file: Path
    ) -> None:
        gone = f"import sys; sys.modules[{library!r}] = None"
        said = answer(peer, "--frames", str(file), before=gone)
        assert set(said) == {"name", "missing"}
        assert "pip install" in said["missing"]

    def test_fluidsynth_without_its_library_says_how_to_get_it(self) -> None:
        gone = "import ctypes.util; ctypes.util.find_library = lambda name: None"
        said = answer("fluidsynth", "--midi", str(MELODY), before=gone)
        assert set(said) == {"name", "missing"}
        assert "apt install" in said["missing"]

    @needs_fluidsynth
    def test_fluidsynth_without_its_soundfont_says_how_to_get_it(self, tmp_path: Path) -> None:
        elsewhere = "import os; os.environ['XDG_DATA_HOME'] = os.environ['XDG_DATA_DIRS'] = "
        said = answer("fluidsynth", "--midi", str(MELODY), before=f"{elsewhere}{str(tmp_path)!r}")
        assert "apt install fluid-soundfont-gm" in said["missing"]

    def test_nothing_heavy_is_imported_before_it_is_asked_for(self) -> None:
        program = (
            "import sys\n"
            "from peers import fluidsynth, pytorch_ddsp, tensorflow_ddsp\n"
            "sys.exit(bool({'torch', 'tensorflow', 'numba'} & set(sys.modules)))"
        )
        subprocess.run([sys.executable, "-c", program], check=True)


class TestFrames:
    def test_they_come_back_as_they_were_written(self, file: Path) -> None:
        for read, written in zip(frames_file(str(file)), frames(), strict=True):
            np.testing.assert_array_equal(read, written)

    def test_there_are_250_of_them_in_a_second(self) -> None:
        assert frames(500).seconds == 2.0

    @pytest.mark.parametrize("missing", Frames._fields)
    def test_a_file_that_lacks_one_of_them_is_refused(self, missing: str, tmp_path: Path) -> None:
        path = tmp_path / "frames.npz"
        np.savez(path, **{k: v for k, v in frames()._asdict().items() if k != missing})
        self.refused(path, missing)

    def test_a_file_whose_frames_differ_in_number_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "frames.npz"
        np.savez(path, **{**frames()._asdict(), "noise": frames(7).noise})
        self.refused(path, r"\[T, 65\]")

    def test_another_file_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "frames.npz"
        path.write_text("no frames")
        self.refused(path, "isn't an .npz of frames")

    @staticmethod
    def refused(path: Path, reason: str) -> None:
        with pytest.raises(argparse.ArgumentTypeError, match=reason) as refusal:
            frames_file(str(path))
        assert str(path) in str(refusal.value)


@pytest.fixture(scope="module")
def decoded() -> tuple[torch.Tensor, torch_port.Controls]:
    torch.manual_seed(0)
    f0_hz = torch.tensor([[196.0], [440.0], [480.0], [3520.0]])
    loudness_db = torch.tensor([[-60.0], [-20.0], [0.0], [-40.0]])
    with torch.inference_mode():
        return f0_hz, torch_port.Decoder()(f0_hz, loudness_db)


class TestTorchPort:
    def test_controls_are_in_range(self, decoded: tuple[torch.Tensor, torch_port.Controls]) -> None:
        _, (amplitude, harmonics, noise) = decoded
        assert (amplitude.shape, harmonics.shape, noise.shape) == (
            (4, 1),
            (4, HARMONICS),
            (4, BANDS),
        )
        for levels in (amplitude, noise):
            assert (levels > 0.0).all()
            assert (levels <= 2.0 + 1e-6).all()
        torch.testing.assert_close(harmonics.sum(-1), torch.ones(4))

    def test_no_harmonic_is_at_or_above_nyquist(
        self, decoded: tuple[torch.Tensor, torch_port.Controls]
    ) -> None:
        f0_hz, (_, harmonics, _) = decoded
        too_high = f0_hz * torch.arange(1, HARMONICS + 1) >= SAMPLE_RATE / 2
        assert too_high[2, 49]  # 480 Hz · 50 is the Nyquist frequency
        assert (harmonics[too_high] == 0.0).all()
        assert (harmonics[~too_high] > 0.0).all()

    def test_one_harmonic_is_a_sine(self) -> None:
        harmonics = torch.zeros(FRAMES, HARMONICS)
        harmonics[:, 1] = 1.0
        controls = torch_port.Controls(
            torch.full((FRAMES, 1), 0.5), harmonics, torch.zeros(FRAMES, BANDS)
        )
        signal = torch_port.synthesise(torch.full((FRAMES, 1), 440.0), controls)
        turn = 2.0 * np.pi * 880.0 / SAMPLE_RATE * np.arange(1, FRAMES * HOP + 1)
        np.testing.assert_allclose(signal.numpy(), 0.5 * np.sin(turn), atol=2e-3)

    def test_the_noise_is_as_loud_as_its_filter_lets_it_be(self) -> None:
        torch.manual_seed(0)
        loud, soft = (
            torch_port.noise_signal(torch.full((FRAMES, BANDS), level)).std().item()
            for level in (1.0, 0.1)
        )
        assert loud == pytest.approx(10.0 * soft, rel=0.05)


class TestMelody:
    def test_every_program_becomes_a_violin(self) -> None:
        melody = fluidsynth.melody_file(str(MELODY))
        song, original = mido.MidiFile(file=io.BytesIO(melody.midi)), mido.MidiFile(MELODY)
        programs = {message.program for message in song if message.type == "program_change"}
        assert programs == {VIOLIN}
        notes, original_notes = (
            [message for message in file if message.type in {"note_on", "note_off"}]
            for file in (song, original)
        )
        assert notes == original_notes
        assert melody.seconds == pytest.approx(original.length)

    def test_another_file_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "song.mid"
        path.write_text("no song")
        with pytest.raises(argparse.ArgumentTypeError, match="isn't a MIDI file"):
            fluidsynth.melody_file(str(path))


@needs_fluidsynth
class TestFluidSynth:
    def test_a_melody_is_played_by_a_violin_to_its_end(self) -> None:
        melody = fluidsynth.melody_file(str(MELODY))
        blocks = round(melody.seconds * SAMPLE_RATE / fluidsynth.RENDER_BLOCK)
        sound = np.zeros((blocks, 2, fluidsynth.RENDER_BLOCK), dtype=np.float32)
        with (
            synth(load_library(), find_soundfont(), SAMPLE_RATE) as violin,
            violin.playing(melody.midi),
        ):
            for block in sound:
                violin.write(block)
        peaks = np.abs(sound).max(axis=(1, 2))
        assert np.median(peaks) > fluidsynth.AUDIBLE
        assert peaks[-1] > fluidsynth.AUDIBLE  # a violin's last note doesn't fade as a piano's does

    def test_a_note_waits_for_the_rest_of_the_block_and_then_rises(self) -> None:
        with synth(load_library(), find_soundfont(), SAMPLE_RATE) as violin:
            latency = fluidsynth.play(violin, 50, np.random.default_rng(0))
        assert min(latency.samples) >= 1
        assert max(latency.samples) > fluidsynth.LIVE_BLOCK
        assert len(set(latency.samples)) > 25

    def test_a_file_that_is_no_soundfont_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "font.sf2"
        path.write_text("no samples")
        with (
            pytest.raises(UsageError, match="FluidSynth cannot load it"),
            synth(load_library(), path, SAMPLE_RATE),
        ):
            pass
