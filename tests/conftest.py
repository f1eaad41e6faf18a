"""What all tests share: an environment without the developer's settings, and fixtures for real services."""

import os
import signal

# A shell makes its background jobs ignore Ctrl-C, and every site that a test starts would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

for name in list(os.environ):
    if name.startswith(("OPENAI_", "ASKME_")) or name in (
        "DATABASE_URL",
        "REDIS_URL",
        "DEBUG",
        "ALLOWED_HOSTS",
        "CSRF_TRUSTED_ORIGINS",
    ):
        del os.environ[name]
os.environ["ENV_FILE"] = ""  # tests must not read the developer's own .env; child processes inherit this
os.environ["ASKME_CHECK_MODELS"] = "false"  # tests count the requests that the stand-in for the API receives
os.environ["SECRET_KEY"] = "for tests only, and as long as it has to be"
# Tests of the page run Playwright's sync API, whose event loop makes Django take this thread for async.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

import hypothesis  # noqa: E402
import pytest  # noqa: E402
from django.core.management import call_command  # noqa: E402

# A slow example says nothing about the code when several tests run at once.
hypothesis.settings.register_profile("askme", deadline=None)
hypothesis.settings.load_profile("askme")

pytest_plugins = [
    "tests.support.api_server",
    "tests.support.services",
    "tests.support.sites",
    "tests.support.people",
    "tests.support.browser",
    "tests.support.default_database",
    "tests.support.worker",
    "tests.support.measurements",
]


def pytest_sessionstart(session):
    """Run collectstatic, which makes the hashed names in pages. It must run once, before pytest-xdist starts
    its processes. Otherwise one process would write the files while another reads them."""
    if not hasattr(session.config, "workerinput"):
        call_command("collectstatic", interactive=False, verbosity=0)


def pytest_collection_modifyitems(config, items):
    """Tests that wait for minutes, or need Prometheus's promtool, run only if `-m` names their mark:
    `make test-slow` and `make test-alerts`."""
    for mark in ("slow", "promtool"):
        if mark not in config.option.markexpr:
            others = [item for item in items if item.get_closest_marker(mark)]
            config.hook.pytest_deselected(items=others)
            items[:] = [item for item in items if item not in others]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory):
    """A file, as in production: threads that share an in-memory SQLite lock each other out."""
    from django.conf import settings

    settings.DATABASES["default"]["TEST"]["NAME"] = str(tmp_path_factory.mktemp("db") / "test.sqlite3")


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords():
    """Use a fast hash. A real one takes a third of a second, on purpose. Real sites in tests still use it."""
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _english():
    """A request leaves its language active in its thread, which the next test in that thread would find."""
    from django.utils import translation

    translation.deactivate()
    yield
    translation.deactivate()
