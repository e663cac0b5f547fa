"""Instruments are found by path and by name, in a checkout and installed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from instrument.errors import InstrumentError, UnknownName
from instrument.model import catalogue
from instrument.model.catalogue import exported_folder, find_instrument
from instrument.model.spec import read_spec


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


@pytest.fixture
def here(tiny_instrument: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that a person is in: an instrument, an archive of it, and a home with another."""
    shutil.copytree(tiny_instrument, tmp_path / "inst")
    shutil.copytree(tiny_instrument, tmp_path / "home" / "mine")
    shutil.copytree(tiny_instrument, tmp_path / "shipped" / "viola")
    (tmp_path / "inst.zip").write_bytes(b"PK")
    (tmp_path / "letter.txt").write_text("Dear Sir,")
    monkeypatch.setattr(catalogue, "EXPORTED", tmp_path / "shipped")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("inst", "inst"),
        ("inst/", "inst"),
        ("./inst", "inst"),
        ("inst/instrument.json", "inst"),
        ("~/mine", "home/mine"),
        ("~/mine/instrument.json", "home/mine"),
        ("viola", "shipped/viola"),
    ],
)
def test_a_path_is_taken_as_it_is_meant(here: Path, name: str, found: str) -> None:
    assert find_instrument(name, pytest.fail).samefile(here / found)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("inst.zip", "unpack it"),
        ("inst/timbre.onnx", "name its folder, inst"),
        ("letter.txt", "is a file"),
        ("home", "home/mine"),
        ("shipped", "shipped/viola"),
        ("INST", "did you mean 'inst'"),
        ("ints", "did you mean 'inst'"),
        ("VIOLA", "did you mean 'viola'"),
        ("violla", "did you mean 'viola'"),
        ("home/Mine", "did you mean 'home/mine'"),
        ("~nobody-of-that-name/inst", "no instrument named"),
        ("", "no instrument named"),
        ("inst\0", "no instrument named"),
        ("\udcff", "no instrument named"),
        ("v" * 5000, "no instrument named"),
    ],
)
@pytest.mark.usefixtures("here")
def test_what_is_no_instrument_is_refused_with_what_would_be_right(name: str, said: str) -> None:
    with pytest.raises((InstrumentError, UnknownName)) as caught:
        find_instrument(name, pytest.fail)
    assert said in str(caught.value)


def test_a_folder_that_hides_an_instrument_is_told(here: Path) -> None:
    told: list[str] = []
    shutil.copytree(here / "inst", here / "viola")
    assert find_instrument("viola", told.append).samefile(here / "viola")
    assert len(told) == 1
    assert str(here / "viola") in told[0]
    assert find_instrument("./viola", pytest.fail).samefile(here / "viola")


@pytest.mark.usefixtures("here")
def test_an_instrument_hides_itself_from_nobody(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(here / "shipped")
    assert find_instrument("viola", pytest.fail).samefile(here / "shipped" / "viola")


def test_instruments_lie_inside_the_installed_package_or_beside_a_checkout(tmp_path: Path) -> None:
    package = tmp_path / "instrument"
    package.mkdir()
    assert exported_folder(package) == tmp_path / "exported"
    (package / "exported").mkdir()
    assert exported_folder(package) == package / "exported"


def test_a_folder_that_may_not_be_looked_into_is_told(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = Path.stat

    def stat(path: Path, **how: bool) -> os.stat_result:
        if path.parent.name == "inst":
            raise PermissionError(13, "Permission denied")
        return usual(path, **how)

    monkeypatch.setattr(Path, "stat", stat)
    folder = find_instrument(str(here / "inst"))
    with pytest.raises(InstrumentError, match="cannot be read: Permission denied"):
        read_spec(folder)
