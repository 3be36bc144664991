// What the server sends. Made by `make generate` from src/derailed/wire: change it there.

/** An id: a decimal string, because it has more digits than a number here. */
export type Snowflake = string;

/** What somebody does, or a custom status (`type` 4, in `state`). */
export interface Activity {
  name: string;
  type: number;
  created_at: number;
  url?: string;
  state?: string;
  details?: string;
  emoji?: Emoji;
  timestamps?: Timestamps;
}

/** An application. `bot` is its account. */
export interface Application {
  id: Snowflake;
  name: string;
  icon: string | null;
  description: string;
  bot_public: boolean;
  bot_require_code_grant: boolean;
  verify_key: string;
  owner: User;
  team: null;
  flags: number;
  summary: string;
  hook: boolean;
  rpc_origins: string[];
  tags: string[];
  approximate_guild_count: number;
  approximate_user_install_count: number;
  redirect_uris: string[];
  interactions_endpoint_url: string | null;
  bot?: User;
}

/** A file. `url` is signed, and needs no token; width and height are those of a picture. */
export interface Attachment {
  id: Snowflake;
  filename: string;
  size: number;
  url: string;
  proxy_url: string;
  content_type: string;
  description?: string;
  width?: number;
  height?: number;
}

/** An entry; `guild_id` is in the event alone. */
export interface AuditEntry {
  id: Snowflake;
  guild_id?: Snowflake;
  user_id: Snowflake | null;
  target_id: Snowflake | null;
  action_type: number;
  changes?: ChangedKey[];
  options?: Record<string, string>;
  reason?: string;
}

/** A page of the log, and whom and what it names. */
export interface AuditLog {
  audit_log_entries: AuditEntry[];
  users: User[];
  webhooks: LoggedWebhook[];
  threads: null[];
  integrations: null[];
  guild_scheduled_events: null[];
  auto_moderation_rules: null[];
  application_commands: null[];
}

/** A ban. */
export interface Ban {
  reason: string | null;
  user: User;
}

/** The bus: the last offset that is known, and for how long the node that is worst off lets records wait. */
export interface BusState {
  kind: string;
  is_up: boolean;
  offset: number;
  lag_s: number | null;
}

/** One key of what was changed. A value that is left out was not there. */
export interface ChangedKey {
  key: string;
  old_value?: unknown;
  new_value?: unknown;
}

/** What somebody wants otherwise in one channel, or in those of a category. */
export interface ChannelOverride {
  channel_id: Snowflake;
  muted: boolean;
  mute_config: MuteConfig | null;
  message_notifications: number;
  collapsed: boolean;
  flags: number;
}

/** A guild's channel. A category has no topic, slow mode or last message. */
export interface Channel {
  id: Snowflake;
  type: number;
  guild_id: Snowflake;
  name: string;
  position: number;
  parent_id: Snowflake | null;
  topic?: string | null;
  nsfw: boolean;
  rate_limit_per_user?: number;
  last_message_id?: Snowflake | null;
  last_pin_timestamp?: string | null;
  flags: number;
  default_auto_archive_duration?: number;
  permission_overwrites: Overwrite[];
}

/** The status on each kind of client; only live ones have a key. */
export interface ClientStatus {
  desktop?: string;
  mobile?: string;
  web?: string;
}

/** A DM (type 1) or a group (type 3). `recipients` are the others; name, icon and owner are a group's. */
export interface Conversation {
  id: Snowflake;
  type: number;
  last_message_id: Snowflake | null;
  last_pin_timestamp?: string;
  flags: number;
  recipients: User[];
  name?: string | null;
  icon?: string | null;
  owner_id?: Snowflake | null;
}

/** How a count is made up; nobody has super reactions here. */
export interface CountDetails {
  normal: number;
  burst: number;
}

/** The database. The outbox is what the bus may not have yet. */
export interface Database {
  kind: string;
  is_up: boolean;
  size_bytes: number;
  outbox_rows: number;
  outbox_age_s: number;
}

/** One card. `type` is "rich" for those that are sent; of links we make "link", "article" and "image" ourselves. */
export interface Embed {
  type?: string | null;
  title?: string | null;
  description?: string | null;
  url?: string | null;
  timestamp?: string | null;
  color?: number | null;
  footer?: EmbedFooter | null;
  image?: EmbedImage | null;
  thumbnail?: EmbedImage | null;
  author?: EmbedAuthor | null;
  fields?: EmbedField[] | null;
  provider?: EmbedProvider | null;
}

/** The line above an embed. */
export interface EmbedAuthor {
  name?: string | null;
  url?: string | null;
  icon_url?: string | null;
}

/** A heading and its text. */
export interface EmbedField {
  name: string;
  value: string;
  inline: boolean;
}

/** The line under an embed. */
export interface EmbedFooter {
  text?: string | null;
  icon_url?: string | null;
}

/** A picture: the large one, or the thumbnail. */
export interface EmbedImage {
  url?: string | null;
}

/** Whose page a link leads to. */
export interface EmbedProvider {
  name?: string | null;
}

/** A Unicode emoji has no id; a guild's own says whether it moves. */
export interface Emoji {
  name: string;
  id: Snowflake | null;
  animated?: boolean;
}

/** GUILD_EMOJIS_UPDATE: the whole new list. */
export interface EmojisUpdate {
  guild_id: Snowflake;
  emojis: GuildEmoji[];
}

/** A guild as one enters it. `unavailable` is left out when one has just joined. */
export interface GuildCreate {
  id: Snowflake;
  name: string;
  icon: string | null;
  splash: string | null;
  discovery_splash: string | null;
  banner: string | null;
  description: string | null;
  owner_id: Snowflake;
  features: string[];
  afk_channel_id: Snowflake | null;
  afk_timeout: number;
  system_channel_id: Snowflake | null;
  system_channel_flags: number;
  rules_channel_id: Snowflake | null;
  public_updates_channel_id: Snowflake | null;
  safety_alerts_channel_id: Snowflake | null;
  widget_enabled: boolean;
  widget_channel_id: Snowflake | null;
  verification_level: number;
  default_message_notifications: number;
  explicit_content_filter: number;
  mfa_level: number;
  nsfw_level: number;
  nsfw: boolean;
  premium_tier: number;
  premium_subscription_count: number;
  premium_progress_bar_enabled: boolean;
  preferred_locale: string;
  vanity_url_code: string | null;
  application_id: Snowflake | null;
  max_members: number;
  max_presences: number | null;
  max_video_channel_users: number;
  max_stage_video_channel_users: number;
  incidents_data: null;
  roles: Role[];
  emojis: GuildEmoji[];
  stickers: null[];
  approximate_member_count?: number;
  approximate_presence_count?: number;
  unavailable?: boolean;
  large: boolean;
  joined_at: string;
  member_count: number;
  members: Member[];
  channels: Channel[];
  threads: null[];
  presences: Presence[];
  voice_states: null[];
  stage_instances: null[];
  guild_scheduled_events: null[];
  soundboard_sounds: null[];
}

/** One is not in it any more. */
export interface GuildDelete {
  id: Snowflake;
}

/** A guild's emoji. `user` is for those who may manage emojis. */
export interface GuildEmoji {
  id: Snowflake;
  name: string;
  roles: Snowflake[];
  user?: User;
  require_colons: boolean;
  managed: boolean;
  animated: boolean;
  available: boolean;
}

/** One of the guilds that one is in. */
export interface GuildEntry {
  id: Snowflake;
  name: string;
  icon: string | null;
  banner: string | null;
  owner: boolean;
  permissions: string;
  features: string[];
  approximate_member_count?: number;
  approximate_presence_count?: number;
}

/** What somebody wants to hear of a guild; of direct messages where `guild_id` is null. */
export interface GuildSettings {
  guild_id: Snowflake | null;
  muted: boolean;
  mute_config: MuteConfig | null;
  message_notifications: number;
  suppress_everyone: boolean;
  suppress_roles: boolean;
  hide_muted_channels: boolean;
  mobile_push: boolean;
  mute_scheduled_events: boolean;
  notify_highlights: number;
  flags: number;
  version: number;
  channel_overrides: ChannelOverride[];
}

/** A guild without its channels and members. */
export interface Guild {
  id: Snowflake;
  name: string;
  icon: string | null;
  splash: string | null;
  discovery_splash: string | null;
  banner: string | null;
  description: string | null;
  owner_id: Snowflake;
  features: string[];
  afk_channel_id: Snowflake | null;
  afk_timeout: number;
  system_channel_id: Snowflake | null;
  system_channel_flags: number;
  rules_channel_id: Snowflake | null;
  public_updates_channel_id: Snowflake | null;
  safety_alerts_channel_id: Snowflake | null;
  widget_enabled: boolean;
  widget_channel_id: Snowflake | null;
  verification_level: number;
  default_message_notifications: number;
  explicit_content_filter: number;
  mfa_level: number;
  nsfw_level: number;
  nsfw: boolean;
  premium_tier: number;
  premium_subscription_count: number;
  premium_progress_bar_enabled: boolean;
  preferred_locale: string;
  vanity_url_code: string | null;
  application_id: Snowflake | null;
  max_members: number;
  max_presences: number | null;
  max_video_channel_users: number;
  max_stage_video_channel_users: number;
  incidents_data: null;
  roles: Role[];
  emojis: GuildEmoji[];
  stickers: null[];
  approximate_member_count?: number;
  approximate_presence_count?: number;
}

/** The whole of it, as of now. Numbers are sums over the processes that are heard of. */
export interface Instance {
  at_ms: number;
  versions: string[];
  rates: Rates;
  sockets: number;
  sessions: number;
  online_users: number;
  online_sessions: number;
  guilds_kept: number;
  members_kept: number;
  bus: BusState | null;
  database: Database | null;
  processes: Process[];
}

/** Where an invite leads. */
export interface InviteChannel {
  id: Snowflake;
  name: string;
  type: number;
}

/** INVITE_CREATE: flat, without guild and channel objects. */
export interface InviteCreate {
  channel_id: Snowflake;
  guild_id: Snowflake;
  code: string;
  created_at: string;
  expires_at: string | null;
  inviter: User;
  max_age: number;
  max_uses: number;
  uses: number;
  temporary: boolean;
  type: number;
  flags: number;
}

/** INVITE_DELETE. */
export interface InviteDelete {
  guild_id: Snowflake;
  channel_id: Snowflake;
  code: string;
}

/** What one who is no member yet may know of a guild. */
export interface InviteGuild {
  id: Snowflake;
  name: string;
  icon: string | null;
  splash: string | null;
  banner: string | null;
  description: string | null;
  features: string[];
  verification_level: number;
  vanity_url_code: string | null;
  nsfw_level: number;
  premium_subscription_count: number;
}

/** An invite; the keys from `uses` to `created_at` are for those who may manage it. */
export interface Invite {
  type: number;
  code: string;
  guild_id: Snowflake;
  guild: InviteGuild;
  channel: InviteChannel;
  inviter?: User;
  expires_at: string | null;
  flags: number;
  uses?: number;
  max_uses?: number;
  max_age?: number;
  temporary?: boolean;
  created_at?: string;
  approximate_member_count?: number;
  approximate_presence_count?: number;
}

/** A webhook as those may know it who view the log: without its token, which is as good as a password. */
export interface LoggedWebhook {
  id: Snowflake;
  type: number;
  guild_id: Snowflake;
  channel_id: Snowflake;
  name: string;
  avatar: string | null;
  application_id: Snowflake | null;
}

/** GUILD_MEMBER_ADD and GUILD_MEMBER_UPDATE. */
export interface MemberEvent {
  user?: User;
  nick: string | null;
  avatar: string | null;
  banner: string | null;
  roles: Snowflake[];
  joined_at: string;
  premium_since: null;
  deaf: boolean;
  mute: boolean;
  flags: number;
  pending: boolean;
  communication_disabled_until: string | null;
  guild_id: Snowflake;
}

/** GUILD_MEMBER_REMOVE. */
export interface MemberRemove {
  guild_id: Snowflake;
  user: User;
}

/** A membership. `user` is left out beside a message's author. */
export interface Member {
  user?: User;
  nick: string | null;
  avatar: string | null;
  banner: string | null;
  roles: Snowflake[];
  joined_at: string;
  premium_since: null;
  deaf: boolean;
  mute: boolean;
  flags: number;
  pending: boolean;
  communication_disabled_until: string | null;
}

/** A user in `mentions`; in events with their membership beside them. */
export interface MentionedUser {
  id: Snowflake;
  username: string;
  discriminator: string;
  global_name: string | null;
  avatar: string | null;
  bot?: boolean;
  public_flags: number;
  banner: string | null;
  accent_color: number | null;
  avatar_decoration_data: null;
  member?: Member;
}

/** MESSAGE_ACK: the channel is read up to there. `manual`: because it was marked so, maybe as unread. */
export interface MessageAck {
  channel_id: Snowflake;
  message_id: Snowflake;
  mention_count: number;
  version: number;
  manual?: boolean;
}

/** `d` of MESSAGE_DELETE. */
export interface MessageDelete {
  id: Snowflake;
  channel_id: Snowflake;
  guild_id: Snowflake;
}

/** `d` of MESSAGE_DELETE_BULK. */
export interface MessageDeleteBulk {
  ids: Snowflake[];
  channel_id: Snowflake;
  guild_id: Snowflake;
}

/** A message as a client reads it; `guild_id`, `member` and `channel_type` in events only. */
export interface Message {
  id: Snowflake;
  type: number;
  channel_id: Snowflake;
  content: string;
  timestamp: string;
  edited_timestamp: string | null;
  tts: boolean;
  mention_everyone: boolean;
  mention_roles: Snowflake[];
  attachments: Attachment[];
  embeds: Embed[];
  components: null[];
  pinned: boolean;
  flags: number;
  webhook_id?: Snowflake;
  message_reference?: Reference;
  author: User;
  mentions: MentionedUser[];
  nonce?: number | string;
  reactions?: Reaction[];
  referenced_message?: Message | null;
  guild_id?: Snowflake;
  member?: Member;
  channel_type?: number;
}

/** Until when something is muted; null is for good. `selected_time_window` is what was chosen, in seconds. */
export interface MuteConfig {
  end_time: string | null;
  selected_time_window: number | null;
}

/** A permission overwrite; type 0 is a role's, 1 a member's. */
export interface Overwrite {
  id: Snowflake;
  type: number;
  allow: string;
  deny: string;
}

/** An account as it sees itself. */
export interface OwnUser {
  id: Snowflake;
  username: string;
  discriminator: string;
  global_name: string | null;
  avatar: string | null;
  bot?: boolean;
  public_flags: number;
  banner: string | null;
  accent_color: number | null;
  avatar_decoration_data: null;
  mfa_enabled: boolean;
  locale: string;
  verified: boolean;
  email: string | null;
  flags: number;
  premium_type: number;
  token?: string;
}

/** A pinned message. */
export interface Pin {
  pinned_at: string;
  message: Message;
}

/** CHANNEL_PINS_ACK: the channel's pins were looked at. */
export interface PinsAck {
  channel_id: Snowflake;
  timestamp: string;
  version: number;
}

/** A page of a channel's pins, the latest first. */
export interface Pins {
  items: Pin[];
  has_more: boolean;
}

/** How somebody looks to others. */
export interface Presence {
  user: PresentUser;
  status: string;
  activities: Activity[];
  client_status: ClientStatus;
}

/** PRESENCE_UPDATE. */
export interface PresenceUpdate {
  user: PresentUser;
  status: string;
  activities: Activity[];
  client_status: ClientStatus;
  guild_id: Snowflake;
}

/** Whose presence it is; everything else about them is known. */
export interface PresentUser {
  id: Snowflake;
}

/** One process: `is_up` while it is heard of. What it does not know of is null. */
export interface Process {
  service: string;
  node: string;
  version: string;
  is_up: boolean;
  is_ready: boolean;
  problems: string[];
  heard_s: number;
  uptime_s: number;
  memory_bytes: number;
  rates: Rates;
  sockets: number | null;
  sessions: number | null;
  bus_offset: number | null;
  bus_lag_s: number | null;
}

/** How much of it a second; `cpu` is in cores. */
export interface Rates {
  requests: number;
  messages: number;
  events: number;
  deliveries: number;
  sent_bytes: number;
  cpu: number;
}

/** `d` of MESSAGE_REACTION_ADD. */
export interface ReactionAdd {
  channel_id: Snowflake;
  message_id: Snowflake;
  guild_id: Snowflake;
  emoji: Emoji;
  user_id: Snowflake;
  burst: boolean;
  type: number;
  member: Member;
  message_author_id: Snowflake;
  burst_colors: string[];
}

/** `d` of MESSAGE_REACTION_REMOVE. */
export interface ReactionRemove {
  channel_id: Snowflake;
  message_id: Snowflake;
  guild_id: Snowflake;
  emoji: Emoji;
  user_id: Snowflake;
  burst: boolean;
  type: number;
}

/** `d` of MESSAGE_REACTION_REMOVE_ALL, and where any change of reactions is. */
export interface ReactionRemoveAll {
  channel_id: Snowflake;
  message_id: Snowflake;
  guild_id: Snowflake;
}

/** `d` of MESSAGE_REACTION_REMOVE_EMOJI. */
export interface ReactionRemoveEmoji {
  channel_id: Snowflake;
  message_id: Snowflake;
  guild_id: Snowflake;
  emoji: Emoji;
}

/** One kind of reaction on a message, as one reader sees it. */
export interface Reaction {
  count: number;
  count_details: CountDetails;
  me: boolean;
  me_burst: boolean;
  emoji: Emoji;
  burst_colors: string[];
}

/** Where somebody stands in a channel: it has unread messages when its last one is above `last_message_id`. */
export interface ReadState {
  id: Snowflake;
  last_message_id: Snowflake;
  mention_count: number;
  last_pin_timestamp: string;
}

/** `d` of CHANNEL_RECIPIENT_ADD and CHANNEL_RECIPIENT_REMOVE. */
export interface RecipientEvent {
  channel_id: Snowflake;
  user: User;
}

/** Which message a reply answers. */
export interface Reference {
  message_id: Snowflake;
  channel_id: Snowflake;
  guild_id?: Snowflake;
  type: number;
}

/** What discord.py and discord.js read in place of `color`. */
export interface RoleColors {
  primary_color: number;
  secondary_color: number | null;
  tertiary_color: number | null;
}

/** GUILD_ROLE_DELETE. */
export interface RoleDelete {
  guild_id: Snowflake;
  role_id: Snowflake;
}

/** GUILD_ROLE_CREATE and GUILD_ROLE_UPDATE. */
export interface RoleEvent {
  guild_id: Snowflake;
  role: Role;
}

/** A role. */
export interface Role {
  id: Snowflake;
  name: string;
  color: number;
  colors: RoleColors;
  hoist: boolean;
  icon: string | null;
  unicode_emoji: string | null;
  position: number;
  permissions: string;
  managed: boolean;
  mentionable: boolean;
  flags: number;
  tags?: RoleTags;
}

/** Whose managed role it is. */
export interface RoleTags {
  bot_id: Snowflake;
}

/** Unix milliseconds. */
export interface Timestamps {
  start?: number;
  end?: number;
}

/** `d` of TYPING_START. `timestamp` is in seconds, here alone. */
export interface TypingStart {
  channel_id: Snowflake;
  guild_id: Snowflake;
  user_id: Snowflake;
  timestamp: number;
  member: Member;
}

/** An account as others see it. */
export interface User {
  id: Snowflake;
  username: string;
  discriminator: string;
  global_name: string | null;
  avatar: string | null;
  bot?: boolean;
  public_flags: number;
  banner: string | null;
  accent_color: number | null;
  avatar_decoration_data: null;
}

/** A webhook. `user`, who made it, is left out for those who know no more than its token. */
export interface Webhook {
  id: Snowflake;
  type: number;
  guild_id: Snowflake;
  channel_id: Snowflake;
  user?: User;
  name: string;
  avatar: string | null;
  token: string;
  application_id: Snowflake | null;
}

/** The name of each event and the shape of its `d`. */
export interface Dispatches {
  GUILD_CREATE: GuildCreate;
  GUILD_UPDATE: Guild;
  GUILD_DELETE: GuildDelete;
  GUILD_ROLE_CREATE: RoleEvent;
  GUILD_ROLE_UPDATE: RoleEvent;
  GUILD_ROLE_DELETE: RoleDelete;
  GUILD_EMOJIS_UPDATE: EmojisUpdate;
  GUILD_MEMBER_ADD: MemberEvent;
  GUILD_MEMBER_UPDATE: MemberEvent;
  GUILD_MEMBER_REMOVE: MemberRemove;
  CHANNEL_CREATE: Channel;
  CHANNEL_UPDATE: Channel;
  CHANNEL_DELETE: Channel;
  CHANNEL_RECIPIENT_ADD: RecipientEvent;
  CHANNEL_RECIPIENT_REMOVE: RecipientEvent;
  CHANNEL_PINS_ACK: PinsAck;
  INVITE_CREATE: InviteCreate;
  INVITE_DELETE: InviteDelete;
  MESSAGE_CREATE: Message;
  MESSAGE_UPDATE: Message;
  MESSAGE_DELETE: MessageDelete;
  MESSAGE_DELETE_BULK: MessageDeleteBulk;
  MESSAGE_ACK: MessageAck;
  MESSAGE_REACTION_ADD: ReactionAdd;
  MESSAGE_REACTION_REMOVE: ReactionRemove;
  MESSAGE_REACTION_REMOVE_ALL: ReactionRemoveAll;
  MESSAGE_REACTION_REMOVE_EMOJI: ReactionRemoveEmoji;
  PRESENCE_UPDATE: PresenceUpdate;
  TYPING_START: TypingStart;
  USER_GUILD_SETTINGS_UPDATE: GuildSettings;
  USER_UPDATE: OwnUser;
}
