/** What the API may ask of a node's agent. A token is for one of them, of one bot, for a short time. */
export const AGENT_ACTIONS = [
  'stats',
  'logs',
  'exec',
  'files:read',
  'files:write',
  'tasks:start',
  'tasks:logs',
  'tasks:end',
  'terminal',
] as const;
export type AgentAction = (typeof AGENT_ACTIONS)[number];

export interface AgentClaims {
  botKey: string;
  action: AgentAction;
}
