"""Only a POST by the owner, with a token, changes an answer."""

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from answers.models import Share
from tests.support.answers import make_answer

ADDRESSES = ["rate", "share", "delete_answer", "delete_thread"]


@pytest.mark.parametrize("name", ADDRESSES)
def test_another_person_is_refused_and_cannot_see_that_an_answer_exists(client_of, client, alice, bob, name):
    answer = make_answer(alice, "Why?")
    for browser in (client_of(bob), client):
        contents = set()
        for pk in (answer.pk, uuid.uuid4()):
            address = reverse(name, args=[pk])
            for reply in (browser.get(address), browser.post(address, {"rating": 1})):
                assert reply.status_code == 404
                contents.add(reply.content.replace(str(pk).encode(), b""))
        assert len(contents) == 1
    answer.refresh_from_db()
    assert answer.rating is None
    assert not Share.objects.exists()


@pytest.mark.parametrize("name", ["thread_json", "thread_markdown"])
def test_another_person_downloads_no_thread(client_of, client, alices, alice, bob, name):
    address = reverse(name, args=[make_answer(alice, "Why?").pk])
    assert alices.get(address).status_code == 200
    assert client_of(bob).get(address).status_code == client.get(address).status_code == 404


@pytest.mark.parametrize("name", [*ADDRESSES, "delete_history", "delete_account"])
def test_a_get_changes_nothing_and_a_post_needs_its_token(alice, client_of, name):
    answer = make_answer(alice, "Why?")
    address = reverse(name, args=[answer.pk] if name in ADDRESSES else [])
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    assert browser.get(address).status_code in (200, 302)
    refused = browser.post(address, {"rating": 1})
    assert refused.status_code == 403
    assert "Nothing was changed." in refused.content.decode()
    answer.refresh_from_db()
    assert answer.rating is None
    assert not Share.objects.exists()
