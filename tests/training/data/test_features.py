"""The feature cache: what was saved is what is loaded, and nothing else is taken for one."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.errors import FeatureError, OutputError
from instrument.listening.frames import FRAMES
from training.data.features import FeatureCache, split


def rewrite(path: Path, **changes: object) -> None:
    """Replace arrays of a cache; ``None`` removes one."""
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files} | changes
    np.savez(path, **{name: value for name, value in arrays.items() if value is not None})


def test_a_cache_comes_back_as_it_was_saved(features: FeatureCache, tmp_path: Path) -> None:
    path = tmp_path / "violin.npz"
    features.save(path)
    loaded = FeatureCache.load(path)
    for field in dataclasses.fields(FeatureCache):
        if field.name in {"audio", "settings"}:
            continue
        saved, read = getattr(features, field.name), getattr(loaded, field.name)
        assert saved.dtype == read.dtype, field.name
        np.testing.assert_array_equal(saved, read, err_msg=field.name)
    assert loaded.settings["instrument"] == features.settings["instrument"]
    assert loaded.sample_rate == features.sample_rate


def test_audio_comes_back_within_16_bits(features: FeatureCache, tmp_path: Path) -> None:
    path = tmp_path / "violin.npz"
    louder = dataclasses.replace(features, audio=features.audio * np.float32(3.0))
    louder.save(path)
    step = np.abs(louder.audio).max() / 32_767.0
    assert np.abs(FeatureCache.load(path).audio - louder.audio).max() <= 0.51 * step


def test_a_quiet_recording_keeps_its_16_bits_beside_a_loud_one(
    features: FeatureCache, tmp_path: Path
) -> None:
    path, quiet = tmp_path / "violin.npz", features.samples(0)
    audio = features.audio.copy()
    audio[quiet] *= np.float32(1e-3)
    dataclasses.replace(features, audio=audio).save(path)
    error = FeatureCache.load(path).audio[quiet] - audio[quiet]
    assert np.abs(error).max() <= 0.51 * np.abs(audio[quiet]).max() / 32_767.0


def test_a_cache_whose_audio_has_one_peak_is_still_read(
    features: FeatureCache, tmp_path: Path
) -> None:
    path, peak = tmp_path / "violin.npz", float(np.abs(features.audio).max())
    features.save(path)
    audio = np.round(features.audio * (32_767.0 / peak)).astype(np.int16)
    said = json.dumps({**features.settings, "format": 1, "audio_peak": peak})
    rewrite(path, audio=audio, audio_peak=None, settings=np.array(said))
    assert np.abs(FeatureCache.load(path).audio - features.audio).max() <= 0.51 * peak / 32_767.0


def test_a_cache_holds_no_pickle(features: FeatureCache, tmp_path: Path) -> None:
    path = tmp_path / "violin.npz"
    features.save(path)
    with np.load(path, allow_pickle=False) as archive:
        assert all(archive[name].dtype.kind in "biufU" for name in archive.files)


def test_recordings_lie_end_to_end(features: FeatureCache) -> None:
    recordings = range(len(features.name))
    assert [features.frames(r).start for r in recordings[1:]] == [
        features.frames(r).stop for r in recordings[:-1]
    ]
    assert features.frames(recordings[-1]).stop == len(features.f0_hz) == len(features.loudness_db)
    assert features.samples(recordings[-1]).stop == len(features.audio)
    for r in recordings:
        samples = features.samples(r).stop - features.samples(r).start
        frames = features.frames(r).stop - features.frames(r).start
        assert frames == 1 + samples * 250 // features.sample_rate
        assert 0 <= features.onset[r] < features.release[r] < features.end[r] <= frames
    assert features.window_cents.shape == (len(features.window_recording), FRAMES)


def test_a_missing_cache_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(FeatureError, match="arco train prepare"):
        FeatureCache.load(tmp_path / "violin.npz")


@pytest.mark.parametrize("content", [b"", b"not a cache", b"PK\x03\x04 cut", b"\x80\x04N."])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "violin.npz"
    path.write_bytes(content)
    with pytest.raises(FeatureError, match="not a feature cache"):
        FeatureCache.load(path)


def test_a_single_array_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "violin.npz"
    with path.open("wb") as stream:
        np.save(stream, np.zeros(3))
    with pytest.raises(FeatureError, match="not a feature cache"):
        FeatureCache.load(path)


@pytest.mark.parametrize("kept", [0.3, 0.99])
def test_a_truncated_cache_is_refused(features: FeatureCache, tmp_path: Path, kept: float) -> None:
    path = tmp_path / "violin.npz"
    features.save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(FeatureError, match="not a feature cache"):
        FeatureCache.load(path)


def test_a_cache_without_one_of_its_arrays_is_refused(
    features: FeatureCache, tmp_path: Path
) -> None:
    path = tmp_path / "violin.npz"
    features.save(path)
    rewrite(path, window_mask=None)
    with pytest.raises(FeatureError, match="window_mask"):
        FeatureCache.load(path)


def test_a_pickled_array_is_refused(features: FeatureCache, tmp_path: Path) -> None:
    path = tmp_path / "violin.npz"
    features.save(path)
    rewrite(path, name=np.array([{"a": 1}], dtype=object))
    with pytest.raises(FeatureError, match="not a feature cache"):
        FeatureCache.load(path)


def test_a_cache_of_an_older_format_is_refused(features: FeatureCache, tmp_path: Path) -> None:
    path = tmp_path / "violin.npz"
    features.save(path)
    older = {**features.settings, "format": 0}
    rewrite(path, settings=np.array(json.dumps(older)))
    with pytest.raises(FeatureError, match="format 0; make it anew"):
        FeatureCache.load(path)


def test_nothing_is_written_where_there_is_no_folder(
    features: FeatureCache, tmp_path: Path
) -> None:
    with pytest.raises(OutputError, match="there is no folder"):
        features.save(tmp_path / "elsewhere" / "violin.npz")


# --- The split --------------------------------------------------------------------------------


NAMES = [f"notes/{number}.wav" for number in range(100)]


def test_a_share_of_each_source_is_held_out() -> None:
    sources = ["a"] * 60 + ["b"] * 40
    chosen = split(NAMES, sources, 0.15)
    assert chosen[:60].sum() == 9
    assert chosen[60:].sum() == 6


@pytest.mark.parametrize("share", [0.15, 0.9])
@pytest.mark.parametrize("names", ["ab" * 5, "a" + "b" * 10, "b" + "a" * 10, "aaaaaaa", "abc"])
def test_something_is_left_to_learn_from(names: str, share: float) -> None:
    chosen = split(list(names), ["a performance"] * len(names), share)
    assert not chosen.all()
    assert chosen.any() == (len(set(names)) > 1)


def test_the_split_knows_no_order() -> None:
    chosen = split(NAMES, ["a"] * 100, 0.15)
    backwards = split(NAMES[::-1], ["a"] * 100, 0.15)
    np.testing.assert_array_equal(chosen, backwards[::-1])


def test_the_split_of_a_source_does_not_depend_on_other_sources() -> None:
    alone = split(NAMES[:60], ["a"] * 60, 0.15)
    together = split(NAMES, ["a"] * 60 + ["b"] * 40, 0.15)
    np.testing.assert_array_equal(alone, together[:60])


@settings(max_examples=50, deadline=None)
@given(before=st.integers(10, 99))
def test_added_recordings_only_change_places_with_as_many_others(before: int) -> None:
    fewer = split(NAMES[:before], ["a"] * before, 0.2)
    more = split(NAMES, ["a"] * 100, 0.2)
    moved_to_training = fewer & ~more[:before]
    assert moved_to_training.sum() <= more[before:].sum()
    moved_to_test = ~fewer & more[:before]
    assert not (moved_to_training.any() and moved_to_test.any())
