"""A manifest notices a file that is gone or altered, and does not cry over an untouched one."""

import os

import pytest

from recohort.core.manifest import departures, write_manifest


@pytest.fixture
def batch(tmp_path):
    image = tmp_path / "sub-01" / "map.nii"
    image.parent.mkdir()
    image.write_bytes(b"susceptibility")
    manifest = tmp_path / "batches" / "b0.tsv"
    write_manifest(manifest, tmp_path, {"sub-01": [image]})
    return manifest, image


def test_untouched(batch, tmp_path):
    assert departures(batch[0], tmp_path) == []


def test_gone(batch, tmp_path):
    batch[1].unlink()
    assert departures(batch[0], tmp_path) == [f"{batch[1]}: is gone"]


def test_altered_to_another_size(batch, tmp_path):
    batch[1].write_bytes(b"other")
    assert "altered" in departures(batch[0], tmp_path)[0]


def test_altered_to_the_same_size(batch, tmp_path):
    batch[1].write_bytes(b"Susceptibility")
    later = batch[0].stat().st_mtime + 5
    os.utime(batch[1], (later, later))
    assert "altered" in departures(batch[0], tmp_path)[0]


def test_touched_but_the_same(batch, tmp_path):
    later = batch[0].stat().st_mtime + 5
    os.utime(batch[1], (later, later))
    assert departures(batch[0], tmp_path) == []
