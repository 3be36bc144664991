// Code in colours. Asked for only when there is some, so that a page without waits for nothing.

import hljs from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import c from "highlight.js/lib/languages/c";
import diff from "highlight.js/lib/languages/diff";
import go from "highlight.js/lib/languages/go";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import python from "highlight.js/lib/languages/python";
import rust from "highlight.js/lib/languages/rust";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";

const LANGUAGES = {
  bash,
  c,
  diff,
  go,
  java,
  javascript,
  json,
  python,
  rust,
  xml,
  yaml,
};

for (const [name, language] of Object.entries(LANGUAGES)) hljs.registerLanguage(name, language);
hljs.registerAliases(["ts", "tsx", "typescript"], { languageName: "javascript" }); // near enough to read

/** Colours a `<code class="language-…">`. The text stays as it is. */
export function highlight(code: HTMLElement): void {
  const name = /language-([\w+#-]+)/.exec(code.className)?.[1];
  if (name === undefined || hljs.getLanguage(name) === undefined) return;
  // What the library answers is the text, escaped, in spans of its own classes.
  code.innerHTML = hljs.highlight(code.textContent ?? "", { language: name, ignoreIllegals: true }).value;
}
