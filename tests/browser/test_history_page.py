"""In a browser: searching, exporting and deleting a person's own answers."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.api_server import answer
from tests.support.browser import OpenTab, Tab, dictated
from tests.support.sites import Site


@pytest.fixture
def history(shared_site: Site, open_tab: OpenTab) -> Page:
    """The history of a person who asked about a gnu, and about a yak but stopped that answer."""
    tab = open_tab(shared_site.url)
    shared_site.api.when("What is a gnu?", answer(["An antelope."]))
    tab.asks("What is a gnu?", "An antelope.")
    tab.new_question.click()
    yak = dictated(shared_site, "What is a yak?")
    tab.ask("What is a yak?")
    yak.say("An ox")
    tab.shows("An ox")
    tab.stop.click()
    tab.is_ready()
    tab.page.get_by_role("link", name="History").click()
    return tab.page


def shows(page: Page, *questions: str) -> None:
    expect(page.get_by_role("heading", level=3)).to_have_text(list(questions))


def search(page: Page, **fields: str) -> None:
    page.get_by_role("link", name="Show all").or_(page.get_by_role("link", name="History")).first.click()
    if fields.keys() - {"q"}:
        page.get_by_text("Filter by status and date").click()
    for name, value in fields.items():
        box = page.locator(f"[name={name}]")
        if name == "status":
            box.select_option(value)
        else:
            box.fill(value)
    page.get_by_role("button", name="Search").click()


def test_answers_are_found_by_words_status_and_date(history: Page) -> None:
    shows(history, "What is a yak?", "What is a gnu?")
    search(history, q="antelope")
    shows(history, "What is a gnu?")
    search(history, status="stopped")
    shows(history, "What is a yak?")
    search(history, q="antelope", status="stopped")
    expect(history.get_by_text("No results found.")).to_be_visible()
    search(history, until="2020-01-01")
    expect(history.get_by_text("No results found.")).to_be_visible()
    search(history, since="2020-01-01")
    shows(history, "What is a yak?", "What is a gnu?")


def test_a_person_exports_and_deletes_their_own_answers_only(
    history: Page, shared_site: Site, open_tab: OpenTab
) -> None:
    shared_site.api.when("Mine?", answer(["Yours."]))
    bob = open_tab(shared_site.url)
    bob.asks("Mine?", "Yours.")
    files = {}
    for name in ("JSON", "Markdown", "JSON"):
        with history.expect_download() as download:
            history.get_by_role("button", name=name).click()
        files[name] = Path(download.value.path()).read_text()
        assert '"reasoning"' not in files[name] or history.get_by_label("with reasoning").is_checked()
        history.get_by_label("with reasoning").check()
    assert '"reasoning": ""' in files["JSON"]
    kept = {one["question"]: (one["text"], one["status"]) for one in json.loads(files["JSON"])["answers"]}
    assert kept == {
        "What is a gnu?": ("An antelope.", "complete"),
        "What is a yak?": ("An ox", "stopped"),
    }
    assert "> What is a gnu?" in files["Markdown"]
    assert "Mine?" not in files["Markdown"]

    history.get_by_role("link", name="Delete all answers").click()
    history.get_by_role("button", name="Delete").click()
    expect(history.get_by_text("You haven't asked anything yet.")).to_be_visible()
    bob.page.reload()
    Tab(bob.page).shows("Yours.")


def test_a_search_marks_its_words_and_keeps_its_details_open(history: Page) -> None:
    search(history, q="antelope", status="complete")
    expect(history.locator("mark")).to_have_text(["antelope"])
    expect(history.get_by_label("Status")).to_be_visible()
    history.get_by_role("link", name="Show all").click()
    expect(history.get_by_label("Status")).to_be_hidden()
    expect(history.get_by_role("heading", level=2)).to_have_text(["Today"])


def test_a_thread_is_downloaded_and_deleted_from_its_page(shared_site: Site, open_tab: OpenTab) -> None:
    shared_site.api.when("What is a zebu?", answer(["A cow."]))
    shared_site.api.when("And a zho?", answer(["Half a cow."]))
    tab = open_tab(shared_site.url)
    expect(tab.page.get_by_text("This thread")).to_be_hidden()
    tab.asks("What is a zebu?", "A cow.")
    tab.asks("And a zho?", "Half a cow.")
    tab.page.get_by_text("This thread").click()
    with tab.page.expect_download() as download:
        tab.page.get_by_role("link", name="Markdown").click()
    text = Path(download.value.path()).read_text()
    assert text.index("What is a zebu?") < text.index("And a zho?")
    tab.page.get_by_role("link", name="Delete thread").click()
    expect(tab.page.get_by_text("All 2 questions in this thread")).to_be_visible()
    tab.page.get_by_role("button", name="Delete thread").click()
    expect(tab.page.get_by_text("You haven't asked anything yet.")).to_be_visible()
