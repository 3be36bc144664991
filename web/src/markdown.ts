// A message's text as HTML: markdown without raw HTML, then sanitised once more. Mentions and spoilers are ours.

import DOMPurify from "dompurify";
import MarkdownIt from "markdown-it";
import type { StateBlock, StateInline } from "markdown-it";
import type { GuildState } from "./guilds";
import { displayName } from "./names";
import { clock, date, exact, short } from "./time";
import type { User } from "./wire";
import { words } from "./words";

/** Names for what a message mentions by id; null for what is not known here. */
export interface Names {
  user(id: string): string | null;
  role(id: string): string | null;
  channel(id: string): string | null;
}

/** What is called how where something is said. */
export function namesIn(guild: GuildState | undefined, mentions: readonly User[]): Names {
  return {
    user(id) {
      const user = guild?.members[id]?.user ?? mentions.find((one) => one.id === id);
      return user === undefined ? null : displayName(guild, user);
    },
    role: (id) => guild?.roles[id]?.name ?? null,
    channel: (id) => guild?.channels[id]?.name ?? null,
  };
}

const LINK = /^(?:https?|mailto):/i;
const SOURCE = /^(?:(?:https?|mailto):|\/emojis\/\d{1,20}\.(?:png|gif)$)/i;
const OWN_EMOJI = /<(a?):(\w{2,32}):(\d{1,20})>/y;
const MOMENT = /<t:(\d{1,11})(?::([a-zA-Z]))?>/y;
const MENTION = /<(@!?|@&|#)(\d{1,20})>/y;
const MENTIONS = /<(?:@|#)/;
const ONLY_EMOJI =
  /^(?:<a?:\w{2,32}:\d{1,20}>|[\p{Extended_Pictographic}\u{1F3FB}-\u{1F3FF}\u{1F1E6}-\u{1F1FF}\u200d\ufe0f\s])+$/u;
const PLAIN = /[\p{L}\p{M}\p{N} ,.;?'"()]+/uy;
const TAGS = [
  "p",
  "br",
  "a",
  "strong",
  "em",
  "u",
  "s",
  "code",
  "pre",
  "blockquote",
  "ul",
  "ol",
  "li",
  "h1",
  "h2",
  "h3",
  "span",
  "time",
  "img",
];
/** A tag that the sanitiser would look at: not one of these, or one with an attribute. */
const DOUBTFUL = new RegExp(`<(?!/?(?:${TAGS.join("|")})>)`);

const markdown = new MarkdownIt({ html: false, linkify: true, breaks: true });
markdown.disable(["image", "table", "code", "reference", "lheading", "hr"]);
markdown.validateLink = (url) => LINK.test(url);
markdown.linkify.set({ fuzzyLink: false, fuzzyEmail: false });
markdown.inline.ruler.at("text", plain);
markdown.inline.ruler.before("autolink", "mention", mention);
markdown.inline.ruler.before("autolink", "own_emoji", ownEmoji);
markdown.inline.ruler.before("autolink", "moment", moment);
markdown.inline.ruler.before("emphasis", "spoiler", spoiler);

markdown.block.ruler.before("paragraph", "quote_ends", quoteEnds, { alt: ["blockquote"] });
markdown.block.ruler.before("paragraph", "item_ends", itemEnds, { alt: ["paragraph"] });

markdown.renderer.rules["strong_open"] = (tokens, index) => (tokens[index]!.markup === "__" ? "<u>" : "<strong>");
markdown.renderer.rules["strong_close"] = (tokens, index) => (tokens[index]!.markup === "__" ? "</u>" : "</strong>");
markdown.renderer.rules["link_open"] = (tokens, index, options, _env, renderer) => {
  tokens[index]!.attrSet("rel", "noopener noreferrer nofollow");
  tokens[index]!.attrSet("target", "_blank");
  return renderer.renderToken(tokens, index, options);
};

markdown.renderer.rules["mention"] = (tokens, index, _options, env) => {
  const { info, content } = tokens[index]!;
  const name = markdown.utils.escapeHtml(mentioned(info, content, env!["names"] as Names));
  const leads = info === "#" ? `data-channel="${content}"` : info === "@&" ? "" : `data-user="${content}"`;
  return `<span class="mention" ${leads === "" ? "" : `role="button" tabindex="0" ${leads}`}>${name}</span>`;
};

markdown.renderer.rules["own_emoji"] = (tokens, index) => {
  const { info, content, markup } = tokens[index]!;
  return `<img class="emoji" src="/emojis/${content}.${info === "a" ? "gif" : "png"}" alt=":${markup}:" title=":${markup}:">`;
};

/** As programs write times, for each reader to see in their own zone: how, or else with day and time. */
const MOMENTS: Readonly<Record<string, (timestamp: number) => string>> = { t: clock, T: clock, d: date, D: date };

markdown.renderer.rules["moment"] = (tokens, index) => {
  const { info, content } = tokens[index]!;
  const at = Number(content) * 1000;
  return `<time datetime="${new Date(at).toISOString()}" title="${exact(at)}">${(MOMENTS[info] ?? short)(at)}</time>`;
};

function mentioned(sigil: string, id: string, names: Names): string {
  const { unknown } = words.messages;
  if (sigil === "#") return `#${names.channel(id) ?? unknown}`;
  return `@${(sigil === "@&" ? names.role(id) : names.user(id)) ?? unknown}`;
}

function mention(state: StateInline, silent: boolean): boolean {
  MENTION.lastIndex = state.pos;
  const found = MENTION.exec(state.src);
  if (found === null) return false;
  if (!silent) {
    const token = state.push("mention", "", 0);
    token.info = found[1]!;
    token.content = found[2]!;
  }
  state.pos += found[0].length;
  return true;
}

function moment(state: StateInline, silent: boolean): boolean {
  MOMENT.lastIndex = state.pos;
  const found = MOMENT.exec(state.src);
  if (found === null) return false;
  if (!silent) {
    const token = state.push("moment", "", 0);
    token.content = found[1]!;
    token.info = found[2] ?? "";
  }
  state.pos += found[0].length;
  return true;
}

function ownEmoji(state: StateInline, silent: boolean): boolean {
  OWN_EMOJI.lastIndex = state.pos;
  const found = OWN_EMOJI.exec(state.src);
  if (found === null) return false;
  if (!silent) {
    const token = state.push("own_emoji", "", 0);
    token.info = found[1]!;
    token.markup = found[2]!;
    token.content = found[3]!;
  }
  state.pos += found[0].length;
  return true;
}

/** What follows a quote without a mark of its own is the answer to it, and no more of it. */
function quoteEnds(_state: StateBlock, _line: number, _end: number, silent: boolean): boolean {
  return silent;
}

/** And what is not indented as a list's last item is, is no more of that. */
function itemEnds(state: StateBlock, line: number, _end: number, silent: boolean): boolean {
  return silent && state.sCount[line]! < state.blkIndent;
}

/** In place of the library's rule, which runs on over a `|`. */
function plain(state: StateInline, silent: boolean): boolean {
  PLAIN.lastIndex = state.pos;
  const found = PLAIN.exec(state.src.slice(0, state.posMax));
  if (found === null) return false;
  if (!silent) state.pending += found[0];
  state.pos += found[0].length;
  return true;
}

/** `||text||`, whose text may be marked up in turn. */
function spoiler(state: StateInline, silent: boolean): boolean {
  const { src, pos, posMax } = state;
  if (!src.startsWith("||", pos)) return false;
  const end = src.indexOf("||", pos + 2);
  if (end === -1 || end === pos + 2 || end + 2 > posMax) return false;
  if (!silent) {
    const open = state.push("spoiler_open", "span", 1);
    open.attrs = [
      ["class", "spoiler"],
      ["role", "button"],
      ["tabindex", "0"],
      ["aria-label", words.messages.spoiler],
    ];
    state.push("spoiler_text_open", "span", 1);
    state.pos = pos + 2;
    state.posMax = end;
    state.md.inline.tokenize(state);
    state.push("spoiler_text_close", "span", -1);
    state.push("spoiler_close", "span", -1);
    state.posMax = posMax;
  }
  state.pos = end + 2;
  return true;
}

const rendered = new Map<string, string>();
const RENDERED_KEPT = 2000; // texts: those that one scrolls over again and again

/** A text that names nobody is the same everywhere, and is made once. */
export function render(text: string, names: Names): string {
  if (MENTIONS.test(text)) return made(text, names);
  const known = rendered.get(text);
  if (known !== undefined) return known;
  if (rendered.size > RENDERED_KEPT) rendered.clear();
  const html = made(text, names);
  rendered.set(text, html);
  return html;
}

function made(text: string, names: Names): string {
  const html = markdown.render(text, { names });
  return DOUBTFUL.test(html) ? sanitized(html) : html;
}

/** As safe as it can be made. It parses what the browser then parses again: half of what it takes to draw a message. */
export function sanitized(html: string): string {
  return DOMPurify.sanitize(html, {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: [
      "href",
      "rel",
      "target",
      "class",
      "role",
      "tabindex",
      "aria-label",
      "src",
      "alt",
      "title",
      "datetime",
    ],
    ALLOWED_URI_REGEXP: SOURCE,
    ADD_URI_SAFE_ATTR: ["rel", "target", "tabindex", "aria-label", "alt", "title", "datetime"],
  });
}

const MARKS = /[*_~`]+|\|\||^[>#-]+ /gm;
const OWN = /<a?:(\w{2,32}):\d{1,20}>/g;
const NAMED = /<(@!?|@&|#)(\d{1,20})>/g;

/** The text in one line, without its marks: as much as one needs to know it again. */
export function plainly(text: string, names: Names): string {
  return text
    .replace(NAMED, (_, sigil: string, id: string) => mentioned(sigil, id, names))
    .replace(OWN, ":$1:")
    .replace(MARKS, "")
    .replace(/\s+/g, " ");
}

/** Whether there is nothing in it but a few emoji, which are then shown large. */
export const onlyEmoji = (text: string): boolean => text.length < 120 && ONLY_EMOJI.test(text);
