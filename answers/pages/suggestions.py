"""Questions that people can choose from on the empty page."""

from django.conf import settings
from django.utils.translation import gettext_lazy as _

GENERAL = [
    _("Explain photosynthesis to a ten-year-old"),
    _("Plan a weekend in Lisbon on a small budget"),
    _("Write a friendly email that declines an invitation"),
    _("What should I look for when I buy a used bicycle?"),
]


def suggestions() -> list[str]:
    """The site's own as they are, or general ones in the reader's language."""
    own: list[str] | None = settings.ASKME_SUGGESTIONS
    return [str(text) for text in (GENERAL if own is None else own)]
