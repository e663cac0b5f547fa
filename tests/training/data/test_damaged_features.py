"""A feature cache that is damaged or lies is one line, and never believed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.errors import FeatureError
from tests.training.damage import (
    ARRAYS,
    SHAPES,
    bytes_damage,
    claim,
    read_archive,
    write_archive,
)
from training.data.features import FIELDS, FeatureCache


@pytest.fixture(scope="module")
def whole(synthetic_cache: FeatureCache, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small cache as it was saved."""
    path = tmp_path_factory.mktemp("whole") / "violin.npz"
    synthetic_cache.save(path)
    return path


def is_a_line_about(path: Path, said: str) -> bool:
    return str(path) in said and len(said.splitlines()) == 1


def is_read_or_refused(path: Path) -> bool:
    """Whether a cache is read; if it isn't, that is one line which names it."""
    try:
        cache = FeatureCache.load(path)
    except FeatureError as error:
        return not is_a_line_about(path, str(error))
    for recording in range(len(cache.name)):
        assert cache.audio[cache.samples(recording)].ndim == 1
    assert cache.fitted.shape == cache.validation.shape
    return True


NEVER = {"gone", "none", "a list of lists", "bytes", "complex", "times", "records", "half"}
"""Kinds of damage that no array may have."""


@pytest.mark.parametrize("kind", ARRAYS)
def test_each_array_may_be_anything(kind: str, whole: Path, tmp_path: Path) -> None:
    path, arrays = tmp_path / "violin.npz", read_archive(whole)
    for name, array in arrays.items():
        write_archive(path, arrays | {name: ARRAYS[kind](array)})
        read = is_read_or_refused(path)
        never = kind in NEVER | {"unsigned", "another rank"}
        never |= kind in {"nan", "infinity"} and array.dtype.kind == "f" and array.size > 0
        assert not (read and never), name


@pytest.mark.parametrize("name", ["settings", "name", "midi", "audio", "window_cents"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_that_is_not_so_takes_no_memory(
    name: str, shape: str, whole: Path, tmp_path: Path
) -> None:
    path = tmp_path / "violin.npz"
    path.write_bytes(claim(name, shape)(whole.read_bytes()))
    is_read_or_refused(path)
    if shape == SHAPES[0]:
        with pytest.raises(FeatureError, match="says that it holds"):
            FeatureCache.load(path)


WRONG_SETTINGS: dict[str, list[Any]] = {
    "sample_rate": [None, "48000", [48000], -48000, 0, 48001, 1e300, 48000.5, True, 10**400],
    "format": [None, "1", 1, 4, [1]],
    "instrument": [None, 3, []],
}


@pytest.mark.parametrize(
    "change",
    [{name: value} for name, values in WRONG_SETTINGS.items() for value in values],
)
def test_settings_may_be_anything(change: dict[str, Any], whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "violin.npz"
    arrays = read_archive(whole)
    said = json.loads(str(arrays["settings"])) | change
    write_archive(path, arrays | {"settings": np.array(json.dumps(said))})
    assert not is_read_or_refused(path)


@pytest.mark.parametrize("peak", [None, "1", [], 0, -1.0, float("nan"), 1e300, True])
def test_one_peak_of_all_audio_may_be_anything(peak: object, whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "violin.npz"
    arrays = read_archive(whole)
    said = json.loads(str(arrays["settings"])) | {"format": 1, "audio_peak": peak}
    write_archive(path, arrays | {"settings": np.array(json.dumps(said))})
    assert not is_read_or_refused(path)


@pytest.mark.parametrize("text", ["", "[]", "null", "1", '{"a"', "[" * 100_000, '"' + "9" * 5000])
def test_settings_that_are_no_object_are_refused(text: str, whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "violin.npz"
    write_archive(path, read_archive(whole) | {"settings": np.array(text)})
    assert not is_read_or_refused(path)


def test_a_packed_cache_is_refused_since_its_size_is_a_claim(whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "violin.npz"
    write_archive(path, read_archive(whole), packed=True)
    with pytest.raises(FeatureError, match="packed"):
        FeatureCache.load(path)


def test_a_folder_and_a_text_are_no_caches(tmp_path: Path) -> None:
    with pytest.raises(FeatureError, match="is a folder"):
        FeatureCache.load(tmp_path)
    (tmp_path / "notes.txt").write_text("midi,file\n" * 100)
    with pytest.raises(FeatureError, match="not a feature cache"):
        FeatureCache.load(tmp_path / "notes.txt")


@pytest.mark.fuzz
@given(damage=bytes_damage())
def test_bytes_may_be_anything(
    damage: Callable[[bytes], bytes], whole: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.npz"
    path.write_bytes(damage(whole.read_bytes()))
    is_read_or_refused(path)


@pytest.mark.fuzz
@given(
    kinds=st.dictionaries(
        st.sampled_from(list(FIELDS)), st.sampled_from(list(ARRAYS)), min_size=2, max_size=4
    )
)
def test_several_arrays_may_be_anything(
    kinds: dict[str, str], whole: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.npz"
    arrays: dict[str, Any] = dict(read_archive(whole))
    write_archive(path, arrays | {name: ARRAYS[kind](arrays[name]) for name, kind in kinds.items()})
    is_read_or_refused(path)
