"""Beside every Redis: says for its own node whether a suspected master is still there.

Question and answer go through Redis itself, as messages on channels that the nodes pass on to each
other over the cluster bus. That is the way that a vote takes as well: who can't be asked could not
vote. It needs no port, no key and no address, and is as encrypted as the bus is.

Who may talk on the channels is a matter of ACLs; every message also carries a code that only those
who know the agent's password can make, since an application's user may have all channels.
"""

import hashlib
import hmac
import json
import math
import secrets
import threading
import time
from collections.abc import Collection
from dataclasses import asdict, dataclass, field, replace
from typing import TypeVar

from ..console import Console
from ..errors import AgentError, CommandRefusedError
from ..features import ALL_FEATURES, Feature, Without
from ..parallel import in_parallel
from ..redis.client import Connector, Node
from ..redis.node_timeout import node_timeout
from ..redis.reach import addresses_of, answers_as, is_there

QUESTIONS = "webtier.agent.questions"
ANSWERS = "webtier.agent.answers."
"""Followed by the question's nonce. The agent's user needs the channels `webtier.agent.*`."""

MOST_AT_ONCE = 4
"""Questions beyond these are dropped: whoever asks will ask again, or leave it to Redis."""

RETRY_AFTER = 1.0
"""Seconds after which a Redis that can't be listened to is asked again."""

GRACE = 0.2
"""Seconds for those who have not answered when enough others have: one of them may reach the suspect."""


@dataclass(frozen=True)
class Question:
    """Is `master` (a node id) there, as you see it? `replica` is the node that would take over from it.

    `addresses` are those where it was last seen, which DNS may have forgotten meanwhile.
    """

    replica: str
    master: str
    addresses: tuple[str, ...]
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))


@dataclass(frozen=True)
class Answer:
    """What the agent beside the master `witness` has found, this very moment.

    `heard_ago` is how long its Redis has not heard from the suspected one, in seconds. `epoch` is
    the current one; it votes for no older one.
    """

    nonce: str
    witness: str
    reached: bool
    heard_ago: float
    epoch: int


# The class names are signed and the fields' names are sent, also to agents of another version: both stay as they are.
Message = TypeVar("Message", Question, Answer)


@dataclass
class Witness:
    """Answers questions for as long as `run` runs: in a thread of its own, in every pod.

    Beside a replica, or a master without slots, it listens and says nothing: those don't vote. `patience` is what the
    suspect gets to answer, and `node_timeout` what redis.conf says, in seconds.
    """

    connector: Connector
    console: Console
    patience: float = 0.4
    node_timeout: float = math.inf
    without: Without = ALL_FEATURES
    _busy: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(MOST_AT_ONCE))

    def run(self, stop: threading.Event) -> None:
        """Never raises for what a node does or does not answer."""
        while not stop.is_set():
            try:
                self._listen(stop)
            except CommandRefusedError as error:
                self.console.state(f"can't listen to other pods: this pod's Redis {error}")
                stop.wait(RETRY_AFTER)
            except AgentError:
                # The pod's Redis restarts or does not run yet; others say so.
                stop.wait(RETRY_AFTER)

    def _listen(self, stop: threading.Event) -> None:
        with self.connector.open_local() as redis:
            redis.ask("SUBSCRIBE", QUESTIONS)
            while not stop.is_set():
                asked = _unpack(Question, redis.receive(0.5), self.connector.password())
                if asked is not None and self._busy.acquire(blocking=False):
                    threading.Thread(target=self._reply, args=(asked,), daemon=True).start()

    def _reply(self, asked: Question) -> None:
        try:
            with self.connector.open_local() as redis:
                answer = self._answer(asked, redis)
                if answer is not None:
                    redis.ask("PUBLISH", ANSWERS + asked.nonce, _pack(answer, self.connector.password()))
        except AgentError as error:
            self.console.state(f"can't say whether {asked.master[:8]} answers: this pod's Redis {error}")
        finally:
            self._busy.release()

    def _answer(self, asked: Question, redis: Node) -> Answer | None:
        view = redis.view()
        master, replica = view.records.get(asked.master), view.records.get(asked.replica)
        if master is None or replica is None or replica.master_id != master.id:
            return None
        if not (view.myself.serves and master.slot_ranges) or view.own_id == master.id:
            return None
        known = {*asked.addresses, *addresses_of(master, self.connector, self.patience / 2)}
        quick = replace(self.connector, timeout=self.patience)
        look = answers_as if Feature.PRESENCE in self.without else is_there
        # A large key holds up its source and its target, and their accept queues fill.
        moving = node_timeout(redis) > self.node_timeout
        reached = moving or any(in_parallel(lambda ip: look(master.id, ip, quick), known))
        self.console.event(f"asked about {master.name}, which {'is there' if reached else 'is gone'} as seen from here")
        return Answer(
            nonce=asked.nonce,
            witness=view.own_id,
            reached=reached,
            heard_ago=time.time() - master.pong_ms / 1000,
            epoch=redis.epoch(),
        )


def ask_witnesses(
    asked: Question, witnesses: Collection[str], enough: int, connector: Connector, window: float
) -> dict[str, Answer]:
    """Asks the agents beside the masters `witnesses` (node ids), by way of the local Redis.

    Their answers by node id: all of them, or those that have come after `window` seconds. Once
    `enough` don't reach the suspected master, the rest get GRACE. AgentError when the local Redis
    can't be asked.
    """
    password = connector.password()
    answers: dict[str, Answer] = {}
    end = time.monotonic() + window
    with connector.open_local() as listening, connector.open_local() as redis:
        listening.ask("SUBSCRIBE", ANSWERS + asked.nonce)
        redis.ask("PUBLISH", QUESTIONS, _pack(asked, password))
        while len(answers) < len(witnesses) and (left := end - time.monotonic()) > 0:
            answer = _unpack(Answer, listening.receive(left), password)
            if answer is not None and answer.nonce == asked.nonce and answer.witness in witnesses:
                answers[answer.witness] = answer
                if sum(not each.reached for each in answers.values()) == enough:
                    end = min(end, time.monotonic() + GRACE)
    return answers


def _pack(message: Question | Answer, password: str) -> str:
    body = json.dumps(asdict(message))
    return f"{_code(type(message), body, password)} {body}"


def _unpack(kind: type[Message], received: object, password: str) -> Message | None:
    """None for a message of a sender without the password, or of another version's form."""
    match received:
        # What is no text arrives with surrogates in its place.
        case ["message", str(), str(text)] if not any("\ud800" <= character <= "\udfff" for character in text):
            code, _, body = text.partition(" ")
        case _:
            return None
    if not hmac.compare_digest(code.encode(), _code(kind, body, password).encode()):
        return None
    try:
        return kind(**json.loads(body))
    except (ValueError, TypeError):
        return None


def _code(kind: type, body: str, password: str) -> str:
    return hmac.new(password.encode(), f"{kind.__name__} {body}".encode(), hashlib.sha256).hexdigest()
