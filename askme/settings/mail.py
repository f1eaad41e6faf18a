"""Email, as EMAIL_URL says: Django's setting MAILERS, or before Django 6.1 its settings EMAIL_*."""

from typing import Any

import django

from askme.server_urls import mail_config
from askme.settings.site import EMAIL_URL

# What each of Django's backends takes of the EMAIL_* settings, by the names of a mailer's options. A mailer
# refuses an option that its backend does not know.
_OPTIONS = {
    "django.core.mail.backends.smtp.EmailBackend": {
        "host": "EMAIL_HOST",
        "port": "EMAIL_PORT",
        "username": "EMAIL_HOST_USER",
        "password": "EMAIL_HOST_PASSWORD",
        "use_tls": "EMAIL_USE_TLS",
        "use_ssl": "EMAIL_USE_SSL",
        "timeout": "EMAIL_TIMEOUT",
    },
    "django.core.mail.backends.filebased.EmailBackend": {"file_path": "EMAIL_FILE_PATH"},
}


def _mailer(config: dict[str, Any]) -> dict[str, Any]:
    backend = config["EMAIL_BACKEND"]
    options = {option: config.get(name) for option, name in _OPTIONS.get(backend, {}).items()}
    return {"BACKEND": backend, "OPTIONS": options}


_config = mail_config(EMAIL_URL or "consolemail://")

# Django 5.2 knows the old names only, and 6.1 refuses to start with both.
if django.VERSION >= (6, 1):
    MAILERS = {"default": _mailer(_config)}
else:
    vars().update(_config)
