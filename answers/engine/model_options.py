"""The models that a site offers, from `ASKME_MODELS`, or from `ASKME_MODEL` if there is only one."""

from dataclasses import dataclass, replace
from decimal import Decimal

from django.conf import settings

DEMO_MODEL = "demo"
APIS = ("responses", "chat", "completions")
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Per million tokens, in the currency of the provider's bill."""

    input: Decimal
    output: Decimal
    cached_input: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOption:
    """One model that people can choose, such as `Thorough=gpt-6-luna@high`."""

    name: str  # as the API knows it
    label: str = ""  # as people know it; empty if they have no choice
    effort: str = ""  # empty: the API's default
    api: str = ""  # empty: ASKME_API
    web_search: bool = False
    price: Price | None = None

    @property
    def key(self) -> str:
        """Identifies the option in frames, forms and rows: the model's name, with any effort and search."""
        effort = f"@{self.effort}" if self.effort else ""
        return f"{self.name}{effort}{'+search' if self.web_search else ''}"


def offered() -> dict[str, ModelOption]:
    """What people may choose from, by key; the first is the default. Empty if `ASKME_MODELS` is not set."""
    return {one.key: one for one in settings.ASKME_MODELS}


def configured() -> list[ModelOption]:
    """All models that may be asked: those of `ASKME_MODELS`, or the only one, whose name may be empty."""
    only = settings.ASKME_MODEL or (DEMO_MODEL if settings.ASKME_DEMO else "")
    return settings.ASKME_MODELS or [parse_option(only)]


def default_option() -> ModelOption:
    """The model that answers if nothing was chosen. Its name is empty if no model is configured."""
    return configured()[0]


def find_option(key: str) -> ModelOption:
    """The option with this key, or one for a model that is no longer offered. Empty means the default."""
    option = offered().get(key) or (parse_option(key) if key else default_option())
    return replace(option, api="") if settings.ASKME_DEMO else option  # the demo model has one API


def parse_option(text: str) -> ModelOption:
    """Read `name`, `name@effort` or either with `+search`."""
    name, search = (text.removesuffix("+search"), True) if text.endswith("+search") else (text, False)
    before, at, effort = name.rpartition("@")
    if not (at and effort in EFFORTS):  # names may contain an @ too
        before, effort = name, ""
    return ModelOption(name=before, effort=effort, web_search=search)
