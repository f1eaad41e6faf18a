"""The list of shared links: whoever opens one reads a thread, so it takes that right and is audited."""

import re

import pytest

from accounts.models import User
from answers.models import Action, AuditEntry, Share
from tests.support.answers import make_answer
from tests.support.staff import staff

pytestmark = pytest.mark.django_db
LIST = "/admin/answers/share/"


@pytest.fixture
def share():
    alice = User.objects.create_user("alice")
    return Share.objects.create(user=alice, thread=make_answer(alice, "What is shared?", "All of it.").thread)


def test_opening_a_link_leads_to_the_thread_and_leaves_an_entry(share):
    reader = staff("view_share", "read_answer")
    page = reader.get(LIST).content.decode()
    assert share.get_absolute_url() not in page  # there is no way around
    [address] = re.findall(rf'href="({LIST}[^"]*/open/)"', page)
    opened = reader.get(address)
    assert (opened.status_code, opened.url) == (302, share.get_absolute_url())
    assert "no-store" in opened.headers["Cache-Control"]
    assert "All of it." in reader.get(opened.url).content.decode()
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, entry.what, entry.person) == (Action.READ, f"shared thread {share.thread}", "alice")
    assert share.token not in str(list(AuditEntry.objects.values()))


def test_opening_a_link_needs_the_rights_to_see_links_and_to_read(share):
    address = f"{LIST}{share.pk}/open/"
    for rights in (["view_share"], ["read_answer"], ["view_share", "view_answer", "delete_share"]):
        visitor = staff(*rights)
        assert visitor.get(address).status_code == 403
        page = visitor.get(LIST)
        assert "/open/" not in page.content.decode()
    assert not AuditEntry.objects.filter(what__contains="shared thread").exists()


@pytest.mark.parametrize("gone", ["revoked", "deactivated"])
def test_a_link_that_does_not_work_is_not_offered_and_opening_it_is_not_audited(share, gone):
    reader = staff("view_share", "read_answer")
    if gone == "revoked":
        share.delete()
    else:
        User.objects.update(is_active=False)
        User.objects.filter(is_staff=True).update(is_active=True)
    assert "/open/" not in reader.get(LIST).content.decode()
    assert reader.get(f"{LIST}{share.token}/open/").status_code == 404
    assert reader.get(f"{LIST}%00/open/").status_code == 404
    assert reader.post(f"{LIST}{share.token}/open/").status_code == 405
    assert not AuditEntry.objects.filter(what__contains="shared thread").exists()


def test_times_look_as_everywhere_in_the_admin(share):
    for address in (LIST, f"{LIST}{share.pk}/change/"):
        page = staff("view_share").get(address).content.decode()
        assert re.search(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}", page), address
