"""Pages, and a site where people choose a model."""

import pytest

MODELS = "Fast=small, Thorough=large"


@pytest.fixture
def model_site(make_site, api_server):
    """A site where people choose between two models."""
    return make_site(api_server, ASKME_MODEL="", ASKME_MODELS=MODELS).start()


@pytest.fixture
def page(meet):
    """Open a page: of a new person, or of a given one."""

    def page(site, person=None):
        socket = (person or meet(site.url)).connect()
        socket.api = site.api
        return socket

    return page
