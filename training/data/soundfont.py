"""Single notes from a soundfont, free of any room, by the `fluidsynth` program.

One run of it renders one note, so that no note leaves anything in the next.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import mido
import numpy as np
import soundfile

from instrument.arrays import Float32
from instrument.errors import UsageError
from instrument.units import note_name

RELEASE_SECONDS = 0.5
GAIN = 0.5
FLUIDSYNTH_TIMEOUT_SECONDS = 300.0
MOST_SECONDS = 600
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


@dataclass(frozen=True, slots=True)
class SoundfontSettings:
    """What several notes have in common.

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


def soundfont_settings(
    soundfont: Path,
    *,
    program: int,
    keys: Sequence[int],
    velocities: Sequence[int],
    seconds: float,
    sample_rate: int,
) -> SoundfontSettings:
    """Settings for some notes, after a look whether they can be rendered.

    Args:
        soundfont: an .sf2 or .sf3 file.
        program: General MIDI program, 0…127, in bank 0; the violin is 40.
        keys: MIDI notes, 0…127.
        velocities: 1…127.
        seconds: from key down to key up; half a second of release follows.
        sample_rate: in Hz, 8000…96000.

    Raises:
        UsageError: fluidsynth or the soundfont is missing, or a number is out of range.
    """
    _check_ranges(program, keys, velocities, seconds, sample_rate)
    check_soundfont(soundfont)
    return SoundfontSettings(soundfont.name, program, seconds, RELEASE_SECONDS, sample_rate, GAIN)


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
        UsageError: as `soundfont_settings` and `play_note`.
    """
    settings = soundfont_settings(
        soundfont,
        program=program,
        keys=[key],
        velocities=[velocity],
        seconds=seconds,
        sample_rate=sample_rate,
    )
    return play_note(soundfont, settings, key, velocity, bend_cents)


def play_note(
    soundfont: Path,
    settings: SoundfontSettings,
    key: int,
    velocity: int,
    bend_cents: float = 0.0,
) -> Float32:
    """One note, [samples], mono, from key down to the end of its release.

    Args:
        soundfont: as ``settings`` were made for.
        settings: of all notes.
        key: MIDI note, 0…127.
        velocity: 1…127.
        bend_cents: pitch bend, −200…200.

    Raises:
        UsageError: the soundfont has no such program or no sound for the key, or cannot be
            rendered.
    """
    mono = _render(soundfont, settings, _note_file(settings, key, velocity, bend_cents))
    if np.abs(mono).max() < SILENCE:
        raise UsageError(
            f"{soundfont}: program {settings.program} has no sound for key {key} ({note_name(key)})"
        )
    return mono


def play_line(
    soundfont: Path,
    notes: Sequence[tuple[float, float, int, int]],
    *,
    program: int,
    sample_rate: int,
) -> Float32:
    """A line, [samples], mono, from second 0 to half a second after its end.

    Args:
        soundfont: an .sf2 or .sf3 file.
        notes: begin and end in seconds, MIDI note and velocity of each.
        program: General MIDI program, 0…127, in bank 0; the violin is 40.
        sample_rate: in Hz, 8000…96000.

    Raises:
        UsageError: as `soundfont_settings`, or the soundfont has no such program or cannot be
            rendered.
    """
    settings = soundfont_settings(
        soundfont,
        program=program,
        keys=[key for _, _, key, _ in notes],
        velocities=[velocity for *_, velocity in notes],
        seconds=max((end for _, end, _, _ in notes), default=0.0),
        sample_rate=sample_rate,
    )
    # At one tick the ends come before the beginnings.
    events = sorted(
        (round(seconds * TICKS_PER_SECOND), velocity, key)
        for begin, end, key, loud in notes
        for seconds, velocity in ((begin, loud), (end, 0))
    )
    track = mido.MidiTrack([mido.Message("program_change", program=program)])
    now = 0
    for tick, velocity, key in events:
        track.append(mido.Message("note_on", note=key, velocity=velocity, time=tick - now))
        now = tick
    track.append(_end(settings))
    return _render(
        soundfont, settings, mido.MidiFile(ticks_per_beat=TICKS_PER_QUARTER, tracks=[track])
    )


def _render(soundfont: Path, settings: SoundfontSettings, song: mido.MidiFile) -> Float32:
    """What fluidsynth makes of a file, [samples], mono, as long as the settings say."""
    with tempfile.TemporaryDirectory(prefix="arco-") as temporary:
        folder = Path(temporary)
        song.save(folder / "note.mid")
        _run_fluidsynth(soundfont, settings, folder)
        try:
            sound, _ = soundfile.read(folder / "note.wav", dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise UsageError(f"{soundfont}: fluidsynth cannot render it ({error})") from error
    mono = np.zeros(settings.samples, dtype=np.float32)
    length = min(len(sound), settings.samples)
    mono[:length] = sound[:length].mean(axis=1)
    return mono


def _end(settings: SoundfontSettings) -> mido.MetaMessage:
    return mido.MetaMessage("end_of_track", time=round(settings.release_seconds * TICKS_PER_SECOND))


def _note_file(
    settings: SoundfontSettings, key: int, velocity: int, bend_cents: float
) -> mido.MidiFile:
    bend = int(np.clip(round(bend_cents * BEND_PER_CENT), -8192, 8191))
    track = mido.MidiTrack(
        [
            mido.Message("program_change", program=settings.program),
            mido.Message("pitchwheel", pitch=bend),
            mido.Message("note_on", note=key, velocity=velocity),
            mido.Message("note_off", note=key, time=round(settings.seconds * TICKS_PER_SECOND)),
            _end(settings),
        ]
    )
    return mido.MidiFile(ticks_per_beat=TICKS_PER_QUARTER, tracks=[track])


def _run_fluidsynth(soundfont: Path, settings: SoundfontSettings, folder: Path) -> None:
    """Render note.mid of a folder to note.wav."""
    # Without a file of commands of its own, fluidsynth obeys the one of whoever is logged in.
    commands = folder / "commands"
    commands.touch()
    command = [_find_fluidsynth(), "-n", "-i", "-q", "-f", str(commands)]
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
    if not 1 / TICKS_PER_SECOND <= seconds <= MOST_SECONDS:
        raise UsageError(f"a note of {seconds} seconds cannot be rendered, {MOST_SECONDS} at most")


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
