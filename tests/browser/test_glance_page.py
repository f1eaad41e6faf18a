"""The usage page and "Now" in a browser: for everybody, by keyboard, and with answers that really run."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.axe import assert_accessible
from tests.support.browser import OpenTab, Tab, dictated
from tests.support.browser_login import open_as_operator
from tests.support.database import execute
from tests.support.services import wait_for
from tests.support.sites import Site

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "forced colours": {"forced_colors": "active"},
    "phone": {"viewport": {"width": 320, "height": 640}, "has_touch": True},
}
USAGE, NOW = "admin/answers/dailyusage/", "admin/answers/process/"
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
FILL = """
from datetime import timedelta
from answers.models import DailyUsage, figures
for number in range(60):
    for model in ("luna", "nova", "a-model-with-quite-a-long-name@high"):
        for status, code in (("complete", ""), ("stopped", ""), ("failed", "timeout"), ("interrupted", "")):
            DailyUsage.objects.create(
                day=figures.today() - timedelta(days=number), status=status, model=model, error_code=code,
                answers=40 - number // 2, prompt_tokens=9_000, completion_tokens=4_000, cost="1.25",
                first_text={"40": 7, "50": 3}, good=3, bad=1, cost_unknown=1, tokens_estimated=2,
            )
    DailyUsage.objects.create(day=figures.today() - timedelta(days=number), people=9)
"""


@pytest.fixture(scope="module")
def filled_site(shared_site: Site) -> Site:
    done = shared_site.manage("shell", "-v0", "-c", FILL)
    assert done.returncode == 0, done.stderr
    return shared_site


def ask(site: Site, open_tab: OpenTab, question: str) -> tuple[Tab, Any]:
    """Somebody else asks. The model has said a word, and says no more until the test lets it."""
    model = dictated(site, question)
    tab = open_tab(site.url)
    tab.ask(question)
    model.say("Well. ")
    tab.shows("Well. ")
    return tab, model


@pytest.mark.parametrize("look", LOOKS)
def test_both_pages_are_accessible(filled_site: Site, open_tab: OpenTab, look: str) -> None:
    asker, model = ask(filled_site, open_tab, f"Who, {look}?")
    page = open_as_operator(filled_site, open_tab, USAGE, **LOOKS[look])
    expect(page.locator(".plot")).to_have_count(7)
    for summary in page.locator("#content-main summary").all():
        summary.click()
    usage = page.url
    for address in (usage, f"{usage}?days=365", f"{usage}?since=x&until=", f"{filled_site.url}/{NOW}"):
        if address != usage:
            page.goto(address)
        assert_accessible(page)
        assert page.evaluate(WIDER) <= 0, f"{address} is wider than the window"
    model.end()
    asker.is_ready()


def test_the_plots_have_colours_that_follow_the_switch_of_the_admin(
    filled_site: Site, open_tab: OpenTab
) -> None:
    page = open_as_operator(filled_site, open_tab, USAGE, color_scheme="light")
    area, bar = page.locator(".plot .area").first, page.locator(".plot path.complete").first
    box = area.bounding_box() or {}
    assert box["height"] > 100
    assert box["width"] > 200
    colour = "(one) => getComputedStyle(one).fill"
    light = bar.evaluate(colour)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert light != bar.evaluate(colour) != "rgb(0, 0, 0)" != light


def test_the_usage_page_works_from_the_keyboard(filled_site: Site, open_tab: OpenTab) -> None:
    page = open_as_operator(filled_site, open_tab, USAGE)
    page.get_by_role("link", name="7 days", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="7 days", exact=True)).to_have_attribute("aria-current", "page")
    page.get_by_text("Table of answers by status").focus()
    page.keyboard.press("Enter")
    table = page.get_by_role("region", name="Table of answers by status")
    expect(table.get_by_role("row")).to_have_count(8)
    page.keyboard.press("Tab")
    expect(table).to_be_focused()  # so that one can scroll it
    page.get_by_label("From").fill("2026-02-02")
    page.get_by_label("To", exact=True).fill("2026-02-01")
    page.get_by_role("button", name="Show").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The first day is after the last one.")
    expect(page.get_by_label("From")).to_have_value("2026-02-02")


def test_stop_ends_an_answer_on_the_page_of_whoever_asked(shared_site: Site, open_tab: OpenTab) -> None:
    asker, _ = ask(shared_site, open_tab, "Stop me?")
    id = asker.answer_at(0)
    lags = "SELECT 1 FROM answers_process WHERE lag_seconds IS NOT NULL"
    wait_for(lambda: execute(shared_site, lags), 20, "the process reports its lag")
    page = open_as_operator(shared_site, open_tab, NOW)
    assert "Stop me" not in page.content()
    processes = page.get_by_role("region", name="Processes")
    expect(processes.get_by_text("running")).to_be_visible()
    expect(processes).to_contain_text(" ms")  # the lag
    page.get_by_role("button", name=f"Stop answer {id[:8]}").press("Enter")
    expect(page.get_by_text("The answer is being stopped.")).to_be_visible()
    expect(asker.last).to_have_attribute("data-status", "stopped")
    asker.shows("Well. ")


def test_now_follows_what_happens_if_one_wants_it_to(shared_site: Site, open_tab: OpenTab) -> None:
    page = open_as_operator(shared_site, open_tab, NOW, with_clock=True)
    live = page.get_by_label("Every 5 seconds")
    expect(live).not_to_be_checked()
    running = page.get_by_role("region", name="Running answers")
    asker, model = ask(shared_site, open_tab, "Shown soon?")
    page.clock.run_for(6_000)
    expect(running).to_have_count(0)
    live.check()
    expect(running.get_by_role("link", name=asker.answer_at(0)[:8])).to_be_visible()
    model.end()
    asker.is_ready()
    page.clock.run_for(6_000)
    expect(running).to_have_count(0)
    page.reload()
    expect(live).to_be_checked()
