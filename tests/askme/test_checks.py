"""A wrong setting ends the start and says what to write, in a fresh process as an operator sees it."""

import os
import subprocess
import sys

import pytest

from tests.support.settings import assert_is_error, check
from tests.support.sites import ROOT

OIDC = {
    "ASKME_OIDC_ISSUER": "https://id.example",
    "ASKME_OIDC_CLIENT_ID": "a",
    "ASKME_OIDC_CLIENT_SECRET": "b",
}
POSTGRES = "postgres://askme:se%40cret@db.example"
OLD_KEY, NEW_KEY = (f"{name} key that is long enough not to be guessed" for name in ("old", "new"))

WRONG = [
    ({"ASKME_MAX_TOKENS": "many"}, "E001", "whole number from 1 to 10000000"),
    ({"ASKME_MAX_TOKENS": "0"}, "E001", "from 1 to"),
    ({"ASKME_THREADS": "1_000"}, "E001", "from 1 to 10000"),
    ({"ASKME_THREADS": "10001"}, "E001", "from 1 to 10000"),
    ({"ASKME_ADDRESS_QUESTIONS_PER_MINUTE": "-1"}, "E001", "from 0 to 1000000"),
    ({"ASKME_ADDRESS_QUESTIONS_PER_DAY": "-1"}, "E001", "from 0 to 1000000"),
    ({"ASKME_CONTEXT_TOKENS": "10000000000"}, "E001", "from 0 to 10000000"),
    ({"ASKME_SILENCE_SECONDS": "-1"}, "E001", "from 0 to 86400"),
    ({"ASKME_SILENCE_SECONDS": "inf"}, "E001", "from 0 to 86400"),
    ({"ASKME_SILENCE_SECONDS": "nan"}, "E001", "from 0 to 86400"),
    ({"ASKME_SILENCE_SECONDS": "1 min"}, "E001", "from 0 to 86400"),
    ({"ASKME_TEMPERATURE": "0,5"}, "E001", "a number from 0 to 2"),
    ({"ASKME_TEMPERATURE": "2.5"}, "E001", "a number from 0 to 2"),
    ({"ASKME_SWITCH_SECONDS": "5"}, "E001", "from 0 to 1"),
    ({"ASKME_PROXIES": "-1"}, "E001", "from 0 to 10"),
    ({"ASKME_HTTPS": "ture"}, "E001", "true or false"),
    ({"ASKME_HTTPS": "2"}, "E001", "true or false"),
    ({"DEBUG": "flase"}, "E001", "true or false"),
    ({"ASKME_CHECK_AT_START": "nope"}, "E001", "true or false"),
    ({"LOG_LEVEL": "verbose"}, "E001", "“WARNING”"),
    ({"SECRET_KEY": "changeme"}, "E001", "openssl rand -hex 32"),
    ({"SECRET_KEY": "x" * 64}, "E001", "openssl rand -hex 32"),
    ({"OPENAI_API_KEY_FILE": "/nowhere/key"}, "E001", "OPENAI_API_KEY_FILE"),
    ({"OPENAI_API_KEY_FILE": "/"}, "E001", "OPENAI_API_KEY_FILE"),
    ({"ASKME_MODEL_FILE": "/dev/null"}, "E001", "ASKME_MODEL_FILE names an empty file"),
    ({"ENV_FILE": "/nowhere/env"}, "E001", "ENV_FILE"),
    ({"ASKME_API": "assistants"}, "E001", "“responses”, “chat” or “completions”"),
    ({"OPENAI_BASE_URL": "localhost:11434/v1", "ASKME_MODEL": "m"}, "E001", "https://api.openai.com/v1"),
    ({"OPENAI_BASE_URL": "http://[::1/v1", "ASKME_MODEL": "m"}, "E001", "https://api.openai.com/v1"),
    ({"OPENAI_BASE_URL": "http://localhost:114340/v1"}, "E001", "https://api.openai.com/v1"),
    ({"OPENAI_BASE_URL": "http://localhost:11434/v1"}, "E005", "a model that localhost serves"),
    ({"OPENAI_API_KEY": "sk-1"}, "E005", "manage.py check_api"),
    ({"ASKME_API_PROXY": "proxy.example:3128"}, "E001", "http://proxy.example.org:3128"),
    ({"ASKME_API_PROXY": "http://user:secret@proxy.example:port"}, "E001", "“environment”"),
    ({"ASKME_API_PROXY": "http://user:secret@proxy.example/path"}, "E001", "“environment”"),
    ({"ASKME_API_PROXY": "socks5://user:secret@proxy.example"}, "E001", "“environment”"),
    ({"ASKME_IDENTIFIERS": "openai"}, "E001", "true or false"),
    ({"ASKME_REASONING_BYTES": "-1"}, "E001", "from 0 to 100000000"),
    ({"ASKME_STATUS_URL": "status.example"}, "E001", "https://status.example.org"),
    ({"ASKME_STATUS_URL": "javascript:alert(1)"}, "E001", "https://status.example.org"),
    ({"ASKME_SUGGESTIONS": "One||Two"}, "E001", "questions with a | between them"),
    ({"ASKME_SUGGESTIONS": "x" * 201}, "E001", "at most 200 characters"),
    ({"ASKME_SUGGESTIONS": "|".join("abcdefghi")}, "E001", "at most 8"),
    ({"ASKME_NOTICE_URL": "privacy"}, "E001", "/privacy/"),
    ({"ASKME_NOTICE_URL": "//evil.example/"}, "E001", "/privacy/"),
    ({"ASKME_NOTICE_URL": "/\\evil.example/"}, "E001", "/privacy/"),
    ({"ASKME_NOTICE_URL": "javascript:alert(1)"}, "E001", "/privacy/"),
    ({"ASKME_CHECK_MODELS": "daily"}, "E001", "true or false"),
    ({"OPENAI_API_KEY": "sk-1 sk-2"}, "E006", "OPENAI_API_KEY"),
    ({"OPENAI_API_KEY": "sk-é"}, "E006", "OPENAI_API_KEY"),
    ({"ASKME_PROMPT_TEMPLATE": "Answer."}, "E001", "{question}"),
    ({"ASKME_CA_BUNDLE": "/nowhere/ca.pem"}, "E001", "ASKME_CA_BUNDLE"),
    ({"ASKME_CA_BUNDLE": __file__}, "E001", "PEM"),
    ({"REDIS_URL": "localhost"}, "E001", "redis://"),
    ({"REDIS_URL": "redis://localhost:port/0"}, "E001", "redis://"),
    ({"REDIS_URL": "redis://localhost/cache"}, "E001", "redis://"),
    ({"REDIS_URL": "redis://localhost/0?foo=bar"}, "E001", "redis://"),
    ({"REDIS_URL": "redis://localhost/0?health_check_interval=often"}, "E001", "redis://"),
    ({"REDIS_URL": "redis://"}, "E001", "redis://localhost:6379/0"),
    ({"REDIS_URL": "unix://"}, "E001", "redis://localhost:6379/0"),
    ({"REDIS_URL": "redis://localhost", "SECRET_KEY": ""}, "E010", "SECRET_KEY"),
    ({"DATABASE_URL": "mysql://askme:secret@localhost/askme"}, "E001", "postgres://"),
    ({"DATABASE_URL": "askme"}, "E001", "postgres://"),
    ({"DATABASE_URL": "postgres://askme:se#cret@localhost/askme"}, "E001", "%23"),
    ({"DATABASE_URL": f"{POSTGRES}:port/askme"}, "E001", "postgres://"),
    ({"DATABASE_URL": f"{POSTGRES}:65536/askme"}, "E001", "postgres://"),
    ({"DATABASE_URL": f"{POSTGRES}:0/askme"}, "E001", "postgres://"),
    ({"DATABASE_URL": f"{POSTGRES}/"}, "E001", "postgres://"),
    ({"DATABASE_URL": f"{POSTGRES}/askme?foo=bar"}, "E001", "'foo'"),
    ({"DATABASE_URL": f"{POSTGRES}/askme?connect_timeout=9"}, "E001", "'connect_timeout'"),
    ({"DATABASE_URL": f"{POSTGRES}/askme?conn_max_age=9"}, "E001", "'conn_max_age'"),
    ({"DATABASE_URL": f"{POSTGRES}/askme?sslmode=on"}, "E001", "verify-full"),
    ({"DATABASE_URL": "sqlite://"}, "E001", "sqlite:////srv/askme.sqlite3"),
    ({"DATABASE_URL": "sqlite://:memory:"}, "E001", "sqlite:////srv/askme.sqlite3"),
    ({"DATABASE_URL": "sqlite://var/askme.sqlite3"}, "E001", "sqlite:////srv/askme.sqlite3"),
    ({"DATABASE_URL": "sqlite:////nowhere/askme.sqlite3"}, "E001", "a folder that does not exist"),
    ({"DATABASE_URL": "sqlite:////tmp/askme.sqlite3?timeout=9"}, "E001", "sqlite:////srv/askme.sqlite3"),
    ({"ALLOWED_HOSTS": "https://ask.example"}, "E001", "without http://"),
    ({"ALLOWED_HOSTS": "ask.example:8000"}, "E001", "without a port"),
    ({"ALLOWED_HOSTS": ","}, "E001", "separated by commas"),
    ({"ASKME_URL": "ask.example"}, "E001", "such as https://ask.example.org"),
    ({"ASKME_URL": "https://ask.example/askme"}, "E001", "without a path"),
    ({"ASKME_URL": "https://user:secret@ask.example"}, "E001", "without a path"),
    ({"ASKME_URL": "https://*.ask.example"}, "E001", "without a path"),
    (
        {"ASKME_URL": "https://ask.example", "ALLOWED_HOSTS": "www.ask.example"},
        "E018",
        "Remove ALLOWED_HOSTS",
    ),
    ({"ASKME_URL": "https://ask.example", "ASKME_HTTPS": "false"}, "E019", "Remove ASKME_HTTPS"),
    ({"ASKME_URL": "http://ask.example", "ASKME_HTTPS": "true"}, "E019", "Remove ASKME_HTTPS"),
    ({"CSRF_TRUSTED_ORIGINS": "*"}, "E001", "separated by commas"),
    ({"CSRF_TRUSTED_ORIGINS": "https://*"}, "E001", "separated by commas"),
    ({"CSRF_TRUSTED_ORIGINS": "https://ask.example,"}, "E001", "separated by commas"),
    ({"SECRET_KEY": NEW_KEY, "SECRET_KEY_FALLBACKS": f"{OLD_KEY}, {NEW_KEY}"}, "E017", "SECRET_KEY"),
    ({"SECRET_KEY_FALLBACKS": "short"}, "E001", "32 characters"),
    ({"ASKME_SIGNUP": "friends"}, "E001", "“invited”"),
    ({"ASKME_VERIFY_EMAIL": "true"}, "E012", "EMAIL_URL"),
    ({"EMAIL_URL": "mail.example:587"}, "E001", "smtp+tls://"),
    ({"EMAIL_URL": "smtp+tls://user:pass@mail.example:tls"}, "E001", "smtp+tls://"),
    ({"EMAIL_URL": "smtp+tls://"}, "E001", "smtp+tls://"),
    ({"EMAIL_URL": "smtp://mail.example:25?use_tls=false"}, "E001", "smtp+tls://"),
    ({"EMAIL_URL": "filemail://"}, "E001", "filemail:////srv/mails"),
    ({"DEFAULT_FROM_EMAIL": "Ask Me"}, "E001", "ask@example.org"),
    (OIDC | {"ASKME_OIDC_ISSUER": "http://id.example"}, "E001", "https://login.example.org"),
    (OIDC | {"ASKME_OIDC_ISSUER": "https://[id"}, "E001", "https://login.example.org"),
    (OIDC | {"ASKME_OIDC_DOMAINS": "@example.org"}, "E001", "without @"),
    (OIDC | {"ASKME_OIDC_DOMAINS": " , "}, "E001", "without @"),
    (
        {"ASKME_OIDC_ISSUER": "https://id.example"},
        "E013",
        "ASKME_OIDC_CLIENT_ID and ASKME_OIDC_CLIENT_SECRET",
    ),
    ({"ASKME_FRAME_BYTES": "65536"}, "E002", "Set ASKME_FRAME_BYTES to at least 100096"),
    ({"ASKME_FRAME_BYTES": "65536"}, "E002", "ASKME_QUESTION_CHARS to at most 5120."),
    ({"ASKME_BODY_BYTES": "65536"}, "E002", "Set ASKME_BODY_BYTES to at least 100096"),
    ({"ASKME_QUESTION_CHARS": "90000", "ASKME_FRAME_BYTES": "1048576"}, "E002", "Set ASKME_QUESTION_CHARS"),
]


@pytest.mark.parametrize(("environment", "id", "hint"), WRONG)
def test_a_wrong_setting_is_an_error_that_says_what_to_write(tmp_path, environment, id, hint):
    done = check(tmp_path, **environment)
    assert_is_error(done, id, hint)
    for secret in ("sk-1", "cret@", "secret"):
        assert secret not in done.stderr


def test_an_unknown_setting_is_named_with_the_likely_correct_one(tmp_path):
    done = check(tmp_path, ASKME_MAX_TOKEN="5")
    assert done.returncode == 0
    assert "askme.W001" in done.stderr
    assert "Did you mean ASKME_MAX_TOKENS?" in done.stderr


def test_an_open_login_provider_is_a_warning(tmp_path):
    google = OIDC | {"ASKME_OIDC_ISSUER": "https://accounts.google.com"}
    assert "askme.W002" in check(tmp_path, **google).stderr
    assert "askme.W002" not in check(tmp_path, **google, ASKME_OIDC_DOMAINS="example.org").stderr


def test_settings_that_are_ignored_without_the_check_are_logged(make_site):
    site = make_site(ASKME_CHECK_AT_START="false", ASKME_HTTPS="ture", LOG_LEVEL="verbose").start()
    assert "ASKME_HTTPS is 'ture'. The default is used. Write true or false." in site.log()
    assert "LOG_LEVEL is 'verbose'. The default is used." in site.log()


CORRECT = {
    "ALLOWED_HOSTS": ["ask.example, .example.org", "[::1],10.0.0.1", "web_1"],
    "DATABASE_URL": [
        f"{POSTGRES}:5433/askme?sslmode=verify-full&sslrootcert=/ca.pem&application_name=askme",
        "postgresql:///askme",
        "postgres://askme@a.example:5432,b.example:5433/askme?target_session_attrs=read-write",
    ],
    "REDIS_URL": [
        "redis://:p%40ss@localhost:6380/2",
        "rediss://r.example?ssl_ca_certs=/ca",
        "unix:///r.sock",
    ],
    "EMAIL_URL": [
        "smtp://mail.example",
        "smtp+ssl://a:b@[::1]:465",
        "filemail:////srv/mails",
        "consolemail://",
    ],
    "ASKME_API_PROXY": ["environment", "http://user:p%40ss@proxy.example:3128/", "http://[::1]:8080"],
    "ASKME_IDENTIFIERS": ["true", "off"],
    "ASKME_REASONING_BYTES": ["0"],
    "ASKME_SUGGESTIONS": ["none", "One, only?", "Why? | How, and\nwhen?"],
    "ASKME_STATUS_URL": ["https://status.example.org", "http://localhost:9000/askme?a=b"],
    "ASKME_NOTICE_URL": ["/", "/privacy/?a=b#c", "https://example.org/privacy"],
    "ASKME_HTTPS": ["True", "no", "1", "off"],
    "ASKME_URL": ["https://ask.example.org/", "http://localhost:8000", "https://[2001:db8::1]:8443"],
    "CSRF_TRUSTED_ORIGINS": ["https://ask.example, http://[::1]:8000", "https://*.example.org"],
    "ASKME_SILENCE_SECONDS": ["0", "0.5", "1e3"],
    "DEFAULT_FROM_EMAIL": ["Ask Me <ask@example.org>"],
    "ASKME_OIDC_DOMAINS": ["example.org , sub.example.net"],
    "ASKME_OIDC_ISSUER": ["http://localhost:8080/realms/team/"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in CORRECT for value in CORRECT[name]])
def test_a_correct_value_passes_silently(tmp_path, name, value):
    others = OIDC if name.startswith("ASKME_OIDC") else {}
    done = check(tmp_path, **others | {name: value})
    assert (done.returncode, done.stderr) == (0, "")


def test_a_line_of_the_env_file_that_is_no_setting_is_refused(tmp_path):
    file = tmp_path / "env"
    file.write_text("# comments\n\nASKME_SIGNUP=closed\nASKME_GUESTS = false\n")
    done = check(tmp_path, ENV_FILE=str(file))
    assert done.returncode == 1
    assert f"ENV_FILE is {file}, whose line 4 is not a setting." in done.stderr
    assert "NAME=value" in done.stderr


def test_correct_settings_pass_silently(tmp_path):
    key = tmp_path / "key"
    key.write_text("sk-from-a-file\n")
    done = check(
        tmp_path,
        OPENAI_API_KEY_FILE=str(key),
        OPENAI_BASE_URL="https://api.example/v1",
        ASKME_MODEL="m",
        ASKME_API="completions",
        ASKME_PROMPT_TEMPLATE=r"Q: {question}\nA:",
        ASKME_TEMPERATURE="0.5",
        ASKME_MAX_TOKENS="",
        EMAIL_URL="smtp+tls://user:p%40ss@mail.example:587",
        SECRET_KEY_FALLBACKS=f"{OLD_KEY}, {NEW_KEY},",
        **OIDC,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_server_does_not_start_on_a_wrong_setting(tmp_path):
    command = [sys.executable, "-m", "daphne", "-p", "1", "askme.asgi:application"]
    environment = os.environ | {"ASKME_API": "nonsense"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "ASKME_API is 'nonsense'" in done.stderr
    assert "Traceback" not in done.stderr
