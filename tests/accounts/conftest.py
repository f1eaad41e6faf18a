"""Alice's account, a guest, and a fresh cache, so that no other test has used up a limit."""

import uuid

import pytest
from django.core.cache import cache

from accounts.models import User
from answers.models import Answer
from tests.support.accounts import user_who_asks
from tests.support.forms import PASSWORD


@pytest.fixture(autouse=True)
def _no_limits_from_other_tests():
    cache.clear()


@pytest.fixture
def alice(db):
    return User.objects.create_user("alice", "alice@example.org", PASSWORD)


@pytest.fixture
def guest(client):
    """A guest: the browser of `client` has asked a question."""
    client.get("/")
    guest = user_who_asks(client)
    Answer.objects.ask(guest, uuid.uuid4(), "As a guest?")
    return guest


@pytest.fixture
def verified(settings):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    settings.ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
