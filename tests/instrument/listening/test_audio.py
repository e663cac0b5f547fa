"""Reading recordings: every usual format becomes mono samples, and faults become one line."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from instrument.arrays import Float32
from instrument.errors import RecordingError
from instrument.listening.audio import read_audio

RATE = 44100


def tone(hz: float = 440.0, seconds: float = 0.5, rate: int = RATE) -> Float32:
    time = np.arange(round(seconds * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * hz * time)).astype(np.float32)


def strongest_hz(samples: Float32, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum)) * rate / len(samples)


def test_a_float_wav_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    soundfile.write(path, tone(), RATE, subtype="FLOAT")
    samples = read_audio(path, RATE)
    assert samples.dtype == np.float32
    np.testing.assert_array_equal(samples, tone())


def test_channels_are_averaged(tmp_path: Path) -> None:
    path = tmp_path / "stereo.wav"
    soundfile.write(path, np.stack([tone(), np.zeros_like(tone())], axis=1), RATE, subtype="FLOAT")
    np.testing.assert_allclose(read_audio(path, RATE), tone() / 2, atol=1e-7)


@pytest.mark.parametrize("suffix", ["wav", "aiff", "flac", "mp3", "ogg", "opus"])
def test_usual_formats_keep_pitch_level_and_length(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"tone.{suffix}"
    rate = 48000  # Opus knows no 44.1 kHz
    options = {"format": "OGG", "subtype": "OPUS"} if suffix == "opus" else {}
    soundfile.write(path, tone(rate=rate), rate, **options)
    samples = read_audio(path, rate)
    assert len(samples) == pytest.approx(rate / 2, abs=2400)
    assert strongest_hz(samples, rate) == pytest.approx(440.0, abs=3.0)
    middle = samples[rate // 8 : rate // 4]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


@pytest.mark.parametrize("rate", [16000, 22050, 48000])
def test_resampling_keeps_the_sound_and_its_duration(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "tone.wav"
    soundfile.write(path, tone(), RATE, subtype="FLOAT")
    samples = read_audio(path, rate)
    assert len(samples) == pytest.approx(rate / 2, abs=1)
    inner = slice(rate // 8, -rate // 8)
    np.testing.assert_allclose(samples[inner], tone(rate=rate)[: len(samples)][inner], atol=1e-4)


def test_resampling_down_lets_nothing_alias(tmp_path: Path) -> None:
    path = tmp_path / "high.wav"
    soundfile.write(path, tone(hz=15000.0), RATE, subtype="FLOAT")
    samples = read_audio(path, 16000)
    assert np.abs(samples[2000:-2000]).max() < 1e-4


def faulty(path: Path, fault: str) -> None:
    if fault == "empty":
        path.touch()
    elif fault == "text":
        path.write_text("This is not a recording.\n" * 50, encoding="utf-8")
    elif fault == "noise":
        path.write_bytes(bytes(range(256)) * 16)
    elif fault == "no samples":
        soundfile.write(path, np.zeros(0, dtype=np.float32), RATE)
    elif fault == "header only":
        soundfile.write(path, tone(), RATE)
        path.write_bytes(path.read_bytes()[:20])
    elif fault == "not a number":
        soundfile.write(path, np.array([0.0, np.nan], dtype=np.float32), RATE, subtype="FLOAT")
    elif fault == "infinite":
        soundfile.write(path, np.array([0.0, np.inf], dtype=np.float32), RATE, subtype="FLOAT")
    elif fault == "folder":
        path.mkdir()


@pytest.mark.parametrize("ffmpeg", ["with ffmpeg", "without ffmpeg"])
@pytest.mark.parametrize(
    "fault",
    [
        "missing",
        "empty",
        "text",
        "noise",
        "no samples",
        "header only",
        "not a number",
        "infinite",
        "folder",
    ],
)
def test_a_faulty_recording_is_one_line_that_names_it(
    tmp_path: Path, fault: str, ffmpeg: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if ffmpeg == "without ffmpeg":
        monkeypatch.setenv("PATH", "")
    path = tmp_path / "broken.wav"
    faulty(path, fault)
    with pytest.raises(RecordingError) as caught:
        read_audio(path, RATE)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize("claimed", [2**36 - 1, 2**30])
def test_samples_that_a_file_only_claims_take_no_memory(tmp_path: Path, claimed: int) -> None:
    path = tmp_path / "claims.flac"
    soundfile.write(path, tone(), RATE)
    content = bytearray(path.read_bytes())
    content[21] |= claimed >> 32  # STREAMINFO: 36 bits of the number of samples
    content[22:26] = (claimed & 0xFFFF_FFFF).to_bytes(4)
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=f"says that it holds {claimed} samples"):
        read_audio(path, RATE)


@pytest.mark.parametrize("rate", [1, 999, 2_000_000_000])
def test_a_sample_rate_that_no_recording_has_is_refused(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "tone.wav"
    soundfile.write(path, tone(), rate)
    with pytest.raises(RecordingError, match=f"sample rate of {rate} Hz"):
        read_audio(path, RATE)


@pytest.mark.parametrize("peak", [32.0, 32_768.0, 1e30, 1e38])
def test_samples_far_beyond_full_scale_are_refused(tmp_path: Path, peak: float) -> None:
    path = tmp_path / "tone.wav"
    soundfile.write(path, 2.0 * peak * tone(), RATE, subtype="FLOAT")
    with pytest.raises(RecordingError, match=r"full scale is 1|not finite"):
        read_audio(path, RATE)


def test_a_name_that_is_no_text_is_read(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/A4-\xe9.wav"))
    soundfile.write(tmp_path / "tone.wav", tone(), RATE, subtype="FLOAT")
    try:
        (tmp_path / "tone.wav").rename(path)
    except OSError:
        pytest.skip("file names are text here")
    np.testing.assert_array_equal(read_audio(path, RATE), tone())


def test_a_headerless_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "samples.raw"
    path.write_bytes(bytes(4000))
    with pytest.raises(RecordingError, match=r"samples\.raw: "):
        read_audio(path, RATE)


def test_without_ffmpeg_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    path = tmp_path / "note.m4a"
    path.write_bytes(b"\x00\x00\x00\x20ftypM4A " + bytes(100))
    with pytest.raises(RecordingError, match="install ffmpeg"):
        read_audio(path, RATE)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs the program ffmpeg")
@pytest.mark.parametrize(
    "list_of", ["ffconcat version 1.0\nfile {}\n", "#EXTM3U\n#EXTINF:1,\n{}\n"]
)
def test_a_playlist_leads_to_no_other_file(tmp_path: Path, list_of: str) -> None:
    soundfile.write(tmp_path / "secret.wav", np.zeros(4800), 48_000)
    playlist = tmp_path / "recording"
    playlist.write_text(list_of.format("secret.wav"))
    with pytest.raises(RecordingError):
        read_audio(playlist, 48_000)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs the program ffmpeg")
def test_ffmpeg_reads_what_libsndfile_does_not_know(tmp_path: Path) -> None:
    wav, path = tmp_path / "tone.wav", tmp_path / "-odd name: 100%.m4a"
    soundfile.write(wav, tone(), RATE)
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(wav), "-c:a", "aac", f"file:{path}"]
    subprocess.run(command, check=True)
    with pytest.raises(soundfile.LibsndfileError):
        soundfile.info(str(path))
    samples = read_audio(path, RATE)
    assert len(samples) == pytest.approx(RATE / 2, abs=3000)
    assert strongest_hz(samples, RATE) == pytest.approx(440.0, abs=3.0)
