from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from shared.log import LabelBook
from shared.messages import Kind, LogRow
from tests.unit.trainer.conftest import label_row
from trainer.advice import AdviceState
from trainer.checkpoint import KEEP, Checkpoint, load_checkpoint, save_checkpoint
from trainer.learner import Model
from trainer.models.head import fit_head
from trainer.stopping import LookState


def example(seq: int = 5) -> Checkpoint:
    rng = np.random.default_rng(0)
    book = LabelBook()
    book.apply_all(label_row(i, image=i % 4, class_id=i % 2) for i in range(1, seq + 1))
    head = fit_head(rng.normal(size=(20, 6)).astype(np.float32), rng.integers(0, 3, 20), 30.0)
    looks = LookState(75, 140, 0.02, (("loss ≤ 0.5", 2),), frozenset({"accuracy ≥ 0.9"}), frozenset({"x"}))
    advice = AdviceState(40, 20, {7: 1, 9: 0}, (0.5, 0.75), 0.25, 0.125, ((20, 0.5, 60),), frozenset({"stable"}))
    return Checkpoint("log-1", book, Model(12, head, 20, 0.7, 18), looks, finished_seq=3, advice=advice)


def test_everything_comes_back(tmp_path: Path) -> None:
    saved = example()
    save_checkpoint(tmp_path, saved)
    loaded = load_checkpoint(tmp_path)
    assert (loaded.log_id, loaded.finished_seq, loaded.looks) == (saved.log_id, saved.finished_seq, saved.looks)
    assert loaded.advice == saved.advice
    assert loaded.book.applied_seq == 5
    assert loaded.book.rows() == saved.book.rows()
    assert (loaded.model.version, loaded.model.labels) == (12, 20)
    assert (loaded.model.temperature, loaded.model.calibrated_on) == (0.7, 18)
    assert loaded.model.head is not None
    assert saved.model.head is not None
    np.testing.assert_array_equal(loaded.model.head.weight, saved.model.head.weight)
    np.testing.assert_array_equal(loaded.model.head.classes, saved.model.head.classes)
    assert loaded.model.head.loss == saved.model.head.loss


def test_one_of_the_first_format_is_read_and_calibrated_anew(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path, example())
    packed = torch.load(path, weights_only=True)
    packed["format"] = 1
    del packed["model"]["temperature"], packed["model"]["calibrated_on"], packed["advice"]
    torch.save(packed, path)
    assert load_checkpoint(tmp_path).advice == AdviceState()
    model = load_checkpoint(tmp_path).model
    assert (model.version, model.temperature, model.calibration_due) == (12, 1.0, True)


def test_an_undo_after_loading_finds_the_row_it_undoes(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, example())
    book = load_checkpoint(tmp_path).book
    assert book.labels()[1] == 1
    book.apply(LogRow(seq=6, annotation_id="u", image=1, kind=Kind.UNDO, undoes="a5"))
    book.apply(LogRow(seq=7, annotation_id="v", image=1, kind=Kind.UNDO, undoes="a1"))
    assert 1 not in book.labels()


def test_rows_that_were_undone_at_the_end_of_the_log_still_count_as_applied(tmp_path: Path) -> None:
    checkpoint = example()
    checkpoint.book.apply(LogRow(seq=6, annotation_id="u", image=1, kind=Kind.UNDO, undoes="a5"))
    save_checkpoint(tmp_path, checkpoint)
    assert load_checkpoint(tmp_path).book.applied_seq == 6


def test_without_one_it_starts_from_nothing(tmp_path: Path) -> None:
    loaded = load_checkpoint(tmp_path / "none")
    assert loaded.log_id is None
    assert loaded.book.applied_seq == 0


@pytest.mark.parametrize("damage", ["truncated", "empty", "text", "flipped", "foreign"])
def test_a_damaged_one_is_passed_over_with_a_line(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    save_checkpoint(tmp_path, example(seq=4))
    newest = save_checkpoint(tmp_path, example(seq=5))
    data = newest.read_bytes()
    if damage == "foreign":
        torch.save({"format": 99}, newest)
    else:
        middle = len(data) // 2
        newest.write_bytes(
            {
                "truncated": data[:middle],
                "empty": b"",
                "text": b"hello",
                "flipped": data[:middle] + bytes(64) + data[middle + 64 :],
            }[damage]
        )
    loaded = load_checkpoint(tmp_path)
    if damage != "flipped":  # the archive's checksum covers most bytes, not all
        assert loaded.book.applied_seq == 4
        assert newest.name in caplog.text
    else:
        assert loaded.book.applied_seq in (4, 5)


def test_code_in_a_checkpoint_is_not_executed(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (print, ("executed",))

    torch.save({"format": 1, "log_id": Evil()}, tmp_path / "checkpoint-00000001.pt")
    assert load_checkpoint(tmp_path).log_id is None


def test_only_the_newest_few_are_kept(tmp_path: Path) -> None:
    for seq in range(1, KEEP + 4):
        save_checkpoint(tmp_path, example(seq))
    assert len(list(tmp_path.iterdir())) == KEEP
    assert load_checkpoint(tmp_path).book.applied_seq == KEEP + 3


def test_a_draft_left_by_a_crash_is_no_checkpoint(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, example(seq=4))
    (tmp_path / "checkpoint-00000009.part").write_bytes(b"half")
    assert load_checkpoint(tmp_path).book.applied_seq == 4


def test_another_log_keeps_only_the_models_number() -> None:
    checkpoint = example()
    checkpoint.restart("log-2")
    assert checkpoint.log_id == "log-2"
    assert checkpoint.book.applied_seq == 0
    assert checkpoint.model == Model(12)
    assert checkpoint.looks == LookState()
    assert checkpoint.advice == AdviceState()
