"""The transactional outbox: decided in one transaction, delivered as often as needed, said once.

A feature `put`s effects in the transaction that decides them; `Outbox` hands them to the handlers of their
kinds.
"""

from sekretar.kernel.outbox.ahead import NotReady
from sekretar.kernel.outbox.delivery import Outbox
from sekretar.kernel.outbox.effects import (
    TASK,
    Effect,
    OutboxRow,
    State,
    confirm,
    forget,
    prepare,
    put,
    put_all,
    withdraw,
)
from sekretar.kernel.outbox.letters import Letter, Letters
from sekretar.kernel.outbox.policy import Delivery, Noted, Ready, Receipt
from sekretar.kernel.outbox.wire import Handler

__all__ = [
    "TASK",
    "Delivery",
    "Effect",
    "Handler",
    "Letter",
    "Letters",
    "NotReady",
    "Noted",
    "Outbox",
    "OutboxRow",
    "Ready",
    "Receipt",
    "State",
    "confirm",
    "forget",
    "prepare",
    "put",
    "put_all",
    "withdraw",
]
