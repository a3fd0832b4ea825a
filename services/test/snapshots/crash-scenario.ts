import type { Moment } from '../faults/docker-proxy.js';

/** The Docker call of an operation at which its worker dies. */
export type Point =
  | 'freeze'
  | 'commit'
  | 'import'
  | 'tag'
  | 'thaw'
  | 'create'
  | 'fill'
  | 'start'
  | 'retire'
  | 'retire-volume'
  | 'forget-data'
  | 'forget-root';

export interface Scenario {
  /** Also a part of its bot's name. */
  name: string;
  verb: 'take' | 'restore' | 'forget';
  at: Point;
  moments: Moment[];
  /** What the container is before. */
  from?: 'stopped' | 'paused';
  body?: { scope?: 'container' | 'data'; safetySnapshot?: boolean };
}
