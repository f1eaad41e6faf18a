"""The text of an answer, as its page copies it."""

import uuid

import pytest
from django.test import Client

from answers.models import Share
from tests.support.answers import make_answer

TEXT = "# Salt 𝔘\r\n\n<script>alert(1)</script>"


@pytest.fixture
def link(alice):
    """The address of Alice's shared thread, of two versions of a question and a follow-up."""
    first = make_answer(alice, "Why?", "First version.")
    second = make_answer(alice, "Why?", TEXT, days=1, thread=first.thread)
    follow_up = make_answer(alice, "And?", "Follow-up.", follows=second.pk, days=2, thread=first.thread)
    share = Share.objects.create(user=alice, thread=first.thread)
    return share.get_absolute_url(), first, second, follow_up


def test_the_text_is_plain_text_as_the_model_wrote_it(alice, client_of):
    answer = make_answer(alice, "Why?", TEXT)
    reply = client_of(alice).get(f"/a/{answer.pk}/text/")
    assert reply.content.decode() == TEXT
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Content-Disposition"] == "inline"
    assert "no-store" in reply.headers["Cache-Control"]
    assert client_of(alice).post(f"/a/{answer.pk}/text/").status_code == 405


def test_nobody_else_gets_the_text(alice, bob, client_of):
    answer = make_answer(alice, "Why?", TEXT)
    for browser in (client_of(bob), Client()):
        contents = set()
        for pk in (answer.pk, uuid.uuid4()):
            reply = browser.get(f"/a/{pk}/text/")
            assert reply.status_code == 404
            contents.add(reply.content.replace(str(pk).encode(), b""))
        assert len(contents) == 1


def test_a_shared_thread_gives_the_texts_that_it_shows_and_no_others(link, alice):
    address, first, second, follow_up = link
    stranger = Client()
    for answer in (second, follow_up):
        reply = stranger.get(f"{address}{answer.pk}/text/")
        assert reply.content.decode() == answer.text
        assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert "noindex" in reply.headers["X-Robots-Tag"]
        assert not reply.cookies
    other_thread = make_answer(alice, "Private?", "Private.")
    for pk in (first.pk, other_thread.pk, uuid.uuid4()):
        assert stranger.get(f"{address}{pk}/text/").status_code == 404
    Share.objects.all().delete()
    assert stranger.get(f"{address}{second.pk}/text/").status_code == 404
