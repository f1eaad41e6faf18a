"""Ratings are in the figures of the day of the answer, and stay there when the answer is deleted."""

import pytest
from django.test import Client
from django.urls import reverse

from answers.engine.usage import fold
from answers.models import Answer, DailyUsage, Rating, Status, figures
from tests.usage.conftest import NOON, no_pause

DAY = NOON.date()


def counted():
    total = figures.Figures.total(sums for *_, sums in figures.daily(DAY, DAY))
    return total.good, total.bad


@pytest.mark.parametrize("is_folded", [False, True])
def test_a_rating_is_counted_and_a_new_one_replaces_it(alice, bob, answered, is_folded):
    one, other = answered(alice), answered(bob, model="large")
    if is_folded:
        fold(no_pause)
    assert Answer.objects.rate(one.pk, Rating.GOOD)
    assert Answer.objects.rate(other.pk, Rating.GOOD, rating_note="Fine.")
    assert counted() == (2, 0)
    assert Answer.objects.rate(one.pk, Rating.GOOD, rating_note="Again.")
    assert counted() == (2, 0)
    assert Answer.objects.rate(one.pk, Rating.BAD)
    assert counted() == (1, 1)
    assert Answer.objects.rate(one.pk, None)
    assert counted() == (1, 0)
    fold(no_pause)
    assert counted() == (1, 0)
    by_model = {model: (sums.good, sums.answers) for _, _, model, _, sums in figures.daily(DAY, DAY)}
    assert by_model == {"small": (0, 1), "large": (1, 1)}
    Answer.objects.all().delete()
    assert counted() == (1, 0)


def test_an_answer_that_has_not_ended_is_not_rated(alice, answered):
    row = answered(alice)
    Answer.objects.filter(pk=row.pk).update(status=Status.RUNNING)
    assert not Answer.objects.rate(row.pk, Rating.GOOD)
    row.delete()
    assert not Answer.objects.rate(row.pk, Rating.GOOD)
    assert not DailyUsage.objects.exists()


def test_a_rating_on_the_page_is_counted(alice, bob, answered):
    client = Client()
    client.force_login(alice)
    address = reverse("rate", args=[answered(alice).pk])
    for rating in ("1", "-1", "-1"):
        assert client.post(address, {"rating": rating}).status_code == 302
    assert counted() == (0, 1)
    assert client.post(reverse("rate", args=[answered(bob).pk]), {"rating": "1"}).status_code == 404
    assert counted() == (0, 1)
