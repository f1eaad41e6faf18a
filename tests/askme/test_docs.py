"""Everything that the documents name exists: files, settings, events, statuses and make targets."""

import re

import pytest
from django.conf import settings

from answers import conf, protocol
from answers.models import Status
from tests.support.compose import COMPOSE_ONLY
from tests.support.sites import ROOT

DOCUMENTS = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md")),
]
CODE = re.compile(r"`([^`\n]+)`|^(make [a-z]+)", re.MULTILINE)


def named(pattern: str) -> set[str]:
    """Return the words in code style, from all documents, that match the pattern."""
    words = set()
    for document in DOCUMENTS:
        text = (ROOT / document).read_text()
        words |= {word for pair in CODE.findall(text) for word in pair if re.fullmatch(pattern, word)}
        for block in re.findall(r"```\n(.*?)```", text, re.DOTALL):
            words |= {word for word in re.findall(r"[\w./-]+", block) if re.fullmatch(pattern, word)}
    return words


def test_every_documented_setting_is_read():
    names = named(r"[A-Z]+_[A-Z_]+|DEBUG|PUBLISH") - COMPOSE_ONLY - {"NAME_FILE", "BACKUP_FOLDER"}
    names -= {"HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"}  # of all programs, not of askme alone
    assert len(names) > 10
    # Documents for developers also name settings of Django and of `answers` that no variable sets.
    read = settings.ENVIRONMENT_NAMES | {name for name in (*dir(conf), *dir(settings)) if name.isupper()}
    assert {name.removesuffix("_FILE") for name in names} <= read


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_documented_file_exists(document):
    text = (ROOT / document).read_text()
    paths = re.findall(r"`([a-z]+(?:/[\w.-]+)+/?|\w+\.(?:py|md|yml|txt))`", text) + re.findall(
        r"\]\(([^)#:]+)\)", text
    )
    places = (ROOT, (ROOT / document).parent)  # a link is relative to its document
    missing = [path for path in paths if not any((place / path).exists() for place in places)]
    # The site or its operator makes these.
    missing = [path for path in missing if not path.startswith("var/") and path != "prometheus.yml"]
    assert missing == []


def test_every_documented_event_is_in_the_protocol():
    said = set(re.findall(r'"((?:answer|question)\.[a-z]+)"', (ROOT / "answers/protocol.py").read_text()))
    assert {"question.ask", "answer.follow", "answer.finished"} <= said
    assert named(r"(answer|question)\.(?!js)[a-z]+") <= said
    page = "".join(path.read_text() for path in (ROOT / "answers/static/answers").glob("*.js"))
    mirrored = set(re.findall(r'"((?:answer|question)\.[a-z]+)"', page))
    handled = re.search(r"^const EVENTS = \[(.+)\];", page, re.MULTILINE)[1]
    mirrored |= {f"answer.{name}" for name in re.findall(r"[a-z]+", handled)}
    assert mirrored == said
    assert protocol.parse  # the only place that parses frames


def test_every_status_is_documented():
    assert set(Status.values) <= named(r"[a-z]+")


def test_every_documented_make_target_exists():
    targets = re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"run", "test", "check"} <= set(targets)
    for name in named(r"make [a-z]+"):
        assert name.removeprefix("make ") in targets


def test_the_picture_exists():
    assert (ROOT / "docs/page.png").read_bytes().startswith(b"\x89PNG")
