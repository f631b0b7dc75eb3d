"""A known data set, put in place while a labeler runs: it trains at once, and goes on."""

from __future__ import annotations

from pathlib import Path

from labeler.datasets.__main__ import install
from shared.config import load_config
from tests.processes import labeler_process, trainer_process
from tests.unit.labeler.datasets.small import small
from tests.waiting import wait_for

SETTINGS = {"model__weights": "none", "images__scan_every_s": "0.5", "slow__enabled": "false"}


def test_a_set_is_imported_by_the_labeler_at_work_and_trained_on(tmp_path: Path) -> None:
    images, data, said = tmp_path / "images", tmp_path / "data", list[str]()
    images.mkdir()
    labeler = labeler_process(tmp_path, images, data, **SETTINGS).start().ready()
    trainer = trainer_process(tmp_path, images, data, labeler.url, **SETTINGS).start()
    try:
        config = load_config(environ={}, flags={"paths.images": images, "paths.data": data})
        install(small("cifar-10", tmp_path / "archives"), config, tmp_path / "archives", None, labeler.url, said.append)
        assert any("a labeler is at work" in line for line in said), said
        counts = labeler.get("/api/state")["counts"]
        assert (counts["labelled"], counts["remaining"]) == (40, 0)

        def trained() -> bool:
            newest = labeler.get("/api/metrics")["history"][-1:]
            return (
                bool(newest) and newest[0]["labels"] == counts["train"] and newest[0]["test_labels"] == counts["test"]
            )

        wait_for(trained, "an evaluation on all images", 90)
        state = labeler.get("/api/state")
        assert state["session"] == "labelling"
        assert [each["name"] for each in state["classes"]][:3] == ["airplane", "automobile", "bird"]
        assert "accuracy" in state["metrics"]
    finally:
        trainer.end()
        labeler.end()
    assert "Traceback" not in trainer.output + labeler.output
