"""What the slow loop keeps on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from shared.errors import ConfigError
from tests.unit.trainer.models.test_small_cnn import photos
from trainer.models.backbone import NetworkSpace
from trainer.models.small_cnn import small_cnn
from trainer.slow.spaces import Record, load_space, read_record, save_space, write_record

CPU = torch.device("cpu")


def test_a_space_is_read_as_it_was_written(tmp_path: Path) -> None:
    images = photos(6)
    space = NetworkSpace(*small_cnn(images), CPU)
    again = load_space(tmp_path / save_space(tmp_path, space), CPU)
    assert again.id == space.id
    np.testing.assert_array_equal(again.embed(images), space.embed(images))


def test_a_broken_file_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "x.safetensors").write_bytes(b"nothing")
    with pytest.raises(ConfigError, match=r"x\.safetensors"):
        load_space(tmp_path / "x.safetensors", CPU)


def test_a_record_belongs_to_one_network_and_one_log(tmp_path: Path) -> None:
    record = Record(round=4, log_id="log", base="", network="a-1.safetensors", trained_on=60, pretrained=True)
    write_record(tmp_path, record)
    assert read_record(tmp_path, None, "log") == record
    assert read_record(tmp_path, None, "another log") == Record(round=4, log_id="another log")
    space = NetworkSpace(*small_cnn(photos(4)), CPU)
    assert read_record(tmp_path, space, "log") == Record(round=4, log_id="log", base=space.id)
    write_record(tmp_path, record.model_copy(update={"recalled": 7}))
    assert read_record(tmp_path, space, "log").recalled == 7
    assert read_record(tmp_path, None, "another log").recalled == 0
    assert read_record(tmp_path / "none", None, None) == Record()


def test_spaces_that_nothing_needs_are_removed(tmp_path: Path) -> None:
    for name in ("a-1.safetensors", "b-2.safetensors", "c-3.safetensors", "labels.safetensors"):
        (tmp_path / name).touch()
    write_record(tmp_path, Record(network="a-1.safetensors", space="b-2.safetensors"))
    left = {path.name for path in tmp_path.glob("*.safetensors")}
    assert left == {"a-1.safetensors", "b-2.safetensors", "labels.safetensors"}


def test_spaces_of_kept_versions_stay(tmp_path: Path) -> None:
    for name in ("a-1.safetensors", "b-2.safetensors", "c-3.safetensors"):
        (tmp_path / name).touch()
    write_record(tmp_path, Record(network="a-1.safetensors"), keep=["c-3"])
    assert {path.name for path in tmp_path.glob("*.safetensors")} == {"a-1.safetensors", "c-3.safetensors"}
