"""The HTML of whole answers, for pages that are rendered on the server."""

from answers.formatting.growing import formatted


def formatted_html(text: str, prefix: str) -> str:
    """The HTML of a whole text, safe to insert. Equal to what a page has after it followed the answer."""
    return "".join(formatted(text, prefix))
