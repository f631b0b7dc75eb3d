"""The outbox in a real browser: nothing is lost by failures and reloads, two tabs share the sending."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.waiting import wait_for

from .conftest import ORIGIN

pytestmark = pytest.mark.browser

# `answer(row)` decides what the labeler would say; `sent` and `settled` are what happened.
OPEN = """async ([statuses, slow]) => {
  const [{Outbox}, {Sender}, {openStore}] = await Promise.all(
    ["outbox", "sender", "store"].map(name => import(`/static/js/io/${name}.js`)));
  window.sent = []; window.settled = []; window.refused = []; window.troubles = [];
  let answers = [...statuses], running = 0;
  window.most = 0;
  const send = async row => {
    window.sent.push(row.id);
    window.most = Math.max(window.most, ++running);
    await new Promise(done => setTimeout(done, slow));
    running--;
    const status = answers.length ? answers.shift() : 201;
    if (status >= 300 || status === 0) throw Object.assign(new Error(`status ${status}`), {status});
    return {seq: window.sent.length};
  };
  window.outbox = new Outbox(await openStore(), {changed() {},
    settled: (row, seq) => window.settled.push([row.id, seq]), refused: row => window.refused.push(row.refused)});
  window.sender = new Sender(window.outbox, send, trouble => window.troubles.push(trouble));
  await window.outbox.load();
}"""


def open_page(context: BrowserContext, statuses: list[int] | None = None, slow: int = 0) -> Page:
    page = context.new_page()
    page.goto(ORIGIN)
    page.evaluate(OPEN, [statuses or [], slow])
    return page


def add(page: Page, annotation: str, op: str = "label") -> None:
    page.evaluate("row => void outbox.add(row)", {"op": op, "annotation_id": annotation, "body": None, "entry": None})


def wake(page: Page) -> None:
    page.evaluate("() => sender.wake()")


def waiting(page: Page) -> list[str]:
    found: list[str] = page.evaluate("() => outbox.rows.map(row => row.id)")
    return found


def stored(page: Page) -> Any:
    return page.evaluate(
        """async () => { const {openStore} = await import("/static/js/io/store.js");
        return (await (await openStore()).all()).map(row => row.id) }"""
    )


def test_rows_go_in_order_and_wait_for_each_other(context: BrowserContext) -> None:
    page = open_page(context, slow=5)
    for annotation, op in [("a", "label"), ("b", "label"), ("a", "undo"), ("c", "label")]:
        add(page, annotation, op)
    wake(page)
    wait_for(lambda: not waiting(page), "an empty outbox")
    assert page.evaluate("() => sent") == ["a:label", "b:label", "a:undo", "c:label"]
    assert page.evaluate("() => most") == 1
    assert stored(page) == []


def test_a_row_is_sent_again_until_it_is_acknowledged(context: BrowserContext) -> None:
    page = open_page(context, [0, 507, 201])
    add(page, "a")
    add(page, "b")
    wake(page)
    wait_for(lambda: not waiting(page), "an empty outbox")
    assert page.evaluate("() => sent") == ["a:label", "a:label", "a:label", "b:label"]
    assert page.evaluate("() => troubles") == ["retry", "full", "", ""]


def test_what_was_not_acknowledged_outlives_the_page(context: BrowserContext) -> None:
    page = open_page(context, [0] * 50)
    for annotation in "abc":
        add(page, annotation)
    add(page, "b", "undo")
    wake(page)
    wait_for(lambda: len(stored(page)) == 4, "rows on disk")
    page.close()
    later = open_page(context)
    assert waiting(later) == ["a:label", "b:label", "c:label", "b:undo"]
    wake(later)
    wait_for(lambda: not waiting(later) and not stored(later), "an empty outbox")


def test_a_refused_row_stays_with_its_reason_and_the_others_go_on(context: BrowserContext) -> None:
    page = open_page(context, [422])
    add(page, "bad")
    add(page, "good")
    wake(page)
    wait_for(lambda: waiting(page) == ["bad:label"], "the good row to be sent")
    assert page.evaluate("() => refused") == ["status 422"]
    wait_for(lambda: stored(page) == ["bad:label"], "the refused row on disk")
    again = open_page(context)
    assert again.evaluate("() => outbox.rows[0].refused") == "status 422"


def test_two_tabs_share_the_sending_and_both_hear_of_it(context: BrowserContext) -> None:
    one, two = open_page(context, slow=3), open_page(context, slow=3)
    for number in range(20):
        page = (one, two)[number % 2]
        add(page, f"a{number}")
        wake(page)
    wait_for(lambda: not waiting(one) and not waiting(two), "an empty outbox in both tabs")
    sent = one.evaluate("() => sent") + two.evaluate("() => sent")
    assert set(sent) == {f"a{number}:label" for number in range(20)}
    assert len(sent) < 30  # a row whose end the other tab has not heard of yet may go twice; the labeler knows its id
    for page in (one, two):
        wait_for(lambda p=page: len(p.evaluate("() => settled")) >= 20, "news of every row in both tabs")
        assert len(page.evaluate("() => settled")) == 20
