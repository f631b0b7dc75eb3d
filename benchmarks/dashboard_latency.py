"""Time from a metric that has been computed to its point on the dashboard, in a real headless Chromium.

A trainer that only talks sends evaluations to a real labeler; the page notes when each has been painted
(`performance.mark` entries "labelstream:metric-painted"), on the same clock. Then the metrics' chart is given 10,000
points and redrawn, as a new point and as the pointer moves over it. With --keys, key presses on the labelling page are
measured as benchmarks.page_latency does, with a dashboard open in another tab and without.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import requests
import socketio
from playwright.sync_api import Browser, Page, expect

from benchmarks.browser import find_browser, launch
from benchmarks.page_latency import DEADLINE_S, label_by_key, open_page, state_of
from benchmarks.services import Pair, Service, pair, wait_until
from benchmarks.synthetic import write_photos
from benchmarks.table import milliseconds, parser_for, percentiles, print_table, write_json
from shared import events
from shared.events import PROTOCOL_VERSION

CLASSES = [f"class {i}" for i in range(10)]
PAINTED = """() => performance.getEntriesByName('labelstream:metric-painted')
  .map((mark) => [mark.detail, (performance.timeOrigin + mark.startTime) / 1000])"""
DRAW = """async ([points, rounds]) => {
  const { Chart } = await import('/static/js/ui/chart.js');
  const box = document.querySelector('#metric-plot').cloneNode();
  box.style.height = '190px';
  box.style.width = '590px';
  document.body.append(box);
  const x = Array.from({ length: points }, (_, i) => i);
  const value = x.map((i) => 0.5 + 0.4 * (1 - Math.exp(-i / 2000)) + 0.02 * Math.sin(i / 7));
  const line = { value, low: value.map((v) => v - 0.03), high: value.map((v) => v + 0.03) };
  const chart = new Chart(box, { metrics: ['accuracy'], axes: true, onPoint() {} });
  chart.show({ x, lines: [line] }, 0.95);
  await new Promise(requestAnimationFrame);
  const taken = { draw: [], point: [] };
  const frame = async (kind, act) => {
    const start = performance.now();
    act();
    await new Promise((done) => setTimeout(done, 0));
    taken[kind].push((performance.now() - start) / 1000);
    await new Promise(requestAnimationFrame);
  };
  const over = box.querySelector('.u-over');
  for (let i = 0; i < rounds; i += 1) {
    await frame('draw', () => chart.show({ x, lines: [line] }, 0.95));
    const { left, top } = over.getBoundingClientRect();
    const at = { clientX: left + 5 * i, clientY: top + 50, bubbles: true };
    await frame('point', () => over.dispatchEvent(new MouseEvent('mousemove', at)));
  }
  box.remove();
  return taken;
}"""


class Speaker:
    """Says hello as a trainer does, and sends evaluations."""

    def __init__(self, labeler: Service, data: Path) -> None:
        token = (data / "tokens" / "trainer").read_text(encoding="ascii").strip()
        self._client = socketio.Client(reconnection=False)
        self._client.connect(
            labeler.url, namespaces=[events.TRAINER_NAMESPACE], transports=["websocket"], auth={"token": token}
        )
        hello = {"protocol": PROTOCOL_VERSION, "log_id": None, "applied_seq": 0, "model_version": 0}
        welcome = self._client.call(events.HELLO, hello, namespace=events.TRAINER_NAMESPACE, timeout=DEADLINE_S)
        self._epoch = welcome["epoch"]

    def evaluate(self, number: int) -> float:
        """Send the evaluation with this number. Returns the time just before, in seconds since the epoch."""
        share = 1 - 0.5 * (number + 1) ** -0.3
        value = {"value": share, "low": share - 0.03, "high": min(1.0, share + 0.03), "n": 400}
        names = [
            "accuracy",
            "f1_macro",
            "loss",
            *(f"{kind}/{name}" for kind in ("precision", "recall") for name in CLASSES),
        ]
        now = time.time()
        report = {
            "epoch": self._epoch,
            "based_on_seq": number,
            "model_version": number,
            "labels": 10 * number,
            "train_loss": 1 - share,
            "metrics": dict.fromkeys(names, value),
            "outlook": [],
        }
        self._client.emit(events.METRICS_REPORT, report, namespace=events.TRAINER_NAMESPACE)
        return now

    def close(self) -> None:
        """Go away."""
        self._client.disconnect()


def painted(page: Page, speaker: Speaker, first: int, count: int, pause_s: float) -> list[float]:
    """Seconds from each evaluation to its point on the screen."""
    taken = []
    for number in range(first, first + count):
        sent = speaker.evaluate(number)
        end = time.monotonic() + DEADLINE_S
        while number not in (marks := dict(page.evaluate(PAINTED))):
            if time.monotonic() > end:
                raise TimeoutError(f"evaluation {number} was not drawn within {DEADLINE_S:g} s")
            page.wait_for_timeout(10)
        taken.append(marks[number] - sent)
        page.wait_for_timeout(pause_s * 1000)
    return taken


def fill(services: Pair, speaker: Speaker, rows: int) -> None:
    """A long history: so many evaluations before the page is opened."""
    for number in range(1, rows + 1):
        speaker.evaluate(number)
        if number % 100 == 0 or number == rows:
            wait_until(lambda n=number: newest(services.labeler) >= n - 1, f"evaluation {number}")  # type: ignore[misc]


def newest(labeler: Service) -> int:
    """The number of the newest evaluation that the labeler has."""
    history = requests.get(f"{labeler.url}/api/metrics", timeout=60).json()["history"]
    return int(history[-1]["seq"]) if history else 0


def keys_with_dashboard(browser: Browser, services: Pair, speaker: Speaker, keys: int, pause_s: float) -> list[Any]:
    """Key presses to the next image, without and with a dashboard that is told of an evaluation after each."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    open_page(page, services.labeler.url)
    label_by_key(page, 5, pause_s)
    alone = label_by_key(page, keys, pause_s)
    board = context.new_page()
    board.goto(services.labeler.url + "/dashboard")
    expect(board.locator("#metric-plot canvas")).to_be_visible(timeout=DEADLINE_S * 1000)
    page.bring_to_front()
    beside: list[float] = []
    number = newest(services.labeler)
    for _ in range(keys):
        number += 1
        speaker.evaluate(number)
        beside += label_by_key(page, 1, pause_s)
    context.close()
    return [alone, beside]


def measure(services: Pair, rows: int, count: int, keys: int, pause_s: float) -> list[dict[str, Any]]:
    """All figures, one dict each."""
    services.labeler.start()
    wait_until(lambda: state_of(services.labeler)["scan"]["done"], "the end of indexing")
    speaker = Speaker(services.labeler, services.data)
    fill(services, speaker, rows)
    with launch() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(services.labeler.url + "/dashboard")
        expect(page.locator("#metric-plot canvas")).to_be_visible(timeout=DEADLINE_S * 1000)
        drawn = painted(page, speaker, rows + 1, count, pause_s)
        frames = page.evaluate(DRAW, [10_000, 60])
        page.close()
        figures = [
            {"what": f"evaluation to its point, {rows:,} before it", **percentiles(drawn)},
            {"what": "10,000 points drawn anew", **percentiles(frames["draw"])},
            {"what": "10,000 points, pointer moved", **percentiles(frames["point"])},
        ]
        if keys:
            alone, beside = keys_with_dashboard(browser, services, speaker, keys, pause_s)
            figures.append({"what": "key to next image, no dashboard", **percentiles(alone)})
            figures.append({"what": "key to next image, dashboard open", **percentiles(beside)})
    speaker.close()
    return figures


def main(argv: list[str] | None = None) -> int:
    """Make images, measure, print."""
    parser = parser_for("benchmarks.dashboard_latency", __doc__)
    parser.add_argument("--rows", type=int, default=10_000, metavar="N", help="evaluations before (default: 10,000)")
    parser.add_argument("--count", type=int, default=100, metavar="N", help="evaluations measured (default: 100)")
    parser.add_argument(
        "--keys", type=int, default=100, metavar="N", help="key presses each; 0 for none (default: 100)"
    )
    parser.add_argument("--pause", type=float, default=0.2, metavar="S", help="seconds between (default: 0.2)")
    given = parser.parse_args(argv)
    if find_browser() is None:
        print("dashboard_latency: no Chromium or Chrome was found; install one, or name it in LABELSTREAM_BROWSER")
        return 1
    rows, count, keys = (500, 20, 20) if given.quick else (given.rows, given.count, given.keys)
    with tempfile.TemporaryDirectory(prefix="dashboard-latency-") as folder:
        images = Path(folder, "images")
        write_photos(2 * keys + 60, images, np.random.default_rng(given.seed), (640, 480))
        with pair(images, Path(folder, "data"), {"classes": CLASSES}) as services:
            figures = measure(services, rows, count, keys, given.pause)
    print_table(
        [
            {"what": f["what"], "n": f["n"], "p50": milliseconds(f["p50_s"]), "p95": milliseconds(f["p95_s"])}
            for f in figures
        ]
    )
    write_json(given.json, figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
