// Runs what tests/test_sync_law_app.py recorded.

import { defineConfig } from "vitest/config";
import app from "./vite.config.ts";

export default defineConfig({ ...app, test: { include: ["tests/**/*.law.ts"] } });
