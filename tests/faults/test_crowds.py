"""Crowds of strangers' sockets: nobody else waits for them, and one network has only so many."""

import pytest

from tests.support.api_server import answer
from tests.support.crowd import Crowd, frame
from tests.support.measurements import assert_less
from tests.support.neighbour import Neighbour

SOCKETS, FRAMES = 900, 60
ONE_ADDRESS = ["1.1.1.1"]
MANY_ADDRESSES = [f"1.1.{number // 250}.{number % 250}" for number in range(SOCKETS)]
INVENTED = "sessionid=*"  # has the form of a session key


@pytest.fixture
def site(make_site, api_server):
    api_server.when("neighbour", answer(["Here. "]))
    return make_site(api_server, ASKME_RUNNING_PER_USER="0", ASKME_PROXIES="1").start()


@pytest.fixture
def crowd(site):
    crowds = []

    def make(addresses, number, cookie=""):
        crowds.append(Crowd(site.url, addresses, cookie).open(number))
        return crowds[-1]

    yield make
    for one in crowds:
        one.close()


@pytest.mark.measures
@pytest.mark.parametrize("cookie", ["", INVENTED], ids=["no cookie", "invented"])
@pytest.mark.parametrize("addresses", [ONE_ADDRESS, MANY_ADDRESSES], ids=["one address", "many"])
def test_hundreds_of_strangers_do_not_delay_others(site, meet, crowd, addresses, cookie, record_time):
    neighbour = Neighbour(meet(site.url, **{"X-Forwarded-For": "8.8.8.8"}).connect())
    strangers = crowd(addresses, SOCKETS, cookie)
    strangers.say(frame("answer.follow", position=0, share="x" * 32) * (FRAMES // 2))
    strangers.say(frame("answer.follow", position=0) * (FRAMES // 2))
    most = 0.0
    for _ in range(20):
        most = max(most, neighbour.first_text_seconds() - neighbour.usual_seconds)
    record_time("a neighbour waits", most)
    assert_less(most, 1)
    # Nobody knows a newcomer, who takes turns with every address of the crowd.
    newcomer = Neighbour(meet(site.url, **{"X-Forwarded-For": "9.9.9.9"}).connect(), rounds=1)
    record_time("a newcomer waits", newcomer.usual_seconds)
    assert_less(newcomer.usual_seconds, 1 if addresses is ONE_ADDRESS else 10)
    assert "Traceback" not in site.log()


def test_one_network_has_only_so_many_sockets(make_site, api_server, meet):
    site = make_site(api_server, ASKME_PROXIES="1", ASKME_SOCKETS_PER_ADDRESS="5").start()
    first, more = Crowd(site.url, ONE_ADDRESS), Crowd(site.url, ONE_ADDRESS)
    try:
        first.open(5)
        assert more.open(3).close_codes() == [4430] * 3
        assert first.is_open() == [True] * 5
        page = meet(site.url, **{"X-Forwarded-For": "8.8.8.8"}).connect()
        assert page.finish(page.ask("Am I elsewhere?"))["status"] == "complete"
        first.close()
        page = meet(site.url, **{"X-Forwarded-For": ONE_ADDRESS[0]}).connect()
        assert page.finish(page.ask("Is there room again?"))["status"] == "complete"
    finally:
        first.close()
        more.close()


def test_one_networks_strangers_share_a_limit_of_frames(site, crowd):
    strangers = crowd(ONE_ADDRESS, 100)
    strangers.say(frame("answer.stop") * 15)  # fewer than one socket may send
    assert strangers.first_close_code() == 4429  # those whose frames came first may stay open
