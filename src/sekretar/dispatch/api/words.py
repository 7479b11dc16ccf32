"""The words of the predecessor's answers: programs compare them, so they are no texts of a catalogue."""

from __future__ import annotations

from typing import Final

from sekretar.dispatch.incidents.values import Origin, Status

#: How each status is called there, in its own spelling.
STATUS: Final = {
    Status.NEW: "Новый",
    Status.IN_PROGRESS: "В работе",
    Status.NOTIFYING_APPLICANT: "Уведомляем оператора",
    Status.APPLICANT_NOTIFIED: "Уведомили оператора",
    Status.HANDING_OVER: "Передать подрядчику",
    Status.HANDED_OVER: "Передано подрядчику",
    Status.AWAITING_CONFIRMATION: "Ждем подтверждения",
    Status.NOTIFYING_CLOSURE: "Уведомить о закрытии",
    Status.CLOSURE_NOTIFIED: "Уведомили о закрытии",
    Status.ON_GENERATION: "На генерации НБ",
    Status.CLOSED: "Закрыт",
    Status.ERROR: "Ошибка",
}

_BY_LETTER: Final = "Автоматически из почты"
_BY_HAND: Final = "Вручную через диспетчера"


def registration_method(origin: Origin) -> str:
    """How an incident came to the desk."""
    return _BY_HAND if origin.by_hand else _BY_LETTER
