"""The model card, rendered from a manifest.

A card equals the rendering of its manifest, and rules for the template exclude numbers of any other origin: no number
in its prose (in digits or in words), none in its expressions except decimal places; no default for a missing value;
no section without a value of the manifest.
"""

from __future__ import annotations

import re
import traceback
from collections import Counter
from functools import cache
from itertools import zip_longest
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined, TemplateError, nodes

from home_credit.errors import ModelCardError
from home_credit.features.catalogue import TABLE_OF

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

CARD, TABLES = "model_card.md.j2", "tables.md.j2"
NOTHING = "–"

# Numbers in names: laws and their articles, a hash, the confidence level used throughout.
_NAMES = re.compile(
    r"Regulation \(EU\) \d{4}/\d+|Directive \(EU\) \d{4}/\d+|Articles? \d+|points? \d(?:\(\w\))?"
    r"(?:(?:,| and) \d(?:\(\w\))?)*|SHA-256|95 %"
)
_NUMBERS = re.compile(
    r"\S*\d\S*|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|hundreds?|thousands?|millions?|half|"
    r"twice|double|most of|majority|percent)\b",
    re.IGNORECASE,
)


def decimals(value: float | None, places: int) -> str:
    """Return a number with the given decimal places."""
    # Adding zero removes the sign of a negative zero.
    return NOTHING if value is None else f"{round(float(value), places) + 0.0:,.{places}f}"


def percent(value: float | None, places: int = 1) -> str:
    """Return a share in percent."""
    return NOTHING if value is None else f"{decimals(100.0 * float(value), places)} %"


def count(value: float) -> str:
    """Return an integer with separated thousands."""
    return f"{int(value):,}"


def by_table(features: Iterable[str]) -> list[dict[str, str | int]]:
    """Return how many of the features each table gives, in the order of the features."""
    return [
        {"table": table, "features": number}
        for table, number in Counter(TABLE_OF[name] for name in features).items()
    ]


_FORMATS = {"decimals": decimals, "percent": percent}


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("home_credit.validation"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  # Markdown of numbers, no HTML
        keep_trailing_newline=True,
    )
    environment.filters |= {**_FORMATS, "count": count, "by_table": by_table}
    environment.globals["tables"] = environment.get_template(TABLES).module
    return environment


def write(manifest: Mapping[str, object], template: str | None = None) -> str:
    """Return the model card of a manifest, by the given template or the package's own.

    Raises :class:`ModelCardError` where the template breaks a rule, or uses a value that the manifest lacks.
    """
    environment = _environment()
    source = _source(environment, CARD) if template is None else template
    for problem in (*violations(source), *violations(_source(environment, TABLES), sections=False)):
        raise ModelCardError(f"template of the model card: {problem}")
    try:
        return environment.from_string(source).render(manifest)
    except (TemplateError, TypeError, ValueError, KeyError) as error:
        frames = traceback.extract_tb(error.__traceback__)
        line = next((frame.lineno or 1 for frame in frames if frame.filename == "<template>"), 1)
        place = source.splitlines()[line - 1].strip()
        raise ModelCardError(
            f"the manifest does not have what the model card says: {error}, in: {place}"
        ) from error


def check(card: str, manifest: Mapping[str, object], template: str | None = None) -> None:
    """Raise :class:`ModelCardError` with the first line that differs from the rendering of the manifest."""
    for number, (said, true) in enumerate(
        zip_longest(card.splitlines(), write(manifest, template).splitlines()), start=1
    ):
        if said != true:
            raise ModelCardError(f"model card, line {number}: says {said!r}, its manifest {true!r}")


def table(name: str, values: object) -> str:
    """Return one table of ``tables.md.j2`` in Markdown: grades, reliability, fairness and so on."""
    return str(getattr(_environment().globals["tables"], name)(values)).strip()


def violations(source: str, *, sections: bool = True) -> Iterator[str]:
    """Yield the violations of a template's rules; with ``sections`` each section must quote the manifest."""
    tree = _environment().parse(source)
    for text in tree.find_all(nodes.TemplateData):
        for number in _NUMBERS.findall(_NAMES.sub("", text.data)):
            yield f"{number!r} near line {text.lineno} is not from the manifest"
    for call in tree.find_all((nodes.Filter, nodes.Test)):
        if call.name in {"default", "d", "defined", "undefined"}:
            yield f"line {call.lineno} makes up for a value that is missing ({call.name})"
    places = {id(constant) for constant in _places(tree)}
    for constant in tree.find_all(nodes.Const):
        is_number = isinstance(constant.value, (int, float)) and not isinstance(constant.value, bool)
        if id(constant) not in places and (is_number or _NUMBERS.search(_NAMES.sub("", str(constant.value)))):
            yield f"{constant.value!r} in line {constant.lineno} is not from the manifest"
    for section in re.split(r"^(?=## )", source, flags=re.MULTILINE)[1:] if sections else ():
        if "{{" not in section:
            yield f"section {section.splitlines()[0]!r} says nothing from the manifest"


def _places(tree: nodes.Template) -> Iterator[nodes.Node]:
    """Yield the numbers that are no claims: decimal places and positions in a list."""
    for call in tree.find_all(nodes.Filter):
        if call.name in _FORMATS:
            yield from call.args
    for item in tree.find_all(nodes.Getitem):
        yield item.arg
        if isinstance(item.arg, nodes.Slice):
            yield from item.arg.iter_child_nodes()


def _source(environment: Environment, name: str) -> str:
    assert environment.loader is not None  # noqa: S101  # for mypy: set right above
    return environment.loader.get_source(environment, name)[0]
