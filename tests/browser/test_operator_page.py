"""A walk through the admin: with few rights, by the groups of docs/operating.md, and with all of them.

What somebody may not do is not offered, and refused."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.api_server import answer
from tests.support.browser import OpenTab, Tab, dictated
from tests.support.browser_login import log_in
from tests.support.forms import PASSWORD
from tests.support.sites import ROOT, Site

RECIPE = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "operating.md").read_text(), re.DOTALL)[0]
STAFF = """
from accounts.models import User
for name, groups in {staff!r}.items():
    user = User.objects.create_user(name, f"{{name}}@example.org", {password!r}, is_staff=True)
    user.is_superuser = not groups
    user.save()
    user.groups.set(Group.objects.filter(name__in=groups))
"""
GROUPS = {"op": [], "fay": ["Figures"], "sue": ["Support"], "ann": ["Auditors"]}
USAGE = {"prompt_tokens": 1_000, "completion_tokens": 234, "cost": 0.5}
NEVER = {  # with these groups
    "fay": ["answers/answer/", "accounts/user/", "answers/auditentry/", "admin/logentry/", "answers/share/"],
    "sue": ["answers/auditentry/", "admin/logentry/", "auth/group/"],
    "ann": ["answers/answer/", "accounts/user/", "answers/dailyusage/", "answers/process/"],
}


@pytest.fixture(scope="module")
def site(shared_site: Site) -> Site:
    """With staff, and no answers yet."""
    code = RECIPE + STAFF.format(staff=GROUPS, password=PASSWORD)
    done = shared_site.manage("shell", "-v0", "-c", code)
    assert done.returncode == 0, done.stderr
    return shared_site


def open_admin(site: Site, open_tab: OpenTab, name: str) -> Page:
    # What is forbidden is an error in the console.
    page = open_tab(f"{site.url}/admin/", may_log="403").page
    log_in(page, name)
    return page


def ask(site: Site, open_tab: OpenTab, question: str, text: str) -> Tab:
    site.api.when(question, answer([text], usage=USAGE))
    tab = open_tab(site.url)
    tab.asks(question, text)
    return tab


def index(page: Page, name: str) -> None:
    """Go to a page by its link on the admin's first page."""
    page.goto(f"{re.split('/admin/', page.url)[0]}/admin/")
    page.locator("#content-main").get_by_role("link", name=name, exact=True).click()


def status_of(page: Page, address: str) -> int:
    response = page.goto(address)
    assert response is not None
    return response.status


@pytest.mark.parametrize("name", NEVER)
def test_staff_with_few_rights_are_offered_what_they_may_and_refused_the_rest(
    site: Site, open_tab: OpenTab, name: str
) -> None:
    page = open_admin(site, open_tab, name)
    links = page.locator("#content-main").get_by_role("link")
    offered = {link.get_attribute("href") for link in links.all()}
    assert offered
    for path in NEVER[name]:
        assert f"/admin/{path}" not in offered
        assert status_of(page, f"{site.url}/admin/{path}") == 403
    for address in sorted(offered):
        assert status_of(page, f"{site.url}{address}") == 200, address


def test_somebody_for_the_figures_sees_figures_and_nothing_else(site: Site, open_tab: OpenTab) -> None:
    tab = ask(site, open_tab, "What is mine alone?", "A private thought.")
    id = tab.answer_at(0)
    page = open_admin(site, open_tab, "fay")
    index(page, "Usage")
    expect(page.locator(".tiles")).to_contain_text(re.compile("Answers"))
    expect(page.locator("#content-main")).to_contain_text("1,234")
    expect(page.locator("body")).not_to_contain_text("private")
    index(page, "Processes")
    expect(page.get_by_role("heading", name="Processes")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Stop"))).to_have_count(0)
    for path in (f"{id}/change/", f"{id}/history/", f"{id}/delete/", "?q=private", "export/csv/"):
        assert status_of(page, f"{site.url}/admin/answers/answer/{path}") == 403, path


def test_support_reads_stops_and_leaves_traces_but_exports_and_deletes_nothing(
    site: Site, open_tab: OpenTab
) -> None:
    tab = ask(site, open_tab, "Where is the comet?", "Behind the **moon**.")
    id = tab.answer_at(0)
    page = open_admin(site, open_tab, "sue")
    index(page, "Answers")
    page.locator("#searchbar").fill("comet")
    page.locator("#searchbar").press("Enter")
    page.get_by_role("link", name="Where is the comet?").click()
    expect(page.locator(".text strong")).to_have_text("moon")
    expect(page.get_by_role("link", name="Delete")).to_have_count(0)
    page.goto(f"{site.url}/admin/answers/answer/")
    expect(page.get_by_role("button", name="CSV")).to_have_count(0)
    assert status_of(page, f"{site.url}/admin/answers/answer/{id}/delete/") == 403

    auditor = open_admin(site, open_tab, "ann")
    index(auditor, "Audit entries")
    row = auditor.locator("#result_list tr", has_text=f"answer {id[:8]}")
    expect(row.first).to_contain_text("sue")
    expect(row.first).to_contain_text("Read")
    search = auditor.locator("#result_list tr", has_text="comet")
    expect(search.first).to_contain_text("Searched")


def test_an_operator_with_all_rights_finds_reads_stops_exports_and_deletes(
    site: Site, open_tab: OpenTab, tmp_path: Path
) -> None:
    tab = ask(site, open_tab, "Why do cats purr?", "They are *content*.")
    id = tab.answer_at(0)
    model = dictated(site, "Count to a million")
    other = open_tab(site.url)
    other.ask("Count to a million")
    model.say("One. ")
    other.shows("One. ")
    page = open_admin(site, open_tab, "op")

    index(page, "Processes")  # and stop what runs
    page.get_by_role("button", name=f"Stop answer {other.answer_at(0)[:8]}").click()
    expect(page.get_by_text("The answer is being stopped.")).to_be_visible()
    expect(other.last).to_have_attribute("data-status", "stopped")

    index(page, "Answers")  # find, read, export
    page.locator("#searchbar").fill("purr")
    page.locator("#searchbar").press("Enter")
    expect(page).to_have_url(re.compile("q=purr"))
    with page.expect_download() as download:
        page.get_by_role("button", name="JSON Lines").click()
    download.value.save_as(tmp_path / "answers.jsonl")
    [line] = (tmp_path / "answers.jsonl").read_text().splitlines()
    assert json.loads(line)["question"] == "Why do cats purr?"
    page.get_by_role("link", name="Why do cats purr?").click()
    expect(page.locator(".text em")).to_have_text("content")

    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name=re.compile("Yes")).click()
    expect(page.locator(".messagelist")).to_contain_text("deleted")
    assert status_of(open_tab(f"{site.url}/", may_log="404").page, f"{site.url}/a/{id}/") == 404
    index(page, "Usage")  # whose figures stay
    expect(page.locator("#content-main")).to_contain_text("Stopped")

    index(page, "Audit entries")
    page.get_by_role("link", name="op", exact=True).click()
    expect(page).to_have_url(re.compile("staff_name=op"))
    for action, what in {
        "Stopped": f"answer {other.answer_at(0)[:8]}",
        "Searched": "purr",
        "Exported": "purr",
        "Read": f"answer {id[:8]}",
        "Deleted": f"answer {id[:8]}",
    }.items():
        row = page.locator("#result_list tr", has_text=action).filter(has_text=what)
        expect(row.first, action).to_be_visible()
    expect(page.locator("#content-main").get_by_role("link", name=re.compile("Add"))).to_have_count(0)


def test_support_opens_a_shared_link_and_revokes_it(site: Site, open_tab: OpenTab) -> None:
    tab = ask(site, open_tab, "Who else reads this?", "Whoever has the link.")
    id = tab.answer_at(0)
    tab.page.goto(f"{site.url}/a/{id}/share/")
    tab.page.get_by_role("button", name="Create").click()
    page = open_admin(site, open_tab, "sue")
    index(page, "Shared links")
    page.get_by_role("link", name="Who else reads this?").click()
    expect(page.get_by_text("Whoever has the link.")).to_be_visible()
    link = page.url
    assert "/s/" in link
    page.go_back()
    page.locator("#result_list tr", has_text="Who else reads this?").get_by_role("checkbox").check()
    page.get_by_label("Action:").select_option("delete_selected")
    page.get_by_role("button", name=re.compile("Go|Run")).click()
    page.get_by_role("button", name=re.compile("Yes")).click()
    expect(page.locator(".messagelist")).to_contain_text("Successfully deleted 1 shared link")
    assert status_of(open_tab(f"{site.url}/", may_log="404").page, link) == 404

    auditor = open_admin(site, open_tab, "ann")
    index(auditor, "Audit entries")
    expect(auditor.locator("#result_list tr", has_text="shared thread").first).to_contain_text("Read")
    expect(auditor.locator("#result_list tr", has_text="shared links of threads").first).to_contain_text(
        "(1)"
    )


def test_an_operator_limits_and_deactivates_a_person(site: Site, open_tab: OpenTab) -> None:
    tab = ask(site, open_tab, "May I stay?", "Not for long.")
    id = tab.answer_at(0)
    page = open_admin(site, open_tab, "op")
    page.goto(f"{site.url}/admin/answers/answer/{id}/change/")
    page.locator(".headline").get_by_role("link").first.click()  # the person
    expect(page.locator(".person-usage")).to_contain_text("1,234")
    page.get_by_label("Questions per day").first.fill("1")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator(".messagelist")).to_contain_text("changed successfully")
    tab.ask("And now?")
    expect(tab.alert).to_contain_text("1 question per day")
    page.get_by_role("button", name="Deactivate").click()
    expect(page.locator(".messagelist")).to_contain_text("deactivated")
    expect(page.locator(".field-deactivated .readonly")).to_contain_text(re.compile(r"\d\d:\d\d by op"))
    index(page, "Audit entries")
    for what in ("deactivated", "limits of this person"):
        expect(page.locator("#result_list tr", has_text=what).first).to_contain_text("Changed")
