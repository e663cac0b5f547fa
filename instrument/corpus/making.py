"""An item becomes a folder of files: made beside, and renamed when it is whole.

The bytes depend on what the item's key is the digest of, and on nothing else: no dates, no names
of files or machines.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from instrument.annotation import Annotated
from instrument.arrays import Float32
from instrument.audio.files import sound_file
from instrument.corpus.folders import folder_when_whole
from instrument.corpus.items import VERSION, Item, canonical
from instrument.corpus.playing import play
from instrument.corpus.tables import Frames, write_frames, write_notes
from instrument.errors import ArcoError, OutputError
from instrument.model.graphs import Instrument

BITS = 24
ABOUT, MIX, NOTES = "item.json", "mix.flac", "notes.csv"
STEMS, FRAMES = "stems", "frames"
TIMINGS = ("render_seconds", "compile_seconds", "realtime_factor")
"""What a report says of the machine."""

Content = dict[str, Any]
"""Of ``item.json``."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an item.

    Attributes:
        key: Of the item.
        content: What its ``item.json`` says, if it was made.
        refused: Why it can't be made.
        stop: Why no other can be made, either: there is no place left, or a wrong instrument.
    """

    key: str
    content: Content | None = None
    refused: str | None = None
    stop: str | None = None


Maker = Callable[[Sequence[Item]], Iterator[Outcome]]
"""Makes items, in any order, and gives what became of each."""


def make(item: Item, instrument: Instrument, corpus: Path) -> Outcome:
    """Make an item, unless it is there.

    Args:
        item: What is made.
        instrument: What plays it.
        corpus: Folder of the corpus.
    """
    if item.version != VERSION:
        stop = f"a worker has Arco {VERSION}, and this is {item.version}; install the same"
        return Outcome(item.key, stop=stop)
    try:
        content = made(item, corpus)
        if content is None:
            content = _make(item, instrument, corpus)
    except OutputError as error:
        return Outcome(item.key, stop=str(error))
    except ArcoError as error:
        return Outcome(item.key, refused=str(error))
    except MemoryError:
        return Outcome(item.key, refused="there is too little memory for it")
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:  # a fault of ours
        return Outcome(item.key, refused=f"fault: {type(error).__name__}: {error}")
    return Outcome(item.key, content)


def made(item: Item, corpus: Path) -> Content | None:
    """What an item that is there with all its files says of itself; None if it isn't."""
    folder = corpus / item.place
    try:
        content: Content = json.loads((folder / ABOUT).read_bytes())
        sizes = {name: about["bytes"] for name, about in content["files"].items()}
        whole = content["key"] == item.key and all(
            (folder / name).stat().st_size == size for name, size in sizes.items()
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError):  # damaged, or missing
        return None
    return content if whole else None


def _make(item: Item, instrument: Instrument, corpus: Path) -> Content:
    shutil.rmtree(corpus / item.place, ignore_errors=True)  # what is there is damaged
    with folder_when_whole(corpus / item.place) as folder:
        annotated, samples = _write_sound(item, instrument, folder)
        seconds = samples / item.form.sample_rate
        write_notes(folder / NOTES, annotated.notes)
        (folder / FRAMES).mkdir()
        for channel, truth in annotated.frames.items():
            frames = Frames.of(truth, item.form.frame_rate, seconds)
            write_frames(folder / FRAMES / f"{channel_name(channel)}.csv.gz", frames)
        report = {k: v for k, v in asdict(annotated.report).items() if k not in TIMINGS}
        content = {
            **item.made_from,
            "key": item.key,
            "samples": samples,
            "seconds": seconds,
            "sample_rate": item.form.sample_rate,
            "notes": len(annotated.notes),
            "channels": sorted(annotated.frames),
            "report": report,
            "files": digests(folder),
        }
        (folder / ABOUT).write_text(canonical(content) + "\n", encoding="utf-8")
    return content


def _write_sound(item: Item, instrument: Instrument, folder: Path) -> tuple[Annotated, int]:
    """Write mix and stems; gives the truth of them, and how many samples they have."""
    samples = 0
    with ExitStack() as files:

        def opened(path: Path) -> Callable[[Float32], None]:
            return files.enter_context(sound_file(path, item.form.sample_rate, BITS))

        mix, stems = opened(folder / MIX), dict[int, Callable[[Float32], None]]()

        def write_mix(block: Float32) -> None:
            nonlocal samples
            samples += block.shape[1]
            mix(block)

        def write_stem(channel: int, block: Float32) -> None:
            if channel not in stems:
                (folder / STEMS).mkdir(exist_ok=True)
                stems[channel] = opened(folder / STEMS / f"{channel_name(channel)}.flac")
            stems[channel](block)

        annotated = play(item, instrument, write_mix, write_stem if item.form.stems else None)
    return annotated, samples


def channel_name(channel: int) -> str:
    """What files of a channel, counted from 0, are called."""
    return f"channel-{channel + 1:02d}"


def digests(folder: Path) -> dict[str, dict[str, str | int]]:
    """SHA-256, MD5 (which mirdata wants) and bytes of each file in a folder, by its path there."""
    found: dict[str, dict[str, str | int]] = {}
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        content = path.read_bytes()
        found[path.relative_to(folder).as_posix()] = {
            "sha256": hashlib.sha256(content).hexdigest(),
            "md5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
            "bytes": len(content),
        }
    return found
