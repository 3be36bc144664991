"""Which keys of events break an unmodified library when they are absent, and which when they are null.

Found by taking each key out of a full payload, then setting it to null, and feeding that to discord.py 2.7.1,
hikari 2.7.0 and discord.js 14.28.1. `0` stands for any element of a list. A key within something that is optional
is needed where that is there.
"""

from __future__ import annotations

from tests.wire.keys import Keys

EVENTS: dict[str, Keys] = {
    "READY": Keys(
        """
        application application.flags application.id guilds guilds.0.id resume_gateway_url session_id user user.avatar
        user.discriminator user.flags user.id user.mfa_enabled user.username v
        """,
        """
        application application.flags application.id guilds guilds.0.id resume_gateway_url user user.discriminator
        user.flags user.id user.public_flags user.username v
        """,
    ),
    "GUILD_CREATE": Keys(
        """
        afk_channel_id afk_timeout application_id banner channels channels.0.id channels.0.name
        channels.0.permission_overwrites channels.0.position channels.0.type default_message_notifications description
        emojis emojis.0.available emojis.0.id emojis.0.managed emojis.0.name emojis.0.require_colons
        emojis.0.user.avatar emojis.0.user.discriminator emojis.0.user.id emojis.0.user.username
        explicit_content_filter features icon id joined_at members members.0.flags members.0.joined_at members.0.roles
        members.0.user members.0.user.avatar members.0.user.discriminator members.0.user.id members.0.user.username
        mfa_level name nsfw_level owner_id preferred_locale premium_tier presences presences.0.activities
        presences.0.activities.0.created_at presences.0.activities.0.name presences.0.activities.0.type
        presences.0.client_status presences.0.status presences.0.user presences.0.user.id public_updates_channel_id
        roles roles.0.color roles.0.colors roles.0.colors.primary_color roles.0.hoist roles.0.id roles.0.managed
        roles.0.mentionable roles.0.name roles.0.permissions roles.0.position rules_channel_id splash stickers
        stickers.0.available stickers.0.description stickers.0.format_type stickers.0.guild_id stickers.0.id
        stickers.0.name stickers.0.tags system_channel_flags system_channel_id threads vanity_url_code
        verification_level voice_states
        """,
        """
        afk_timeout channels channels.0.flags channels.0.id channels.0.permission_overwrites channels.0.position
        emojis emojis.0.id emojis.0.roles emojis.0.user.id emojis.0.user.public_flags features guild_scheduled_events
        id joined_at max_video_channel_users member_count members members.0.flags members.0.roles members.0.user
        members.0.user.id members.0.user.public_flags name owner_id presences presences.0.activities
        presences.0.activities.0.created_at presences.0.client_status presences.0.user presences.0.user.id roles
        roles.0.color roles.0.colors roles.0.colors.primary_color roles.0.flags roles.0.id roles.0.permissions
        roles.0.position soundboard_sounds stage_instances stickers stickers.0.guild_id stickers.0.id
        system_channel_flags threads voice_states
        """,
    ),
    "GUILD_UPDATE": Keys(
        """
        afk_channel_id afk_timeout application_id banner default_message_notifications description emojis
        emojis.0.available emojis.0.id emojis.0.managed emojis.0.name emojis.0.require_colons emojis.0.roles
        emojis.0.user.avatar emojis.0.user.discriminator emojis.0.user.id emojis.0.user.username
        explicit_content_filter features icon id mfa_level name nsfw_level owner_id preferred_locale premium_tier
        public_updates_channel_id roles roles.0.color roles.0.colors.primary_color roles.0.hoist roles.0.id
        roles.0.managed roles.0.mentionable roles.0.name roles.0.permissions roles.0.position rules_channel_id splash
        stickers stickers.0.available stickers.0.description stickers.0.format_type stickers.0.guild_id stickers.0.id
        stickers.0.name stickers.0.tags system_channel_flags system_channel_id vanity_url_code verification_level
        """,
        """
        afk_timeout emojis emojis.0.id emojis.0.roles emojis.0.user.id emojis.0.user.public_flags features id
        max_video_channel_users owner_id roles roles.0.color roles.0.colors roles.0.colors.primary_color roles.0.flags
        roles.0.id roles.0.permissions roles.0.position stickers stickers.0.guild_id stickers.0.id
        system_channel_flags
        """,
    ),
    "GUILD_DELETE": Keys(
        "id",
        "id",
    ),
    "CHANNEL_CREATE": Keys(
        """
        guild_id id name permission_overwrites permission_overwrites.0.allow permission_overwrites.0.deny
        permission_overwrites.0.id permission_overwrites.0.type position topic type
        """,
        """
        default_auto_archive_duration flags guild_id id permission_overwrites permission_overwrites.0.allow
        permission_overwrites.0.deny permission_overwrites.0.id position rate_limit_per_user type
        """,
    ),
    "CHANNEL_UPDATE": Keys(
        """
        guild_id id name permission_overwrites permission_overwrites.0.allow permission_overwrites.0.deny
        permission_overwrites.0.id permission_overwrites.0.type position topic type
        """,
        """
        default_auto_archive_duration flags guild_id id permission_overwrites permission_overwrites.0.allow
        permission_overwrites.0.deny permission_overwrites.0.id position rate_limit_per_user type
        """,
    ),
    "CHANNEL_DELETE": Keys(
        """
        guild_id id permission_overwrites permission_overwrites.0.allow permission_overwrites.0.deny
        permission_overwrites.0.id permission_overwrites.0.type position topic type
        """,
        """
        default_auto_archive_duration flags guild_id id permission_overwrites permission_overwrites.0.allow
        permission_overwrites.0.deny permission_overwrites.0.id position rate_limit_per_user type
        """,
    ),
    "CHANNEL_CREATE:category": Keys(
        "guild_id id name permission_overwrites position type",
        "flags guild_id id permission_overwrites position type",
    ),
    "CHANNEL_PINS_UPDATE": Keys(
        "channel_id",
        "channel_id guild_id",
    ),
    "GUILD_MEMBER_ADD": Keys(
        "flags guild_id joined_at roles user user.avatar user.discriminator user.id user.username",
        "flags guild_id roles user user.id user.public_flags",
    ),
    "GUILD_MEMBER_UPDATE": Keys(
        "guild_id joined_at roles user user.avatar user.discriminator user.id user.username",
        "flags guild_id roles user user.id user.public_flags",
    ),
    "GUILD_MEMBER_REMOVE": Keys(
        "guild_id user user.avatar user.discriminator user.id user.username",
        "guild_id user user.id user.public_flags",
    ),
    "GUILD_MEMBERS_CHUNK": Keys(
        """
        chunk_count chunk_index guild_id members members.0.flags members.0.joined_at members.0.roles members.0.user
        members.0.user.avatar members.0.user.discriminator members.0.user.id members.0.user.username
        presences.0.activities presences.0.activities.0.created_at presences.0.activities.0.name
        presences.0.activities.0.type presences.0.client_status presences.0.status presences.0.user
        presences.0.user.id
        """,
        """
        chunk_count chunk_index guild_id members members.0.flags members.0.roles members.0.user members.0.user.id
        members.0.user.public_flags not_found presences.0.activities presences.0.activities.0.created_at
        presences.0.client_status presences.0.user presences.0.user.id
        """,
    ),
    "GUILD_ROLE_CREATE": Keys(
        """
        guild_id role role.color role.colors.primary_color role.hoist role.id role.managed role.mentionable role.name
        role.permissions role.position
        """,
        """
        guild_id role role.color role.colors role.colors.primary_color role.flags role.id role.permissions
        role.position
        """,
    ),
    "GUILD_ROLE_UPDATE": Keys(
        """
        guild_id role role.color role.colors.primary_color role.hoist role.id role.managed role.mentionable role.name
        role.permissions role.position
        """,
        """
        guild_id role role.color role.colors role.colors.primary_color role.flags role.id role.permissions
        role.position
        """,
    ),
    "GUILD_ROLE_DELETE": Keys(
        "guild_id role_id",
        "guild_id role_id",
    ),
    "GUILD_BAN_ADD": Keys(
        "guild_id user user.avatar user.discriminator user.id user.username",
        "guild_id user user.id user.public_flags",
    ),
    "GUILD_BAN_REMOVE": Keys(
        "guild_id user user.avatar user.discriminator user.id user.username",
        "guild_id user user.id user.public_flags",
    ),
    "GUILD_EMOJIS_UPDATE": Keys(
        """
        emojis emojis.0.available emojis.0.id emojis.0.managed emojis.0.name emojis.0.require_colons emojis.0.roles
        emojis.0.user.avatar emojis.0.user.discriminator emojis.0.user.id emojis.0.user.username guild_id
        """,
        "emojis emojis.0.id emojis.0.roles emojis.0.user.id emojis.0.user.public_flags guild_id",
    ),
    "INVITE_CREATE": Keys(
        """
        channel_id code created_at guild_id inviter.avatar inviter.discriminator inviter.id inviter.username max_age
        max_uses temporary uses
        """,
        "channel_id created_at flags guild_id inviter inviter.id inviter.public_flags max_age max_uses uses",
    ),
    "INVITE_DELETE": Keys(
        "channel_id code guild_id",
        "channel_id code guild_id",
    ),
    "MESSAGE_CREATE": Keys(
        """
        attachments attachments.0.filename attachments.0.id attachments.0.proxy_url attachments.0.size
        attachments.0.url author author.avatar author.discriminator author.id author.username channel_id content
        edited_timestamp embeds embeds.0.fields.0.name embeds.0.fields.0.value flags id member.joined_at member.roles
        mentions.0.avatar mentions.0.discriminator mentions.0.id mentions.0.username message_reference.channel_id
        pinned reactions.0.count reactions.0.count_details.burst reactions.0.count_details.normal reactions.0.emoji
        reactions.0.emoji.name reactions.0.me referenced_message.author.avatar referenced_message.author.discriminator
        referenced_message.author.id referenced_message.author.username referenced_message.channel_id
        referenced_message.content referenced_message.id referenced_message.type timestamp tts type
        """,
        """
        attachments attachments.0.id attachments.0.size author author.id author.public_flags channel_id components
        embeds embeds.0.color embeds.0.timestamp flags guild_id id member member.flags member.roles mention_roles
        mentions mentions.0.id mentions.0.member.flags mentions.0.member.roles mentions.0.public_flags
        message_reference message_reference.channel_id message_reference.guild_id message_reference.message_id
        reactions reactions.0.burst_colors reactions.0.count reactions.0.count_details reactions.0.count_details.burst
        reactions.0.count_details.normal reactions.0.emoji referenced_message.attachments referenced_message.author
        referenced_message.author.id referenced_message.author.public_flags referenced_message.channel_id
        referenced_message.components referenced_message.embeds referenced_message.flags referenced_message.id
        referenced_message.mention_roles referenced_message.mentions referenced_message.timestamp timestamp
        """,
    ),
    "MESSAGE_UPDATE": Keys(
        """
        attachments.0.filename attachments.0.id attachments.0.proxy_url attachments.0.size attachments.0.url author
        author.avatar author.discriminator author.id author.username channel_id content embeds.0.fields.0.name
        embeds.0.fields.0.value id member.joined_at member.roles mentions.0.avatar mentions.0.discriminator
        mentions.0.id mentions.0.username message_reference.channel_id reactions.0.count
        reactions.0.count_details.burst reactions.0.count_details.normal reactions.0.emoji reactions.0.emoji.name
        reactions.0.me referenced_message.attachments referenced_message.author referenced_message.author.avatar
        referenced_message.author.discriminator referenced_message.author.id referenced_message.author.username
        referenced_message.channel_id referenced_message.content referenced_message.edited_timestamp
        referenced_message.embeds referenced_message.flags referenced_message.id referenced_message.pinned
        referenced_message.timestamp referenced_message.tts referenced_message.type type
        """,
        """
        attachments attachments.0.id attachments.0.size author author.id author.public_flags channel_id components
        embeds embeds.0.color embeds.0.timestamp flags guild_id id member member.flags member.roles mention_roles
        mentions mentions.0.id mentions.0.member.flags mentions.0.public_flags message_reference
        message_reference.channel_id message_reference.guild_id message_reference.message_id reactions
        reactions.0.burst_colors reactions.0.count reactions.0.count_details reactions.0.count_details.burst
        reactions.0.count_details.normal reactions.0.emoji referenced_message.attachments referenced_message.author
        referenced_message.author.id referenced_message.author.public_flags referenced_message.channel_id
        referenced_message.components referenced_message.embeds referenced_message.flags referenced_message.id
        referenced_message.mention_roles referenced_message.mentions referenced_message.timestamp timestamp
        """,
    ),
    "MESSAGE_DELETE": Keys(
        "channel_id id",
        "channel_id guild_id id",
    ),
    "MESSAGE_DELETE_BULK": Keys(
        "channel_id guild_id ids",
        "channel_id guild_id ids",
    ),
    "MESSAGE_REACTION_ADD": Keys(
        """
        channel_id emoji emoji.name guild_id member.flags member.joined_at member.roles member.user member.user.avatar
        member.user.discriminator member.user.id member.user.username message_id type user_id
        """,
        """
        burst_colors channel_id emoji guild_id member member.flags member.roles member.user member.user.id
        member.user.public_flags message_id user_id
        """,
    ),
    "MESSAGE_REACTION_REMOVE": Keys(
        "channel_id emoji emoji.name message_id type user_id",
        "channel_id emoji guild_id message_id user_id",
    ),
    "MESSAGE_REACTION_REMOVE_ALL": Keys(
        "channel_id message_id",
        "channel_id guild_id message_id",
    ),
    "MESSAGE_REACTION_REMOVE_EMOJI": Keys(
        "channel_id emoji emoji.name message_id",
        "channel_id emoji guild_id message_id",
    ),
    "PRESENCE_UPDATE": Keys(
        """
        activities activities.0.created_at activities.0.name activities.0.type client_status guild_id status user
        user.id
        """,
        "activities activities.0.created_at client_status guild_id user user.id",
    ),
    "TYPING_START": Keys(
        """
        channel_id member member.joined_at member.roles member.user member.user.avatar member.user.discriminator
        member.user.id member.user.username timestamp user_id
        """,
        """
        channel_id guild_id member member.flags member.roles member.user member.user.id member.user.public_flags
        timestamp user_id
        """,
    ),
    "USER_UPDATE": Keys(
        "avatar discriminator flags id mfa_enabled username",
        "flags id public_flags",
    ),
    "WEBHOOKS_UPDATE": Keys(
        "channel_id guild_id",
        "channel_id guild_id",
    ),
}
