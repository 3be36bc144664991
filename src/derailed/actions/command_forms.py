"""What is wrong with an application command: Discord's rules for names, descriptions, options and choices."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from derailed.actions.forms import Form
from derailed.wire import limits
from derailed.wire.commands import CHAT_INPUT, GROUP, INTEGER, NUMBER, STRING, SUBCOMMAND, Choice, CommandShape, Option

_KINDS: Final = (1, 2, 3)
_OPTION_KINDS: Final = tuple(range(1, 12))
_SUB: Final = (SUBCOMMAND, GROUP)
_NUMERIC: Final = (INTEGER, NUMBER)
_CHOOSABLE: Final = (STRING, INTEGER, NUMBER)
_VALUES: Final[dict[int, type | tuple[type, ...]]] = {STRING: str, INTEGER: int, NUMBER: (int, float)}
_NUMBER_MAX: Final = (1 << 53) - 1
"""What JavaScript counts exactly."""
_NAME: Final = re.compile(r"[-_'\w\u0900-\u097f\u0e00-\u0e7f]+")  # Devanagari and Thai with their marks


def check(form: Form, command: CommandShape) -> None:
    """Add to the form everything that is wrong with the command."""
    form.choice("type", command.type, _KINDS)
    options = command.options or []
    if command.type == CHAT_INPUT:
        _name(form, command.name)
        form.text("description", command.description, *limits.COMMAND_DESCRIPTION)
        _options(form, options, within=0)
        if _length(command.name, command.description, options) > limits.COMMAND_LENGTH:
            message = f"A command has {limits.COMMAND_LENGTH} characters at most."
            form.add("options", "APPLICATION_COMMAND_TOO_LARGE", message)
    else:
        form.text("name", command.name, *limits.COMMAND_NAME)
        form.text("description", command.description, 0, 0)
        if options:
            form.add(
                "options", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Only commands that are typed have options."
            )
    for index, context in enumerate(command.contexts or ()):
        form.at("contexts").choice(str(index), context, (0, 1, 2))
    for index, kind in enumerate(command.integration_types):
        form.at("integration_types").choice(str(index), kind, (0, 1))


def _name(form: Form, name: str) -> None:
    form.text("name", name, *limits.COMMAND_NAME)
    if name and (not _NAME.fullmatch(name) or name != name.lower()):
        form.add("name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _options(form: Form, options: Sequence[Option], *, within: int) -> None:
    """The options of a command (`within` is 0) or of a subcommand or a group of them."""
    form.number("options", len(options), 0, limits.COMMAND_OPTIONS)
    _unique(form, "options", "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", [each.name for each in options])
    required = [bool(each.required) for each in options]
    if required != sorted(required, reverse=True):
        message = "Required options must be placed before non-required options"
        form.add("options", "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message)
    subs = [each.type in _SUB for each in options]
    if any(subs) and not all(subs):
        message = "Sub-command and sub-command group option types are mutually exclusive to all other types"
        form.add("options", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message)
    for index, option in enumerate(options):
        _option(form.at("options", str(index)), option, within)


def _option(form: Form, option: Option, within: int) -> None:
    allowed = {0: _OPTION_KINDS, GROUP: (SUBCOMMAND,), SUBCOMMAND: _OPTION_KINDS[2:]}[within]
    form.choice("type", option.type, allowed)
    _name(form, option.name)
    form.text("description", option.description, *limits.COMMAND_DESCRIPTION)
    if option.type in allowed and option.type in _SUB:
        _options(form, option.options or (), within=option.type)
    elif option.options:
        form.add("options", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Only sub-commands have options of their own.")
    _choices(form, option)
    _bounds(form, option)


def _choices(form: Form, option: Option) -> None:
    choices = option.choices or ()
    if choices and option.type not in _CHOOSABLE:
        form.add("choices", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "An option of this type has no choices.")
        return
    if option.autocomplete and (choices or option.type not in _CHOOSABLE):
        message = "Autocomplete is for text and numbers without choices."
        form.add("autocomplete", "APPLICATION_COMMAND_AUTOCOMPLETE_INVALID", message)
    form.number("choices", len(choices), 0, limits.COMMAND_CHOICES)
    _unique(form, "choices", "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS", [each.name for each in choices])
    for index, choice in enumerate(choices):
        _choice(form.at("choices", str(index)), option.type, choice)


def _choice(form: Form, kind: int, choice: Choice) -> None:
    form.text("name", choice.name, *limits.COMMAND_CHOICE)
    value = choice.value
    if not isinstance(value, _VALUES[kind]):
        form.add("value", "BASE_TYPE_INVALID", "The value is of another type than the option.")
    elif isinstance(value, str):
        form.text("value", value, 0, limits.COMMAND_CHOICE[1])
    elif abs(value) > _NUMBER_MAX:
        form.add("value", "NUMBER_TYPE_RANGE", f"Must be between -{_NUMBER_MAX} and {_NUMBER_MAX}.")


def _bounds(form: Form, option: Option) -> None:
    """The least and the greatest, which must belong to the type and be in order."""
    for low, high, kinds, lowest, highest in (
        ("min_value", "max_value", _NUMERIC, -_NUMBER_MAX, _NUMBER_MAX),
        ("min_length", "max_length", (STRING,), 0, limits.COMMAND_TEXT),
    ):
        given = {name: value for name in (low, high) if isinstance(value := getattr(option, name), int | float)}
        for name, value in given.items():
            if option.type not in kinds:
                form.add(name, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "An option of this type has no such bound.")
            elif not lowest <= value <= highest:
                form.add(name, "NUMBER_TYPE_RANGE", f"Must be between {lowest} and {highest}.")
        if len(given) == 2 and given[low] > given[high]:
            form.add(low, "NUMBER_TYPE_MAX", f"Must be {high} at most.")


def _unique(form: Form, field: str, code: str, names: Sequence[str]) -> None:
    if len(set(names)) != len(names):
        form.add(field, code, "Names must be unique.")


def _length(name: str, description: str, options: Sequence[Option]) -> int:
    """How many characters a command has: names, descriptions and what is chosen from."""
    own = len(name) + len(description)
    inner = sum(_length(each.name, each.description, each.options or ()) for each in options)
    return own + inner + sum(len(c.name) + len(str(c.value)) for each in options for c in each.choices or ())
