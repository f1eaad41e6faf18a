"""Ask questions that follow each other, and read what the API got."""

from tests.support.api_server import answer
from tests.support.database import execute


def ask(socket, question, text, **fields):
    """Ask, get this text as the answer, and wait for the end."""
    socket.api.script(answer([text]))
    id = socket.ask(question, **fields)
    assert socket.finish(id)["status"] == "complete"
    return id


def said(exchange):
    """Return the role and the text of each message in a request."""
    return [(message["role"], message["content"]) for message in exchange.body["messages"]]


def turn(question, text):
    return [("user", question), ("assistant", text)]


def rows(site):
    """Return question, status, model and label of each answer."""
    return execute(site, "SELECT question, status, model, model_label FROM answers_answer")


def error(socket):
    return socket.read_until("error")
