"""Limits and the queue on real sites: across processes, addresses and threads."""

import sqlite3
from contextlib import closing

from tests.support.api_server import stall


def test_a_waiting_question_learns_how_many_are_ahead(make_site, api_server, meet):
    site = make_site(api_server, ASKME_THREADS="1").start()
    api_server.behaviour = stall(["First. "])
    alice, bob, charlie = (meet(site.url).connect() for _ in range(3))
    first = alice.ask("1")
    api_server.wait_for_requests(1)
    second = bob.ask("2")
    assert bob.read()["ahead"] == 0  # running answers are not ahead in the queue
    third = charlie.ask("3")
    assert charlie.read()["ahead"] == 1
    api_server.behaviour = stall(["Second. "])
    alice.stop(first)
    bob.read_text(second, "Second. ")
    assert charlie.read() == {"type": "answer.queued", "answer": third, "ahead": 0}
    charlie.stop(third)
    assert charlie.finish(third)["status"] == "stopped"
    assert len(api_server.requests) == 2  # a question stopped while it waited was never sent
    api_server.release()
    assert bob.finish(second)["status"] == "complete"


def test_a_person_over_the_limit_is_refused_in_every_process(make_site, api_server, meet, redis_url):
    site = make_site(api_server, ASKME_QUESTIONS_PER_MINUTE="2", REDIS_URL=redis_url).start(processes=2)
    person = meet(site.urls[0])
    near, far = person.connect(), person.connect(site.urls[1])
    first = near.ask("1")
    near.finish(first)
    far.finish(far.ask("2"))
    for socket in (near, far):
        third = socket.ask("3")
        refused = socket.read_until("error")  # before it, perhaps, that the site is busy
        assert (refused["type"], refused["code"], refused["answer"]) == ("error", "too_many_questions", third)
        assert 0 < refused["retry_after"] <= 60
    near.texts.clear()
    near.ask("1", first)  # repeating a question does not count
    assert near.finish(first)["status"] == "complete"
    other = meet(site.url).connect()
    assert other.finish(other.ask("And I?"))["status"] == "complete"
    assert len(api_server.requests) == 3


def test_a_guest_without_cookies_is_limited_by_their_address(make_site, api_server, meet):
    site = make_site(api_server, ASKME_PROXIES="1", ASKME_ADDRESS_QUESTIONS_PER_MINUTE="2").start()
    for number in range(3):
        guest = meet(site.url, **{"X-Forwarded-For": f"6.6.6.{number}, 192.0.2.7"}).connect()
        id = guest.ask("Me again?")
        if number < 2:
            guest.finish(id)
    for _ in range(2):
        refused = guest.read_until("error")
        assert (refused["type"], refused["code"], refused["answer"]) == ("error", "too_many_questions", id)
        guest.ask("Me again?", id)
    neighbour = meet(site.url, **{"X-Forwarded-For": "192.0.2.8"}).connect()
    assert neighbour.finish(neighbour.ask("And I?"))["status"] == "complete"
    assert len(api_server.requests) == 3


def test_a_proxy_that_is_not_declared_is_logged_when_a_question_arrives(make_site, api_server, meet):
    """Without it, guests behind the proxy have no limit per address, and nobody would know."""
    site = make_site(api_server, ASKME_ADDRESS_QUESTIONS_PER_MINUTE="1").start()
    direct = meet(site.url).connect()
    direct.finish(direct.ask("From this machine?"))
    assert "ASKME_PROXIES" not in site.log()
    for _ in range(2):
        guest = meet(site.url, **{"X-Forwarded-For": "192.0.2.7"}).connect()
        guest.finish(guest.ask("Through a proxy?"))
    assert site.log().count("set ASKME_PROXIES to their number") == 1


def test_the_whole_site_has_a_limit_per_day_across_its_processes(make_site, api_server, meet, redis_url):
    site = make_site(api_server, ASKME_SITE_QUESTIONS_PER_DAY="2", REDIS_URL=redis_url).start(processes=2)
    for url in site.urls:
        socket = meet(site.url).connect(url)
        socket.finish(socket.ask("Is there room?"))
    for url in site.urls:
        socket = meet(site.url).connect(url)
        id = socket.ask("And for me?")
        refused = socket.read_until("error")  # before it, perhaps, that the site is busy
        assert (refused["type"], refused["code"], refused["answer"]) == ("error", "too_many_questions", id)
        assert 86_000 < refused["retry_after"] <= 86_400
        assert refused["message"] == (
            "This site has reached its limit of questions per day. Please ask again in 24 hours."
        )
    assert len(api_server.requests) == 2
    assert site.manage("ask", "And the operator?").returncode == 0


def test_more_questions_than_threads_wait_their_turn_and_all_are_answered(make_site, api_server, meet):
    site = make_site(api_server, ASKME_THREADS="4", ASKME_RUNNING_PER_USER="2").start()
    api_server.behaviour = stall(["Whole. "])
    people = [meet(site.url) for _ in range(4)]
    sockets = [person.connect() for person in people]
    asked = [(socket, socket.ask("0")) for socket in sockets]
    for socket, id in asked:
        socket.read_until("answer.started", id)
    asked += [(socket, socket.ask(f"{number}")) for number in range(1, 6) for socket in sockets]
    for socket, id in asked[-4:]:
        socket.read_until("answer.queued", id)
    fresh = people[0].http.get(site.url)  # the site responds while it is full
    assert fresh.status_code == 200
    assert fresh.elapsed.total_seconds() < 10  # before the API's silence of 20 s ends
    late = meet(site.url).connect()
    last = late.ask("And I?")
    assert late.read_until("answer.queued", last)["ahead"] == 0  # all others are being served already
    assert len(api_server.requests) == 4
    api_server.release()
    for socket, id in [*asked, (late, last)]:
        if id not in {event["answer"] for event in socket.events if event["type"] == "answer.finished"}:
            socket.read_until("answer.finished", id)
        assert socket.texts[id] == "Whole. "
    with closing(sqlite3.connect(site.folder / "site.sqlite3")) as database:
        order = [
            text
            for (text,) in database.execute("SELECT question FROM answers_answer ORDER BY started_at, turn")
        ]
    assert len(order) == len(api_server.requests) == 25
    assert order.index("And I?") == 4
