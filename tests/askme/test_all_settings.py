"""Every setting refuses what it cannot be, and says what to write, unless it takes any text."""

import re

import pytest
from django.conf import settings

from tests.support.sites import Site

# Settings that the operator words freely, or that only another server can judge.
FREE_TEXT = {
    "ASKME_MODEL",
    "ASKME_MODELS",
    "ASKME_NOTICE",
    "ASKME_OIDC_CLIENT_ID",
    "ASKME_OIDC_CLIENT_SECRET",
    "ASKME_OIDC_NAME",
    "ASKME_SUGGESTIONS",
    "ASKME_SYSTEM_PROMPT",
    "OPENAI_API_KEY",
    "POSTGRES_PASSWORD",
}
GARBAGE = ["no, such,, ☃ value", "-1", "nan", "1e400", "9" * 40, "://:@[", "0.5.5"]


def is_accepted(name: str, value: str) -> bool:
    return name in FREE_TEXT or (name == "ALLOWED_HOSTS" and re.fullmatch(r"[\w.]+", value) is not None)


def issues(output: str) -> list[tuple[str, str]]:
    """The message and the hint of each error."""
    return re.findall(r"^\?: \(askme\.E\d+\) (.*)\n\tHINT: (.*)$", output, re.MULTILINE)


@pytest.mark.parametrize("value", GARBAGE)
def test_every_setting_refuses_garbage_and_says_what_to_write(tmp_path, value):
    """All at once, so that one mistake hides no other."""
    names = {name for name in settings.ENVIRONMENT_NAMES if not is_accepted(name, value)}
    done = Site(tmp_path, **dict.fromkeys(names, value)).manage("check")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    found = issues(done.stderr)
    refused = {name for name in names for message, _ in found if re.search(rf"\b{name}\b", message)}
    assert names - refused == set()
    for message, hint in found:
        assert message.endswith(".")
        assert re.match(r"(Set|Write|Use|Put) ", hint), (message, hint)


@pytest.mark.parametrize("name", sorted(settings.ENVIRONMENT_NAMES))
def test_what_no_setting_can_hold_is_refused(name, monkeypatch, tmp_path):
    """Bytes that are no text, no file, and an empty file: a secret that was never written to it."""
    from askme.environment import Environment

    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "empty").write_bytes(b"\n")
    for file in ("bytes", "empty", "missing"):
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / file))
        environment = Environment()
        assert environment.str(name, "the default") == "the default"
        assert f"{name}_FILE" in environment.problems[name].message
        assert environment.problems[name].hint
    monkeypatch.delenv(f"{name}_FILE")
    monkeypatch.setenv(name, "\udcff")  # a byte that is not UTF-8, as Python reads it
    environment = Environment()
    assert environment.str(name, "the default") == "the default"
    assert name in environment.problems[name].message


def test_an_empty_setting_is_one_that_is_not_set(tmp_path):
    """Compose passes `NAME=` for a variable that is not set."""
    names = settings.ENVIRONMENT_NAMES - {"DATABASE_URL", "SECRET_KEY"}
    done = Site(tmp_path, **dict.fromkeys(names, "")).manage("check")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_list_of_free_texts_is_current():
    assert settings.ENVIRONMENT_NAMES > FREE_TEXT
