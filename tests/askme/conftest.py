"""Two sites, and the people who try every address and every frame on them."""

import pytest

from tests.support.forms import Somebody
from tests.support.sites import Site


@pytest.fixture(scope="module")
def closed_site(tmp_path_factory, shared_site):
    """The same site, where only people with an account may ask."""
    site = Site(tmp_path_factory.mktemp("closed"), shared_site.api, ASKME_GUESTS="false")
    yield site.start()
    site.stop()


@pytest.fixture(scope="module")
def people(request):
    def make(site: Site, name: str = "") -> Somebody:
        """Make a person; with a name, one who has an account."""
        person = Somebody(site.url)
        request.addfinalizer(person.close)
        if name:
            person.sign_up(f"{name}@example.org")
            person.http.get(site.url)  # the login has changed the token
        return person

    return make


# Once for all tests, because one address can make only twenty accounts in a minute.
@pytest.fixture(scope="module")
def alice(people, shared_site):
    return people(shared_site, "alice")


@pytest.fixture(scope="module")
def bob(people, shared_site):
    return people(shared_site, "bob")


@pytest.fixture(scope="module")
def closed_alice(people, closed_site):
    return people(closed_site, "alice")


@pytest.fixture
def visitor(people, shared_site):
    return people(shared_site)
