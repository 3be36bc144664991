"""Which keys of answers break an unmodified library when they are absent, and which when they are null.

Found by taking each key out of a full payload, then setting it to null, and feeding that to discord.py 2.7.1,
hikari 2.7.0 and discord.js 14.28.1. `0` stands for any element of a list. A key within something that is optional
is needed where that is there.
"""

from __future__ import annotations

from typing import NamedTuple


class Keys(NamedTuple):
    """Of one entity."""

    needed: str
    never_null: str


ANSWERS: dict[str, Keys] = {
    "user": Keys(
        "avatar discriminator id username",
        "id public_flags",
    ),
    "me": Keys(
        "avatar discriminator flags id mfa_enabled username",
        "flags id public_flags",
    ),
    "application": Keys(
        """
        approximate_guild_count approximate_user_install_count bot_public bot_require_code_grant description flags
        icon id name owner owner.avatar owner.discriminator owner.id owner.username verify_key
        """,
        "flags id owner owner.id owner.public_flags verify_key",
    ),
    "guild": Keys(
        """
        afk_channel_id afk_timeout application_id banner default_message_notifications description emojis
        emojis.0.available emojis.0.id emojis.0.managed emojis.0.name emojis.0.require_colons emojis.0.user.avatar
        emojis.0.user.discriminator emojis.0.user.id emojis.0.user.username explicit_content_filter features icon id
        max_members max_presences mfa_level name nsfw_level owner_id preferred_locale premium_tier
        public_updates_channel_id roles roles.0.color roles.0.colors.primary_color roles.0.hoist roles.0.id
        roles.0.managed roles.0.mentionable roles.0.name roles.0.permissions roles.0.position rules_channel_id splash
        stickers stickers.0.available stickers.0.description stickers.0.format_type stickers.0.guild_id stickers.0.id
        stickers.0.name stickers.0.tags system_channel_flags system_channel_id vanity_url_code verification_level
        """,
        """
        afk_timeout emojis emojis.0.id emojis.0.roles emojis.0.user.id emojis.0.user.public_flags features id
        max_members max_video_channel_users owner_id roles roles.0.color roles.0.colors roles.0.colors.primary_color
        roles.0.flags roles.0.id roles.0.permissions roles.0.position stickers stickers.0.guild_id stickers.0.id
        system_channel_flags
        """,
    ),
    "channel_text": Keys(
        """
        guild_id id name permission_overwrites permission_overwrites.0.allow permission_overwrites.0.deny
        permission_overwrites.0.id permission_overwrites.0.type position topic type
        """,
        """
        default_auto_archive_duration flags guild_id id permission_overwrites permission_overwrites.0.allow
        permission_overwrites.0.deny permission_overwrites.0.id position rate_limit_per_user type
        """,
    ),
    "channel_category": Keys(
        "guild_id id name permission_overwrites position type",
        "flags guild_id id permission_overwrites position type",
    ),
    "message": Keys(
        """
        attachments attachments.0.filename attachments.0.id attachments.0.proxy_url attachments.0.size
        attachments.0.url author author.avatar author.discriminator author.id author.username channel_id content
        edited_timestamp embeds embeds.0.fields.0.name embeds.0.fields.0.value flags id mentions.0.avatar
        mentions.0.discriminator mentions.0.id mentions.0.username message_reference.channel_id pinned
        reactions.0.count reactions.0.count_details.burst reactions.0.count_details.normal reactions.0.emoji
        reactions.0.emoji.name reactions.0.me referenced_message.author.avatar referenced_message.author.discriminator
        referenced_message.author.id referenced_message.author.username referenced_message.channel_id
        referenced_message.content referenced_message.id referenced_message.type timestamp tts type
        """,
        """
        attachments attachments.0.id attachments.0.size author author.id author.public_flags channel_id components
        embeds embeds.0.color embeds.0.timestamp flags id mention_roles mentions mentions.0.id mentions.0.member.flags
        mentions.0.public_flags message_reference message_reference.channel_id message_reference.guild_id
        message_reference.message_id reactions reactions.0.burst_colors reactions.0.count reactions.0.count_details
        reactions.0.count_details.burst reactions.0.count_details.normal reactions.0.emoji
        referenced_message.attachments referenced_message.author referenced_message.author.id
        referenced_message.author.public_flags referenced_message.channel_id referenced_message.components
        referenced_message.embeds referenced_message.flags referenced_message.id referenced_message.mention_roles
        referenced_message.mentions referenced_message.timestamp timestamp
        """,
    ),
    "member": Keys(
        "flags joined_at roles user user.avatar user.discriminator user.id user.username",
        "flags roles user user.id user.public_flags",
    ),
    "role": Keys(
        "color colors.primary_color hoist id managed mentionable name permissions position",
        "color colors colors.primary_color flags id permissions position",
    ),
    "ban": Keys(
        "reason user user.avatar user.discriminator user.id user.username",
        "user user.id user.public_flags",
    ),
    "invite": Keys(
        """
        channel channel.id channel.name channel.type code created_at guild.banner guild.description guild.features
        guild.icon guild.id guild.name guild.nsfw_level guild.splash guild.vanity_url_code guild.verification_level
        inviter.avatar inviter.discriminator inviter.id inviter.username max_age max_uses temporary uses
        """,
        """
        approximate_member_count approximate_presence_count channel channel.id created_at flags guild guild.features
        guild.id inviter inviter.id inviter.public_flags max_age max_uses uses
        """,
    ),
    "webhook": Keys(
        "avatar channel_id guild_id id name type user.avatar user.discriminator user.id user.username",
        "channel_id guild_id id type user user.id user.public_flags",
    ),
    "emoji": Keys(
        "available id managed name require_colons user.avatar user.discriminator user.id user.username",
        "id roles user.id user.public_flags",
    ),
    "own_guild": Keys(
        "approximate_member_count approximate_presence_count features icon id name owner permissions",
        "approximate_member_count approximate_presence_count features id permissions",
    ),
    "gateway_bot": Keys(
        """
        session_start_limit session_start_limit.max_concurrency session_start_limit.remaining
        session_start_limit.reset_after session_start_limit.total shards url
        """,
        """
        session_start_limit session_start_limit.max_concurrency session_start_limit.remaining
        session_start_limit.reset_after session_start_limit.total shards url
        """,
    ),
    "pins": Keys(
        """
        has_more items items.0.message items.0.message.attachments items.0.message.author
        items.0.message.author.avatar items.0.message.author.discriminator items.0.message.author.id
        items.0.message.author.username items.0.message.channel_id items.0.message.content
        items.0.message.edited_timestamp items.0.message.embeds items.0.message.flags items.0.message.id
        items.0.message.pinned items.0.message.timestamp items.0.message.tts items.0.message.type items.0.pinned_at
        """,
        """
        items items.0.message items.0.message.attachments items.0.message.author items.0.message.author.id
        items.0.message.author.public_flags items.0.message.channel_id items.0.message.components
        items.0.message.embeds items.0.message.flags items.0.message.id items.0.message.mention_roles
        items.0.message.mentions items.0.message.timestamp items.0.pinned_at
        """,
    ),
}
