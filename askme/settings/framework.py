"""Django's own settings, and those of packages that it loads."""

from urllib.parse import urlsplit

from csp.constants import NONE, SELF

from askme.postgres import Connection
from askme.server_urls import database_config
from askme.settings.site import (
    ASKME_BODY_BYTES,
    ASKME_HSTS_SCOPE,
    ASKME_HSTS_SECONDS,
    ASKME_HTTPS,
    ASKME_LOG,
    ASKME_URL,
    BASE_DIR,
    DATABASE_URL,
    LOG_LEVEL,
    POSTGRES_PASSWORD,
    REDIS_URL,
    VAR_DIR,
    env,
)

ROOT_URLCONF = "askme.urls"
ASGI_APPLICATION = "askme.asgi.application"
AUTH_USER_MODEL = "accounts.User"
ASKME_HOOKS = "accounts.hooks.SiteHooks"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"  # unless the browser sends another: askme/time_zone.py
LANGUAGE_CODE = "en"  # for readers of any other language
LANGUAGES = [("de", "Deutsch"), ("en", "English"), ("es", "Español"), ("fr", "Français")]
LOCALE_PATHS = [BASE_DIR / "locale"]

INSTALLED_APPS = [
    "askme",  # before django.contrib.staticfiles, whose `runserver` it replaces
    "askme.admin_site.AdminConfig",  # django.contrib.admin
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "accounts",
    "answers",
]
MIDDLEWARE = [
    "askme.https.ProxyHeaderMiddleware",  # before the redirect to HTTPS
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "askme.postgres.StatementDeadlineMiddleware",  # before all that use the database
    "django.contrib.sessions.middleware.SessionMiddleware",
    "askme.language.LanguageMiddleware",
    "askme.time_zone.TimeZoneMiddleware",
    "askme.overload.OverloadMiddleware",  # after the language, for its page
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.GuestMiddleware",
    "allauth.account.middleware.AccountMiddleware",
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
                "accounts.context_processors.accounts",
                "askme.context_processors.model_warnings",
                "askme.context_processors.operator_warnings",
                "askme.context_processors.notice",
            ]
        },
    }
]

# -- The database
DATABASES = {"default": database_config(DATABASE_URL, POSTGRES_PASSWORD)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    VAR_DIR.mkdir(0o700, exist_ok=True)
    DATABASES["default"]["OPTIONS"] = {
        # Readers do not wait for the writer, and writers wait for each other instead of failing: without
        # IMMEDIATE, a transaction that reads first cannot wait for the lock (SQLITE_BUSY at once).
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
        "transaction_mode": "IMMEDIATE",
        "timeout": 5,  # seconds; the saver tries again, and people should not wait long
    }
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # Each HTTP request runs in a thread of its own. Without a pool, each would open a connection. The
    # engine has its own (answers/engine/own_connection.py), so that pages cannot keep it from working.
    DATABASES["default"].setdefault("OPTIONS", {}).update(
        # `timeout`: seconds until a request without a connection fails. `reconnect_timeout`: until then the
        # pool reconnects at growing intervals, and afterwards whenever it is asked for a connection.
        pool={
            "min_size": 1,
            "max_size": 10,
            "timeout": 2,
            "reconnect_timeout": 1,
            "connection_class": Connection,
        },
        connect_timeout=3,  # seconds
        options="-c lock_timeout=1s",  # a locked row fails one request, and does not hold up the others
        tcp_user_timeout=10_000,  # milliseconds until a connection whose other end has vanished is closed
    )

# -- The channel layer, and the cache for the limits on logins
if REDIS_URL:
    CHANNEL_LAYERS = {
        "default": {"BACKEND": "answers.engine.redis_layer.RedisLayer", "CONFIG": {"url": REDIS_URL}}
    }
    CACHES = {"default": {"BACKEND": "askme.cache.SharedCache", "LOCATION": REDIS_URL, "KEY_PREFIX": "askme"}}
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "answers.engine.layers.InMemoryLayer"}}

# -- Sessions and security
SESSION_COOKIE_AGE = 365 * 24 * 3600  # of both cookies; the guest's is the only access to old answers
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ASKME_HTTPS
# Neither a subdomain nor an attacker on plain HTTP can plant a `__Host-` cookie. With a planted cookie, an
# attacker could read what the victim asks as a guest.
SESSION_COOKIE_NAME = "__Host-sessionid" if ASKME_HTTPS else "sessionid"
GUEST_COOKIE_NAME = "__Host-guest" if ASKME_HTTPS else "guest"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_SECURE, LANGUAGE_COOKIE_HTTPONLY, LANGUAGE_COOKIE_SAMESITE = ASKME_HTTPS, True, "Lax"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ASKME_HTTPS else None
SECURE_SSL_REDIRECT = ASKME_HTTPS
SECURE_SSL_HOST = urlsplit(ASKME_URL).netloc or None  # none: the host of the request
SECURE_HSTS_SECONDS = ASKME_HSTS_SECONDS if ASKME_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = ASKME_HSTS_SCOPE in ("subdomains", "preload")
SECURE_HSTS_PRELOAD = ASKME_HSTS_SCOPE == "preload"
# They ask for HSTS on all subdomains, and for preloading. Both concern hosts that this site knows nothing of,
# so the operator chooses (ASKME_HSTS_SCOPE).
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = ASKME_BODY_BYTES  # a form that is accepted is also read
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
    "staticfiles": {"BACKEND": "askme.storage.StaticFilesStorage"},
}

# -- Logging: to standard error
LOGGING_CONFIG = "askme.log_lines.configure"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {
            "()": "askme.log_lines.TextFormatter",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        },
        "json": {"()": "askme.log_lines.JsonFormatter"},
    },
    "filters": {"outages": {"()": "askme.overload.OutagesInOneLine"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": ASKME_LOG, "filters": ["outages"]}
    },
    "loggers": {
        "answers": {"handlers": ["console"], "level": LOG_LEVEL, "propagate": False},
        "completions": {"handlers": ["console"], "level": LOG_LEVEL, "propagate": False},
        "accounts": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "django": {"handlers": ["console"], "level": "WARNING", "propagate": False},
    },
    "root": {"handlers": ["console"], "level": "WARNING"},  # Daphne, Twisted, and all other packages
}

# -- For askme.checks: what could not be read, and the name of every variable
ENVIRONMENT_PROBLEMS = env.problems  # by name
ENVIRONMENT_NAMES = env.names
