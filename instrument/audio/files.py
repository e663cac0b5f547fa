"""Sound files: which ones Arco writes, and how they come whole or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import soundfile

from instrument.arrays import Float32
from instrument.errors import OutputError, UsageError
from instrument.files import is_stream, replacing

SUBTYPES = {
    ".wav": {16: "PCM_16", 24: "PCM_24", 32: "FLOAT"},
    ".flac": {16: "PCM_16", 24: "PCM_24"},
}
"""What soundfile calls the samples, by the file's ending and the number of bits."""

WAV_BYTES = 2**32 - 2**20
"""What a WAV file can hold: its sizes have 32 bits."""

FLAC_ANY_RATE = 65_535
"""Up to this rate, in Hz, FLAC has any."""

SYSTEM_ERROR = 2
"""What libsndfile reports when the system refuses to write."""


def ending(path: Path) -> str:
    """The ending that says a file's format, in small letters; a device without one gets .wav."""
    return path.suffix.lower() or (".wav" if is_stream(path) else "")


def check_flac_rate(sample_rate: int) -> None:
    """Refuse a rate in Hz that the frames of a FLAC file cannot say.

    Source: RFC 9639, 9.1.2: any rate up to 65,535 Hz, and multiples of 10 Hz beyond.

    Raises:
        UsageError: It is such a rate.
    """
    if sample_rate > FLAC_ANY_RATE and sample_rate % 10:
        raise UsageError(
            f"sample rate {sample_rate} Hz: a .flac file has multiples of 10 above {FLAC_ANY_RATE}"
        )


def subtype(path: Path, bits: int, sample_rate: int) -> str:
    """What soundfile calls these samples, at a rate in Hz, in a file with this ending.

    Raises:
        UsageError: Arco doesn't write such files.
    """
    subtypes = SUBTYPES.get(ending(path))
    if subtypes is None:
        raise UsageError(f"{path}: should end in .wav or .flac, the two formats that Arco writes")
    if bits not in subtypes:
        *others, most = map(str, subtypes)
        raise UsageError(
            f"--bits {bits}: a {ending(path)} file has {', '.join(others)} or {most} bits"
        )
    if ending(path) == ".flac":
        check_flac_rate(sample_rate)
    return subtypes[bits]


@contextmanager
def sound_file(path: Path, sample_rate: int, bits: int) -> Iterator[Callable[[Float32], None]]:
    """Give a function that appends stereo blocks [2, n] to a sound file.

    The file is at ``path`` only when the block has ended without an error.

    Raises:
        UsageError: Arco doesn't write such files.
        OutputError: It can't be written.
    """
    samples, kind = subtype(path, bits, sample_rate), ending(path).removeprefix(".")
    with replacing(path) as beside:
        with _refusals(path):
            target = _write_target(beside)
            with soundfile.SoundFile(target, "w", sample_rate, 2, samples, format=kind) as file:

                def write(block: Float32) -> None:
                    with _refusals(path):  # whoever goes on without the file says why
                        file.write(block.T)

                yield write
        if samples == "FLOAT":
            _forget_date(beside)


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    """Say what libsndfile refuses as an error of this file."""
    try:
        yield
    except soundfile.LibsndfileError as error:
        full = error.code == SYSTEM_ERROR
        reason = "is the disk full?" if full else error.error_string.rstrip(".")
        raise OutputError(f"{path}: cannot be written: {reason}") from error


def _write_target(path: Path) -> str | int:
    """What soundfile writes to: a descriptor, since libsndfile cuts paths after 1024 bytes."""
    if sys.platform == "win32":
        return str(path)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o666)


def _forget_date(path: Path) -> None:
    """Empty the date in the PEAK chunk of a WAV file, so that renders can be compared bit by bit.

    The chunk that libsndfile adds to floating-point samples has a name, size, version and date of
    4 bytes each.
    """
    with path.open("r+b") as file:
        chunk = file.read(256).find(b"PEAK")
        if chunk >= 0:
            file.seek(chunk + 12)
            file.write(bytes(4))
