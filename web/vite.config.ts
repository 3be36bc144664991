import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";
import { emoji } from "./emoji.plugin.ts";
import { weight } from "./weight.plugin.ts";

const server = process.env.DERAILED_SERVER ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [svelte(), emoji(), weight()],
  resolve: { alias: { entities: fileURLToPath(new URL("./src/entities.ts", import.meta.url)) } },
  build: { outDir: "../src/derailed/web_dist", emptyOutDir: true, assetsInlineLimit: 0 },
  server: { proxy: { "/api": server, "/gateway": { target: server, ws: true } } },
  test: { include: ["tests/**/*.test.ts"], restoreMocks: true },
});
