"""A player's own presets: kept, renamed, removed, exported and brought back."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from instrument.errors import OutputError, UsageError
from instrument.ui.presets import LONGEST_NAME, MOST, OwnPreset, OwnPresets

DIGEST, DIMENSIONS = "0123456789ab", 4
Read = Callable[[], OwnPresets]


def preset(name: str, value: float = 0.5) -> OwnPreset:
    return OwnPreset(name, (value,) * DIMENSIONS)


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads what is kept, as a new start does."""
    return lambda: OwnPresets(tmp_path / "config", DIGEST, DIMENSIONS)


def names(own: OwnPresets) -> list[str]:
    return [found.name for found in own.found]


def test_there_are_none_at_first_and_nothing_is_written(read: Read, tmp_path: Path) -> None:
    assert names(read()) == []
    assert [*tmp_path.iterdir()] == []


def test_what_is_kept_is_there_at_the_next_start(read: Read) -> None:
    own = read()
    own.keep(preset("warm"))
    own.keep(preset("cold", -1.0))
    own.keep(preset("warm", 0.25))
    assert read().found == [preset("warm", 0.25), preset("cold", -1.0)]
    assert read().named("cold") == preset("cold", -1.0)


def test_renamed_and_removed(read: Read) -> None:
    own = read()
    own.keep(preset("a"))
    own.keep(preset("b"))
    own.rename("a", "c")
    own.rename("c", "c")
    assert names(read()) == ["c", "b"]
    for wrong in (("a", "d"), ("c", "b"), ("c", "")):
        with pytest.raises(UsageError):
            own.rename(*wrong)
    own.remove("c")
    with pytest.raises(UsageError):
        own.remove("c")
    assert names(read()) == ["b"]


def test_two_pages_in_processes_of_their_own_keep_what_the_other_one_kept(read: Read) -> None:
    one, other = read(), read()
    one.keep(preset("a"))
    other.keep(preset("b"))
    one.rename("b", "c")
    other.bring({**other.exported(), "presets": []})
    assert names(one) == names(other) == names(read()) == ["a", "c"]
    one.remove("a")
    with pytest.raises(UsageError):
        other.remove("a")
    assert names(read()) == ["c"]


@pytest.mark.parametrize(
    "name",
    ["../../escape", "/etc/passwd", "C:\\x", "..", "con", "a/b", "%2e%2e%2f", "<script>", "élan ♯"],
)
def test_a_name_is_only_a_name(read: Read, tmp_path: Path, name: str) -> None:
    own = read()
    own.keep(preset(name))
    assert names(read()) == [name]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files == [own.path]


NAMES_OF_PEOPLE = ["\U0001f469\u200d\U0001f3a4", "می\u200cشود", "\U0001fae8", "ソロ ビブラート"]


@pytest.mark.parametrize("name", NAMES_OF_PEOPLE)
def test_names_of_all_languages_are_kept(read: Read, name: str) -> None:
    own = read()
    own.keep(OwnPreset.at(name, np.zeros(DIMENSIONS)))
    assert names(own) == names(read()) == [name]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("e\u0301lan", "\u00e9lan"),  # as a Mac has it in names of files
        ("\u00a0\u3000solo\u3000slow\u2009\u00bb", "solo slow »"),
        ("\ufeffso\u00adlo\u202e", "solo"),
    ],
    ids=["accent", "spaces", "widthless"],
)
def test_no_two_names_look_the_same(read: Read, typed: str, kept: str) -> None:
    own = read()
    place = np.zeros(DIMENSIONS)
    own.keep(OwnPreset.at(typed, place))
    own.keep(OwnPreset.at(kept, place))
    own.keep(preset("other"))
    with pytest.raises(UsageError):
        own.rename("other", typed)
    own.bring(edited(name=typed))
    assert names(own) == names(read()) == [kept, "other"]


def test_two_of_one_name_in_a_file_are_both_there(read: Read) -> None:
    own = read()
    two = [{"name": name, "latent": [0.0] * DIMENSIONS} for name in ("a", "a", "a ")]
    assert own.bring({**own.exported(), "presets": two}) == 3
    assert names(own) == names(read()) == ["a", "a 2", "a 3"]


NONE = ["", "   ", "x" * (LONGEST_NAME + 1), "a\nb", "a\x00b", "\x1b[2J", "\u200d", "a\u2028b"]


@pytest.mark.parametrize("name", NONE)
def test_a_name_that_is_none_is_refused(read: Read, name: str) -> None:
    own = read()
    with pytest.raises(UsageError):
        own.keep(preset(name))
    assert not own.path.exists()


def test_there_is_an_end_to_them(read: Read) -> None:
    own = read()
    content = own.exported()
    content["presets"] = [
        {"name": str(number), "x": 0, "y": 0, "latent": [0.0] * DIMENSIONS}
        for number in range(MOST)
    ]
    assert own.bring(content) == MOST
    with pytest.raises(UsageError):
        own.keep(preset("one more"))
    own.keep(preset("7"))
    assert len(read().found) == MOST


def test_what_was_exported_is_brought_back(read: Read, tmp_path: Path) -> None:
    own = read()
    own.keep(preset("a"))
    own.keep(preset("b"))
    content = json.loads(json.dumps(own.exported()))
    other = OwnPresets(tmp_path / "elsewhere", DIGEST, DIMENSIONS)
    other.keep(preset("b", 9.0))
    assert other.bring(content) == 2
    assert other.found == [preset("b"), preset("a")]


def edited(**edits: Any) -> dict[str, Any]:
    one = {"name": "a", "x": 0, "y": 0, "latent": [0.0] * DIMENSIONS}
    content = {"format": 1, "instrument": DIGEST, "presets": [{**one, **edits}]}
    return {**content, **edits.get("_top", {})}


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        "presets",
        {},
        edited(_top={"format": 2}),
        edited(_top={"instrument": "another"}),
        edited(_top={"presets": None}),
        edited(_top={"presets": [None]}),
        edited(_top={"presets": [{}] * (MOST + 1)}),
        edited(name=None),
        edited(name=""),
        edited(latent=[0.0]),
        edited(latent=None),
        edited(latent=[0.0, 0.0, 0.0, "0"]),
        edited(latent=[0.0, 0.0, 0.0, float("nan")]),
        edited(latent=[0.0, 0.0, 0.0, 1e9]),
        edited(latent=[0.0, 0.0, 0.0, 10**400]),
        edited(latent=[0.0, 0.0, 0.0, True]),
        edited(note=[60]),
        edited(note=[60, 0]),
        edited(note=[128, 1]),
        edited(note=[True, 1]),
        edited(note="60"),
    ],
    ids=lambda content: str(content)[:60],
)
def test_what_was_never_exported_is_refused_and_changes_nothing(
    read: Read, content: object
) -> None:
    own = read()
    own.keep(preset("mine"))
    with pytest.raises(UsageError):
        own.bring(content)
    assert names(own) == names(read()) == ["mine"]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"[]", b" " * (1 << 21)]
)
def test_a_file_that_is_something_else_is_told_with_its_name(read: Read, content: bytes) -> None:
    path = read().path
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(UsageError, match=path.name):
        read()
    assert path.read_bytes() == content


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_where_nothing_can_be_written_nothing_changes(read: Read) -> None:
    own = read()
    own.path.parent.mkdir()
    own.path.symlink_to("nowhere/presets.json")
    with pytest.raises(OutputError):
        own.keep(preset("a"))
    assert names(own) == []
