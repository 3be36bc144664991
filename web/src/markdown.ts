// A message's text as HTML: markdown without raw HTML, then sanitised once more. Mentions and spoilers are ours.

import DOMPurify from "dompurify";
import MarkdownIt from "markdown-it";
import type { StateInline } from "markdown-it";

/** Names for what a message mentions by id; null for what is not known here. */
export interface Names {
  user(id: string): string | null;
  role(id: string): string | null;
  channel(id: string): string | null;
}

const LINK = /^(?:https?|mailto):/i;
const MENTION = /<(@!?|@&|#)(\d{1,20})>/y;
const PLAIN = /[\p{L}\p{M}\p{N} ,.;?'"()]+/uy;
const TAGS = [
  "p",
  "br",
  "a",
  "strong",
  "em",
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
];

const markdown = new MarkdownIt({ html: false, linkify: true, breaks: true });
markdown.disable(["image", "table", "code", "reference", "lheading", "hr"]);
markdown.validateLink = (url) => LINK.test(url);
markdown.linkify.set({ fuzzyLink: false, fuzzyEmail: false });
markdown.inline.ruler.at("text", plain);
markdown.inline.ruler.before("autolink", "mention", mention);
markdown.inline.ruler.before("emphasis", "spoiler", spoiler);

markdown.renderer.rules["link_open"] = (tokens, index, options, _env, renderer) => {
  tokens[index]!.attrSet("rel", "noopener noreferrer nofollow");
  tokens[index]!.attrSet("target", "_blank");
  return renderer.renderToken(tokens, index, options);
};

markdown.renderer.rules["mention"] = (tokens, index, _options, env) => {
  const { info, content } = tokens[index]!;
  return `<span class="mention">${markdown.utils.escapeHtml(mentioned(info, content, env!["names"] as Names))}</span>`;
};

function mentioned(sigil: string, id: string, names: Names): string {
  if (sigil === "#") return `#${names.channel(id) ?? "unknown"}`;
  return `@${(sigil === "@&" ? names.role(id) : names.user(id)) ?? "unknown"}`;
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
      ["aria-label", "Spoiler, press to read"],
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

export function render(text: string, names: Names): string {
  return DOMPurify.sanitize(markdown.render(text, { names }), {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ["href", "rel", "target", "class", "role", "tabindex", "aria-label"],
    ALLOWED_URI_REGEXP: LINK,
    ADD_URI_SAFE_ATTR: ["rel", "target", "tabindex", "aria-label"],
  });
}
