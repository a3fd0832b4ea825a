/** What the cache keeps, by name. The first word is the subject, so that all of one can be asked for anew. */
export const keys = {
  bots: ['bots'],
  container: (botId: string) => ['container', botId],
  stats: (botId: string) => ['stats', botId],
  snapshots: (botId: string) => ['snapshots', botId],
  tasks: (botId: string) => ['tasks', botId],
  filesOf: (botId: string) => ['files', botId],
  files: (botId: string, path: string) => ['files', botId, path],
  events: (botId: string) => ['events', botId],
  operations: ['operations'],
  operationsOf: (filter: { botId?: string; status?: string[]; kind?: string[] }) => ['operations', filter],
  /** One of them, outside of the lists: those are all changed alike. */
  operation: (id: string) => ['operation', id],
  progress: (operationId: string) => ['progress', operationId],
  nodes: ['nodes'],
  apiKeys: ['api-keys'],
} as const;
