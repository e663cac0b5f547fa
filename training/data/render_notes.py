"""Labelled single notes from a soundfont: recordings to try the training with, free of any room.

One run of the `fluidsynth` program renders one note, so that no note leaves anything in the next.
"""

from __future__ import annotations

import csv
import json
import math
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import mido
import numpy as np
import soundfile

from instrument.arrays import Float32
from instrument.errors import OutputError, UsageError
from instrument.units import note_name
from training.data.readers import CSV_COLUMNS

CSV_NAME = "notes.csv"
SETTINGS_NAME = "render.json"
RELEASE_SECONDS = 0.5
GAIN = 0.5
FLUIDSYNTH_TIMEOUT_SECONDS = 300.0
# At MIDI's initial tempo of 120 quarter notes a minute.
TICKS_PER_QUARTER = 500
TICKS_PER_SECOND = 2 * TICKS_PER_QUARTER
BEND_PER_CENT = 8192 / 200.0  # over MIDI's initial range of two semitones

# Below −100 dB there is only fluidsynth's own numerical noise.
SILENCE = 1e-5
# fluidsynth reports success all the same: what it says on stderr, and what that means.
COMPLAINTS = (
    ("Failed to load", "is broken: fluidsynth cannot load it"),
    ("No preset found", "has no program {program}"),
    ("substituted", "has no program {program}"),
)

# General MIDI Level 1: programs, counted from 0, that sound one sustained note of one player.
INSTRUMENTS = {
    40: "violin",
    41: "viola",
    42: "cello",
    43: "contrabass",
    56: "trumpet",
    57: "trombone",
    58: "tuba",
    60: "french-horn",
    64: "soprano-saxophone",
    65: "alto-saxophone",
    66: "tenor-saxophone",
    67: "baritone-saxophone",
    68: "oboe",
    69: "english-horn",
    70: "bassoon",
    71: "clarinet",
    72: "piccolo",
    73: "flute",
    74: "recorder",
}

# The velocities that notation programs usually give to each dynamic.
VELOCITIES = {"ppp": 16, "pp": 33, "p": 49, "mp": 64, "mf": 80, "f": 96, "ff": 112, "fff": 126}


@dataclass(frozen=True, slots=True)
class RenderSettings:
    """What all notes of a folder have in common.

    Attributes:
        soundfont: file name of the soundfont.
        program: General MIDI program, 0…127, in bank 0.
        seconds: from key down to key up, in ms steps.
        release_seconds: from key up to the end of the file.
        sample_rate: in Hz.
        gain: fluidsynth's linear gain, the same for every note.
    """

    soundfont: str
    program: int
    seconds: float
    release_seconds: float
    sample_rate: int
    gain: float

    @property
    def samples(self) -> int:
        """Length of every file, in samples."""
        return round((self.seconds + self.release_seconds) * self.sample_rate)


def dynamic_of_velocity(velocity: int) -> str:
    """The dynamic, ppp … fff, whose usual velocity lies nearest to a velocity 1…127."""
    return min(VELOCITIES, key=lambda dynamic: abs(VELOCITIES[dynamic] - velocity))


def render_notes(
    soundfont: Path,
    out_folder: Path,
    *,
    program: int,
    keys: Sequence[int],
    velocities: Sequence[int],
    seconds: float,
    sample_rate: int,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Render every key at every velocity to a file of its own, without reverb and chorus.

    The files are mono 32-bit float WAV, which cannot clip, and keep their levels relative to each
    other. Notes that are already there are kept, so that a render can be taken up again, or more
    keys added; the CSV is written last and lists the notes that this call asked for.

    Args:
        soundfont: an .sf2 or .sf3 file.
        out_folder: made if need be; in the layout `csv` of `training.data.readers` at the end.
        program: General MIDI program, 0…127, in bank 0; the violin is 40.
        keys: MIDI notes, 0…127.
        velocities: 1…127.
        seconds: from key down to key up; half a second of release follows.
        sample_rate: in Hz, 8000…96000.
        progress: called after each note with the number of notes done and of all notes.

    Returns:
        The path of the CSV.

    Raises:
        UsageError: fluidsynth or the soundfont is missing, a number is out of range, the
            soundfont has no such program or no sound for a key, or the folder holds notes that
            were rendered with other settings.
        OutputError: the folder cannot be written to.
    """
    _check_ranges(program, keys, velocities, seconds, sample_rate)
    fluidsynth = _find_fluidsynth()
    check_soundfont(soundfont)
    settings = RenderSettings(soundfont.name, program, seconds, RELEASE_SECONDS, sample_rate, GAIN)
    notes = [(key, velocity) for key in sorted(set(keys)) for velocity in sorted(set(velocities))]
    try:
        out_folder.mkdir(parents=True, exist_ok=True)
        _keep_settings(out_folder, settings)
        for done, (key, velocity) in enumerate(notes, start=1):
            path = out_folder / _file_name(program, key, velocity)
            if not path.exists():
                sound = _render_note(fluidsynth, soundfont, settings, key, velocity)
                _write_beside(path, partial(_write_wav, sound=sound, sample_rate=sample_rate))
            if progress is not None:
                progress(done, len(notes))
        rows = [_row(soundfont, program, key, velocity) for key, velocity in notes]
        table = out_folder / CSV_NAME
        _write_beside(table, partial(_write_csv, rows=rows))
    except (OSError, soundfile.LibsndfileError) as error:
        raise OutputError(f"{out_folder}: cannot be written ({error})") from error
    return table


def render_note(
    soundfont: Path,
    *,
    program: int,
    key: int,
    velocity: int,
    seconds: float,
    sample_rate: int,
    bend_cents: float = 0.0,
) -> Float32:
    """Render one note, without reverb and chorus.

    Args:
        soundfont: an .sf2 or .sf3 file.
        program: General MIDI program, 0…127, in bank 0; the violin is 40.
        key: MIDI note, 0…127.
        velocity: 1…127.
        seconds: from key down to key up; half a second of release follows.
        sample_rate: in Hz, 8000…96000.
        bend_cents: pitch bend, −200…200.

    Returns:
        [samples], mono.

    Raises:
        UsageError: as `render_notes`.
    """
    _check_ranges(program, [key], [velocity], seconds, sample_rate)
    fluidsynth = _find_fluidsynth()
    check_soundfont(soundfont)
    settings = RenderSettings(soundfont.name, program, seconds, RELEASE_SECONDS, sample_rate, GAIN)
    return _render_note(fluidsynth, soundfont, settings, key, velocity, bend_cents)


# --- What is asked for ------------------------------------------------------------------------


def _check_ranges(
    program: int,
    keys: Sequence[int],
    velocities: Sequence[int],
    seconds: float,
    sample_rate: int,
) -> None:
    ranges: list[tuple[str, Sequence[int], int, int]] = [
        ("program", [program], 0, 127),
        ("key", keys, 0, 127),
        ("velocity", velocities, 1, 127),
        ("sample rate", [sample_rate], 8000, 96000),
    ]
    for what, values, lowest, highest in ranges:
        if not values:
            raise UsageError(f"no {what} to render")
        for value in values:
            if not lowest <= value <= highest:
                raise UsageError(f"{what} {value} is not within {lowest} … {highest}")
    if not (math.isfinite(seconds) and seconds >= 1 / TICKS_PER_SECOND):
        raise UsageError(f"a note of {seconds} seconds cannot be rendered")


def _find_fluidsynth() -> str:
    fluidsynth = shutil.which("fluidsynth")
    if fluidsynth is None:
        raise UsageError(
            "fluidsynth is not installed: apt install fluidsynth fluid-soundfont-gm, "
            "or brew install fluid-synth"
        )
    return fluidsynth


def check_soundfont(soundfont: Path) -> None:
    """Check that notes can be rendered from a soundfont.

    Raises:
        UsageError: fluidsynth or the soundfont is missing, or it is no soundfont.
    """
    _find_fluidsynth()
    if not soundfont.is_file():
        raise UsageError(
            f"{soundfont}: no such soundfont; Debian's package fluid-soundfont-gm brings "
            "/usr/share/sounds/sf2/FluidR3_GM.sf2"
        )
    try:
        with soundfont.open("rb") as file:
            head = file.read(12)
    except OSError as error:
        raise UsageError(f"{soundfont}: cannot be read ({error.strerror})") from error
    if head[:4] != b"RIFF" or head[8:] != b"sfbk":
        raise UsageError(f"{soundfont}: is not a soundfont (.sf2 or .sf3)")


def _keep_settings(folder: Path, settings: RenderSettings) -> None:
    """Write the settings beside the notes, or compare them with those of the notes there."""
    path = folder / SETTINGS_NAME
    wanted = json.dumps(asdict(settings), indent=2) + "\n"
    if not path.exists():
        _write_beside(path, lambda part: part.write_text(wanted, encoding="utf-8"))
    elif path.read_text(encoding="utf-8", errors="replace") != wanted:
        raise UsageError(
            f"{folder}: holds notes that were rendered with other settings (see {SETTINGS_NAME}); "
            "choose another folder"
        )


# --- One note ---------------------------------------------------------------------------------


def _render_note(
    fluidsynth: str,
    soundfont: Path,
    settings: RenderSettings,
    key: int,
    velocity: int,
    bend_cents: float = 0.0,
) -> Float32:
    """One note, [samples], mono, from key down to the end of its release."""
    with tempfile.TemporaryDirectory(prefix="arco-") as temporary:
        folder = Path(temporary)
        _note_file(settings, key, velocity, bend_cents).save(folder / "note.mid")
        _run_fluidsynth(fluidsynth, soundfont, settings, folder)
        sound, _ = soundfile.read(folder / "note.wav", dtype="float32", always_2d=True)
    mono = np.zeros(settings.samples, dtype=np.float32)
    length = min(len(sound), settings.samples)
    mono[:length] = sound[:length].mean(axis=1)
    if np.abs(mono).max() < SILENCE:
        raise UsageError(
            f"{soundfont}: program {settings.program} has no sound for key {key} ({note_name(key)})"
        )
    return mono


def _note_file(
    settings: RenderSettings, key: int, velocity: int, bend_cents: float
) -> mido.MidiFile:
    bend = int(np.clip(round(bend_cents * BEND_PER_CENT), -8192, 8191))
    track = mido.MidiTrack(
        [
            mido.Message("program_change", program=settings.program),
            mido.Message("pitchwheel", pitch=bend),
            mido.Message("note_on", note=key, velocity=velocity),
            mido.Message("note_off", note=key, time=round(settings.seconds * TICKS_PER_SECOND)),
            mido.MetaMessage(
                "end_of_track", time=round(settings.release_seconds * TICKS_PER_SECOND)
            ),
        ]
    )
    return mido.MidiFile(ticks_per_beat=TICKS_PER_QUARTER, tracks=[track])


def _run_fluidsynth(
    fluidsynth: str, soundfont: Path, settings: RenderSettings, folder: Path
) -> None:
    """Render note.mid of a folder to note.wav."""
    # Without a file of commands of its own, fluidsynth obeys the one of whoever is logged in.
    commands = folder / "commands"
    commands.touch()
    command = [fluidsynth, "-n", "-i", "-q", "-f", str(commands)]
    command += ["-R", "0", "-C", "0", "-g", str(settings.gain), "-r", str(settings.sample_rate)]
    # In place of a soundfont that it cannot load, fluidsynth would take the system's own.
    command += ["-o", "synth.default-soundfont="]
    command += ["-T", "wav", "-O", "float", "-F", str(folder / "note.wav")]
    command += [str(soundfont.absolute()), str(folder / "note.mid")]
    try:
        result = subprocess.run(  # noqa: S603
            command,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=FLUIDSYNTH_TIMEOUT_SECONDS,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired, OSError) as error:
        raise UsageError(f"{soundfont}: fluidsynth cannot render it ({error})") from error
    complaint = result.stderr.decode(errors="replace").strip()
    for sign, meaning in COMPLAINTS:
        if sign in complaint:
            raise UsageError(f"{soundfont}: {meaning.format(program=settings.program)}")
    if not (folder / "note.wav").exists():
        reason = complaint.splitlines()[-1] if complaint else "it wrote nothing"
        raise UsageError(f"{soundfont}: fluidsynth cannot render it ({reason})")


# --- Files ------------------------------------------------------------------------------------


def _file_name(program: int, key: int, velocity: int) -> str:
    return f"{_instrument(program)}_{note_name(key, sharp='s')}_v{velocity:03d}.wav"


def _instrument(program: int) -> str:
    return INSTRUMENTS.get(program, f"program-{program}")


def _row(soundfont: Path, program: int, key: int, velocity: int) -> dict[str, str | int]:
    return {
        "file": _file_name(program, key, velocity),
        "instrument": _instrument(program),
        "source": soundfont.stem,
        "midi": key,
        "dynamic": dynamic_of_velocity(velocity),
        "string": "",
        "articulation": "sustain",
    }


def _write_beside(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file under another name and rename it, so that it is there whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    write(part)
    part.replace(path)


def _write_wav(path: Path, sound: Float32, sample_rate: int) -> None:
    soundfile.write(path, sound, sample_rate, format="WAV", subtype="FLOAT")


def _write_csv(path: Path, rows: Sequence[dict[str, str | int]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, CSV_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
