"""The address of a requester, behind proxies and without them."""

import pytest

from answers.asking import address
from answers.asking.address import address_of


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
def test_without_a_proxy_a_private_peer_is_not_an_address(settings, peer):
    """It may be Docker's gateway or an undeclared proxy, so one guest would use up everybody's limit."""
    settings.ASKME_PROXIES = 0
    assert seen(peer, "1.1.1.1") == ""


def test_each_proxy_is_trusted_for_one_address(settings):
    made_up = "6.6.6.6, 7.7.7.7"
    settings.ASKME_PROXIES = 1
    assert seen("10.0.0.1", f"{made_up}, 1.1.1.1") == "1.1.1.1"
    settings.ASKME_PROXIES = 2
    assert seen("10.0.0.1", f"{made_up}, 1.1.1.1, 10.0.0.2") == "1.1.1.1"


def test_several_header_lines_are_one_list(settings):
    settings.ASKME_PROXIES = 1
    assert seen("10.0.0.1", "6.6.6.6", "1.1.1.1") == "1.1.1.1"


def test_people_on_an_intranet_are_distinguished_behind_a_proxy(settings):
    settings.ASKME_PROXIES = 1
    assert seen("10.0.0.1", "10.1.2.3") == "10.1.2.3"


def test_a_request_that_skips_a_proxy_has_the_address_that_the_first_one_saw(settings):
    settings.ASKME_PROXIES = 2
    assert seen("10.0.0.1", "1.1.1.1") == "1.1.1.1"
    assert seen("10.0.0.1") == "10.0.0.1"


def test_an_ipv6_address_counts_as_its_network(proxies):
    own = "2606:4700:0:1:aaaa::1"
    way = ("10.0.0.1", f"{own}, 10.0.0.2" if proxies == 2 else own) if proxies else (own,)
    assert seen(*way) == "2606:4700:0:1::/64"


def test_an_ipv4_address_mapped_to_ipv6_counts_as_ipv4(settings):
    settings.ASKME_PROXIES = 1
    assert seen("10.0.0.1", "::ffff:1.1.1.1") == "1.1.1.1"


def test_a_port_that_a_proxy_appends_is_not_part_of_the_address(settings):
    settings.ASKME_PROXIES = 1
    assert seen("10.0.0.1", "1.1.1.1:50000") == "1.1.1.1"
    assert seen("10.0.0.1", "[2606:4700:0:1::1]:50000") == "2606:4700:0:1::/64"
    assert seen("10.0.0.1", "[2606:4700:0:1::1]") == "2606:4700:0:1::/64"


def test_nonsense_is_not_an_address(proxies):
    assert seen("", "nonsense, ' OR 1=1, nonsense") == ""


@pytest.fixture
def warnings(settings, monkeypatch, caplog):
    """What is logged by a process that has just started."""
    monkeypatch.setattr(address, "_warning", address._Warning())
    monkeypatch.setattr(address.log, "parent", None)  # `answers` has a handler of its own
    address.log.addHandler(caplog.handler)
    settings.ASKME_PROXIES = 0
    yield caplog
    address.log.removeHandler(caplog.handler)


@pytest.mark.parametrize("peer", ["127.0.0.1", "172.17.0.1", "fe80::1", "", "unix"])
def test_a_proxy_that_is_not_declared_is_logged_once(warnings, peer):
    for _ in range(3):
        seen(peer, "1.1.1.1")
    [warning] = warnings.messages
    assert "set ASKME_PROXIES to their number" in warning


@pytest.mark.parametrize("peer", ["172.17.0.1", "10.1.2.3"])
def test_a_private_network_without_a_limit_is_logged_too(warnings, peer):
    seen(peer)
    [warning] = warnings.messages
    assert peer in warning


def test_nothing_is_logged_where_the_limits_apply_or_are_off(warnings, settings):
    seen("127.0.0.1")  # on the operator's own machine
    seen("8.8.8.8", "1.1.1.1")
    settings.ASKME_PROXIES = 1
    seen("10.0.0.1", "1.1.1.1")
    settings.ASKME_PROXIES = 0
    settings.ASKME_ADDRESS_QUESTIONS_PER_MINUTE = 0
    seen("10.0.0.1", "1.1.1.1")
    assert warnings.messages == []
