"""The settings that `answers` reads, with the defaults for a site that does not set them.

.env.example describes those that an operator of askme may change.
"""

from typing import Any

# -- The API
OPENAI_API_KEY = ""
OPENAI_BASE_URL = ""
ASKME_DEMO = False  # use the built-in demo model
ASKME_API = ""  # "chat", "completions" or "responses"; empty: "responses" for OpenAI, "chat" for others
ASKME_MODEL = ""
ASKME_MODELS: list[Any] = []  # of ModelOption, see answers/engine/model_list.py; empty: only ASKME_MODEL
ASKME_CHECK_MODELS = True  # ask the API which models it lists, at start and daily
ASKME_MAX_TOKENS = 0  # reasoning included; 0: 1024 for "completions", 8192 for the others
ASKME_CONTEXT_TOKENS = 4_000  # of earlier turns; 0: no follow-up questions
ASKME_TEMPERATURE: float | None = None  # None: not sent, so the server's default applies
ASKME_SYSTEM_PROMPT = ""
ASKME_PROMPT_TEMPLATE = ""
ASKME_API_PROXY = ""  # the URL of an HTTP proxy, or "environment" for HTTPS_PROXY and the like
ASKME_IDENTIFIERS: bool | None = None  # send pseudonyms of the person and thread; None: only to OpenAI
ASKME_CA_BUNDLE = ""  # a file of certificates, for an API with a private CA

# -- Time, in seconds
ASKME_CONNECT_SECONDS = 5.0
ASKME_FIRST_TEXT_SECONDS = 60.0
ASKME_SILENCE_SECONDS = 30.0
ASKME_ANSWER_SECONDS = 300.0
ASKME_DRAIN_SECONDS = 25.0  # for running answers to finish at shutdown; 0: do not wait

# -- Size
ASKME_QUESTION_CHARS = 8_000
ASKME_ANSWER_BYTES = 1_000_000
ASKME_REASONING_BYTES = 200_000  # how much of the reasoning is kept; 0: none
ASKME_LINE_BYTES = 2_000_000
ASKME_FRAME_BYTES = 131_072
ASKME_BODY_BYTES = 0  # of a request, see answers/live/body_limit.py; 0: no limit, since a site may take files

# -- The page
# Questions to choose from on the empty page. None: a few in the reader's language; an empty list: none.
ASKME_SUGGESTIONS: list[str] | None = None
ASKME_NOTICE = (
    ""  # the operator's own words on who keeps and reads what people ask; empty: a sentence of ours
)
ASKME_NOTICE_URL = ""  # the page with the operator's policy: http, https or a path
ASKME_STATUS_URL = ""  # a page that shows whether the site works; errors link to it

# -- The operator's log
ASKME_CURRENCY = "USD"  # of prices, costs and budgets
ASKME_KEEP_DAYS = 0  # threads whose newest answer is older are deleted; 0: kept
ASKME_AUDIT_DAYS = 365  # for which an entry is kept; 0: forever
ASKME_EXPORT_ROWS = 100_000  # the most answers in a file from the admin

# -- Work
ASKME_THREADS = 250  # answers that one process runs at once
ASKME_RUNNING_PER_USER = 3  # 0: no limit
ASKME_QUESTIONS_PER_MINUTE = 20  # per person; 0: no limit
ASKME_QUESTIONS_PER_DAY = 0
ASKME_SITE_QUESTIONS_PER_DAY = 0  # of all people together; 0: no limit
# What answers may use per person and day, prompts included. 0: no limit.
ASKME_TOKENS_PER_DAY = 0
ASKME_COST_PER_DAY = 0.0  # in ASKME_CURRENCY
ASKME_SITE_TOKENS_PER_DAY = 0  # all people together
ASKME_SITE_COST_PER_DAY = 0.0
# For all people at one address whose account nobody vouches for, such as guests. Behind a proxy, set
# ASKME_PROXIES: private addresses count only then.
ASKME_ADDRESS_QUESTIONS_PER_MINUTE = 60
ASKME_ADDRESS_QUESTIONS_PER_DAY = 0
ASKME_QUEUE = 1_000  # questions that may wait, of all people; 0: no limit
ASKME_SOCKETS_PER_ADDRESS = 200  # in one process; 0: no limit
ASKME_PROXIES = 0  # trusted proxies; each appends to X-Forwarded-For

# -- The process
ASKME_HOOKS = "answers.engine.hooks.Hooks"  # the site's subclass of Hooks
ASKME_SWITCH_SECONDS = 0.02  # for sys.setswitchinterval, see answers/engine/runtime.py; 0: unchanged
ASKME_GARBAGE_OBJECTS = 10_000  # for gc.set_threshold, see answers/live/process.py; 0: unchanged
ASKME_OPEN_FILES = 65_536  # the soft limit, as far as the system allows; 0: unchanged
ASKME_ONE_CORE = False  # keep the process to one core, see answers/engine/core.py
