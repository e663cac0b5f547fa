"""Sound files come whole or not at all, in the format that their ending and bits say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from instrument.arrays import Float32
from instrument.audio.files import sound_file, subtype
from instrument.errors import OutputError, UsageError

RATE = 44_100


@pytest.fixture
def noise() -> Float32:
    """Stereo, [2, 1000]."""
    rng = np.random.default_rng(1)
    return rng.uniform(-0.9, 0.9, (2, 1000)).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "bits", "format_", "samples"),
    [
        ("take.wav", 16, "WAV", "PCM_16"),
        ("take.wav", 24, "WAV", "PCM_24"),
        ("take.WAV", 32, "WAV", "FLOAT"),
        ("take.flac", 16, "FLAC", "PCM_16"),
        ("take.Flac", 24, "FLAC", "PCM_24"),
    ],
)
def test_the_ending_and_the_bits_choose_the_format(
    tmp_path: Path, noise: Float32, name: str, bits: int, format_: str, samples: str
) -> None:
    with sound_file(tmp_path / name, RATE, bits) as write:
        write(noise[:, :300])
        write(noise[:, 300:])
    sound = soundfile.info(tmp_path / name)
    assert (sound.format, sound.subtype) == (format_, samples)
    assert (sound.samplerate, sound.channels) == (RATE, 2)
    audio, _ = soundfile.read(tmp_path / name, dtype="float32")
    np.testing.assert_allclose(audio.T, noise, rtol=0.0, atol=0.0 if bits == 32 else 2.0**-bits * 2)


@pytest.mark.parametrize(
    ("name", "bits", "rate", "said"),
    [
        ("take.mp3", 24, RATE, "take.mp3: should end in .wav or .flac"),
        ("take", 24, RATE, "take: should end in .wav or .flac"),
        ("take.flac", 32, RATE, "--bits 32: a .flac file has 16 or 24 bits"),
        ("take.wav", 8, RATE, "--bits 8: a .wav file has 16, 24 or 32 bits"),
        ("take.flac", 24, 65_536, "sample rate 65536 Hz"),
    ],
)
def test_other_formats_are_refused(
    tmp_path: Path, name: str, bits: int, rate: int, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        subtype(Path(name), bits, rate)
    with pytest.raises(UsageError), sound_file(tmp_path / name, rate, bits):
        pytest.fail("was opened")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_there_only_when_it_is_whole(tmp_path: Path, noise: Float32) -> None:
    path = tmp_path / "take.wav"
    path.write_text("old")

    def break_off(write: Callable[[Float32], None]) -> None:
        write(noise)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), sound_file(path, RATE, 24) as write:
        break_off(write)
    assert [file.name for file in tmp_path.iterdir()] == ["take.wav"]
    assert path.read_text() == "old"
    with sound_file(path, RATE, 24) as write:
        write(noise)
        assert path.read_text() == "old"
    assert soundfile.info(path).frames == 1000


def test_a_folder_that_isn_t_there_is_an_error_at_once(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match="there is no folder"),
        sound_file(tmp_path / "nowhere" / "take.wav", RATE, 24),
    ):
        pytest.fail("was opened")


def test_a_full_disk_is_said_in_one_sentence(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match=r"take.wav: cannot be written: is the disk full\?$"),
        sound_file(tmp_path / "take.wav", RATE, 24),
    ):
        raise soundfile.LibsndfileError(2)
    assert list(tmp_path.iterdir()) == []


def test_a_file_doesn_t_say_when_it_was_made(tmp_path: Path, noise: Float32) -> None:
    with sound_file(tmp_path / "take.wav", RATE, 32) as write:
        write(noise)
    written = (tmp_path / "take.wav").read_bytes()
    date = written.index(b"PEAK") + 12
    assert written[date : date + 4] == bytes(4)
