"""Rating: thumbs up or down and a note, on a person's own finished answers, for the operator to read."""

import pytest
from django.urls import reverse

from answers.models import NOTE_CHARS, Answer, Status
from tests.support.answers import make_answer

JSON = {"accept": "application/json"}


def test_an_answer_can_be_rated_and_rated_again(alices, alice):
    answer = make_answer(alice, "Why?")
    other = make_answer(alice, "Other?")
    address = reverse("rate", args=[answer.pk])
    assert alices.post(address, {"rating": "1"}).headers["Location"] == answer.get_absolute_url()
    answer.refresh_from_db()
    assert (answer.rating, answer.rating_note) == (1, "")
    # A browser without JavaScript sends the pressed button after the earlier value.
    alices.post(address, {"rating": ["1", "-1"], "rating_note": "Too <long>."})
    answer.refresh_from_db()
    assert (answer.rating, answer.rating_note) == (-1, "Too <long>.")
    page = alices.get(answer.get_absolute_url()).content.decode()
    assert "Too &lt;long&gt;." in page
    assert 'aria-label="Bad answer" aria-pressed="true"' in page
    other.refresh_from_db()
    assert other.rating is None


def test_a_script_gets_json(alices, alice):
    address = reverse("rate", args=[make_answer(alice, "Why?").pk])
    assert alices.get(address, headers=JSON).json() == {"rating": None, "rating_note": ""}
    said = {"rating": -1, "rating_note": "No."}
    assert alices.post(address, said, headers=JSON).json() == said
    assert alices.get(address, headers=JSON).json() == said
    assert alices.get(address).status_code == 302  # a person who reloads gets the answer's page


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"rating_note": "typed"}, "Please choose thumbs up or thumbs down."),
        ({"rating": "2", "rating_note": "typed"}, "Please choose thumbs up or thumbs down."),
        ({"rating": "", "rating_note": "typed"}, "Please choose thumbs up or thumbs down."),
        ({"rating": "1", "rating_note": "x" * (NOTE_CHARS + 1)}, "Please use at most 500 characters."),
        ({"rating": "1", "rating_note": "a\0b"}, "Null characters are not allowed."),
    ],
)
def test_a_bad_rating_is_refused_with_a_sentence_and_the_note_stays_in_the_form(
    alices, alice, said, sentence
):
    answer = make_answer(alice, "Why?", rating=1, rating_note="before")
    address = reverse("rate", args=[answer.pk])
    page = alices.post(address, said)
    assert page.status_code == 400
    assert sentence in page.content.decode()
    assert f'value="{said["rating_note"]}"' in page.content.decode()
    reply = alices.post(address, said, headers=JSON)
    assert (reply.status_code, reply.json()) == (400, {"problem": sentence})
    answer.refresh_from_db()
    assert (answer.rating, answer.rating_note) == (1, "before")


@pytest.mark.parametrize("status", [Status.QUEUED, Status.RUNNING])
def test_an_unfinished_answer_cannot_be_rated(alices, alice, status):
    answer = make_answer(alice, "Why?", status=status)
    page = alices.post(reverse("rate", args=[answer.pk]), {"rating": "1"})
    assert page.status_code == 409
    assert "You can rate an answer once it is finished." in page.content.decode()
    assert Answer.objects.get().rating is None
