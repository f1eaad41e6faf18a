"""Alice, Bob and their browsers."""

import pytest
from django.test import Client

from accounts.models import User
from tests.support.forms import NoscriptPerson
from tests.support.sites import Site


@pytest.fixture
def alice(db):
    return User.objects.create_user("alice")


@pytest.fixture
def bob(db):
    return User.objects.create_user("bob")


@pytest.fixture
def client_of():
    def make(user: User) -> Client:
        client = Client()
        client.force_login(user)
        client.get("/account/delete/")  # the first page of a new session notes whose it is
        return client

    return make


@pytest.fixture
def alices(alice, client_of):
    """Alice's browser."""
    return client_of(alice)


@pytest.fixture
def visit(request):
    def visit(site: Site, **headers: str) -> NoscriptPerson:
        person = NoscriptPerson(site.url, **headers)
        request.addfinalizer(person.close)
        return person

    return visit
