"""SECRET_KEY is replaced while processes with the old one and with the new one run side by side."""

import pytest

from tests.support.api_server import ApiServer
from tests.support.forms import Somebody
from tests.support.services import free_port
from tests.support.sites import SECRET_KEY, Site

NEW = "the new key and as long as it has to be"
FIRST_STEP = {"SECRET_KEY": SECRET_KEY, "SECRET_KEY_FALLBACKS": NEW}
SECOND_STEP = {"SECRET_KEY": NEW, "SECRET_KEY_FALLBACKS": SECRET_KEY}


@pytest.fixture
def processes(tmp_path):
    """Start a process with these settings beside the others, on the same database."""
    started = []
    with ApiServer() as api:

        def start(**variables: str) -> Site:
            site = Site(tmp_path, api, **variables)
            if started:
                site.ports = [free_port()]  # so that it does not make the database anew
            started.append(site)
            return site.start()

        yield start
        for site in started:
            site.stop()


def move(person: Somebody, site: Site) -> None:
    """Reach another process, as behind a balancer."""
    person.url = site.url


def test_nobody_is_logged_out_by_the_two_steps_of_the_guide(processes):
    before = processes()
    alice, guest = Somebody(before.url), Somebody(before.url)
    alice.sign_up()
    answers = {alice: alice.asks(), guest: guest.asks()}
    first, second = processes(**FIRST_STEP), processes(**SECOND_STEP)
    for sites in ([before, first, before], [first, second, first, second]):
        for site in sites:
            for person, answer in answers.items():
                move(person, site)
                assert person.reads(answer), site.environment
    for person in answers:
        person.close()


def test_in_one_step_a_process_with_the_old_key_logs_people_out(processes):
    """This is why the guide has two."""
    before, after = processes(), processes(**SECOND_STEP)
    alice = Somebody(before.url)
    alice.sign_up()
    answer = alice.asks()
    move(alice, after)
    assert alice.reads(answer)
    move(alice, before)
    assert not alice.reads(answer)
    alice.close()
