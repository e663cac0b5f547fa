"""Instruments are found by path and by name, in a checkout and installed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from instrument.errors import InstrumentError, UnknownName
from instrument.model import catalogue
from instrument.model.catalogue import exported_folder, find_instrument


def test_an_instrument_is_found_by_path_and_by_name(
    tiny_instrument: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(tiny_instrument, tmp_path / "viola")
    monkeypatch.setattr(catalogue, "EXPORTED", tmp_path)
    assert find_instrument(str(tiny_instrument)) == tiny_instrument
    assert find_instrument("viola") == tmp_path / "viola"
    with pytest.raises(UnknownName, match="did you mean 'viola'"):
        find_instrument("violla")
    with pytest.raises(UnknownName, match="no instrument named"):
        find_instrument("v" * 5000)
    with pytest.raises(InstrumentError, match="no instrument here"):
        find_instrument(str(tmp_path))


def test_instruments_lie_inside_the_installed_package_or_beside_a_checkout(tmp_path: Path) -> None:
    package = tmp_path / "instrument"
    package.mkdir()
    assert exported_folder(package) == tmp_path / "exported"
    (package / "exported").mkdir()
    assert exported_folder(package) == package / "exported"
