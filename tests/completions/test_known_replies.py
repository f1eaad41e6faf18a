"""Replies that real servers sent: over HTTP as they came, and cut at every byte."""

import pytest

from completions import CompletionError, Prompt
from tests.support.api_server import ApiServer, ClientFor, Exchange
from tests.support.known_replies import KNOWN_REPLIES, KnownReply
from tests.support.offline_replies import read_in_every_split, read_offline

every_reply = pytest.mark.parametrize("reply", KNOWN_REPLIES.values(), ids=KNOWN_REPLIES)


@every_reply
def test_known_replies_are_read_as_they_came(
    api_server: ApiServer, client_for: ClientFor, reply: KnownReply
) -> None:
    """Their pieces arrive one by one, and together take longer than the first text may."""

    def behaviour(exchange: Exchange) -> None:
        exchange.head(reply.status)
        for piece in reply.pieces:
            exchange.send(piece)
            exchange.wait(0.15)
        exchange.end()

    api_server.behaviour = behaviour
    completion = client_for(api_server, first_text_seconds=0.8).ask(Prompt("Why?"))
    text, outcome = "", "complete"
    try:
        for piece in completion:
            text += piece
    except CompletionError as error:
        outcome = error.code
    assert (text, outcome) == (reply.text, reply.outcome)


@every_reply
def test_known_replies_are_read_the_same_however_they_are_cut(reply: KnownReply) -> None:
    reading = read_in_every_split(b"".join(reply.pieces), status=reply.status)
    assert (reading.text, reading.outcome) == (reply.text, reply.outcome)
    assert reading == read_offline(*reply.pieces, status=reply.status)


@pytest.mark.parametrize("name", ["reasoning in parts of the content", "reasoning in details"])
def test_reasoning_of_known_replies_is_kept(name: str) -> None:
    reading = read_offline(*KNOWN_REPLIES[name].pieces)
    assert (reading.reasoning, reading.activities) == ("hm " * 6, ("thinking",))
    assert read_offline(*KNOWN_REPLIES["reasoning in the text"].pieces).reasoning == "hm hm\n"
