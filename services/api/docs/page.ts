import type {} from '@fastify/helmet';
import type { RouteShorthandOptions } from 'fastify';

/** What a browser may do with a page: load what comes from here, and run what is in it by the hash of that. */
export const pageOptions = (...hashes: string[]): RouteShorthandOptions => ({
  helmet: {
    contentSecurityPolicy: {
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'", ...hashes],
        imgSrc: ["'self'", 'data:'],
        styleSrc: ["'self'", "'unsafe-inline'"],
        upgradeInsecureRequests: null,
      },
    },
    strictTransportSecurity: false,
  },
});

export const PAGE_OPTIONS = pageOptions();
