"""All verbs, made from what they share. Doors are given this and nothing deeper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from derailed.actions.accounts import Accounts
from derailed.actions.applications import Applications
from derailed.actions.audit_log import AuditLog
from derailed.actions.bans import Bans
from derailed.actions.channels import Channels
from derailed.actions.commands import Commands
from derailed.actions.context import Context
from derailed.actions.conversations import Conversations
from derailed.actions.downloads import Downloads
from derailed.actions.emojis import Emojis
from derailed.actions.faces import Faces
from derailed.actions.farewell import Farewell
from derailed.actions.guild_settings import GuildSettings
from derailed.actions.guilds import Guilds
from derailed.actions.harvests import Harvests
from derailed.actions.inbox import Inbox
from derailed.actions.invites import Invites
from derailed.actions.logins import Logins
from derailed.actions.members import Members
from derailed.actions.message_search import MessageSearch
from derailed.actions.messages import Messages
from derailed.actions.operators import Operators
from derailed.actions.overwrites import Overwrites
from derailed.actions.passwords import Passwords
from derailed.actions.pins import Pins
from derailed.actions.profiles import Profiles
from derailed.actions.prune import Prunes
from derailed.actions.reactions import Reactions
from derailed.actions.reading import Reading
from derailed.actions.relationships import Relationships
from derailed.actions.roles import Roles
from derailed.actions.sessions import Sessions
from derailed.actions.tokens import Tokens
from derailed.actions.user_settings import Settings
from derailed.actions.webhook_messages import WebhookMessages
from derailed.actions.webhooks import Webhooks


@dataclass(frozen=True, slots=True)
class Verbs:
    """What a person or a bot can do, one field a noun."""

    tokens: Tokens
    accounts: Accounts
    logins: Logins
    profiles: Profiles
    farewell: Farewell
    harvests: Harvests
    applications: Applications
    commands: Commands
    guilds: Guilds
    channels: Channels
    conversations: Conversations
    overwrites: Overwrites
    roles: Roles
    emojis: Emojis
    members: Members
    bans: Bans
    prunes: Prunes
    audit_log: AuditLog
    invites: Invites
    messages: Messages
    message_search: MessageSearch
    pins: Pins
    webhooks: Webhooks
    webhook_messages: WebhookMessages
    reactions: Reactions
    reading: Reading
    inbox: Inbox
    guild_settings: GuildSettings
    downloads: Downloads
    relationships: Relationships
    settings: Settings
    sessions: Sessions
    operators: Operators

    @classmethod
    def of(cls, context: Context, passwords: Passwords, registration: str) -> Self:
        """The verbs over one context. `registration` is open, invite or closed."""
        tokens, faces, conversations = Tokens(context.store, context.clock), Faces(), Conversations(context)
        return cls(
            tokens=tokens,
            accounts=Accounts(context, tokens, passwords, registration),
            logins=Logins(context, tokens),
            profiles=Profiles(context),
            farewell=Farewell(context, tokens, passwords),
            harvests=Harvests(context),
            applications=Applications(context, tokens),
            commands=Commands(context),
            guilds=Guilds(context),
            channels=Channels(context, conversations),
            conversations=conversations,
            overwrites=Overwrites(context),
            roles=Roles(context),
            emojis=Emojis(context),
            members=Members(context),
            bans=Bans(context),
            prunes=Prunes(context),
            audit_log=AuditLog(context),
            invites=Invites(context),
            messages=Messages(context, faces),
            message_search=MessageSearch(context),
            pins=Pins(context, faces),
            webhooks=Webhooks(context),
            webhook_messages=WebhookMessages(context),
            reactions=Reactions(context, faces),
            reading=Reading(context),
            inbox=Inbox(context),
            guild_settings=GuildSettings(context),
            downloads=Downloads(context),
            relationships=Relationships(context),
            settings=Settings(context),
            sessions=Sessions(context, tokens),
            operators=Operators(context),
        )
