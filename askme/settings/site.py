"""The settings that an operator may change, one line each. All come from the environment.

A setting has the name of its environment variable. `NAME_FILE` names a file that holds the value (Docker
secrets). A `.env` file beside manage.py is read too, but the environment takes precedence.
.env.example describes them all.
"""

import os
from pathlib import Path

from django.core.management.utils import get_random_secret_key

from answers import conf
from askme.environment import Environment

BASE_DIR = Path(__file__).resolve().parent.parent.parent
VAR_DIR = BASE_DIR / "var"  # the default place for the database and the secret key

env = Environment()
env_file = Path(os.environ.get("ENV_FILE", BASE_DIR / ".env"))
if env_file.is_file():
    env.read_env(env_file)


def embedded_secret_key() -> str:
    """The key of a site that does not set one. It is generated once, and only this user can read it."""
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
REDIS_URL = env.str("REDIS_URL", "")  # none: one process, with the in-memory channel layer
ASKME_HTTPS = env.bool("ASKME_HTTPS", False)  # people reach the site over HTTPS, through a proxy
ASKME_PROXIES = env.int("ASKME_PROXIES", 1 if ASKME_HTTPS else 0)  # each appends to X-Forwarded-For

# -- People
ASKME_GUESTS = env.bool("ASKME_GUESTS", True)  # people without an account may ask too
ASKME_GUEST_DAYS = env.int("ASKME_GUEST_DAYS", 365)  # until a guest who stays away is deleted; 0: never
ASKME_SIGNUP = env.str("ASKME_SIGNUP", "open")  # or "invited" or "closed"
ASKME_OIDC_ISSUER = env.str("ASKME_OIDC_ISSUER", "").rstrip("/")  # none: no single sign-on
ASKME_OIDC_CLIENT_ID = env.str("ASKME_OIDC_CLIENT_ID", "")
ASKME_OIDC_CLIENT_SECRET = env.str("ASKME_OIDC_CLIENT_SECRET", "")
ASKME_OIDC_NAME = env.str("ASKME_OIDC_NAME", "single sign-on")  # the provider's name, as people know it
ASKME_OIDC_DOMAINS = env.list("ASKME_OIDC_DOMAINS", default=[])  # none: everybody whom the provider accepts
EMAIL_URL = env.str("EMAIL_URL", "")  # none: email goes to the log
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "askme@localhost")
ASKME_VERIFY_EMAIL = env.bool("ASKME_VERIFY_EMAIL", bool(EMAIL_URL))  # before a new account can be used

# -- The API
OPENAI_API_KEY = env.str("OPENAI_API_KEY", "")
OPENAI_BASE_URL = env.str("OPENAI_BASE_URL", "")
ASKME_DEMO = not (OPENAI_API_KEY or OPENAI_BASE_URL)  # without a key or an address, the demo model answers
ASKME_API = env.str("ASKME_API", "chat")  # or "completions"
ASKME_MODEL = env.str("ASKME_MODEL", "")
# Labels by model name, if people may choose; empty: ASKME_MODEL.
ASKME_MODELS: dict[str, str] = env.labelled("ASKME_MODELS")
ASKME_MAX_TOKENS = env.int("ASKME_MAX_TOKENS", conf.ASKME_MAX_TOKENS)
ASKME_CONTEXT_TOKENS = env.int("ASKME_CONTEXT_TOKENS", conf.ASKME_CONTEXT_TOKENS)
ASKME_TEMPERATURE = env.float("ASKME_TEMPERATURE", None)  # None: not sent, so the server's default applies
ASKME_SYSTEM_PROMPT = env.str("ASKME_SYSTEM_PROMPT", "")
ASKME_PROMPT_TEMPLATE = env.str("ASKME_PROMPT_TEMPLATE", "").replace("\\n", "\n")
ASKME_CA_BUNDLE = env.str("ASKME_CA_BUNDLE", "")  # a file of certificates, for an API with a private CA

# -- Time, in seconds
ASKME_CONNECT_SECONDS = env.float("ASKME_CONNECT_SECONDS", conf.ASKME_CONNECT_SECONDS)
ASKME_FIRST_TEXT_SECONDS = env.float("ASKME_FIRST_TEXT_SECONDS", conf.ASKME_FIRST_TEXT_SECONDS)
ASKME_SILENCE_SECONDS = env.float("ASKME_SILENCE_SECONDS", conf.ASKME_SILENCE_SECONDS)
ASKME_ANSWER_SECONDS = env.float("ASKME_ANSWER_SECONDS", conf.ASKME_ANSWER_SECONDS)
ASKME_DRAIN_SECONDS = env.float("ASKME_DRAIN_SECONDS", conf.ASKME_DRAIN_SECONDS)

# -- Size
ASKME_QUESTION_CHARS = env.int("ASKME_QUESTION_CHARS", conf.ASKME_QUESTION_CHARS)
ASKME_ANSWER_BYTES = env.int("ASKME_ANSWER_BYTES", conf.ASKME_ANSWER_BYTES)
ASKME_LINE_BYTES = env.int("ASKME_LINE_BYTES", conf.ASKME_LINE_BYTES)
ASKME_FRAME_BYTES = env.int("ASKME_FRAME_BYTES", conf.ASKME_FRAME_BYTES)

# -- Work
ASKME_THREADS = env.int("ASKME_THREADS", conf.ASKME_THREADS)  # answers that one process runs at once
ASKME_RUNNING_PER_USER = env.int("ASKME_RUNNING_PER_USER", conf.ASKME_RUNNING_PER_USER)  # 0: no limit
ASKME_QUESTIONS_PER_MINUTE = env.int("ASKME_QUESTIONS_PER_MINUTE", conf.ASKME_QUESTIONS_PER_MINUTE)
ASKME_QUESTIONS_PER_DAY = env.int("ASKME_QUESTIONS_PER_DAY", conf.ASKME_QUESTIONS_PER_DAY)
ASKME_SITE_QUESTIONS_PER_DAY = env.int("ASKME_SITE_QUESTIONS_PER_DAY", conf.ASKME_SITE_QUESTIONS_PER_DAY)
# For all people at one address whose account nobody vouches for, such as guests. Behind a proxy, set
# ASKME_PROXIES: private addresses count only then.
ASKME_ADDRESS_QUESTIONS_PER_MINUTE = env.int(
    "ASKME_ADDRESS_QUESTIONS_PER_MINUTE", conf.ASKME_ADDRESS_QUESTIONS_PER_MINUTE
)
ASKME_ADDRESS_QUESTIONS_PER_DAY = env.int(
    "ASKME_ADDRESS_QUESTIONS_PER_DAY", conf.ASKME_ADDRESS_QUESTIONS_PER_DAY
)
ASKME_QUEUE = env.int("ASKME_QUEUE", conf.ASKME_QUEUE)  # questions that may wait, of all people; 0: no limit

# -- The process
ASKME_CHECK_AT_START = env.bool("ASKME_CHECK_AT_START", True)  # invalid settings prevent the start
ASKME_SWITCH_SECONDS = env.float("ASKME_SWITCH_SECONDS", conf.ASKME_SWITCH_SECONDS)
ASKME_ONE_CORE = env.bool("ASKME_ONE_CORE", True)  # the machine usually runs only askme
LOG_LEVEL = env.str("LOG_LEVEL", "INFO")
