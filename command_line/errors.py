"""The one exception that reaches a user as a plain paragraph."""


class UserError(Exception):
    """Something the user can mend: printed as it is, without a stack trace, and the exit code is 1.

    The message says what is wrong, with the value found, and what to do.
    """
