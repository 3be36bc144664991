"""Why a process can not start."""


class CannotStart(Exception):
    """What an operator has to see to, in one line."""
