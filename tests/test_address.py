import pytest

from answers.address import address_of


def seen(peer, *forwarded):
    headers = [(b"host", b"example.org"), *((b"x-forwarded-for", line.encode()) for line in forwarded)]
    return address_of({"client": [peer, 50_000] if peer else None, "headers": headers})


@pytest.fixture(params=[0, 1, 2])
def proxies(request, settings):
    settings.ASKME_PROXIES = request.param
    return request.param


def test_without_a_proxy_only_the_peer_counts(settings):
    settings.ASKME_PROXIES = 0
    assert seen("8.8.8.8", "1.1.1.1") == "8.8.8.8"


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "172.17.0.1", "10.1.2.3", "fe80::1", "unix", ""])
def test_without_a_proxy_a_private_peer_may_be_everybody(settings, peer):
    """Docker's gateway, or a proxy that nobody has declared: one guest would use up the limit of all."""
    settings.ASKME_PROXIES = 0
    assert seen(peer, "1.1.1.1") == ""


def test_each_proxy_is_believed_for_one_address(settings):
    made_up = "6.6.6.6, 7.7.7.7"
    settings.ASKME_PROXIES = 1
    assert seen("10.0.0.1", f"{made_up}, 1.1.1.1") == "1.1.1.1"
    settings.ASKME_PROXIES = 2
    assert seen("10.0.0.1", f"{made_up}, 1.1.1.1, 10.0.0.2") == "1.1.1.1"


def test_several_header_lines_are_one_list(settings):
    settings.ASKME_PROXIES = 1
    assert seen("10.0.0.1", "6.6.6.6", "1.1.1.1") == "1.1.1.1"


def test_people_in_an_intranet_are_told_apart_behind_a_proxy(settings):
    settings.ASKME_PROXIES = 1
    assert seen("10.0.0.1", "10.1.2.3") == "10.1.2.3"


def test_who_comes_past_some_of_the_proxies_is_whom_the_first_on_the_way_has_seen(settings):
    settings.ASKME_PROXIES = 2
    assert seen("10.0.0.1", "1.1.1.1") == "1.1.1.1"
    assert seen("10.0.0.1") == "10.0.0.1"


def test_a_home_with_ipv6_is_its_network(proxies):
    own = "2606:4700:0:1:aaaa::1"
    way = ("10.0.0.1", f"{own}, 10.0.0.2" if proxies == 2 else own) if proxies else (own,)
    assert seen(*way) == "2606:4700:0:1::/64"


def test_an_ipv4_address_in_ipv6s_clothes_is_itself(settings):
    settings.ASKME_PROXIES = 1
    assert seen("10.0.0.1", "::ffff:1.1.1.1") == "1.1.1.1"


def test_nonsense_is_nowhere(proxies):
    assert seen("", "nonsense, ' OR 1=1, nonsense") == ""
