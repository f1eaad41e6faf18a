"""An operator and a person in two browsers: an account is deactivated, and old threads are deleted."""

import re
import uuid

from playwright.sync_api import expect

from tests.support.api_server import stall
from tests.support.axe import assert_accessible
from tests.support.browser import OpenTab, Tab
from tests.support.browser_login import log_in_operator
from tests.support.database import execute, wait_for_row
from tests.support.forms import PASSWORD
from tests.support.sites import Site

PEOPLE = "admin/accounts/user/"
# axe sets styles in the admin to measure, against the policy. The page itself does not.
MAY_LOG = "style-src"


def sign_up(tab: Tab, site: Site, email: str) -> None:
    tab.page.goto(f"{site.url}/accounts/signup/")
    tab.page.get_by_label("Email").fill(email)
    tab.page.get_by_label("Password", exact=True).fill(PASSWORD)
    tab.page.get_by_role("button", name="Sign up").click()
    expect(tab.box).to_be_visible()


def test_an_operator_deactivates_somebody_whose_page_is_open(shared_site: Site, open_tab: OpenTab) -> None:
    alice = open_tab(shared_site.url)
    sign_up(alice, shared_site, "alice-open@example.org")
    tab = open_tab(shared_site.url, may_log=MAY_LOG)
    operator = tab.page
    log_in_operator(shared_site, operator, f"{PEOPLE}?q=alice-open")
    operator.get_by_role("link", name="alice-open").click()
    assert not [error for error in tab.errors if "404" not in error]
    assert_accessible(operator, ".object-tools")
    deactivate = operator.get_by_role("button", name="Deactivate")

    # Not before, since the API may be silent only for so long.
    shared_site.api.when("Still running?", stall(["So far. "]))
    alice.ask("Still running?")
    expect(alice.text).to_contain_text("So far.")
    running = alice.answer_at(0)
    deactivate.focus()
    operator.keyboard.press("Enter")
    expect(operator.locator(".messagelist")).to_contain_text("1 answer was stopped.")
    expect(operator.get_by_role("button", name="Activate", exact=True)).to_be_visible()

    expect(alice.alert).to_contain_text("Your session has ended.")
    wait_for_row(shared_site, running, 15, status="stopped")
    alice.page.goto(f"{shared_site.url}/history/")
    expect(alice.page.get_by_role("main")).not_to_contain_text("Still running?")


def test_an_operator_reads_usage_and_sets_a_limit(shared_site: Site, open_tab: OpenTab) -> None:
    alice = open_tab(shared_site.url)
    sign_up(alice, shared_site, "alice-limit@example.org")
    alice.asks("How much?", "Hello, world")
    tab = open_tab(shared_site.url, may_log=MAY_LOG)
    operator = tab.page
    log_in_operator(shared_site, operator, f"{PEOPLE}?q=alice-limit")
    expect(operator.locator("#result_list")).to_contain_text("1 answer")
    assert not [error for error in tab.errors if "404" not in error]
    assert_accessible(operator, "#result_list")
    operator.get_by_role("link", name="alice-limit").click()
    usage = operator.locator(".person-usage")
    today = usage.get_by_role("row", name=re.compile("^Today"))
    expect(today.get_by_role("cell").first).to_have_text("1")
    expect(usage.get_by_role("row", name="Questions in 24 hours")).to_contain_text("no limit")
    operator.get_by_role("spinbutton", name="Questions per day").fill("1")
    operator.get_by_role("button", name="Save and continue editing").click()
    expect(usage.get_by_role("row", name="Questions in 24 hours")).to_contain_text("100%")
    assert_accessible(operator, ".person-usage")
    assert_accessible(operator, "#personal_settings-group")
    alice.ask("One more?")
    expect(alice.alert).to_contain_text("You've reached the limit of 1 question per day.")


def test_people_have_old_threads_deleted(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url)
    tab.asks("Of long ago?", "Hello, world")
    old = uuid.UUID(tab.answer_at(0)).hex
    tab.new_question.click()
    tab.asks("Of today?", "Hello, world")
    statement = "UPDATE answers_answer SET asked_at = datetime('now', '-40 days') WHERE id = ?"
    execute(shared_site, statement, old)
    page = tab.page
    page.goto(f"{shared_site.url}/history/")
    expect(page.get_by_role("main")).to_contain_text("Of long ago?")
    page.get_by_role("link", name="Auto-delete").click()
    choice = page.get_by_role("radio", name="30 days after the newest answer")
    choice.focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Delete old threads?")
    expect(page.get_by_role("main")).to_contain_text(
        "You have 1 question in a thread that is already old enough"
    )
    assert_accessible(page)
    page.get_by_role("button", name="Delete and save").click()
    expect(page.get_by_role("status")).to_contain_text("Your threads are deleted 30 days after")
    expect(choice).to_be_checked()
    page.get_by_role("link", name="History").click()
    expect(page.get_by_role("main")).to_contain_text("Of today?")
    expect(page.get_by_role("main")).not_to_contain_text("Of long ago?")
