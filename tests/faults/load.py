"""What goes on while something breaks: people talk, come, go, lose their connection, and change what others see.

All that chance decides comes from one seed; what the machine decides does not.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from itertools import count
from time import monotonic as now
from typing import Final

from derailed.model import permissions
from tests.faults.client import Account, Client
from tests.faults.edits import Edits
from tests.faults.history import Deed, History, Overwritten, Post
from tests.faults.rest import Rest
from tests.faults.town import Talk, Town
from tests.faults.wired import Wired

POSTS_A_SECOND: Final = 9
WHISPERS_A_SECOND: Final = 3
HAPPENINGS_A_SECOND: Final = 5
PATIENCE_S: Final = 60.0
_MOVED: Final = 8
"""Crew whose role is taken and given back; as many of the others leave the guild and come back."""
_SHUT_OUT: Final = slice(8, 12)
"""Of the others: these are shut out of a channel and let in again."""
_OVERWRITES_S: Final = (6.0, 15.0, 40.0)
"""Between two changes of overwrites, a day: each keeps everybody from resuming across it."""
_GIVE_UP: Final = 0.06
"""Of the clients: these do not come again when they lose their socket."""
_NUMBERS: Final = count(1)
"""Of posts, over all loads of this process: a nonce is good for once."""
_VIEW: Final = str(permissions.VIEW_CHANNEL)
_FILLER: Final = "departures on the left, arrivals on the right"


class Load:
    """All of it, on one deployment. `begin` it in the loop in which it is to run."""

    def __init__(self, split: Wired, town: Town, seed: int) -> None:
        self.town = town
        self._chance = random.Random(seed)
        self.rest = Rest(split.api, self._chance)
        sees = dict.fromkeys((each.id for each in (*town.crew, *town.bots)), town.everything)
        sees |= dict.fromkeys((each.id for each in town.plain), town.open)
        for talk in town.talks:
            sees |= {each.id: sees[each.id] | {talk.channel} for each in talk.people}
        self.history = History(sees, conversations=frozenset(talk.channel for talk in town.talks))
        self.edits = Edits(self.rest, self.history, self._chance, _NUMBERS)
        ports = [node.port for node in split.nodes]
        accounts = (*town.crew, *town.plain, *town.bots)
        self.clients = [Client(account, ports, self.history, self._chance) for account in accounts]
        self._movers = [*town.crew[:_MOVED], *town.plain[:_MOVED]]
        self._overwrites_s = self._chance.choice(_OVERWRITES_S)
        self._steady = self.clients[_MOVED:]
        self._running: list[asyncio.Task[None]] = []
        self._talking: list[asyncio.Task[None]] = []
        self._is_over = asyncio.Event()

    # --- its course

    async def begin(self) -> None:
        """Have everybody there, and then let things happen."""
        await self.rest.__aenter__()
        for client in self._chance.sample(self.clients, int(len(self.clients) * _GIVE_UP)):
            client.gives_up = True
        self._running = [asyncio.create_task(client.run()) for client in self.clients]
        await self.until(self.all_up, "everybody is there")
        self._talking = [asyncio.create_task(self._talk(author)) for author in self.town.authors]
        self._talking += [asyncio.create_task(self._whisper(talk)) for talk in self.town.talks]
        self._talking += [asyncio.create_task(self._move(account)) for account in self._movers]
        self._talking += [asyncio.create_task(self._admit(talk)) for talk in self.town.talks if talk.guest]
        self._talking += [asyncio.create_task(work) for work in (self._veil(), self._shut_out())]
        self._talking += [asyncio.create_task(work) for work in self.edits.work(self._goes_on)]
        self._talking.append(asyncio.create_task(self._happen()))

    async def calm(self) -> None:
        """Let nothing more happen, and return when what was begun is done."""
        self._is_over.set()
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.gather(*self._talking)

    async def end(self) -> None:
        """Have everybody close."""
        for client in self.clients:
            client.close()
        await asyncio.gather(*(client.gone() for client in self.clients))
        for task in (*self._running, *self._talking):
            task.cancel()
        await asyncio.gather(*self._running, *self._talking, return_exceptions=True)
        await self.rest.__aexit__()

    def all_up(self) -> bool:
        """Whether all who want to be there are."""
        return all(client.is_up for client in self.clients if client.wanted)

    async def until(self, true: Callable[[], bool], what: str, within_s: float = PATIENCE_S) -> None:
        """Wait for what is about to be true."""
        deadline = now() + within_s
        while not true():
            assert now() < deadline, f"it never came that {what}"
            await asyncio.sleep(0.05)

    async def until_all_were_up(self, what: str) -> None:
        """Wait until each who wants to be there was so once, from now on: somebody is always away for a moment."""
        awaited = set(self.clients)

        def none_is_left() -> bool:
            awaited.difference_update([each for each in awaited if each.is_up or not each.wanted])
            return not awaited

        await self.until(none_is_left, what)

    # --- what happens

    async def _talk(self, author: Account) -> None:
        while await self._goes_on(len(self.town.authors) / POSTS_A_SECOND):
            channel = self._chance.choice(sorted(self.town.everything))
            self.edits.offer(await self.post(author, channel), author, self.town.authors)

    async def _whisper(self, talk: Talk) -> None:
        while await self._goes_on(len(self.town.talks) / WHISPERS_A_SECOND):
            author = self._chance.choice(talk.people)
            self.edits.offer(await self.post(author, talk.channel), author, talk.people)

    async def post(self, author: Account, channel: int) -> Post:
        """Say something there, until it is acknowledged."""
        post = Post(next(_NUMBERS), author.id, channel, now())
        self.history.posts[post.number] = post
        body = {"content": f"{post.number} {_FILLER}", "nonce": str(post.number), "enforce_nonce": True}
        status, answer = await self.rest.insist("POST", f"/channels/{channel}/messages", author.token, body)
        assert status == 200, f"a message was refused: {answer}"
        post.acked, post.id = now(), int(answer["id"])
        return post

    async def post_everywhere(self) -> list[Post]:
        """Say a last word in each channel."""
        last = [(self.town.authors[0], channel) for channel in sorted(self.town.everything)]
        last += [(talk.people[0], talk.channel) for talk in self.town.talks]
        return [await self.post(author, channel) for author, channel in last]

    async def count_here(self) -> int:
        """How many the server says are here."""
        _, guild = await self.rest.insist("GET", f"/guilds/{self.town.guild_id}?with_counts=true", self.town.owner)
        return int(guild["approximate_presence_count"])

    async def look(self) -> None:
        """Ask the server what there is now, for some of whom we know what they were told."""
        town = self.town
        tokens = dict.fromkeys(town.everything, town.authors[0].token)
        tokens |= {talk.channel: talk.people[0].token for talk in town.talks}
        for channel, token in tokens.items():
            self.history.pages[channel] = await self.edits.page(channel, token)
        talkers = {each.id: each for talk in town.talks for each in (*talk.people, *filter(None, [talk.guest]))}
        for account in (*town.plain[_SHUT_OUT], *self._movers, *talkers.values(), *town.bots[:1]):
            shown: set[int] = set()
            for path in (f"/guilds/{town.guild_id}/channels", "/users/@me/channels"):
                _, listed = await self.rest.insist("GET", path, account.token)
                shown.update(int(each["id"]) for each in listed)
            self.history.listed[account.id] = frozenset(shown)

    async def _happen(self) -> None:
        deeds: list[Callable[[Client], Awaitable[None]]] = [self._lose, self._lose, self._show, self._close, self._ask]
        while await self._goes_on(1 / HAPPENINGS_A_SECOND):
            client = self._chance.choice(self._steady)
            if client.is_up:
                await self._chance.choice(deeds)(client)

    async def _lose(self, client: Client) -> None:
        if not client.gives_up:
            client.lose(self._chance.uniform(0.0, 3.0))

    async def _show(self, client: Client) -> None:
        client.show(self._chance.choice(("online", "idle", "dnd")))

    async def _ask(self, client: Client) -> None:
        client.ask(self.town.guild_id, min(self.town.open))

    async def _close(self, client: Client) -> None:
        """Some come back; bots, who are to watch, stay for longer than that."""
        if client.account.bot and self._chance.random() < 0.8:
            return
        client.close()
        if self._chance.random() < 0.7:
            self._talking.append(asyncio.create_task(self._come_back(client)))

    async def _come_back(self, client: Client) -> None:
        await asyncio.sleep(self._chance.uniform(0.5, 6.0))
        client.come()

    async def _move(self, account: Account) -> None:
        """Have what somebody sees change, over and over; in the end as it was."""
        is_crew = account in self.town.crew
        changes = (self._take_role, self._give_role) if is_crew else (self._leave, self._join)
        while await self._goes_on(4.0):
            for change in changes:
                await change(account)
                await self._goes_on(2.0)

    async def _take_role(self, account: Account) -> None:
        await self._do(account, self.town.open, "DELETE", self._role_of(account), self.town.owner)

    async def _give_role(self, account: Account) -> None:
        await self._do(account, self.town.everything, "PUT", self._role_of(account), self.town.owner)

    async def _leave(self, account: Account) -> None:
        await self._do(account, frozenset(), "DELETE", f"/users/@me/guilds/{self.town.guild_id}", account.token)

    async def _join(self, account: Account) -> None:
        await self._do(account, self.town.open, "POST", f"/invites/{self.town.invite}", account.token)

    async def _admit(self, talk: Talk) -> None:
        """Let the guest in, and take them out again."""
        assert talk.guest is not None
        path, owner = f"/channels/{talk.channel}/recipients/{talk.guest.id}", talk.people[0].token
        while await self._goes_on(5.0):
            await self._do(talk.guest, self.town.open | {talk.channel}, "PUT", path, owner)
            await self._goes_on(4.0)
            await self._do(talk.guest, self.town.open, "DELETE", path, owner)

    async def _veil(self) -> None:
        """Hide a channel from all but the crew, and show it again."""
        town = self.town
        while await self._goes_on(self._overwrites_s):
            for veiled in (True, False):
                each = Overwritten(town.veiled, now(), veiled=veiled, unless=town.hidden)
                await self._overwrite(each, town.guild_id, {"type": 0, "deny": _VIEW if veiled else "0"})
                await self._goes_on(3.0)

    async def _shut_out(self) -> None:
        """Hide a channel from one member, and show it again."""
        town = self.town
        others = min(town.open - {town.veiled})
        while await self._goes_on(self._overwrites_s):
            account = self._chance.choice(town.plain[_SHUT_OUT])
            for sees in (town.open - {others}, town.open):
                deed = Deed(account.id, sees, now())
                self.history.deeds.append(deed)
                body = {"type": 1, "deny": "0" if others in sees else _VIEW}
                await self._overwrite(Overwritten(others, deed.began), account.id, body)
                deed.acked = now()
                await self._goes_on(3.0)

    async def _overwrite(self, each: Overwritten, target: int, body: object) -> None:
        self.history.overwritten.append(each)
        path = f"/channels/{each.channel}/permissions/{target}"
        await self.rest.insist("PUT", path, self.town.owner, body, tried=each)
        each.acked = now()

    async def _do(self, account: Account, sees: frozenset[int], method: str, path: str, token: str) -> None:
        deed = Deed(account.id, sees, now())
        self.history.deeds.append(deed)
        await self.rest.insist(method, path, token, {} if method == "POST" else None)
        deed.acked = now()

    def _role_of(self, account: Account) -> str:
        return f"/guilds/{self.town.guild_id}/members/{account.id}/roles/{self.town.role}"

    async def _goes_on(self, mean_s: float) -> bool:
        """Wait a while, by chance; whether more is to happen."""
        try:
            await asyncio.wait_for(self._is_over.wait(), self._chance.uniform(0.2, 1.8) * mean_s)
        except TimeoutError:
            return True
        return False
