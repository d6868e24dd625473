"""What can go wrong, by what a caller should do about it."""


class AgentError(Exception):
    """A sentence for the user; never a stack trace."""


class NodeError(AgentError):
    """A Redis node can't be asked, or refuses; the text follows the node's name."""


class NodeUnavailableError(NodeError):
    """A Redis node can't be asked just now: try again."""


class NodeDownError(NodeUnavailableError):
    """Nothing accepts connections there, or what did has just ended."""


class NodeSilentError(NodeUnavailableError):
    """Nothing came in time: it is busy or stopped, or cut off from here."""


class NodeNotReadyError(NodeUnavailableError):
    """There is a Redis, and it does not say anything yet: it loads its data, or doesn't know the password."""


class NodeAliveError(NodeNotReadyError):
    """It can't be asked, and yet it answers: a sign of life, unlike silence."""


class PasswordRefusedError(NodeAliveError):
    """It does not accept the password, or not of this user."""


class CommandRefusedError(NodeError):
    """A Redis node answered a command with an error: look again before trying again."""


class RefusedError(AgentError):
    """Going on would put data at risk or can never succeed: a person has to decide."""


class DeadlinePassedError(AgentError):
    """The time is over; says what was still missing."""
