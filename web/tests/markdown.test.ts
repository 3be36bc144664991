// @vitest-environment jsdom
import { expect, test } from "vitest";
import { plainly, render, sanitized } from "../src/markdown";

const names = { user: (id: string) => (id === "1" ? "<Ann>" : null), role: () => "Staff", channel: () => "general" };
const html = (text: string): string => render(text, names).trim();

test("plain marks are rendered", () => {
  expect(html("**a** _b_ ~~c~~ `d`")).toBe("<p><strong>a</strong> <em>b</em> <s>c</s> <code>d</code></p>");
  expect(html("a\nb")).toBe("<p>a<br>\nb</p>");
});

test("what is underlined is not bold", () => {
  expect(html("__a **b**__")).toBe("<p><u>a <strong>b</strong></u></p>");
});

test("a quote ends with its line, and a list with its last item", () => {
  expect(html("> said\nanswered")).toBe("<blockquote>\n<p>said</p>\n</blockquote>\n<p>answered</p>");
  expect(html("> one\n> two")).toBe("<blockquote>\n<p>one<br>\ntwo</p>\n</blockquote>");
  expect(html("- one\n  still one\nafter")).toBe("<ul>\n<li>one<br>\nstill one</li>\n</ul>\n<p>after</p>");
});

test("a moment is told in the reader's own time", () => {
  const told = html("<t:1700000000> <t:1700000000:t> <t:99999999999999:R>");
  expect(told).toMatch(/^<p><time datetime="2023-11-14T22:13:20.000Z" title="[^"]*2023[^"]*">[^<]*2023/);
  expect(told).toContain("&lt;t:99999999999999:R&gt;");
  expect(told.match(/<time/g)).toHaveLength(2);
});

test("HTML is text", () => {
  expect(html("<img src=x onerror=alert(1)>")).toBe("<p>&lt;img src=x onerror=alert(1)&gt;</p>");
});

test.each([
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)",
  "data:text/html,x",
  "vbscript:x",
  "java&#x09;script:alert(1)",
  "/relative",
  "//host",
])("a link to %s is inert", (url) => {
  const box = document.createElement("div");
  box.innerHTML = html(`[press](${url}) <${url}>`);
  expect(box.querySelector("a")).toBeNull();
});

test("links to the web and to mail open elsewhere and tell nothing of us", () => {
  expect(html("https://example.org/?a=1&b=2")).toBe(
    '<p><a href="https://example.org/?a=1&amp;b=2" rel="noopener noreferrer nofollow" target="_blank">https://example.org/?a=1&amp;b=2</a></p>',
  );
  expect(html("<mailto:ann@example.org>")).toContain('href="mailto:ann@example.org"');
});

test("mentions become names, escaped, also for those who are not known", () => {
  expect(html("<@1> <@!2> <@&3> <#4>")).toBe(
    '<p><span class="mention" role="button" tabindex="0" data-user="1">@&lt;Ann&gt;</span> ' +
      '<span class="mention" role="button" tabindex="0" data-user="2">@unknown</span> ' +
      '<span class="mention">@Staff</span> ' +
      '<span class="mention" role="button" tabindex="0" data-channel="4">#general</span></p>',
  );
});

test("a mention within code is code", () => {
  expect(html("`<@1>`")).toBe("<p><code>&lt;@1&gt;</code></p>");
});

test("a spoiler hides marked-up text", () => {
  expect(html("it was ||the **butler**|| again")).toMatch(
    /^<p>it was <span [^>]*class="spoiler"[^>]*><span>the <strong>butler<\/strong><\/span><\/span> again<\/p>$/,
  );
  expect(html("a || b")).toBe("<p>a || b</p>");
});

test("images and tables are not made", () => {
  expect(html("![x](https://example.org/x.png)")).not.toContain("<img");
  expect(html("|a|b|\n|-|-|\n|1|2|")).not.toContain("<table");
});

test("a line that one knows again has names and no marks", () => {
  const names = { user: () => "Ann", role: () => null, channel: () => "general" };
  expect(plainly("> **late** `now`\n<@1> in <#4> <:train:7> ||x||", names)).toBe("late now @Ann in #general :train: x");
});

test("entities are the characters that they name, and no more", () => {
  expect(html("&copy; &#x1F686; &lt;b&gt; &nosuchthing;")).toBe("<p>© 🚆 &lt;b&gt; &amp;nosuchthing;</p>");
});

test.each([
  "plain",
  "**a** _b_ ~~c~~ `d`\n- e\n- f\n\n1. g\n\n> h\n# i\n##### j",
  "```\n<script>alert(1)</script>\n```",
  "<script>alert(1)</script> <p onclick=alert(1)> <p> </p> <P> <a> <img> <br/> <svg><p>",
  "&lt;script&gt;&#60;p onclick=x&#62;",
  "<p\u0000> <\u0000p> <p\u00a0x> <strong\n>",
  '"><p title="x">',
  "||a **b**|| <@1> https://example.org ```js\nx\n```",
])("nothing is left in %j that the sanitiser would take away", (text) => {
  const [ours, theirs] = [document.createElement("div"), document.createElement("div")];
  ours.innerHTML = html(text);
  theirs.innerHTML = sanitized(ours.innerHTML);
  expect(ours.innerHTML).toBe(theirs.innerHTML);
});
