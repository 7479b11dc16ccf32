"""The transactional outbox: decided in one transaction, delivered as often as needed, said once."""

from sekretar.kernel.outbox.effects import TASK, Effect, OutboxRow, State, put, put_all

__all__ = ["TASK", "Effect", "OutboxRow", "State", "put", "put_all"]
