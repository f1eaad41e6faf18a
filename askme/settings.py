"""Settings: every one comes from the environment, one line each.

A setting has the letters of its environment variable. `NAME_FILE` names a file that holds the value
(Docker secrets). A `.env` file beside manage.py is read too; the environment wins. With nothing set
askme runs embedded: SQLite, the in-memory channel layer and the built-in demo model.
"""

import os
from pathlib import Path

from csp.constants import NONE, SELF
from django.core.management.utils import get_random_secret_key

from askme.environment import Environment

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"  # the embedded default keeps its database and its secret key here

env = Environment()
env_file = Path(os.environ.get("ENV_FILE", BASE_DIR / ".env"))
if env_file.is_file():
    env.read_env(env_file)


def embedded_secret_key() -> str:
    """The key of a site that was given none: made once, readable by this user only."""
    VAR_DIR.mkdir(exist_ok=True)
    path = VAR_DIR / "secret-key"
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(get_random_secret_key())
    except FileExistsError:
        pass
    return path.read_text()


# -- The site
DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "")
if SECRET_KEY_IS_EMBEDDED := not SECRET_KEY:
    SECRET_KEY = embedded_secret_key()
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
DATABASE_URL = env.str("DATABASE_URL", f"sqlite:///{VAR_DIR}/askme.sqlite3")
REDIS_URL = env.str("REDIS_URL", "")  # none: one process, the in-memory channel layer
ASKME_HTTPS = env.bool("ASKME_HTTPS", False)  # people reach the site over HTTPS, through a proxy

# -- The API
OPENAI_API_KEY = env.str("OPENAI_API_KEY", "")
OPENAI_BASE_URL = env.str("OPENAI_BASE_URL", "")
ASKME_DEMO = not (OPENAI_API_KEY or OPENAI_BASE_URL)  # neither key nor address: the demo model answers
ASKME_API = env.str("ASKME_API", "chat")  # or "completions"
ASKME_MODEL = env.str("ASKME_MODEL", "")
ASKME_MAX_TOKENS = env.int("ASKME_MAX_TOKENS", 1024)
ASKME_TEMPERATURE = env.float("ASKME_TEMPERATURE", None)  # none: not sent, the server's own
ASKME_SYSTEM_PROMPT = env.str("ASKME_SYSTEM_PROMPT", "")
ASKME_PROMPT_TEMPLATE = env.str("ASKME_PROMPT_TEMPLATE", "").replace("\\n", "\n")
ASKME_CA_BUNDLE = env.str("ASKME_CA_BUNDLE", "")  # a file of certificates, for an API with a private CA

# -- Time, in seconds
ASKME_CONNECT_SECONDS = env.float("ASKME_CONNECT_SECONDS", 5)
ASKME_FIRST_TEXT_SECONDS = env.float("ASKME_FIRST_TEXT_SECONDS", 60)
ASKME_SILENCE_SECONDS = env.float("ASKME_SILENCE_SECONDS", 30)
ASKME_ANSWER_SECONDS = env.float("ASKME_ANSWER_SECONDS", 300)
ASKME_DRAIN_SECONDS = env.float("ASKME_DRAIN_SECONDS", 25)  # running answers get so long when a process ends

# -- Size
ASKME_QUESTION_CHARS = env.int("ASKME_QUESTION_CHARS", 8_000)
ASKME_ANSWER_BYTES = env.int("ASKME_ANSWER_BYTES", 1_000_000)
ASKME_LINE_BYTES = env.int("ASKME_LINE_BYTES", 2_000_000)
ASKME_FRAME_BYTES = env.int("ASKME_FRAME_BYTES", 65_536)

# -- Work
ASKME_THREADS = env.int("ASKME_THREADS", 250)  # answers that one process runs at once
ASKME_RUNNING_PER_USER = env.int("ASKME_RUNNING_PER_USER", 3)  # 0: no limit

# -- Django
ROOT_URLCONF = "askme.urls"
ASGI_APPLICATION = "askme.asgi.application"
AUTH_USER_MODEL = "answers.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "answers",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
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

# -- The database
DATABASES = {"default": env.db_url_config(DATABASE_URL)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    VAR_DIR.mkdir(exist_ok=True)
    DATABASES["default"]["OPTIONS"] = {
        # Readers do not wait for the writer, and writers wait their turn instead of failing: without
        # IMMEDIATE a transaction that reads first cannot wait for the lock (SQLITE_BUSY at once).
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
        "transaction_mode": "IMMEDIATE",
        "timeout": 5,  # seconds; the journal tries again, and a person is not left waiting
    }
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # Each HTTP request runs in a thread of its own: without a pool each would open a connection.
    DATABASES["default"].setdefault("OPTIONS", {}).update(
        # `timeout`: seconds until a request gets an error. `reconnect_timeout`: after it the pool tries anew
        # when it is asked; before, at growing intervals, and a database that is back would not be used.
        pool={"min_size": 1, "max_size": 10, "timeout": 2, "reconnect_timeout": 1},
        connect_timeout=3,  # seconds
        tcp_user_timeout=10_000,  # milliseconds until a connection whose other end has vanished is given up
    )

# -- The channel layer
if REDIS_URL:
    CHANNEL_LAYERS = {"default": {"BACKEND": "answers.layers.RedisLayer", "CONFIG": {"url": REDIS_URL}}}
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "answers.layers.InMemoryLayer"}}

# -- Sessions and security
SESSION_COOKIE_AGE = 365 * 24 * 3600  # a guest has nothing but this cookie to come back to old answers
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ASKME_HTTPS
# A subdomain, or anybody on plain HTTP, cannot plant a `__Host-` cookie: a planted session would let
# its maker read what the victim asks as a guest.
SESSION_COOKIE_NAME = "__Host-sessionid" if ASKME_HTTPS else "sessionid"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ASKME_HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],  # the admin's icons are data URLs
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

# -- Static files
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# -- Logging: to standard error, for whoever runs the process to keep
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {
        "answers": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO"), "propagate": False},
        "django": {"handlers": ["console"], "level": "WARNING", "propagate": False},
    },
}

# -- For answers.checks: what could not be read, and every name that is read above
ENVIRONMENT_PROBLEMS = env.problems
ENVIRONMENT_NAMES = env.names
