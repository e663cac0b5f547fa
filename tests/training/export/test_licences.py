"""Licences of sources."""

from __future__ import annotations

import pytest

from instrument.errors import UnknownName
from training.export.licences import check_licences, licence_of

LICENCES = {"takes": "CC0", "takes/sonata": "mine", "*": "theirs"}


@pytest.mark.parametrize(
    ("source", "licence"),
    [
        ("takes/sonata", "mine"),
        ("takes/etude", "CC0"),
        ("takes/late/etude", "CC0"),
        ("takes", "CC0"),
        ("takeshi", "theirs"),
        ("sonata", "theirs"),
    ],
)
def test_a_folder_has_the_licence_of_what_is_in_it(source: str, licence: str) -> None:
    assert licence_of(source, LICENCES) == licence


def test_without_one_for_all_others_have_none() -> None:
    assert licence_of("sonata", {"takes": "CC0"}) is None


def test_a_licence_needs_a_source() -> None:
    sources = ["takes/sonata", "Philharmonia Orchestra"]
    check_licences(["takes", "takes/sonata", "Philharmonia Orchestra", "*"], sources)
    for name in ("take", "sonata", "takes/son", "recordings"):
        with pytest.raises(UnknownName):
            check_licences([name], sources)
