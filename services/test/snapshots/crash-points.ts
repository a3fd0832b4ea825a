import type Docker from 'dockerode';
import { callOn, type Call, type Moment } from '../faults/docker-proxy.js';
import type { Victim } from './crash-victim.js';

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

const ANY: Moment[] = ['before', 'during', 'after'];

/** Every phase, and what is peculiar in one. Before a call is like after the one before it, so that not all are tried. */
export const SCENARIOS: Scenario[] = [
  { name: 'freezing', verb: 'take', at: 'freeze', moments: ANY },
  { name: 'committing', verb: 'take', at: 'commit', moments: ['during', 'after'] },
  { name: 'archiving', verb: 'take', at: 'import', moments: ['during', 'after'] },
  { name: 'naming', verb: 'take', at: 'tag', moments: ['after'] },
  { name: 'thawing', verb: 'take', at: 'thaw', moments: ['before', 'after'] },
  { name: 'of-stopped', verb: 'take', at: 'commit', from: 'stopped', moments: ['during'] },
  { name: 'of-paused', verb: 'take', at: 'import', from: 'paused', moments: ['after'] },
  { name: 'safety', verb: 'restore', at: 'commit', moments: ['during'] },
  { name: 'safety-archiving', verb: 'restore', at: 'import', moments: ['after'] },
  { name: 'building', verb: 'restore', at: 'create', moments: ANY },
  { name: 'filling', verb: 'restore', at: 'fill', moments: ['during', 'after'] },
  { name: 'switching', verb: 'restore', at: 'start', moments: ANY },
  { name: 'root-alone', verb: 'restore', at: 'start', body: { scope: 'container' }, moments: ['after'] },
  {
    name: 'data-alone',
    verb: 'restore',
    at: 'start',
    body: { scope: 'data', safetySnapshot: false },
    moments: ['during'],
  },
  { name: 'to-stopped', verb: 'restore', at: 'create', from: 'stopped', moments: ['after'] },
  { name: 'to-paused', verb: 'restore', at: 'start', from: 'paused', moments: ['before'] },
  { name: 'retiring', verb: 'restore', at: 'retire', moments: ANY },
  { name: 'retiring-data', verb: 'restore', at: 'retire-volume', moments: ['before'] },
  { name: 'forgetting-data', verb: 'forget', at: 'forget-data', moments: ANY },
  { name: 'forgetting-root', verb: 'forget', at: 'forget-root', moments: ['during', 'after'] },
];

/** Whether the operation's end is recorded by then, so that what is left to do is not told any more. */
export const isRecorded = ({ at }: Scenario): boolean => at === 'retire' || at === 'retire-volume';

/** Whether the call is the one at which this bot's worker dies. */
export async function isPointOf(docker: Docker, victim: Victim, call: Call): Promise<boolean> {
  const { scenario, bot, containerId, volume } = victim;
  const { method, path } = call;
  const calls = (verb: string, ...parts: string[]): boolean => method === verb && parts.every((p) => path.includes(p));
  switch (scenario.at) {
    case 'freeze':
      return callOn('POST', containerId, '/pause')(call);
    case 'thaw':
      return callOn('POST', containerId, '/unpause')(call);
    case 'commit':
      return calls('POST', '/commit?', containerId);
    case 'import':
      return calls('POST', '/images/create?') && path.includes(await victim.made);
    case 'tag':
      return calls('POST', '/tag?repo=berth/snapshot&') && path.includes(await victim.made);
    case 'create':
      return calls('POST', '/containers/create?', `-${bot.id}-2`);
    case 'fill': {
      const mounts = calls('PUT', '/archive?') ? (await inspected(docker, path)).HostConfig.Mounts : [];
      return mounts?.some(({ Source }) => Source === `${volume}-2`) === true;
    }
    case 'start': {
      if (!calls('POST', '/start') || path.includes(containerId)) return false;
      return (await inspected(docker, path)).Config.Labels['berth.bot'] === bot.id;
    }
    case 'retire':
      return callOn('DELETE', containerId, '')(call);
    case 'retire-volume':
      return calls('DELETE', '/volumes/') && path.endsWith(`/${volume}`);
    case 'forget-data':
      return calls('DELETE', `/images/berth/snapshot-data:${victim.goodId}`);
    case 'forget-root':
      return calls('DELETE', `/images/berth/snapshot:${victim.goodId}`);
  }
}

function inspected(docker: Docker, path: string): Promise<Docker.ContainerInspectInfo> {
  return docker.getContainer(/\/containers\/(\w+)\//.exec(path)?.[1] ?? '').inspect();
}
