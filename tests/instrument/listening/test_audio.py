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
from instrument.listening.audio import read_audio, read_note

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


def stereo(path: Path, left: Float32, right: Float32) -> Path:
    soundfile.write(path, np.stack([left, right], axis=1), RATE, subtype="FLOAT")
    return path


def test_channels_are_averaged(tmp_path: Path) -> None:
    path = stereo(tmp_path / "stereo.wav", tone(), tone(hz=660.0))
    np.testing.assert_allclose(read_audio(path, RATE), (tone() + tone(hz=660.0)) / 2, atol=1e-7)
    assert read_note(path, RATE).remarks == ()


def test_of_channels_in_which_nothing_sounds_the_others_are_used(tmp_path: Path) -> None:
    hiss = 1e-4 * np.random.default_rng(0).standard_normal(len(tone())).astype(np.float32)
    for left, right in ((tone(), hiss), (hiss, tone())):
        path = stereo(tmp_path / "stereo.wav", left, right)
        np.testing.assert_array_equal(read_audio(path, RATE), tone())
        (remark,) = read_note(path, RATE).remarks
        assert "silent" in remark


def test_of_channels_that_cancel_each_other_one_is_used(tmp_path: Path) -> None:
    path = stereo(tmp_path / "antiphase.wav", tone(), np.float32(-0.9) * tone())
    np.testing.assert_array_equal(read_audio(path, RATE), tone())
    (remark,) = read_note(path, RATE).remarks
    assert "cancel" in remark


def test_two_silent_channels_are_silence(tmp_path: Path) -> None:
    path = stereo(tmp_path / "silence.wav", 0 * tone(), 0 * tone())
    assert read_note(path, RATE).remarks == ()
    assert not read_audio(path, RATE).any()


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


def damaged(content: bytes, how: str) -> bytes:
    half = len(content) // 2
    noise = np.random.default_rng(0).bytes(4000)
    return {
        "half": content[:half],
        "a piece gone": content[:half] + content[half + 3001 :],
        "a hole": content[:half] + bytes(3000) + content[half + 3000 :],
        "noise": content[:half] + noise + content[half + 4000 :],
    }[how]


@pytest.mark.parametrize("ffmpeg", ["with ffmpeg", "without ffmpeg"])
@pytest.mark.parametrize("how", ["half", "a piece gone", "a hole", "noise"])
@pytest.mark.parametrize("suffix", ["wav", "aiff", "flac", "mp3", "ogg", "opus"])
def test_what_of_a_file_is_gone_or_cannot_be_decoded_is_not_passed_over(
    tmp_path: Path, suffix: str, how: str, ffmpeg: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if suffix in {"wav", "aiff"} and how in {"a hole", "noise"}:
        return  # samples like others
    if ffmpeg == "without ffmpeg":
        monkeypatch.setenv("PATH", "")
    path = tmp_path / f"tone.{suffix}"
    options = {"format": "OGG", "subtype": "OPUS"} if suffix == "opus" else {}
    noisy = tone(seconds=2.0, rate=48_000)
    noisy += 0.01 * np.random.default_rng(0).standard_normal(len(noisy)).astype(np.float32)
    soundfile.write(path, noisy, 48_000, **options)
    assert len(read_audio(path, 48_000)) == pytest.approx(len(noisy), abs=2400)
    path.write_bytes(damaged(path.read_bytes(), how))
    with pytest.raises(RecordingError, match=r"breaks off|cannot be read"):
        read_audio(path, 48_000)


@pytest.mark.parametrize("claimed", [0xFFFF_FFFF, 0])
def test_a_length_that_could_not_be_known_when_it_was_written_is_no_damage(
    tmp_path: Path, claimed: int
) -> None:
    path = tmp_path / "piped.wav"
    soundfile.write(path, tone(), RATE, subtype="FLOAT")
    content = bytearray(path.read_bytes())
    place = content.index(b"data") + 4
    content[place : place + 4] = claimed.to_bytes(4, "little")
    path.write_bytes(content)
    if claimed:
        np.testing.assert_array_equal(read_audio(path, RATE), tone())
    else:
        with pytest.raises(RecordingError):
            read_audio(path, RATE)


def test_an_mp3_with_tags_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "tone.mp3"
    soundfile.write(path, tone(), RATE)
    content = path.read_bytes()
    tagged = b"ID3\x04\0\0\0\0\x01\x00" + bytes(128) + content + b"TAG" + bytes(125)
    path.write_bytes(tagged)
    assert len(read_audio(path, RATE)) == pytest.approx(len(tone()), abs=2400)


@pytest.mark.parametrize("name", ["gone.wav", "note/gone.wav", "x" * 300, "\0", "\ud800"])
def test_a_file_that_is_not_there_whatever_its_name_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "note").touch()
    with pytest.raises(RecordingError, match=r"no such file|cannot be read"):
        read_audio(tmp_path / name, RATE)


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
