"""Form errors: every field that is wrong, named at once."""

from __future__ import annotations

from derailed.model.errors import FieldError, Invalid


class Form:
    """Collects what is wrong with a request; `finish` refuses when there was anything."""

    def __init__(self) -> None:
        self._errors: list[FieldError] = []
        self._path: tuple[str, ...] = ()

    def at(self, *steps: str) -> Form:
        """The same form further in: its fields are those under `steps`."""
        inner = Form()
        inner._errors, inner._path = self._errors, (*self._path, *steps)
        return inner

    def add(self, field: str, code: str, message: str) -> None:
        """That field is wrong."""
        self._errors.append(FieldError((*self._path, field), code, message))

    def text(self, field: str, value: str, shortest: int, longest: int) -> None:
        """It must be of some length, not counting blanks around it."""
        if not value.strip() and shortest:
            self.add(field, "BASE_TYPE_REQUIRED", "This field is required")
        elif "\0" in value:
            self.add(field, "STRING_TYPE_REGEX", "Must not contain the null character.")
        elif not shortest <= len(value) <= longest:
            self.add(field, "BASE_TYPE_BAD_LENGTH", f"Must be between {shortest} and {longest} in length.")

    def number(self, field: str, value: int, lowest: int, highest: int) -> None:
        """It must be within bounds."""
        if not lowest <= value <= highest:
            self.add(field, "NUMBER_TYPE_RANGE", f"Must be between {lowest} and {highest}.")

    def choice(self, field: str, value: int, choices: tuple[int, ...]) -> None:
        """It must be one of these."""
        if value not in choices:
            self.add(field, "BASE_TYPE_CHOICES", f"Value must be one of {choices}.")

    def finish(self) -> None:
        """Raise Invalid when a field was wrong."""
        if self._errors:
            raise Invalid("invalid_form", *self._errors)


def refuse(field: str, code: str, message: str) -> Invalid:
    """The refusal of one field, to be raised."""
    return Invalid("invalid_form", FieldError((field,), code, message))
