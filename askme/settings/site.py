"""The settings that an operator may change, one line each, with the values that each takes.

A setting has the name of its environment variable. `NAME_FILE` names a file that holds the value (Docker
secrets). A `.env` file beside manage.py is read too, but the environment takes precedence.
.env.example describes them all.
"""

import os
from pathlib import Path

from django.core.management.utils import get_random_secret_key

from answers import conf
from answers.engine.model_options import APIS, ModelOption
from askme import server_urls, site_url, values
from askme.environment import Environment
from askme.values import DAY, MAX_BODY_BYTES, MAX_FRAME_BYTES, MILLION

BASE_DIR = Path(__file__).resolve().parent.parent.parent
VAR_DIR = BASE_DIR / "var"  # the default place for the database and the secret key

env = Environment()
default_file = BASE_DIR / ".env"
if env_file := os.environ.get("ENV_FILE", str(default_file) if default_file.is_file() else ""):
    env.read_file(Path(env_file))


def embedded_secret_key() -> str:
    """The key of a site that does not set one. It is generated once, and only this user can read it."""
    VAR_DIR.mkdir(0o700, exist_ok=True)  # what people ask is in the database there
    path = VAR_DIR / "secret-key"
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(get_random_secret_key())
    except FileExistsError:
        pass
    return path.read_text()


# -- The site
DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.parsed("SECRET_KEY", "", values.secret_key)
if SECRET_KEY_IS_EMBEDDED := not SECRET_KEY:
    SECRET_KEY = embedded_secret_key()
# Earlier keys, whose signatures are still accepted. Logins are signed again when people come back.
SECRET_KEY_FALLBACKS: list[str] = env.parsed("SECRET_KEY_FALLBACKS", [], values.secret_keys)
# The site's address, such as https://ask.example.org. The defaults of the next settings follow from it.
ASKME_URL = env.parsed("ASKME_URL", "", site_url.parse)
ALLOWED_HOSTS = env.parsed("ALLOWED_HOSTS", site_url.hosts(ASKME_URL), values.hosts)
# A form of the site has this origin, also if the proxy changes the Host header.
CSRF_TRUSTED_ORIGINS = env.parsed("CSRF_TRUSTED_ORIGINS", [ASKME_URL] if ASKME_URL else [], site_url.origins)
# People reach the site over HTTPS, through a proxy.
ASKME_HTTPS = env.bool("ASKME_HTTPS", site_url.is_https(ASKME_URL))
# How long browsers refuse plain HTTP, and for which hosts besides this one.
ASKME_HSTS_SECONDS = env.int("ASKME_HSTS_SECONDS", 30 * DAY, least=0, most=3650 * DAY)
ASKME_HSTS_SCOPE = env.choice("ASKME_HSTS_SCOPE", "host", "host", "subdomains", "preload")
# Each proxy appends to X-Forwarded-For.
ASKME_PROXIES = env.int("ASKME_PROXIES", 1 if ASKME_HTTPS else 0, least=0, most=10)
DATABASE_URL = env.parsed("DATABASE_URL", f"sqlite:///{VAR_DIR}/askme.sqlite3", server_urls.database)
if "DATABASE_URL" in env.problems:
    DATABASE_URL = ""  # none is better than a wrong one
POSTGRES_PASSWORD = env.str("POSTGRES_PASSWORD", "")  # for a DATABASE_URL without one
REDIS_URL = env.parsed("REDIS_URL", "", server_urls.redis)  # none: one process, an in-memory channel layer
# None: /metrics does not exist.
ASKME_METRICS_TOKEN = env.parsed("ASKME_METRICS_TOKEN", "", values.token)

# -- People
ASKME_NOTICE = env.str("ASKME_NOTICE", conf.ASKME_NOTICE)  # who keeps and reads what people ask
ASKME_NOTICE_URL = env.parsed("ASKME_NOTICE_URL", conf.ASKME_NOTICE_URL, values.page)  # its last words
ASKME_GUESTS = env.bool("ASKME_GUESTS", True)  # people without an account may ask too
# Without a visit, until a guest is deleted; 0: never.
ASKME_GUEST_DAYS = env.int("ASKME_GUEST_DAYS", 365, least=0, most=36_500)
ASKME_SIGNUP = env.choice("ASKME_SIGNUP", "open", "open", "invited", "closed")
ASKME_OIDC_ISSUER = env.parsed("ASKME_OIDC_ISSUER", "", values.issuer)  # none: no single sign-on
ASKME_OIDC_CLIENT_ID = env.str("ASKME_OIDC_CLIENT_ID", "")
ASKME_OIDC_CLIENT_SECRET = env.str("ASKME_OIDC_CLIENT_SECRET", "")
ASKME_OIDC_NAME = env.str("ASKME_OIDC_NAME", "single sign-on")  # the provider's name, as people know it
# None: everybody whom the provider accepts.
ASKME_OIDC_DOMAINS: list[str] = env.parsed("ASKME_OIDC_DOMAINS", [], values.domains)
EMAIL_URL = env.parsed("EMAIL_URL", "", server_urls.mail)  # none: email goes to the log
DEFAULT_FROM_EMAIL = env.parsed("DEFAULT_FROM_EMAIL", "askme@localhost", values.sender)
ASKME_VERIFY_EMAIL = env.bool("ASKME_VERIFY_EMAIL", bool(EMAIL_URL))  # before a new account can be used

# -- The API
OPENAI_API_KEY = env.str("OPENAI_API_KEY", "")
OPENAI_BASE_URL = env.parsed("OPENAI_BASE_URL", "", values.http_url)
ASKME_DEMO = not (OPENAI_API_KEY or OPENAI_BASE_URL)  # without a key or an address, the demo model answers
# Empty: "responses" for OpenAI's own address, "chat" for all others.
ASKME_API = env.choice("ASKME_API", conf.ASKME_API, *APIS)
ASKME_API_PROXY = env.parsed("ASKME_API_PROXY", conf.ASKME_API_PROXY, values.proxy)
ASKME_MODEL = env.parsed("ASKME_MODEL", conf.ASKME_MODEL, values.model)
# The models to choose from; empty: only ASKME_MODEL.
ASKME_MODELS: list[ModelOption] = env.parsed("ASKME_MODELS", [], values.models)
ASKME_CHECK_MODELS = env.bool("ASKME_CHECK_MODELS", conf.ASKME_CHECK_MODELS)  # against the API's list
# Reasoning included. Empty: the default depends on the API, see answers/conf.py.
ASKME_MAX_TOKENS = env.int("ASKME_MAX_TOKENS", conf.ASKME_MAX_TOKENS, least=1, most=10 * MILLION)
ASKME_CONTEXT_TOKENS = env.int("ASKME_CONTEXT_TOKENS", conf.ASKME_CONTEXT_TOKENS, least=0, most=10 * MILLION)
# None: not sent, so the server's default applies.
ASKME_TEMPERATURE = env.float("ASKME_TEMPERATURE", None, least=0, most=2)
ASKME_SYSTEM_PROMPT = env.str("ASKME_SYSTEM_PROMPT", "")
ASKME_PROMPT_TEMPLATE = env.parsed("ASKME_PROMPT_TEMPLATE", "", values.prompt_template)
# None: pseudonyms of the person and the thread are sent only to OpenAI.
ASKME_IDENTIFIERS = env.parsed("ASKME_IDENTIFIERS", conf.ASKME_IDENTIFIERS, values.boolean)
ASKME_CA_BUNDLE = env.parsed("ASKME_CA_BUNDLE", "", values.certificates)  # for an API with a private CA
# None: a few in the reader's language.
ASKME_SUGGESTIONS: list[str] | None = env.parsed(
    "ASKME_SUGGESTIONS", conf.ASKME_SUGGESTIONS, values.suggestions
)
ASKME_STATUS_URL = env.parsed("ASKME_STATUS_URL", conf.ASKME_STATUS_URL, values.page_url)  # errors link to it

# -- Time, in seconds; 0: no limit
ASKME_CONNECT_SECONDS = env.float("ASKME_CONNECT_SECONDS", conf.ASKME_CONNECT_SECONDS, least=0, most=DAY)
ASKME_FIRST_TEXT_SECONDS = env.float(
    "ASKME_FIRST_TEXT_SECONDS", conf.ASKME_FIRST_TEXT_SECONDS, least=0, most=DAY
)
ASKME_SILENCE_SECONDS = env.float("ASKME_SILENCE_SECONDS", conf.ASKME_SILENCE_SECONDS, least=0, most=DAY)
ASKME_ANSWER_SECONDS = env.float("ASKME_ANSWER_SECONDS", conf.ASKME_ANSWER_SECONDS, least=0, most=DAY)
ASKME_DRAIN_SECONDS = env.float("ASKME_DRAIN_SECONDS", conf.ASKME_DRAIN_SECONDS, least=0, most=DAY)
ASKME_STATEMENT_SECONDS = env.float("ASKME_STATEMENT_SECONDS", 8.0, least=0, most=DAY)  # of a page, in SQL

# -- Size; for some, 0: no limit. `askme.checks` compares them with each other.
ASKME_QUESTION_CHARS = env.int("ASKME_QUESTION_CHARS", conf.ASKME_QUESTION_CHARS, least=0, most=MILLION)
ASKME_ANSWER_BYTES = env.int("ASKME_ANSWER_BYTES", conf.ASKME_ANSWER_BYTES, least=0, most=100 * MILLION)
# How much of the reasoning is kept; 0: none.
ASKME_REASONING_BYTES = env.int(
    "ASKME_REASONING_BYTES", conf.ASKME_REASONING_BYTES, least=0, most=100 * MILLION
)
ASKME_LINE_BYTES = env.int("ASKME_LINE_BYTES", conf.ASKME_LINE_BYTES, least=0, most=100 * MILLION)
ASKME_FRAME_BYTES = env.int("ASKME_FRAME_BYTES", conf.ASKME_FRAME_BYTES, least=1, most=MAX_FRAME_BYTES)
# Of a request; askme takes no files.
ASKME_BODY_BYTES = env.int("ASKME_BODY_BYTES", 1_048_576, least=1, most=MAX_BODY_BYTES)

# -- The operator's log
ASKME_CURRENCY = env.parsed("ASKME_CURRENCY", conf.ASKME_CURRENCY, values.currency)  # of prices and budgets
ASKME_KEEP_DAYS = env.int("ASKME_KEEP_DAYS", conf.ASKME_KEEP_DAYS, least=0, most=36_500)  # 0: forever
ASKME_AUDIT_DAYS = env.int("ASKME_AUDIT_DAYS", conf.ASKME_AUDIT_DAYS, least=0, most=36_500)  # 0: forever
ASKME_EXPORT_ROWS = env.int("ASKME_EXPORT_ROWS", conf.ASKME_EXPORT_ROWS, least=1, most=100 * MILLION)

# -- Work
# Answers that one process runs at once.
ASKME_THREADS = env.int("ASKME_THREADS", conf.ASKME_THREADS, least=1, most=10_000)
# For one person; 0: no limit.
ASKME_RUNNING_PER_USER = env.int("ASKME_RUNNING_PER_USER", conf.ASKME_RUNNING_PER_USER, least=0, most=MILLION)
ASKME_QUESTIONS_PER_MINUTE = env.int(
    "ASKME_QUESTIONS_PER_MINUTE", conf.ASKME_QUESTIONS_PER_MINUTE, least=0, most=MILLION
)
ASKME_QUESTIONS_PER_DAY = env.int(
    "ASKME_QUESTIONS_PER_DAY", conf.ASKME_QUESTIONS_PER_DAY, least=0, most=MILLION
)
# Of all people together.
ASKME_SITE_QUESTIONS_PER_DAY = env.int(
    "ASKME_SITE_QUESTIONS_PER_DAY", conf.ASKME_SITE_QUESTIONS_PER_DAY, least=0, most=MILLION
)
# What answers may use per person and day, prompts included.
ASKME_TOKENS_PER_DAY = env.int(
    "ASKME_TOKENS_PER_DAY", conf.ASKME_TOKENS_PER_DAY, least=0, most=MILLION * MILLION
)
ASKME_COST_PER_DAY = env.float("ASKME_COST_PER_DAY", conf.ASKME_COST_PER_DAY, least=0, most=MILLION)
ASKME_SITE_TOKENS_PER_DAY = env.int(
    "ASKME_SITE_TOKENS_PER_DAY", conf.ASKME_SITE_TOKENS_PER_DAY, least=0, most=MILLION * MILLION
)
ASKME_SITE_COST_PER_DAY = env.float(
    "ASKME_SITE_COST_PER_DAY", conf.ASKME_SITE_COST_PER_DAY, least=0, most=MILLION
)
# For all people at one address whose account nobody vouches for, such as guests. Behind a proxy, set
# ASKME_PROXIES: private addresses count only then.
ASKME_ADDRESS_QUESTIONS_PER_MINUTE = env.int(
    "ASKME_ADDRESS_QUESTIONS_PER_MINUTE", conf.ASKME_ADDRESS_QUESTIONS_PER_MINUTE, least=0, most=MILLION
)
ASKME_ADDRESS_QUESTIONS_PER_DAY = env.int(
    "ASKME_ADDRESS_QUESTIONS_PER_DAY", conf.ASKME_ADDRESS_QUESTIONS_PER_DAY, least=0, most=MILLION
)
ASKME_SOCKETS_PER_ADDRESS = env.int(
    "ASKME_SOCKETS_PER_ADDRESS", conf.ASKME_SOCKETS_PER_ADDRESS, least=0, most=MILLION
)
# Questions that may wait, of all people; 0: no limit.
ASKME_QUEUE = env.int("ASKME_QUEUE", conf.ASKME_QUEUE, least=0, most=MILLION)

# -- The process
ASKME_CHECK_AT_START = env.bool("ASKME_CHECK_AT_START", True)  # invalid settings prevent the start
ASKME_SWITCH_SECONDS = env.float("ASKME_SWITCH_SECONDS", conf.ASKME_SWITCH_SECONDS, least=0, most=1)
ASKME_GARBAGE_OBJECTS = env.int("ASKME_GARBAGE_OBJECTS", conf.ASKME_GARBAGE_OBJECTS, least=0, most=MILLION)
ASKME_OPEN_FILES = env.int("ASKME_OPEN_FILES", conf.ASKME_OPEN_FILES, least=0, most=MILLION)
ASKME_ONE_CORE = env.bool("ASKME_ONE_CORE", True)  # the machine usually runs only askme
LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", "DEBUG", "INFO", "WARNING", "ERROR")
ASKME_LOG = env.choice("ASKME_LOG", "text", "text", "json")  # json: one object on each line
