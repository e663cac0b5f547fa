"""Draws the pictures of docs/your-own.md from what ships: ``python -m tests.own docs``.

A note as one should be recorded, and what an evaluation shows of an instrument that is played.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import soundfile

import instrument as arco
from instrument.model.catalogue import find_instrument
from instrument.model.graphs import load_instrument
from training.evaluation.playback import PlaybackSettings, played_loudness, played_pitch
from training.pictures import playing_plots
from training.pictures.sound import picture_sound

RATE = 48_000
NOTE = arco.Note(start=0.3, duration=2.2, key=69, velocity=90)


def main() -> None:
    """Draw them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the pictures are written")
    folder = parser.parse_args().folder
    _note(folder / "own-note.png")
    violin = load_instrument(find_instrument("violin"))
    low, high = violin.spec.pitch_range
    settings = PlaybackSettings(keys=range(low, high, 2), velocities=(80,)).within(low, high)
    pitch = played_pitch(violin, settings, lambda: None)
    playing_plots.playing(
        [note.key for note in pitch.notes],
        [note.velocity for note in pitch.notes],
        [track.cents for track in pitch.tracks],
        settings.sweep_velocities,
        played_loudness(violin, settings),
        folder / "own-playing.png",
    )


def _note(path: Path) -> None:
    audio = arco.load("violin").render(
        [NOTE], preset="expressive", room_gain=0.0, sample_rate=RATE, seed=1
    )
    with tempfile.TemporaryDirectory() as made:
        sound = Path(made, "violin_A4_f_1.wav")
        soundfile.write(sound, audio[0], RATE)
        picture_sound(sound, path, 0.0, 4.0)


if __name__ == "__main__":
    main()
