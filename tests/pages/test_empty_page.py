"""The empty page is rendered once for many readers, and each still gets their own."""

import re

import pytest
from django.contrib import messages
from django.contrib.messages.storage.cookie import CookieStorage
from django.middleware.csrf import _does_token_match
from django.test import Client, RequestFactory

from answers.pages import ask, constant_html

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w{64})"')
ANSWER = re.compile(r'name="answer" value="([0-9a-f-]{36})"')
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def renderings(monkeypatch):
    """The pages that were really rendered."""
    rendered, render = [], ask.render_to_string
    monkeypatch.setattr(constant_html, "_pages", {})
    monkeypatch.setattr(ask, "render_to_string", lambda *args: rendered.append(1) or render(*args))
    return rendered


def page(client, address="/", **headers):
    response = client.get(address, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def test_readers_without_an_account_share_a_rendering_but_no_token_and_no_id(renderings):
    readers = Client(), Client()
    first, second = (page(reader) for reader in readers)
    assert len(renderings) == 1
    for reader, html in zip(readers, (first, second), strict=True):
        matches = [
            _does_token_match(TOKEN.search(html)[1], one.cookies["csrftoken"].value) for one in readers
        ]
        assert matches == [one is reader for one in readers]
    assert ANSWER.search(first)[1] != ANSWER.search(second)[1]
    for html in (first, second):
        assert constant_html.TOKEN not in html
        assert constant_html.NEW_ANSWER not in html
    assert ANSWER.sub("", TOKEN.sub("", first)) == ANSWER.sub("", TOKEN.sub("", second))


def test_the_language_and_the_time_zone_are_the_readers(renderings):
    reader = Client()
    assert 'lang="en"' in page(reader)
    assert 'lang="de"' in page(reader, accept_language="de")
    reader.cookies["timezone"] = "Asia/Tokyo"
    assert 'data-time-zone="Asia/Tokyo"' in page(reader)
    assert 'data-time-zone="UTC"' in page(Client())
    assert len(renderings) == 3


def test_people_with_an_account_see_their_name_and_nobody_else_does(alices, renderings):
    assert "alice" not in page(Client())
    assert "alice" in page(alices)
    assert "alice" not in page(Client())
    assert len(renderings) == 2


def test_a_question_in_the_address_is_for_its_reader_only(renderings):
    assert "What is this?" in page(Client(), "/?q=What+is+this?")
    assert "What is this?" not in page(Client())
    assert "next=%2F%3Fpage%3D2" in page(Client(), "/?page=2")
    assert "page%3D2" not in page(Client())
    assert "%26%26" in page(Client(), "/?&&")
    assert "%26%26" not in page(Client())
    assert len(renderings) == 4


def test_a_message_is_shown_once_and_to_nobody_else():
    reader = Client()
    request = RequestFactory().get("/")
    request._messages = CookieStorage(request)
    messages.info(request, "Signed out.")
    reader.cookies["messages"] = request._messages._encode(request._messages._queued_messages)
    assert "Signed out." in page(reader)
    assert "Signed out." not in page(reader)
    assert "Signed out." not in page(Client())


def test_a_changed_setting_shows_at_once(settings):
    assert "Where is the canteen?" not in page(Client())
    settings.ASKME_SUGGESTIONS = ["Where is the canteen?"]
    assert "Where is the canteen?" in page(Client())


def test_few_renderings_are_kept(monkeypatch, renderings):
    monkeypatch.setattr(constant_html, "MAX_PAGES", 2)
    for language in ("en", "de", "fr", "es"):
        page(Client(), accept_language=language)
    assert len(constant_html._pages) <= 2
