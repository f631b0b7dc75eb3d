from __future__ import annotations

import pytest

from labeler.report import words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.5, "0.5\u00a0s"),
        (59, "59\u00a0s"),
        (119, "119\u00a0s"),
        (300, "5.0\u00a0min"),
        (9000, "2.5\u00a0h"),
        (864_000, "10\u00a0d"),
    ],
)
def test_durations_have_the_unit_that_reads_well(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text


def test_metrics_are_shares_or_numbers() -> None:
    value = {"value": 0.9312, "low": 0.91, "high": 0.9484}
    assert words.metric_value("accuracy", 0.9312) == "93.1\u00a0%"
    assert words.interval("precision/a/b", value) == "91.0 – 94.8\u00a0%"
    assert words.interval("loss", value) == "0.910 – 0.948"
    assert words.interval("ece", {"value": 0.1, "low": None, "high": None}) == ""
    assert words.metric_value("f1_macro", None) == words.NOTHING
    assert words.metric_name("recall/T-shirt/top") == "Recall of T-shirt/top"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "none"), (True, "yes"), (0.05, "0.05"), (30.0, "30"), ("auto", "auto"), ([], "none"), ({}, "none"),
        ({"accuracy": {"at_least": 0.95, "at_most": None}}, "accuracy: at_least: 0.95"), (["a", 1], "a, 1"),
    ],
)  # fmt: skip
def test_settings_are_written_for_people(value: object, text: str) -> None:
    assert words.setting(value) == text


def test_sentences_begin_and_end_like_sentences() -> None:
    assert words.sentence("stopped by hand") == "Stopped by hand."
    assert words.sentence("Why?") == "Why?" and words.sentence("") == ""
    assert words.short("abcdef", 4) == "abc…" and words.short("abcd", 4) == "abcd"
    assert words.moment(0) == "1970-01-01 00:00 UTC" and words.moment(None) == words.NOTHING
