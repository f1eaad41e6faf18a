"""A plain Django site, as `startproject` makes it, plus the lines of docs/embed.md."""

import os
from pathlib import Path

import django

BASE_DIR = Path(__file__).resolve().parent
SECRET_KEY = "for tests only"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "tests.embedding.urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["EMBEDDING_DATABASE"],
        "OPTIONS": {
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
            "transaction_mode": "IMMEDIATE",
        },
    }
}
STATIC_URL = "static/"
LOGIN_URL = "login"
LOGGING = {
    "version": 1,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}

# -- docs/embed.md
INSTALLED_APPS += ["answers"]
CHANNEL_LAYERS = {"default": {"BACKEND": "answers.engine.layers.InMemoryLayer"}}
OPENAI_API_KEY = os.environ["OPENAI_API_KEY"]
ASKME_MODEL = "gpt-6-luna"

# -- The optional part of it
ASKME_HOOKS = "tests.embedding.hooks.SiteHooks"

# -- For the tests: a server of their own in place of OpenAI, and times that suit them
OPENAI_BASE_URL = os.environ["OPENAI_BASE_URL"]
ASKME_DRAIN_SECONDS = float(os.environ.get("ASKME_DRAIN_SECONDS", "0"))
ASKME_QUESTIONS_PER_MINUTE = 0
ASKME_CHECK_MODELS = False
MAIL_BACKEND, MAIL_FOLDER = "django.core.mail.backends.filebased.EmailBackend", os.environ["EMBEDDING_MAIL"]
if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": MAIL_BACKEND, "OPTIONS": {"file_path": MAIL_FOLDER}}}
else:
    EMAIL_BACKEND, EMAIL_FILE_PATH = MAIL_BACKEND, MAIL_FOLDER
