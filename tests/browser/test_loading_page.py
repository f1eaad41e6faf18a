"""Parts of the page that are loaded when they are needed, also when they cannot be or it takes a while."""

from playwright.sync_api import Page, Route, expect

from tests.support.api_server import answer
from tests.support.browser import FINISHED, OpenTab, Server, dictated
from tests.support.page_faults import stop_clock
from tests.support.sites import Site

BLOCKED = "ERR_FAILED"


def hold(page: Page, pattern: str) -> list[Route]:
    """Hold the requests for these addresses, until a test continues them."""
    held: list[Route] = []
    page.route(pattern, lambda route: held.append(route))
    return held


def test_a_question_that_cannot_wait_stays_in_the_box(shared_site: Site, open_tab: OpenTab) -> None:
    said = dictated(shared_site, "Running?")
    tab = open_tab(shared_site.url, may_log=BLOCKED)
    tab.page.route("**/waiting.*.js", lambda route: route.abort())
    tab.ask("Running?")
    said.say("Yes")
    tab.shows("Yes")
    tab.ask("And then?")
    expect(tab.alert).to_contain_text("This part of the page couldn't be loaded.")
    expect(tab.box).to_have_value("And then?")
    said.end()
    tab.is_ready()
    expect(tab.alert).to_be_hidden()
    shared_site.api.when("And then?", answer(["Then."]))
    tab.box.press("Enter")
    tab.shows("Then.")


def test_reasoning_is_whole_even_if_it_can_be_shown_only_late(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()), with_clock=True)
    late = hold(tab.page, "**/reasoning.*.js")
    server.is_asked(tab)
    stop_clock(tab)  # the thinking takes no time
    server.say("answer.reasoning", position=0, text="First, ")
    expect(tab.progress).to_contain_text("Thinking…", use_inner_text=True)
    while not late:
        tab.page.wait_for_timeout(10)
    server.say("answer.reasoning", position=7, text="then.")
    server.say("answer.text", position=0, text="So.")
    server.say("answer.finished", length=3, reasoning_length=12, **FINISHED)
    tab.is_ready()
    tab.shows("So.")
    for route in late:
        route.continue_()
    tab.shows_reasoning("First, then.")
    expect(tab.reasoning_text).to_be_hidden()
    expect(tab.summary).to_have_text("Thought for 1 s", use_inner_text=True)
    assert len(server.frames) == 1


def test_the_first_press_does_what_it_says_even_if_it_has_to_wait(
    shared_site: Site, open_tab: OpenTab
) -> None:
    shared_site.api.when("Press?", answer(["Pressed."]))
    tab = open_tab(shared_site.url)
    tab.ask("Press?")
    tab.is_ready()
    for act in ("rate", "details", "edit"):
        held = hold(tab.page, "**/actions.*.js")
        tab.page.reload()
        if act == "rate":
            tab.page.get_by_role("button", name="Good answer").click()
        else:
            (tab.details if act == "details" else tab.edit).click()
        while not held:
            tab.page.wait_for_timeout(10)
        held[0].continue_()
        if act == "rate":
            expect(tab.last).to_contain_text("Thank you.")
        elif act == "details":
            expect(tab.details_box).to_contain_text("Complete")
            tab.page.keyboard.press("Escape")
            expect(tab.details).to_be_focused()
        else:
            expect(tab.last.get_by_role("textbox", name="Edit your question")).to_be_focused()
        tab.page.unroute_all()
