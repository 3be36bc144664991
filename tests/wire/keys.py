"""Which keys break an unmodified library when they are absent, and which when they are null.

Found by taking each key out of a full payload, then setting it to null, and feeding that to discord.py 2.7.1,
hikari 2.7.0 and discord.js 14.28.1. `0` stands for any element of a list.
"""

from __future__ import annotations

from typing import NamedTuple


class Keys(NamedTuple):
    """Of one entity."""

    needed: str
    never_null: str


KEYS: dict[str, Keys] = {
    "user": Keys(
        "id username discriminator avatar",
        "id public_flags",
    ),
    "me": Keys(
        "id username discriminator avatar mfa_enabled flags",
        "id flags public_flags",
    ),
    "application": Keys(
        """
        id name icon description bot_public bot_require_code_grant verify_key owner owner.id owner.username
        owner.discriminator owner.avatar flags approximate_guild_count approximate_user_install_count
        """,
        "id verify_key owner owner.id owner.public_flags flags",
    ),
    "guild": Keys(
        """
        id roles roles.0.id roles.0.name roles.0.permissions emojis stickers name icon splash banner description
        owner_id features afk_channel_id afk_timeout system_channel_id system_channel_flags rules_channel_id
        public_updates_channel_id verification_level default_message_notifications explicit_content_filter
        mfa_level nsfw_level premium_tier preferred_locale vanity_url_code application_id max_members
        max_presences roles.0.color roles.0.colors.primary_color roles.0.hoist roles.0.position roles.0.managed
        roles.0.mentionable
        """,
        """
        id roles roles.0.id roles.0.colors roles.0.permissions emojis stickers owner_id features afk_timeout
        system_channel_flags max_members max_video_channel_users roles.0.color roles.0.colors.primary_color
        roles.0.position roles.0.flags
        """,
    ),
    "own_guild": Keys(
        "id name icon owner permissions features approximate_member_count approximate_presence_count",
        "id permissions features approximate_member_count approximate_presence_count",
    ),
    "channel_text": Keys(
        """
        id type name position permission_overwrites permission_overwrites.0.id permission_overwrites.0.type
        permission_overwrites.0.allow permission_overwrites.0.deny topic guild_id
        """,
        """
        id type position permission_overwrites permission_overwrites.0.id permission_overwrites.0.allow
        permission_overwrites.0.deny rate_limit_per_user flags default_auto_archive_duration guild_id
        """,
    ),
    "channel_category": Keys(
        "id type name position permission_overwrites guild_id",
        "id type position permission_overwrites flags guild_id",
    ),
    "member": Keys(
        "user user.id roles flags user.username user.discriminator user.avatar joined_at",
        "user user.id roles flags user.public_flags",
    ),
    "role": Keys(
        "id name permissions color colors.primary_color hoist position managed mentionable",
        "id colors permissions color colors.primary_color position flags",
    ),
    "invite": Keys(
        """
        code guild.id channel channel.id channel.name channel.type inviter.id inviter.username
        inviter.discriminator inviter.avatar guild.name guild.icon guild.splash guild.banner guild.description
        guild.features guild.verification_level guild.nsfw_level guild.vanity_url_code uses max_uses max_age
        temporary created_at
        """,
        """
        guild guild.id channel channel.id inviter.id guild.features inviter inviter.public_flags uses max_uses
        max_age created_at approximate_member_count approximate_presence_count flags
        """,
    ),
    "GUILD_CREATE": Keys(
        """
        id roles roles.0.id roles.0.name roles.0.colors roles.0.permissions emojis stickers members
        members.0.user members.0.user.id members.0.roles members.0.flags channels channels.0.id channels.0.type
        channels.0.name channels.0.position channels.0.permission_overwrites threads presences voice_states name
        icon splash banner description owner_id features afk_channel_id afk_timeout system_channel_id
        system_channel_flags rules_channel_id public_updates_channel_id verification_level
        default_message_notifications explicit_content_filter mfa_level nsfw_level premium_tier preferred_locale
        vanity_url_code application_id roles.0.color roles.0.colors.primary_color roles.0.hoist roles.0.position
        roles.0.managed roles.0.mentionable joined_at members.0.user.username members.0.user.discriminator
        members.0.user.avatar members.0.joined_at
        """,
        """
        id roles roles.0.id roles.0.colors roles.0.permissions emojis stickers members members.0.user
        members.0.user.id members.0.roles members.0.flags channels channels.0.id channels.0.position
        channels.0.permission_overwrites threads presences voice_states stage_instances guild_scheduled_events
        soundboard_sounds name owner_id features afk_timeout system_channel_flags max_video_channel_users
        roles.0.color roles.0.colors.primary_color roles.0.position joined_at member_count
        members.0.user.public_flags channels.0.flags roles.0.flags
        """,
    ),
    "GUILD_UPDATE": Keys(
        """
        id roles roles.0.id roles.0.name roles.0.permissions emojis stickers name icon splash banner description
        owner_id features afk_channel_id afk_timeout system_channel_id system_channel_flags rules_channel_id
        public_updates_channel_id verification_level default_message_notifications explicit_content_filter
        mfa_level nsfw_level premium_tier preferred_locale vanity_url_code application_id roles.0.color
        roles.0.colors.primary_color roles.0.hoist roles.0.position roles.0.managed roles.0.mentionable
        """,
        """
        id roles roles.0.id roles.0.colors roles.0.permissions emojis stickers owner_id features afk_timeout
        system_channel_flags max_video_channel_users roles.0.color roles.0.colors.primary_color roles.0.position
        roles.0.flags
        """,
    ),
    "GUILD_DELETE": Keys(
        "id",
        "id",
    ),
    "CHANNEL_UPDATE": Keys(
        """
        id name position permission_overwrites permission_overwrites.0.id permission_overwrites.0.type
        permission_overwrites.0.allow permission_overwrites.0.deny type topic guild_id
        """,
        """
        id position permission_overwrites permission_overwrites.0.id permission_overwrites.0.allow
        permission_overwrites.0.deny type rate_limit_per_user flags default_auto_archive_duration guild_id
        """,
    ),
    "GUILD_MEMBER_ADD": Keys(
        "user user.id user.username user.discriminator user.avatar roles flags guild_id joined_at",
        "user user.id roles flags guild_id user.public_flags",
    ),
    "GUILD_MEMBER_UPDATE": Keys(
        "user user.id user.username user.discriminator user.avatar roles guild_id joined_at",
        "user user.id roles guild_id user.public_flags flags",
    ),
    "GUILD_MEMBER_REMOVE": Keys(
        "guild_id user user.id user.username user.discriminator user.avatar",
        "guild_id user user.id user.public_flags",
    ),
    "GUILD_ROLE_CREATE": Keys(
        """
        guild_id role role.id role.name role.permissions role.color role.colors.primary_color role.hoist
        role.position role.managed role.mentionable
        """,
        """
        guild_id role role.id role.colors role.permissions role.color role.colors.primary_color role.position
        role.flags
        """,
    ),
    "GUILD_ROLE_UPDATE": Keys(
        """
        guild_id role role.id role.name role.permissions role.color role.colors.primary_color role.hoist
        role.position role.managed role.mentionable
        """,
        """
        guild_id role role.id role.colors role.permissions role.color role.colors.primary_color role.position
        role.flags
        """,
    ),
    "GUILD_ROLE_DELETE": Keys(
        "guild_id role_id",
        "guild_id role_id",
    ),
    "INVITE_CREATE": Keys(
        """
        channel_id code inviter.id inviter.username inviter.discriminator inviter.avatar guild_id created_at
        max_age max_uses uses temporary
        """,
        "channel_id inviter.id guild_id created_at inviter inviter.public_flags max_age max_uses uses flags",
    ),
    "INVITE_DELETE": Keys(
        "channel_id code guild_id",
        "channel_id code guild_id",
    ),
    "USER_UPDATE": Keys(
        "id username discriminator avatar mfa_enabled flags",
        "id flags public_flags",
    ),
}
