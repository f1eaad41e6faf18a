"""What all tests share: an environment without the developer's own settings, and the real services."""

import os
import signal

# A shell ignores Ctrl-C for what it runs in the background, and so would every site that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

for name in list(os.environ):
    if name.startswith(("OPENAI_", "ASKME_")) or name in (
        "DATABASE_URL",
        "REDIS_URL",
        "DEBUG",
        "ALLOWED_HOSTS",
    ):
        del os.environ[name]
os.environ["ENV_FILE"] = (
    ""  # a .env of the developer's is not the tests' business; child processes inherit it
)
os.environ["SECRET_KEY"] = "for tests only"
# Tests of the page run Playwright's sync API, whose event loop makes Django take this thread for async.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

import hypothesis  # noqa: E402
import pytest  # noqa: E402
from django.core.management import call_command  # noqa: E402

# An example that takes long, where several tests run at once, says nothing about the code.
hypothesis.settings.register_profile("askme", deadline=None)
hypothesis.settings.load_profile("askme")

pytest_plugins = [
    "tests.api_server",
    "tests.services",
    "tests.sites",
    "tests.people",
    "tests.browser",
    "tests.worker",
    "tests.faults",
]


def pytest_sessionstart(session):
    """Pages name their static files by hash, which collectstatic makes: once, before pytest-xdist starts
    processes of its own, which would write the same files while another reads them."""
    if not hasattr(session.config, "workerinput"):
        call_command("collectstatic", interactive=False, verbosity=0)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory):
    """A file, as in production: threads that share an in-memory SQLite lock each other out."""
    from django.conf import settings

    settings.DATABASES["default"]["TEST"]["NAME"] = str(tmp_path_factory.mktemp("db") / "test.sqlite3")


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords():
    """A real hash takes a third of a second, which is what it is for; real sites still make them."""
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
