import type { Scope } from '../session/session';

/** What each scope lets one do. */
export const SCOPES: Record<Scope, string> = {
  'containers:read': 'See bots, containers, operations and events',
  'containers:write': 'Create, start, stop, change and delete containers',
  'snapshots:write': 'Make, restore and delete snapshots',
  'workspace:exec': 'Run commands, tasks and terminals in containers',
  'workspace:files': 'Read and change files in containers',
  'keys:admin': 'Make and revoke API keys',
  'nodes:admin': 'See and change nodes',
  'audit:read': 'Read the audit log',
};
