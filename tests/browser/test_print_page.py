"""An answer on paper: the question and the answer, black on white, and nothing that is for the screen."""

from pathlib import Path

from playwright.sync_api import expect

from tests.support.api_server import answer
from tests.support.browser import OpenTab
from tests.support.formatted import EVERYTHING
from tests.support.sites import Site


def test_a_thread_is_printed_without_what_is_for_the_screen(
    shared_site: Site, open_tab: OpenTab, tmp_path: Path
) -> None:
    shared_site.api.when("Print it?", answer([EVERYTHING]))
    tab = open_tab(shared_site.url, color_scheme="dark", viewport={"width": 700, "height": 900})
    tab.ask("Print it?")
    tab.is_ready()
    tab.page.emulate_media(media="print", color_scheme="dark")
    expect(tab.question).to_be_visible()
    expect(tab.text).to_contain_text("evil.example", use_inner_text=True)  # the host of a link that hides it
    for hidden in (
        tab.page.locator("button:visible"),
        tab.page.locator("textarea:visible"),
        tab.page.locator(".bar:visible"),
        tab.page.locator("nav:visible"),
        tab.progress.locator("visible=true"),
        tab.page.get_by_role("link", name="Share"),
    ):
        expect(hidden).to_have_count(0)
    colours = tab.page.evaluate(
        """() => [getComputedStyle(document.documentElement), getComputedStyle(document.body)].map(
            (style) => [style.backgroundColor, style.color])"""
    )
    assert [background for background, _ in colours] == ["rgba(0, 0, 0, 0)", "rgba(0, 0, 0, 0)"]
    assert colours[1][1] == "rgb(0, 0, 0)"
    cut = """(boxes) => boxes.filter((box) => box.scrollWidth > box.clientWidth
        && getComputedStyle(box).overflowX !== "visible").length"""
    assert tab.text.locator("pre, .table, .formula").evaluate_all(cut) == 0  # paper does not scroll
    wide = "(pres) => pres.filter((pre) => pre.scrollWidth > pre.clientWidth).length"
    assert tab.text.locator("pre").evaluate_all(wide) == 0
    breaks = "(nodes) => nodes.map((node) => getComputedStyle(node).breakAfter)"
    assert set(tab.page.locator("h2.question, .text h3, .text h6").evaluate_all(breaks)) == {"avoid"}
    assert tab.page.pdf(path=tmp_path / "page.pdf").startswith(b"%PDF")
