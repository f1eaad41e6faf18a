"""What an operator sees of an answer in the admin."""

import uuid

import pytest
from playwright.sync_api import expect

from tests.support.api_server import answer
from tests.support.browser import OpenTab
from tests.support.browser_login import log_in_operator
from tests.support.database import execute
from tests.support.hostile_answers import HOSTILE
from tests.support.sites import Site

IS_WITHIN = """(element) => {
    const text = document.createRange();
    text.selectNodeContents(element);
    const page = document.querySelector("#content-main");
    return text.getBoundingClientRect().right <= page.getBoundingClientRect().right;
}"""

REPEATED_IDS = """() => {
    const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
    return ids.filter((id, at) => ids.indexOf(id) !== at);
}"""
DEMO = """# Heading of the answer

Some **text** and $\\frac{1}{2}$.

```python
def f(): return "x"
```

| a | b |
|---|--:|
| 1 | 2 |
"""


def test_long_words_do_not_leave_the_page(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url)
    tab.asks("Who?", "Hello, world")
    id = uuid.UUID(tab.answer_at(0))
    execute(
        shared_site, "UPDATE answers_answer SET response_id = ? WHERE id = ?", "resp_" + "x" * 450, id.hex
    )
    log_in_operator(shared_site, tab.page, f"admin/answers/answer/{id}/change/")
    value = tab.page.locator(".field-response_id dd")
    expect(value).to_contain_text("resp_xxx")
    assert value.evaluate(IS_WITHIN)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_hostile_answer_is_formatted_and_harmless_in_the_admin(
    shared_site: Site, open_tab: OpenTab, scheme: str
) -> None:
    tab = open_tab(shared_site.url, color_scheme=scheme)
    text = "\n\n".join([DEMO, *HOSTILE.values()])
    shared_site.api.when(f"Safe, {scheme}?", answer([text]))
    tab.ask(f"Safe, {scheme}?")
    expect(tab.last).to_have_attribute("data-status", "complete", timeout=60_000)
    html = tab.text.inner_html()
    id = tab.answer_at(0)
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    log_in_operator(shared_site, tab.page, f"admin/answers/answer/{id}/change/")
    shown = tab.page.locator(".field-formatted .text")
    assert shown.inner_html() == html
    assert [url for url in asked if not url.startswith((shared_site.url, "data:"))] == []
    assert tab.page.locator("main, #content-main").count() >= 1
    assert tab.page.evaluate(REPEATED_IDS) == []

    keyword = shown.locator("pre .k").first
    page, ink = (
        keyword.evaluate(f"(one) => getComputedStyle(one).{name}") for name in ("backgroundColor", "color")
    )
    assert page != ink
    assert shown.get_by_role("button", name="Copy").first.is_visible()

    source = tab.page.locator(".field-text .readonly")
    expect(source).to_be_hidden()
    tab.page.get_by_text("Source of the text").click()
    expect(source).to_be_visible()
    expect(source).to_contain_text("# Heading of the answer")


def test_the_switch_of_the_admin_changes_the_colours_of_code(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, color_scheme="light")
    shared_site.api.when("Colours?", answer([DEMO]))
    tab.ask("Colours?")
    expect(tab.last).to_have_attribute("data-status", "complete")
    log_in_operator(shared_site, tab.page, f"admin/answers/answer/{tab.answer_at(0)}/change/")
    colour = "(one) => getComputedStyle(one).color"
    keyword = tab.page.locator("pre .k").first
    light = keyword.evaluate(colour)
    tab.page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert keyword.evaluate(colour) != light
