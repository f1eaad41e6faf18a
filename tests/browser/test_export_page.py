"""Exporting answers from the admin in a real browser."""

import csv
import io
import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.api_server import answer
from tests.support.axe import assert_accessible
from tests.support.browser import OpenTab
from tests.support.browser_login import log_in_operator
from tests.support.sites import Site


def download(page: Page, button: str) -> tuple[str, str]:
    """Press a button with the keyboard. Return the name and the text of the file that the browser saves."""
    with page.expect_download() as started:
        page.get_by_role("button", name=button, exact=True).press("Enter")
    path = Path(started.value.path())
    return started.value.suggested_filename, path.read_text(encoding="utf-8-sig")


@pytest.mark.parametrize("width", [1280, 360])
def test_the_buttons_save_what_the_list_shows(shared_site: Site, open_tab: OpenTab, width: int) -> None:
    mine, other = f"Why is {width} blue?", f"Not {width}?"
    shared_site.api.when(mine, answer(["=Scattering, =1+1."]))
    tab = open_tab(shared_site.url, may_log="404", viewport={"width": width, "height": 700})
    tab.asks(mine, "=Scattering, =1+1.")
    tab.asks(other, "Hello, world")
    tab.last.get_by_role("button", name="Good answer").click()
    expect(tab.last.get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "true")
    log_in_operator(shared_site, tab.page, f"admin/answers/answer/?q={width}+blue&status=complete")
    form = tab.page.get_by_role("form", name="Export")
    expect(form).to_contain_text("Export this list, up to 100,000 answers:")
    buttons = form.get_by_role("button")
    expect(buttons).to_have_text(["CSV", "JSON Lines", "Rated answers"])
    for button in buttons.all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 24  # WCAG 2.2, target size
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width

    name, text = download(tab.page, "CSV")
    assert (name[:14], name[-4:]) == ("askme-answers-", ".csv")
    [row] = csv.DictReader(io.StringIO(text, newline=""))
    assert (row["question"], row["text"]) == (mine, "'=Scattering, =1+1.")
    name, text = download(tab.page, "JSON Lines")
    assert name.endswith(".jsonl")
    assert json.loads(text)["text"] == "=Scattering, =1+1."

    tab.page.goto(f"{shared_site.url}/admin/answers/answer/?q=Not+{width}")
    name, text = download(tab.page, "Rated answers")
    assert name.startswith("askme-rated-")
    rated = json.loads(text)
    assert (rated["question"], rated["rating"]) == (other, "good")
    assert rated["conversation"] == [{"question": mine, "answer": "=Scattering, =1+1."}]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_buttons_are_accessible(shared_site: Site, open_tab: OpenTab, scheme: str) -> None:
    tab = open_tab(shared_site.url, may_log="404", color_scheme=scheme)
    log_in_operator(shared_site, tab.page, "admin/answers/answer/")
    expect(tab.page.get_by_role("form", name="Export")).to_be_visible()
    assert_accessible(tab.page, within=".exports")
