"""The catalogues of locale/: what `make translations` (`python -m tests.catalogues`) brings up to date.

Sentences are taken from the sources, put into each language's .po beside what was translated before, and
compiled into the .mo that the site reads. Both are committed: a site has no Babel, and who has Babel needs no
GNU gettext. A new sentence has an empty translation, and a test fails until somebody has filled it in.
"""

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ["de", "es", "fr"]
SOURCES = ["accounts/**/*.py", "answers/**/*.py", "askme/**/*.py", "templates/**/*.html"]
KEYWORDS = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
}
COMMENT = "Translators:"  # begins a comment that is for them
PLACEHOLDER = re.compile(r'%\(\w+\)[a-z]|%%|</?[a-z][^>]*>|"')  # HTML too
WIDTH = 100


def extracted() -> Catalog:
    """Every sentence of the sources."""
    catalog = Catalog()
    for pattern in SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            name = str(path.relative_to(ROOT))
            for line, sentence, comments, context in _sentences(path):
                catalog.add(sentence, locations=[(name, line)], auto_comments=comments, context=context)
    return catalog


def _sentences(path: Path) -> Iterator[tuple]:
    source = path.read_text()
    if path.suffix == ".html":
        # Django makes of a template what looks like Python to xgettext. In brackets indentation is nothing.
        source = f"({templatize(source, str(path))}\n)"
    return extract("python", io.BytesIO(source.encode()), KEYWORDS, [COMMENT])


def path_of(language: str, suffix: str) -> Path:
    return ROOT / "locale" / language / "LC_MESSAGES" / f"django.{suffix}"


def read(language: str) -> Catalog:
    with path_of(language, "po").open("rb") as file:
        return read_po(file, locale=language)


def compiled(catalog: Catalog) -> bytes:
    file = io.BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def placeholders(sentence: str) -> set[str]:
    return set(PLACEHOLDER.findall(sentence))


def faults(message: Message) -> list[str]:
    """What is wrong with the translation of one sentence."""
    said = message.id if isinstance(message.id, tuple) else (message.id,)
    translated = message.string if isinstance(message.string, tuple) else (message.string,)
    wanted = set.union(*map(placeholders, said))
    found = [] if all(translated) else ["not translated"]
    if message.fuzzy:
        found.append("fuzzy")
    if all(translated) and any(placeholders(sentence) != wanted for sentence in translated):
        found.append(f"not with the placeholders {sorted(wanted)}")
    return [f"{said[0]!r}: {fault}" for fault in found]


def update(language: str, sources: Catalog) -> Catalog:
    """Of what is not said any more nothing is kept, and what is new is not guessed from what is like it."""
    catalog = read(language)
    catalog.update(sources, no_fuzzy_matching=True, update_creation_date=False)
    with path_of(language, "po").open("wb") as file:
        write_po(file, catalog, width=WIDTH, sort_by_file=True, include_lineno=False, ignore_obsolete=True)
    path_of(language, "mo").write_bytes(compiled(read(language)))
    return catalog


def main() -> None:
    sources = extracted()
    for language in LANGUAGES:
        catalog = update(language, sources)
        wrong = [fault for message in catalog if message.id for fault in faults(message)]
        head = f"locale/{language}: {len(catalog)} sentences, {len(wrong)} to be looked at"
        sys.stdout.write("\n    ".join([head, *wrong]) + "\n")


if __name__ == "__main__":
    main()
