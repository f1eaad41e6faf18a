"""What the documents name is there: files, settings, events, statuses and make's targets."""

import re

import pytest
from django.conf import settings

from answers import events
from answers.models import Status
from tests.sites import ROOT

DOCUMENTS = ["README.md", "ARCHITECTURE.md", "SECURITY.md", "CHANGELOG.md", "docs/scaling.md"]
CODE = re.compile(r"`([^`\n]+)`|^(make [a-z]+)", re.MULTILINE)


def named(pattern: str) -> set[str]:
    """What all documents together name in code style and match."""
    words = set()
    for document in DOCUMENTS:
        text = (ROOT / document).read_text()
        words |= {word for pair in CODE.findall(text) for word in pair if re.fullmatch(pattern, word)}
        for block in re.findall(r"```\n(.*?)```", text, re.DOTALL):
            words |= {word for word in re.findall(r"[\w./-]+", block) if re.fullmatch(pattern, word)}
    return words


def test_every_setting_that_is_named_is_read():
    names = named(r"[A-Z]+_[A-Z_]+|DEBUG|PUBLISH") - {"PUBLISH", "POSTGRES_PASSWORD", "NAME_FILE"}
    assert len(names) > 10
    assert {name.removesuffix("_FILE") for name in names} <= settings.ENVIRONMENT_NAMES


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_is_named_is_there(document):
    text = (ROOT / document).read_text()
    paths = re.findall(r"`([a-z]+(?:/[\w.-]+)+/?|\w+\.(?:py|md|yml|txt))`", text) + re.findall(
        r"\]\(([^)#:]+)\)", text
    )
    places = (ROOT, (ROOT / document).parent)  # a link starts from its document
    missing = [path for path in paths if not any((place / path).exists() for place in places)]
    missing = [path for path in missing if not path.startswith("var/")]
    assert missing == []


def test_every_event_that_is_named_is_said():
    said = set(re.findall(r'"((?:answer|question)\.[a-z]+)"', (ROOT / "answers/events.py").read_text()))
    assert {"question.ask", "answer.follow", "answer.finished"} <= said
    assert named(r"(answer|question)\.(?!js)[a-z]+") <= said
    page = "".join(path.read_text() for path in (ROOT / "answers/static/answers").glob("*.js"))
    mirrored = set(re.findall(r'"((?:answer|question)\.[a-z]+)"', page))
    assert mirrored == said
    assert events.parse  # the page's frames are parsed there, and nowhere else


def test_every_status_that_is_named_exists():
    assert set(Status.values) <= named(r"[a-z]+")


def test_every_make_target_that_is_named_exists():
    targets = re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"run", "test", "check"} <= set(targets)
    for name in named(r"make [a-z]+"):
        assert name.removeprefix("make ") in targets


def test_the_picture_is_there():
    assert (ROOT / "docs/page.png").read_bytes().startswith(b"\x89PNG")
