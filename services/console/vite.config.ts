import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export default defineConfig({
  root: path('.'),
  // The typed client and what it takes from the contracts are read from source; types alone come of the latter.
  resolve: { conditions: ['source', 'module', 'browser', 'development|production'] },
  build: {
    outDir: path('../../dist/console'),
    emptyOutDir: true,
    target: 'es2022',
    // Small in all; a part's own would not be asked for again where it was lost.
    cssCodeSplit: false,
    // The terminal is a chunk of its own, and large by nature.
    chunkSizeWarningLimit: 800,
    rolldownOptions: {
      // Libraries mark what runs in a browser alone; all of this does.
      onLog: (level, log, handle) => {
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') handle(level, log);
      },
    },
  },
  // `npx vite services/console` beside a running Berth: the page comes from Vite, all else from there.
  server: {
    proxy: {
      '/v1': 'http://127.0.0.1:8080',
      '/socket.io': { target: 'http://127.0.0.1:8080', ws: true },
    },
  },
});
