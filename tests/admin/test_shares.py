"""An operator revokes a shared link, in the admin and by command, on a real site."""

import re

import pytest

from tests.support.forms import PASSWORD, Visitor, share

MAKE_OPERATOR = f"""
from accounts.models import User
User.objects.create_superuser("boss", "boss@example.org", {PASSWORD!r})
"""


@pytest.fixture
def visit(site):
    assert site.manage("shell", "-c", MAKE_OPERATOR).returncode == 0
    visitors = []

    def visit():
        visitors.append(Visitor(site.url))
        return visitors[-1]

    yield visit
    for visitor in visitors:
        visitor.close()


@pytest.fixture
def shared(visit):
    """The path of a shared thread, which a stranger can read."""
    visitor = visit()
    socket = visitor.connect()
    answer = socket.ask("What everybody reads?")
    socket.finish(answer)
    path = f"/s/{share(visitor, answer)}/"
    assert status(visit(), path) == 200
    return path


def status(visitor, path):
    return visitor.http.get(visitor.url + path).status_code


@pytest.mark.parametrize("form", ["https://askme.example{}?at=x", "{}", "token"])
def test_the_command_shows_a_link_and_revokes_it_only_when_told_to(site, visit, shared, form):
    address = shared.split("/")[2] if form == "token" else form.format(shared)
    dry = site.manage("revoke_share", address)
    assert (dry.returncode, dry.stderr) == (0, "")
    assert re.search(r"shared by guest-\w+ since .*1 answer: What everybody reads\?", dry.stdout)
    assert "Nothing was revoked. Add --yes" in dry.stdout
    assert status(visit(), shared) == 200
    done = site.manage("revoke_share", address, "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert status(visit(), shared) == 404
    gone = site.manage("revoke_share", address, "--yes")
    assert gone.returncode == 1
    assert gone.stderr == "CommandError: There is no such shared link.\n"


def test_the_admin_finds_a_link_by_its_address_and_revokes_it(site, visit, shared):
    other = visit()
    socket = other.connect()
    answer = socket.ask("Another?")
    socket.finish(answer)
    kept = f"/s/{share(other, answer)}/"
    boss = visit()
    boss.log_in("boss")
    list_page = "/admin/answers/share/"
    page = boss.http.get(site.url + list_page, params={"q": f"https://askme.example{shared}"}).text
    assert "1 shared link" in page
    assert "What everybody reads?" in page
    chosen = {"action": "delete_selected", "_selected_action": shared.split("/")[2]}
    assert "Are you sure" in boss.submit(list_page, **chosen).text
    assert status(visit(), shared) == 200
    assert "Successfully deleted 1 shared link" in boss.submit(list_page, **chosen, post="yes").text
    assert status(visit(), shared) == 404
    assert status(visit(), kept) == 200


def test_a_link_cannot_be_made_or_changed_in_the_admin(site, visit, shared):
    boss = visit()
    boss.log_in("boss")
    assert status(boss, "/admin/answers/share/add/") == 403
    page = boss.http.get(f"{site.url}/admin/answers/share/{shared.split('/')[2]}/change/")
    assert 'name="_save"' not in page.text
    stranger = visit()
    assert "/accounts/login/" in stranger.http.get(f"{site.url}/admin/answers/share/").url
