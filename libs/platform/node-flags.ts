/**
 * How a service's process is started. Of what streams through, every piece is memory of its own. With little room for
 * what is new, most of it outlives a small collection; and where all that may be held is little more than what a service
 * always holds, everything is collected for every few pieces, which takes as long as all else that is done with them.
 * Megabytes.
 */
export const NODE_FLAGS: readonly string[] = [
  '--enable-source-maps',
  '--max-semi-space-size=16',
  '--initial-old-space-size=128',
];
