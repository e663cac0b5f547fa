"""Keys of recordings that have no label: what is heard in them, once for each content."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from instrument.errors import RecordingError
from instrument.listening.audio import read_audio
from instrument.listening.tracker import hear_key
from training.output import write_json
from training.reading import DamageError, digest_of, is_count, read_json

Heard = int | str
"""A key, or why there is none."""

HEARD_RATE, HEARD_SECONDS = 48_000, 30.0
UNSURE = 0.6
"""What is less sure isn't taken for one note, or is to be listened to."""


def heard_keys(
    files: Mapping[str, Path],
    kept: Path,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> dict[str, Heard]:
    """Hear the key of each recording of one note.

    Args:
        files: Name → recording.
        kept: A JSON file of what was heard before, by content; written.
        progress: Called with how many are done, of how many.

    Returns:
        Name → its MIDI note, or the reason why it isn't taken for one note.

    Raises:
        UsageError: SwiftF0 is missing.
        OutputError: ``kept`` cannot be written.
    """
    known: dict[str, Heard] = {}
    with suppress(DamageError):
        content = read_json(kept)
        if isinstance(content, dict):
            known = {k: v for k, v in content.items() if isinstance(v, str) or is_count(v, 0, 127)}
    found: dict[str, Heard] = {}
    try:
        for done, (name, path) in enumerate(files.items(), start=1):
            try:
                content = digest_of(path)[:32]
                if content not in known:
                    known[content] = _hear(path)
                found[name] = known[content]
            except (RecordingError, OSError) as error:
                found[name] = str(error).removeprefix(f"{path}: ")
            progress(done, len(files))
    finally:  # what was heard counts, though others weren't
        if files:
            write_json({content: known[content] for content in sorted(known)}, kept)
    return found


def hear(path: Path) -> tuple[int, float]:
    """The key of a recording of one note, and how sure that is, see ``hear_key``.

    Raises:
        RecordingError: It can't be read, or has no pitch.
        UsageError: SwiftF0 is missing.
    """
    return hear_key(read_audio(path, HEARD_RATE, HEARD_SECONDS), HEARD_RATE)


def _hear(path: Path) -> Heard:
    key, confidence = hear(path)
    if confidence < UNSURE:
        return f"not surely one note: {100.0 * confidence:.0f} % of it is at one pitch"
    return key
