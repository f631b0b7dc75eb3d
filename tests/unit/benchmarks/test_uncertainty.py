from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss

from benchmarks.labelled_set import LabelledSet
from benchmarks.uncertainty import METHODS, figures, mean_and_interval, table
from tests.unit.trainer.models.test_head import blobs
from trainer.uncertainty import moments


def test_figures_agree_with_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    probs = rng.dirichlet(np.ones(2), 80).astype(np.float32)
    truth = rng.integers(0, 2, 80)
    _, brier, nll, auroc, none = figures(moments([probs]), truth)
    assert brier == pytest.approx(2 * brier_score_loss(truth, probs[:, 1]), rel=1e-4)
    assert nll == pytest.approx(log_loss(truth, probs[:, 1]), rel=1e-3)
    assert 0 <= auroc <= 1
    assert np.isnan(none)


def test_a_table_has_a_row_for_each_method_with_and_without_temperature() -> None:
    x, y = blobs(120, 12, 3)
    source = LabelledSet("blobs", "", x.astype(np.float16), y, np.arange(120) < 60, ("a", "b", "c"))
    rows = table(source, [20], "test", range(2))
    assert len(rows) == 2 * len(METHODS)
    assert rows[0]["AUROC of information"] == "–"
    assert "±" in rows[2]["AUROC of information"]


def test_what_is_not_known_is_left_out_of_the_mean() -> None:
    assert mean_and_interval(np.array([0.1, np.nan, 0.3])) == "0.200 ± 0.196"
    assert mean_and_interval(np.array([np.nan])) == "–"
