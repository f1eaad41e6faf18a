"""People are told, where they ask, sign up and log in, who keeps and reads what they ask."""

import re

import pytest

from tests.support.answers import make_answer

PAGES = ["/", "/accounts/login/", "/accounts/signup/"]
OURS = "Questions and answers are kept, and the operator of this site can read them."


def notice_on(client, page: str) -> str:
    html = client.get(page).content.decode()
    # The empty page has it twice: the other one shows once there is a thread.
    [notice] = set(re.findall(r'<p class="kept-notice">(.*?)</p>', html, re.DOTALL))
    return notice


@pytest.mark.django_db
@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_that_the_operator_can_read(client, page):
    assert notice_on(client, page) == OURS


def test_so_does_the_page_of_an_answer(alices, alice):
    assert notice_on(alices, make_answer(alice, "Why?").get_absolute_url()) == OURS


@pytest.mark.django_db
@pytest.mark.parametrize("page", PAGES)
def test_the_operators_own_words_replace_ours_as_plain_text(client, settings, page):
    settings.ASKME_NOTICE = "Kept for 30 days <b>by us</b>."
    settings.ASKME_NOTICE_URL = "/privacy/?a=1&b=2"
    link = '<a href="/privacy/?a=1&amp;b=2">Privacy policy</a>'
    assert notice_on(client, page) == f"Kept for 30 days &lt;b&gt;by us&lt;/b&gt;. {link}"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "told", "not_told"),
    [
        (
            {},
            ["on all your devices", "your browser's cookies", "as a guest will be added"],
            ["doesn't allow", "limit of your own", "share threads"],  # guests can share threads too
        ),
        (
            {"ASKME_GUESTS": False},
            ["doesn't allow without an account", "share threads"],
            ["as a guest", "your browser's cookies"],
        ),
        ({"ASKME_VERIFY_EMAIL": True}, ["a question limit of your own"], []),
        (
            {"ASKME_VERIFY_EMAIL": True, "ASKME_ADDRESS_QUESTIONS_PER_MINUTE": 0},
            [],
            ["a question limit of your own"],
        ),
        ({"ASKME_VERIFY_EMAIL": True, "ASKME_GUESTS": False}, [], ["a question limit of your own"]),
    ],
)
def test_the_sign_up_page_says_what_an_account_gives_on_this_site(client, settings, changes, told, not_told):
    for name, value in changes.items():
        setattr(settings, name, value)
    html = client.get("/accounts/signup/").content.decode().replace("&#x27;", "'")
    assert [words for words in told if words not in html] == []
    assert [words for words in not_told if words in html] == []
    assert "on all your devices" in client.get("/accounts/login/").content.decode()
