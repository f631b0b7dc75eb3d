from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from trainer.telemetry import Figures, Telemetry


def read(telemetry: Telemetry) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(telemetry.text().decode())
    return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}


def test_every_figure_under_its_name() -> None:
    figures = Figures(7, 3, 5, 100, 90, {"fit": 3}, {"fit": 0.25}, {"done": 2, "queued": 0})
    prefix = "labelstream_trainer_"
    assert read(Telemetry(lambda: figures)) == {
        (prefix + "applied_seq",): 7,
        (prefix + "model_version",): 3,
        (prefix + "labels",): 5,
        (prefix + "images",): 100,
        (prefix + "images_embedded",): 90,
        (prefix + "steps_total", "fit"): 3,
        (prefix + "step_seconds", "fit"): 0.25,
        (prefix + "jobs", "done"): 2,
        (prefix + "jobs", "queued"): 0,
    }


def test_figures_are_read_at_every_request() -> None:
    now = [1]
    telemetry = Telemetry(lambda: Figures(now[0], 0, 0, 0, 0))
    assert read(telemetry)[("labelstream_trainer_applied_seq",)] == 1
    now[0] = 2
    assert read(telemetry)[("labelstream_trainer_applied_seq",)] == 2
