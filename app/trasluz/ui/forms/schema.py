"""A family's settings as the form needs them, read from the JSON schema that pydantic makes of them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

FieldKind = Literal["whole", "number", "switch", "choice", "open", "text"]

FOLDER = "folder"
"""Among what else a value may be: a folder that the person points at."""

_SPLIT = re.compile(r"(?::\s+|\s+[–—]\s+|(?<=[^.])\.\s+)")


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a choice, what it is called, and what it means."""

    value: Any
    title: str
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One setting of a form.

    Attributes:
        kind: Which control it gets.
        optional: Whether it may be left empty (None).
        others: For an open choice, what else it may be: `folder`, or a prefix, with the words for each.
        placeholder: What a value is like that is typed after a prefix.
        when: The values of other settings with which it means something.
        column: Whether it is a column of the data.
        low: The least value, and `high` the greatest; `open_low` and `open_high` say that they are not allowed.
    """

    name: str
    kind: FieldKind
    title: str
    sentence: str = ""
    default: Any = None
    optional: bool = False
    advanced: bool = False
    unit: str = ""
    low: float | None = None
    high: float | None = None
    open_low: bool = False
    open_high: bool = False
    step: float | None = None
    choices: tuple[Choice, ...] = ()
    others: Mapping[str, str] = field(default_factory=dict)
    placeholder: str = ""
    column: bool = False
    when: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    @property
    def bounds(self) -> str:
        """The bounds in words: `between 1 and 10,000`; empty where there are none."""
        low, high = self.low, self.high
        if low is not None and high is not None:
            if self.open_low and low == 0:
                return f"more than 0, at most {plain(high)}"
            return f"between {plain(low)} and {plain(high)}"
        if low is not None:
            return f"more than {plain(low)}" if self.open_low else f"at least {plain(low)}"
        if high is not None:
            return f"less than {plain(high)}" if self.open_high else f"at most {plain(high)}"
        return ""

    def trouble(self, value: Any) -> str:
        """Say what is wrong with a value, or nothing."""
        if value is None:
            return "" if self.optional else "This needs a value."
        named = any(choice.value == value for choice in self.choices)
        if self.kind == "open" and not named and (not value or value in self.others):
            return f"Type which one, please{f': {self.placeholder}' if self.placeholder else ''}."
        if self.kind not in {"whole", "number"}:
            return ""
        below = self.low is not None and (value < self.low or (self.open_low and value == self.low))
        above = self.high is not None and (value > self.high or (self.open_high and value == self.high))
        if below or above:
            return f"{self.bounds[:1].upper()}{self.bounds[1:]}, please."
        if self.step and abs(value / self.step - round(value / self.step)) > 1e-9:
            return f"A multiple of {plain(self.step)}, please."
        return ""

    def shown(self, value: Any) -> str:
        """A value as the form writes it: `20`, `0.001`, `Finetuning`, `nothing`."""
        if value is None:
            return "nothing"
        if isinstance(value, bool):
            return "on" if value else "off"
        for choice in self.choices:
            if choice.value == value:
                return choice.title
        return plain(value) if isinstance(value, int | float) else str(value)


def fields_of(
    schema: Mapping[str, Any],
    suggestions: Mapping[str, Sequence[Mapping[str, str]]] | None = None,
    columns: Sequence[str] = (),
) -> list[Field]:
    """Read the fields of a schema, in their order.

    Args:
        schema: As pydantic makes it.
        suggestions: Values that open choices may have on this computer, with `value`, `title` and `sentence`.
        columns: Of the data, where it is a table of texts.
    """
    definitions = schema.get("$defs", {})
    required = set(schema.get("required", ()))
    found = []
    for name, raw in schema.get("properties", {}).items():
        made = _field(name, raw, definitions, required=name in required)
        if made is None:
            continue
        if made.kind == "open":
            more = (Choice(s["value"], s["title"], s.get("sentence", "")) for s in (suggestions or {}).get(name, ()))
            made = replace(made, choices=(*made.choices, *more))
        if columns and raw.get("column"):
            offered = (Choice("", "As they stand"), *(Choice(column, column) for column in columns))
            made = replace(made, kind="choice", choices=offered, column=True)
        found.append(made)
    return found


def fetched(schema: Mapping[str, Any], values: Mapping[str, Any]) -> list[str]:
    """The values among the settings that name something outside this computer: `hub:owner/name`."""
    found = []
    for name, raw in schema.get("properties", {}).items():
        prefixes = tuple(key for key in raw.get("others") or () if key.endswith(":"))
        counts = means_something(raw.get("when") or {}, values)
        if prefixes and counts and str(values.get(name) or "").startswith(prefixes):
            found.append(str(values[name]))
    return found


def means_something(when: Mapping[str, Sequence[Any]], values: Mapping[str, Any]) -> bool:
    """Whether a setting means something beside these values of the others."""
    return all(values.get(name) in allowed for name, allowed in when.items())


def plain(value: float) -> str:
    """Write a number without needless digits: `0.001`, `10,000`, `1e-06`."""
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:.6g}"


def _field(name: str, raw: Mapping[str, Any], definitions: Mapping[str, Any], *, required: bool) -> Field | None:
    resolved, optional = _resolved(raw, definitions)
    common: dict[str, Any] = {
        "name": name,
        "title": raw.get("title") or name.replace("_", " ").capitalize(),
        "sentence": raw.get("description", ""),
        "default": raw.get("default"),
        "optional": optional and not required,
        "advanced": bool(raw.get("advanced", False)),
        "unit": raw.get("unit", ""),
        "when": raw.get("when") or {},
    }
    labels = raw.get("labels") or resolved.get("labels") or {}
    values = resolved.get("enum", [resolved["const"]] if "const" in resolved else None)
    if values is not None:
        return Field(kind="choice", choices=tuple(_choice(v, labels) for v in values), **common)
    match resolved.get("type"):
        case "boolean":
            return Field(kind="switch", **common)
        case "integer" | "number" as kind:
            low, high = resolved.get("minimum"), resolved.get("maximum")
            above, below = resolved.get("exclusiveMinimum"), resolved.get("exclusiveMaximum")
            return Field(
                kind="whole" if kind == "integer" else "number",
                low=low if above is None else above,
                high=high if below is None else below,
                open_low=above is not None,
                open_high=below is not None,
                step=resolved.get("multipleOf"),
                **common,
            )
        case "string":
            if others := raw.get("others"):
                choices = tuple(_choice(v, labels) for v in labels)
                return Field(
                    kind="open", choices=choices, others=others, placeholder=raw.get("placeholder", ""), **common
                )
            # a string that has names for some values is a choice among those
            if labels:
                return Field(kind="choice", choices=tuple(_choice(v, labels) for v in labels), **common)
            return Field(kind="text", **common)
        case _:
            # lists and objects are for the command line; the form leaves them at their default
            return None


def _resolved(raw: Mapping[str, Any], definitions: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
    if "$ref" in raw:
        return {**definitions.get(str(raw["$ref"]).rsplit("/", 1)[-1], {}), **raw}, False
    options = raw.get("anyOf") or raw.get("oneOf")
    if options:
        real = [o for o in options if o.get("type") != "null"]
        inner, _ = _resolved(real[0], definitions) if len(real) == 1 else ({}, False)
        return {**inner, **{k: v for k, v in raw.items() if k not in {"anyOf", "oneOf"}}}, len(real) < len(options)
    if len(raw.get("allOf", ())) == 1:
        inner, _ = _resolved(raw["allOf"][0], definitions)
        return {**inner, **raw}, False
    return raw, False


def _choice(value: Any, labels: Mapping[str, str]) -> Choice:
    words = labels.get(str(value), "")
    if not words:
        return Choice(value, str(value))
    parts = _SPLIT.split(words, maxsplit=1)
    if len(parts) == 2 and len(parts[0]) <= 48:
        return Choice(value, parts[0], parts[1][:1].upper() + parts[1][1:])
    if len(words) > 48:
        return Choice(value, str(value), words)
    return Choice(value, words)
