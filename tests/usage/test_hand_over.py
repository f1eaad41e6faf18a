"""What a guest has used stays used after signing up or logging in."""

from datetime import timedelta

import pytest

from accounts import guests
from accounts.models import User
from answers.asking import budgets
from answers.engine.usage import fold
from answers.models import PersonalSettings, PersonalUsage, figures
from tests.usage.conftest import NOON, no_pause

DAY = NOON.date()


@pytest.fixture
def guest(database):
    return User.objects.create_user("guest-1", is_guest=True)


@pytest.mark.parametrize("folds", [(True, True), (True, False), (False, True), (False, False)])
def test_an_account_gets_what_its_guest_used(alice, guest, answered, folds):
    before, after = folds
    answered(alice)
    answered(guest)
    answered(guest, asked_at=NOON + timedelta(days=1))
    if before:
        fold(no_pause)
    guests.hand_over(guest, alice)
    if after:
        fold(no_pause)
    tomorrow = DAY + timedelta(days=1)
    used = figures.of_person(alice.pk, DAY, tomorrow)
    assert (used.answers, used.tokens) == (3, 360)
    assert figures.of_person(alice.pk, DAY, DAY).answers == 2
    assert [one.user_id for one in figures.busiest(DAY, tomorrow)] == [alice.pk]
    assert figures.people(DAY, tomorrow) == {DAY: 1, tomorrow: 1}
    assert not PersonalUsage.objects.exclude(user=alice).exists()


def test_the_limits_of_a_guest_become_those_of_a_new_account_only(alice, guest, bob):
    PersonalSettings.objects.create(user=guest, tokens_per_day=5)
    guests.hand_over(guest, alice)
    assert budgets.budget_of(alice.pk).tokens_limit == 5
    other = User.objects.create_user("guest-2", is_guest=True)
    PersonalSettings.objects.create(user=other, tokens_per_day=7)
    guests.hand_over(other, alice)
    assert budgets.budget_of(alice.pk).tokens_limit == 5
    assert PersonalSettings.objects.get().user == alice
