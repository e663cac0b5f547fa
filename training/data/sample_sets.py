"""Labels from the file names of known sample sets.

A layout is data: a pattern for the names, and tables for what its abbreviations mean.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from training.data.labels import ReadResult, RecordingLabel, dynamic_of, parse_note, string_of

AUDIO_SUFFIXES = frozenset(
    {".3gp", ".aac", ".aif", ".aifc", ".aiff", ".amr", ".ape", ".au", ".caf", ".flac", ".m4a"}
    | {".mka", ".mov", ".mp2", ".mp3", ".mp4", ".oga", ".ogg", ".opus", ".tta", ".w64", ".wav"}
    | {".webm", ".wma", ".wv"}
)
"""What libsndfile or FFmpeg read the sound of; telephones write films for recordings."""


@dataclass(frozen=True, slots=True)
class NameLayout:
    """How a sample set names its files.

    Attributes:
        patterns: of the name without its suffix; groups named pitch (a note name) and, where the
            name tells them, instrument, dynamic, string and articulation.
        instruments: abbreviation → instrument; others stand for themselves.
        strings: (instrument, code) → string; the letters of the strings stand for themselves.
        unusable: (pattern, reason) of names that are understood but aren't one steady note; they
            have a group named instrument, too.
    """

    patterns: tuple[re.Pattern[str], ...]
    instruments: Mapping[str, str] = field(default_factory=dict)
    strings: Mapping[tuple[str, str], str] = field(default_factory=dict)
    unusable: tuple[tuple[re.Pattern[str], str], ...] = ()


class NotOneNoteError(ValueError):
    """A name that is understood, and isn't of one steady note; it says the instrument."""

    def __init__(self, reason: str, instrument: str) -> None:
        super().__init__(reason)
        self.instrument = instrument


ANY_NAME = "names"
NOTE_IN_NAME = re.compile(r"(?<![^\W_])[A-Ga-g][#♯sb♭]?\d(?![^\W_])")
WORD_IN_NAME = re.compile(r"(?<![^\W_])[A-Za-z]+(?:-[A-Za-z]+)?(?![^\W_])")
"""Neither letters nor digits stand before and behind."""

NAME_LAYOUTS: Mapping[str, NameLayout] = {
    # violin_As4_025_forte_arco-normal.mp3: note, length in seconds (025 is ¼), dynamic, technique
    "philharmonia": NameLayout(
        patterns=(
            re.compile(
                r"(?P<instrument>[A-Za-z -]+)_(?P<pitch>[A-G]s?\d)_[a-z0-9-]+"
                r"_(?P<dynamic>[a-z-]+)_(?P<articulation>[a-z-]+)"
            ),
        ),
        unusable=(
            (
                re.compile(r"(?P<instrument>[A-Za-z -]+)_[A-G]s?\d_phrase_.*"),
                "a phrase, not a single note",
            ),
        ),
    ),
    # Violin.arco.ff.sulG.Bb3.stereo.aif
    "iowa": NameLayout(
        patterns=(
            re.compile(
                r"(?P<instrument>[A-Za-z]+)(?:\.(?P<articulation>[A-Za-z-]+))?"
                r"\.(?P<dynamic>p{1,3}|mp|mf|f{1,3})(?:\.sul(?P<string>[A-G]))?"
                r"\.(?P<pitch>[A-G][b#]?\d)(?:\.(?:stereo|mono))?"
            ),
        ),
        unusable=(
            (
                re.compile(
                    r"(?P<instrument>[A-Za-z]+)\..*\.[A-G][b#]?\d[A-G][b#]?\d(?:\.(?:stereo|mono))?"
                ),
                "a scale of several notes, not a single one",
            ),
        ),
    ),
    # Vn-ord-A#3-ff-4c-N.wav (TinySOL: 4c is the fourth string, N not resampled, T… retuned), and
    # Vn-ord-ff-1c-_A#6.wav (earlier editions of Studio On Line)
    "sol": NameLayout(
        patterns=(
            re.compile(
                r"(?P<instrument>[A-Za-z]+)-(?P<articulation>[\w+]+)-(?P<pitch>[A-G]#?\d)"
                r"-(?P<dynamic>[A-Za-z]+)(?:-(?:(?P<string>\dc)|N))?(?:-[A-Za-z0-9]+)?"
            ),
            re.compile(
                r"(?P<instrument>[A-Za-z]+)-(?P<articulation>[\w+]+)-(?P<dynamic>[A-Za-z]+)"
                r"(?:-(?:(?P<string>\dc)|N))?-?_?(?P<pitch>[A-G]#?\d)"
            ),
        ),
        instruments={
            "Acc": "accordion",
            "ASax": "alto-saxophone",
            "Bn": "bassoon",
            "BTb": "bass-tuba",
            "Cb": "contrabass",
            "ClBb": "clarinet",
            "Fl": "flute",
            "Hn": "french-horn",
            "Ob": "oboe",
            "Tbn": "trombone",
            "TpC": "trumpet",
            "Va": "viola",
            "Vc": "cello",
            "Vn": "violin",
        },
        strings={
            ("violin", "1c"): "E",
            ("violin", "2c"): "A",
            ("violin", "3c"): "D",
            ("violin", "4c"): "G",
        },
    ),
    # cello_Db3_1.wav, take 1 - D3.wav: any name with one note in it
    ANY_NAME: NameLayout(patterns=()),
}


def read_names(folder: Path, layouts: Mapping[str, NameLayout] = NAME_LAYOUTS) -> ReadResult:
    """Label every recording in a folder and its subfolders by the first layout that fits."""
    labels: list[RecordingLabel] = []
    problems: list[tuple[str, str]] = []
    instruments: dict[str, str] = {}
    for name in recordings_in(folder):
        try:
            labels.append(_label_of_name(folder / name, name, layouts))
        except NotOneNoteError as error:
            problems.append((name, str(error)))
            instruments[name] = error.instrument
        except ValueError as error:
            problems.append((name, str(error)))
    return ReadResult.of(labels, problems, instruments)


def named_source(source: str) -> str:
    """A source that somebody named, or a collection of samples is known by; else nothing."""
    return "" if source == ANY_NAME else source


def recordings_in(folder: Path) -> list[str]:
    """The names of what looks like audio in a folder and its subfolders, but for what is hidden.

    Each is the path from the folder, with `/` between the parts.
    """
    paths = ((path, path.relative_to(folder)) for path in folder.rglob("*"))
    return sorted(
        name.as_posix()
        for path, name in paths
        if path.suffix.lower() in AUDIO_SUFFIXES
        and not any(part.startswith(".") for part in name.parts)
        and path.is_file()
    )


def _label_of_name(path: Path, name: str, layouts: Mapping[str, NameLayout]) -> RecordingLabel:
    """The label that the first fitting layout finds in a file's name, or a ValueError."""
    for source, layout in layouts.items():
        for pattern, reason in layout.unusable:
            match = pattern.fullmatch(path.stem)
            if match is not None:
                raise NotOneNoteError(reason, _instrument_of(layout, match["instrument"]))
        for pattern in layout.patterns:
            match = pattern.fullmatch(path.stem)
            if match is not None:
                return _label_of_match(path, name, source, layout, match.groupdict(default=""))
    if ANY_NAME in layouts:
        return _label_of_any_name(path, name)
    raise ValueError(f"the name does not say the note in a known way ({', '.join(layouts)})")


def _label_of_any_name(path: Path, name: str) -> RecordingLabel:
    """The label of a name with one note in it, between what is neither letter nor digit."""
    notes = list(dict.fromkeys(NOTE_IN_NAME.findall(path.stem)))
    if not notes:
        raise ValueError("the name does not say the note, as in cello_Db3_1.wav")
    if len({parse_note(note) for note in notes}) > 1:
        raise ValueError(f"the name says several notes: {', '.join(notes)}")
    marks = {dynamic_of(word) for word in WORD_IN_NAME.findall(path.stem)} - {""}
    return RecordingLabel(
        path=path,
        name=name,
        midi=parse_note(notes[0]),
        dynamic=marks.pop() if len(marks) == 1 else "",
        source=ANY_NAME,
    )


def _instrument_of(layout: NameLayout, named: str) -> str:
    return layout.instruments.get(named, named.lower())


def _label_of_match(
    path: Path, name: str, source: str, layout: NameLayout, groups: Mapping[str, str]
) -> RecordingLabel:
    instrument = _instrument_of(layout, groups["instrument"])
    string = groups.get("string", "")
    return RecordingLabel(
        path=path,
        name=name,
        midi=parse_note(groups["pitch"]),
        dynamic=dynamic_of(groups["dynamic"]),
        string=layout.strings.get((instrument, string)) or string_of(string),
        articulation=groups["articulation"],
        source=source,
        instrument=instrument,
    )
