"""The empty page: questions to choose from, and a question in the address."""

import re
from html import unescape

import pytest
from django.utils import translation

from answers.pages.suggestions import GENERAL, suggestions

LINK = r'<li><a href="/\?q=([^"]+)">([^<]+)</a>'
BOX = re.compile(r"<textarea[^>]*>\n?(.*?)</textarea>", re.DOTALL)


def box(page):
    """What the question box contains."""
    return unescape(BOX.search(page.content.decode()).group(1))


@pytest.mark.django_db
def test_a_site_shows_its_own_suggestions_general_ones_or_none(client, settings):
    for settings.ASKME_SUGGESTIONS, expected in (
        (None, [str(text) for text in GENERAL]),
        (["<b>?", "x & y"], ["<b>?", "x & y"]),
        ([], []),
    ):
        html = client.get("/").content.decode()
        assert [unescape(text) for _, text in re.findall(LINK, html)] == expected
        assert ("suggestions" in html) == bool(expected)
        for address, text in re.findall(LINK, html):
            assert box(client.get(f"/?q={unescape(address)}")) == unescape(text)


def test_a_sites_own_suggestions_are_not_translated(settings):
    assert 3 <= len(suggestions()) <= 4
    settings.ASKME_SUGGESTIONS = ["History"]  # a word of every catalogue
    with translation.override("de"):
        assert suggestions() == ["History"]


@pytest.mark.parametrize("limit", [0, 100])
@pytest.mark.django_db
def test_a_question_in_the_address_is_cut_and_is_text(client, settings, limit):
    settings.ASKME_QUESTION_CHARS = limit
    assert box(client.get("/", {"q": "</textarea><script>"})) == "</textarea><script>"
    assert box(client.get("/", {"q": "x" * 9_000})) == "x" * (limit or 8_000)
    assert box(client.get("/", {"q": " \n"})) == ""
    assert box(client.get("/")) == ""


@pytest.mark.django_db
def test_the_links_to_log_in_keep_a_question_in_the_address(client):
    html = unescape(client.get("/", {"q": "Why & how?"}).content.decode())
    assert "/accounts/login/?next=%2F%3Fq%3DWhy%2B%2526%2Bhow%253F" in html
