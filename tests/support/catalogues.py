"""Update the translation catalogues in locale/: `make translations` (`python -m tests.support.catalogues`).

This extracts the sentences from the sources, merges them into each language's .po file, and compiles that
into the .mo file that the site reads. Both files are committed, because a deployed site doesn't have Babel.
Nobody needs GNU gettext. A new sentence has an empty translation, and a test fails until someone fills it in.
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

ROOT = Path(__file__).resolve().parent.parent.parent
LANGUAGES = ["de", "es", "fr"]
SOURCES = [
    "accounts/**/*.py",
    "answers/**/*.py",
    "askme/**/*.py",
    "completions/**/*.py",
    "templates/**/*.html",
    "templates/**/*.txt",
    "answers/templates/**/*.html",
]
KEYWORDS = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
}
COMMENT = "Translators:"  # starts a comment for translators
PLACEHOLDER = re.compile(r'%\(\w+\)[a-z]|%%|</?[a-z][^>]*>|"')  # and HTML
WIDTH = 100


def extracted() -> Catalog:
    """Return every translatable sentence in the sources."""
    catalog = Catalog()
    for pattern in SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            name = str(path.relative_to(ROOT))
            for line, sentence, comments, context in _sentences(path):
                catalog.add(sentence, locations=[(name, line)], auto_comments=comments, context=context)
    return catalog


def _sentences(path: Path) -> Iterator[tuple]:
    source = path.read_text()
    if path.suffix in (".html", ".txt"):
        # Django turns a template into pseudo-Python for xgettext. In brackets, indentation doesn't matter.
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
    """Return what is wrong with the translation of one sentence."""
    said = message.id if isinstance(message.id, tuple) else (message.id,)
    translated = message.string if isinstance(message.string, tuple) else (message.string,)
    wanted = set.union(*map(placeholders, said))
    least = set.intersection(*map(placeholders, said))  # the singular may do without the number
    found = [] if all(translated) else ["not translated"]
    if message.fuzzy:
        found.append("fuzzy")
    if all(translated) and not _have(translated, least, wanted):
        found.append(f"not with the placeholders {sorted(wanted)}")
    return [f"{said[0]!r}: {fault}" for fault in found]


def _have(forms: tuple[str, ...], least: set[str], wanted: set[str]) -> bool:
    """Whether all forms of a sentence have the right placeholders, and the last one, for many, has all."""
    return all(least <= placeholders(one) <= wanted for one in forms) and placeholders(forms[-1]) == wanted


def update(language: str, sources: Catalog) -> Catalog:
    """Drop sentences the sources no longer contain. Leave new ones empty; don't guess from similar ones."""
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
