"""The trainer's figures for Prometheus: `GET /metrics`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

PREFIX = "labelstream_trainer_"


@dataclass(frozen=True, slots=True)
class Figures:
    """The state at one moment.

    labels: those the model was fitted on. done: how often each part of the loop (fit, rank) was done; seconds: of its
    last time. jobs: how many are in each state, ended ones since the start.
    """

    applied_seq: int
    model_version: int
    labels: int
    images: int
    embedded: int
    done: Mapping[str, int] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    jobs: Mapping[str, int] = field(default_factory=dict)


class Telemetry:
    """Prometheus text of what `read` says, asked at every request."""

    def __init__(self, read: Callable[[], Figures]) -> None:
        self._read = read
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def text(self) -> bytes:
        """The exposition format, version 0.0.4."""
        return generate_latest(self._registry)

    def describe(self) -> Iterable[Metric]:
        """Nothing: what there is is read when it is asked for."""
        return []

    def collect(self) -> Iterable[Metric]:
        """The registry asks for this."""
        now = self._read()
        yield _gauge("applied_seq", "Number of the last row of the log that was applied", now.applied_seq)
        yield _gauge("model_version", "Version of the model", now.model_version)
        yield _gauge("labels", "Labels that the model was fitted on", now.labels)
        yield _gauge("images", "Images of the pool", now.images)
        yield _gauge("images_embedded", "Images of the pool that have features", now.embedded)
        done = CounterMetricFamily(PREFIX + "steps", "Parts of the loop done since the start", labels=["part"])
        last = GaugeMetricFamily(PREFIX + "step_seconds", "Duration of the last time, by part", labels=["part"])
        for part in sorted(now.done):
            done.add_metric([part], now.done[part])
            last.add_metric([part], now.seconds[part])
        jobs = GaugeMetricFamily(PREFIX + "jobs", "Jobs by state; ended ones since the start", labels=["state"])
        for state in sorted(now.jobs):
            jobs.add_metric([state], now.jobs[state])
        yield from (done, last, jobs)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(PREFIX + name, text, value)
