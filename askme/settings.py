"""Settings: every one comes from the environment, one line each.

A setting has the letters of its environment variable. `NAME_FILE` names a file that holds the value
(Docker secrets). A `.env` file beside manage.py is read too; the environment wins. With nothing set
askme runs embedded: SQLite, the in-memory channel layer and the built-in demo model.
"""

import os
from pathlib import Path

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
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
ASKME_PROXIES = env.int("ASKME_PROXIES", 1 if ASKME_HTTPS else 0)  # each adds to X-Forwarded-For

# -- People
ASKME_GUESTS = env.bool("ASKME_GUESTS", True)  # who has no account may ask too
ASKME_SIGNUP = env.str("ASKME_SIGNUP", "open")  # or "invited" or "closed"
ASKME_OIDC_ISSUER = env.str("ASKME_OIDC_ISSUER", "").rstrip("/")  # none: no single sign-on
ASKME_OIDC_CLIENT_ID = env.str("ASKME_OIDC_CLIENT_ID", "")
ASKME_OIDC_CLIENT_SECRET = env.str("ASKME_OIDC_CLIENT_SECRET", "")
ASKME_OIDC_NAME = env.str("ASKME_OIDC_NAME", "single sign-on")  # as people know the provider
ASKME_OIDC_DOMAINS = env.list("ASKME_OIDC_DOMAINS", default=[])  # none: everybody whom the provider lets in
EMAIL_URL = env.str("EMAIL_URL", "")  # none: e-mail goes to the log
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "askme@localhost")
ASKME_VERIFY_EMAIL = env.bool("ASKME_VERIFY_EMAIL", bool(EMAIL_URL))  # before a new account is of any use

# -- The API
OPENAI_API_KEY = env.str("OPENAI_API_KEY", "")
OPENAI_BASE_URL = env.str("OPENAI_BASE_URL", "")
ASKME_DEMO = not (OPENAI_API_KEY or OPENAI_BASE_URL)  # neither key nor address: the demo model answers
ASKME_API = env.str("ASKME_API", "chat")  # or "completions"
ASKME_MODEL = env.str("ASKME_MODEL", "")
# By name, of which people may choose; none: ASKME_MODEL, and no choice.
ASKME_MODELS: dict[str, str] = env.labelled("ASKME_MODELS")
ASKME_MAX_TOKENS = env.int("ASKME_MAX_TOKENS", 1024)
ASKME_CONTEXT_TOKENS = env.int("ASKME_CONTEXT_TOKENS", 4_000)  # of earlier turns; 0: no follow-up questions
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
ASKME_QUESTIONS_PER_MINUTE = env.int("ASKME_QUESTIONS_PER_MINUTE", 20)  # of one person; 0: no limit
ASKME_QUESTIONS_PER_DAY = env.int("ASKME_QUESTIONS_PER_DAY", 0)
# All guests of one address; behind proxies only where ASKME_PROXIES says so, private addresses only then.
ASKME_ADDRESS_QUESTIONS_PER_MINUTE = env.int("ASKME_ADDRESS_QUESTIONS_PER_MINUTE", 60)
ASKME_ADDRESS_QUESTIONS_PER_DAY = env.int("ASKME_ADDRESS_QUESTIONS_PER_DAY", 0)
ASKME_QUEUE = env.int("ASKME_QUEUE", 1_000)  # questions of all people that may wait; 0: no limit

# -- Django
ROOT_URLCONF = "askme.urls"
ASGI_APPLICATION = "askme.asgi.application"
AUTH_USER_MODEL = "answers.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"  # of whoever has no browser that says another: askme/time_zone.py
LANGUAGE_CODE = "en"  # of whoever reads none of the others
LANGUAGES = [("de", "Deutsch"), ("en", "English"), ("es", "Español"), ("fr", "Français")]
LOCALE_PATHS = [BASE_DIR / "locale"]

INSTALLED_APPS = [
    "django.contrib.admin",
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
    "accounts",
    "answers",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "askme.time_zone.TimeZoneMiddleware",
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
                "accounts.context.accounts",
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
        options="-c lock_timeout=5s",  # somebody's lock on a row must not keep the journal from all others
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

# -- Accounts: allauth's settings
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",  # guests are logged in by the first
    "allauth.account.auth_backends.AuthenticationBackend",
]
LOGIN_URL, LOGIN_REDIRECT_URL = "account_login", "home"
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email", "username"}  # `make admin` asks for a name, and an address may be missing
ACCOUNT_FORMS = {"login": "accounts.forms.LoginForm"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if ASKME_VERIFY_EMAIL else "none"
# By a code that is typed in where the person signed up: there, the guest's answers are waiting for them.
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = ASKME_VERIFY_EMAIL
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_CHANGE = ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = ASKME_VERIFY_EMAIL
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_NOTIFICATIONS = bool(EMAIL_URL)  # of a new password, address or second factor
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if ASKME_HTTPS else "http"
ALLAUTH_TRUSTED_PROXY_COUNT = ASKME_PROXIES  # whose word on where people come from counts for rate limits
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Ask Me Anything"
# Without e-mail nobody could verify an address, which is otherwise asked for before a second factor.
MFA_ALLOW_UNVERIFIED_EMAIL = not ASKME_VERIFY_EMAIL
SOCIALACCOUNT_ADAPTER = "accounts.adapters.SocialAccountAdapter"
# A link, since the browser would hold a form's way to the provider against our `form-action`. What this
# gives away is that another site can begin a login; the provider still asks for the person's own.
SOCIALACCOUNT_LOGIN_ON_GET = True
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "sso",
                "name": ASKME_OIDC_NAME,
                "client_id": ASKME_OIDC_CLIENT_ID,
                "secret": ASKME_OIDC_CLIENT_SECRET,
                "settings": {"server_url": ASKME_OIDC_ISSUER},
            }
        ]
        if ASKME_OIDC_ISSUER
        else [],
    }
}

# -- E-mail
EMAIL_TIMEOUT = 10  # seconds
try:
    vars().update(env.email_url_config(EMAIL_URL or "consolemail://"))
except (ImproperlyConfigured, ValueError):
    env.problems["EMAIL_URL"] = (
        "EMAIL_URL is not an address such as smtp+tls://user:password@mail.example:587."
    )

# -- Static files
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "askme.storage.StaticFilesStorage"},
}

# -- Logging: to standard error, for whoever runs the process to keep
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {
        "answers": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO"), "propagate": False},
        "accounts": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "django": {"handlers": ["console"], "level": "WARNING", "propagate": False},
    },
}

# -- For answers.checks: what could not be read, and every name that is read above
ENVIRONMENT_PROBLEMS = env.problems
ENVIRONMENT_NAMES = env.names
