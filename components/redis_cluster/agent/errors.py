"""What can go wrong, by what a caller should do about it."""


class AgentError(Exception):
    """A sentence for the user; never a stack trace."""


class NodeUnavailable(AgentError):
    """A Redis node can't be asked just now: try again."""


class CommandRefused(AgentError):
    """A Redis node answered a command with an error: look again before trying again."""


class Refused(AgentError):
    """Going on would put data at risk or can never succeed: a person has to decide."""


class DeadlinePassed(AgentError):
    """The time is over; says what was still missing."""
