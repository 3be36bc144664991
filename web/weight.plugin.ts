// Fails the build when the app grows beyond what a phone on a slow line should have to fetch.

import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const MOST_BYTES = 200_000; // everything together, compressed, also what is only fetched when it is needed

export function weight(): Plugin {
  return {
    name: "weight",
    apply: "build",
    generateBundle(_options, bundle) {
      const files = Object.values(bundle).map((file) => ("code" in file ? file.code : file.source));
      const bytes = files.reduce((sum, file) => sum + gzipSync(file).length, 0);
      this.info(`${bytes} bytes compressed`);
      if (bytes > MOST_BYTES) this.error(`The app is ${bytes} bytes compressed, and may be ${MOST_BYTES}.`);
    },
  };
}
