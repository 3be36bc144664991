import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

const server = process.env.DERAILED_SERVER ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [svelte()],
  build: { outDir: "../src/derailed/web_dist", emptyOutDir: true, assetsInlineLimit: 0 },
  server: { proxy: { "/api": server, "/gateway": { target: server, ws: true } } },
  test: { include: ["tests/**/*.test.ts"], restoreMocks: true },
});
