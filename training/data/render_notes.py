"""A folder of labelled single notes from a soundfont, to try the training with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from instrument.errors import UsageError
from instrument.units import note_name
from training.data.labels import CSV_COLUMNS
from training.data.soundfont import INSTRUMENTS, SoundfontSettings, play_note, soundfont_settings
from training.output import new_folders, write_json, write_table, write_wav
from training.reading import DamageError, read_json

CSV_NAME = "notes.csv"
SETTINGS_NAME = "render.json"

# The velocities that notation programs usually give to each dynamic.
VELOCITIES = {"ppp": 16, "pp": 33, "p": 49, "mp": 64, "mf": 80, "f": 96, "ff": 112, "fff": 126}


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
    progress: Callable[[int, int], None] = lambda _done, _all: None,
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
    settings = soundfont_settings(
        soundfont,
        program=program,
        keys=keys,
        velocities=velocities,
        seconds=seconds,
        sample_rate=sample_rate,
    )
    notes = [(key, velocity) for key in sorted(set(keys)) for velocity in sorted(set(velocities))]
    with new_folders(out_folder):
        _keep_settings(out_folder, settings)
        for done, (key, velocity) in enumerate(notes, start=1):
            path = out_folder / _file_name(program, key, velocity)
            if not path.exists():
                sound = play_note(soundfont, settings, key, velocity)
                write_wav(sound, sample_rate, path)
            progress(done, len(notes))
    table = out_folder / CSV_NAME
    rows = [_row(soundfont, program, key, velocity) for key, velocity in notes]
    write_table(CSV_COLUMNS, rows, table)
    return table


def _keep_settings(folder: Path, settings: SoundfontSettings) -> None:
    """Write the settings beside the notes, or compare them with those of the notes there."""
    path = folder / SETTINGS_NAME
    if (folder / CSV_NAME).exists() and not path.exists():
        raise UsageError(f"{folder}: holds a {CSV_NAME} of other recordings; choose another folder")
    if not path.exists():
        write_json(asdict(settings), path)
    try:
        same = read_json(path) == asdict(settings)
    except DamageError:
        same = False
    if not same:
        raise UsageError(
            f"{folder}: holds notes that were rendered with other settings (see {SETTINGS_NAME}); "
            "choose another folder"
        )


def _file_name(program: int, key: int, velocity: int) -> str:
    return f"{_instrument(program)}_{note_name(key, sharp='s')}_v{velocity:03d}.wav"


def _instrument(program: int) -> str:
    return INSTRUMENTS.get(program, f"program-{program}")


def _row(soundfont: Path, program: int, key: int, velocity: int) -> tuple[str | int, ...]:
    """What the CSV says of a note, in the order of ``CSV_COLUMNS``; the string isn't known."""
    labels: dict[str, str | int] = {
        "file": _file_name(program, key, velocity),
        "instrument": _instrument(program),
        "source": soundfont.stem,
        "midi": key,
        "dynamic": dynamic_of_velocity(velocity),
        "articulation": "sustain",
    }
    return tuple(labels.get(column, "") for column in CSV_COLUMNS)
