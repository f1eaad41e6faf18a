"""How much of our own code the page loads, as the browser reports it."""

import pytest
from playwright.sync_api import expect

from tests.support.api_server import answer
from tests.support.browser import OpenTab
from tests.support.sites import Site

MOST_BYTES = 45 * 1024  # scripts and style sheets together, before compression
TEXT = (
    "# Title\n\n**Bold** and `code`.\n\n- one\n- two\n\n"
    "```python\nprint(1)\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n$x^2$\n"
)
SIZES = """() => Object.fromEntries(performance.getEntriesByType("resource")
    .filter(({ name }) => /[.](js|css)$/.test(new URL(name).pathname))
    .map(({ name, decodedBodySize }) => [new URL(name).pathname, decodedBodySize]))"""


@pytest.mark.parametrize("viewport", [{"width": 1280, "height": 800}, {"width": 390, "height": 740}])
def test_a_first_question_loads_little(
    shared_site: Site, open_tab: OpenTab, viewport: dict[str, int]
) -> None:
    shared_site.api.when("Small?", answer([TEXT]))
    tab = open_tab(shared_site.url, viewport=viewport)
    tab.ask("Small?")
    expect(tab.text.locator("td")).to_have_count(2)
    tab.is_ready()
    tab.page.wait_for_load_state("networkidle")
    sizes = tab.page.evaluate(SIZES)
    assert len(sizes) > 10
    assert all(sizes.values()), sizes
    listed = "\n".join(f"{size:6} {name}" for name, size in sorted(sizes.items(), key=lambda item: -item[1]))
    assert sum(sizes.values()) <= MOST_BYTES, f"{sum(sizes.values())} bytes:\n{listed}"
