"""What rules take away: who of those who follow a topic may not hear one of its records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from derailed.gateway.histories import Said
from derailed.gateway.node import Topic
from derailed.gateway.recipient import Recipient
from derailed.rules import JUDGED, Crowd, Rules
from derailed.wire.records import Record

NOBODY: Final[frozenset[int]] = frozenset()


class Judge:
    """Asks the rules, for one hub. A crowd is kept for each topic that anything was asked about."""

    def __init__(self, rules: Rules | None) -> None:
        self._rules = rules
        self._crowds: dict[Topic, tuple[Crowd, list[Recipient]]] = {}

    def judges(self, record: Record) -> bool:
        """Whether there is anything to be asked."""
        return self._rules is not None and self._rules.active and record.event in JUDGED

    async def barred(self, topic: Topic, record: Record) -> frozenset[int]:
        """Whom of all its followers, of those too who come while it is asked."""
        assert self._rules is not None
        while True:
            followers = topic.live()  # another list whenever who follows has changed
            crowd, known = self._crowds.get(topic, (None, None))
            if crowd is None:
                self._forget()
                crowd = self._rules.crowd()
            if known is not followers:
                crowd.are({each.id.user_id: each.id.bot for each in topic.followers})
                self._crowds[topic] = crowd, followers
            barred = await crowd.barred(topic.name, record)
            if topic.live() is followers:
                return barred

    async def withheld(self, recipient: Recipient, missed: Sequence[Said]) -> set[int]:
        """Which of these a session that missed them may not have, by their offsets."""
        if self._rules is None or not self._rules.active:
            return set()
        asked = [(said.topic, said.record) for said in missed]
        answers = await self._rules.withheld(recipient.id.user_id, asked, bot=recipient.id.bot)
        return {said.offset for said, is_withheld in zip(missed, answers, strict=True) if is_withheld}

    def _forget(self) -> None:
        """Topics that nobody follows any more."""
        for topic in [each for each in self._crowds if not each.followers]:
            self._crowds.pop(topic)[0].close()
