"""Words of the requests to customer service, in English and Chinese."""

from __future__ import annotations

from demo import chinese, english
from demo.dice import TextDice
from demo.texts import ProductType, choose, fill, fragments


class TicketWriter:
    """Writes a request: greeting or none, the matter, details, a wish, thanks or none."""

    def __init__(self, seed: int) -> None:
        self.dice = TextDice(seed, "tickets")
        self._seen: set[str] = set()

    def write(
        self, topic: str, language: str, kind: ProductType, order_id: int, brand: str, cause: str
    ) -> str:
        """One message. ``cause``: ``battery`` (the faulty batch), ``late`` (delayed parcels), or empty."""
        for _ in range(6):
            message = self._compose(topic, language, kind, order_id, brand, cause)
            if message not in self._seen:
                break
        self._seen.add(message)
        return message

    def _compose(
        self, topic: str, language: str, kind: ProductType, order_id: int, brand: str, cause: str
    ) -> str:
        dice, source = self.dice, fragments(f"tickets_{language}")

        def some(key: str) -> str | None:
            lines = source.get(key, "", kind.key, kind.category)
            return dice.pick(lines) if lines else None

        matter = some(f"{topic}_{cause}") if cause else None
        parts = [some("greeting") if dice.chance(0.55) else None, matter or some(topic)]
        if dice.chance(0.5):
            parts.append(some(f"{topic}_more"))
        if dice.chance(0.45):
            parts.append(some(f"{topic}_wish") or some("wish"))
        if dice.chance(0.3):
            parts.append(some("closing"))
        slots = dict(
            (english if language == "en" else chinese).slots_for(kind, brand, dice), order=str(order_id)
        )
        text = fill(
            choose((" " if language == "en" else "").join(part for part in parts if part), dice), slots
        )
        return text.lower() if language == "en" and dice.chance(0.1) else text
