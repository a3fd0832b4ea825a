/**
 * How a service's process is started. Of what streams through, every piece is memory of its own: with less room for what
 * is new, most of it outlives a small collection, and collecting everything takes as long as all else that is done with it.
 */
export const NODE_FLAGS: readonly string[] = ['--enable-source-maps', '--max-semi-space-size=32'];
