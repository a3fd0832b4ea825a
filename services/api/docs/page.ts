import type {} from '@fastify/helmet';
import type { RouteShorthandOptions } from 'fastify';

/** What a browser may do with these pages: load what comes from here, and nothing else. */
export const PAGE_OPTIONS = {
  helmet: {
    contentSecurityPolicy: {
      directives: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        styleSrc: ["'self'", "'unsafe-inline'"],
        upgradeInsecureRequests: null,
      },
    },
    strictTransportSecurity: false,
  },
} as const satisfies RouteShorthandOptions;
