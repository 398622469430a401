import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// The server that `npm run dev` and `npm run preview` pass /api on to.
const server = process.env.YAGURA_URL ?? 'http://127.0.0.1:7700';
const proxy = {
  '/api': { target: server, changeOrigin: false },
  '/auth': { target: server, changeOrigin: false },
};

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '~': fileURLToPath(new URL('./src', import.meta.url)) } },
  server: { host: '127.0.0.1', port: 5173, proxy },
  preview: { host: '127.0.0.1', port: 4173, proxy },
  build: {
    target: 'es2023',
    // A strict Content-Security-Policy allows no inline script, and no data: script either.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    manifest: true,
    chunkSizeWarningLimit: 800,
  },
  test: {
    // Most tests are of pure functions; those of components ask for happy-dom themselves.
    environment: 'node',
    // Times are shown in the zone of the reader; the tests read in Tokyo.
    env: { TZ: 'Asia/Tokyo' },
    include: ['src/**/*.test.{ts,tsx}'],
    restoreMocks: true,
  },
});
