import { CLIENT_MESSAGES, SERVER_MESSAGES, type Route } from '#contracts';

const messages = (all: Record<string, { schema: { meta(): { id?: string } | undefined }; text: string }>): string =>
  Object.entries(all)
    .map(([name, { schema, text }]) => `| \`${name}\` | \`${schema.meta()?.id ?? ''}\` | ${text} |`)
    .join('\n');

/** What holds for every call. Markdown, as the tags below. */
export const GUIDE = `Every bot its own computer: containers with live status.

- **Keys.** Send \`Authorization: Bearer <API key>\`. Each call names the scope that its key needs.
- **Operations.** What changes a container or a snapshot is accepted with 202 and an operation. Follow it at its
  \`Location\`, by its events, or wait for it with \`Prefer: wait=30\`. What holds already is answered with 200.
- **Repeating.** A POST or DELETE with an \`Idempotency-Key\` is done once: for 24 h the same request gets the same answer,
  with \`Idempotent-Replayed: true\`. \`If-Match\` with a container's \`ETag\` refuses what was decided on an older version.
- **Errors** are problem documents (RFC 9457). Branch on \`code\`; [Problems](/docs/problems) says of each what to do.
  \`errors\` names the members that are wrong, \`requestId\` finds the request in the log.
- **Lists** are read page by page: \`cursor\` is the \`nextCursor\` of the page before, and not to be looked into.
- **Bodies** are JSON of at most 256 KiB, and unknown members are refused. Answers may gain members.`;

const LIVE = `What happens to bots, as numbered events: as pages, as server-sent events, or over a socket.

**socket.io**, at \`/socket.io\`, with the key as \`auth\`; a bad one is refused with \`unauthenticated\`:

\`\`\`js
const socket = io(url, { auth: { token: key } });
socket.on('event', ({ botId, version, data }) => console.log(botId, version, data.status));
socket.on('connect', async () => console.log(await socket.emitWithAck('subscribe', { botId: 'alice', after: 0 })));
\`\`\`

A client emits, and is acknowledged, or refused with \`{ok: false, error: {code, detail}}\`:

| Message | Schema | |
| --- | --- | --- |
${messages(CLIENT_MESSAGES)}

A client is sent:

| Message | Schema | |
| --- | --- | --- |
${messages(SERVER_MESSAGES)}

After a lost connection subscribe again with the last \`version\` or \`cursor\` that was seen: nothing is missing then, and
nothing comes twice. A socket that is subscribed to all needs no subscription to a bot.

**Server-sent events** come from the calls below with \`Accept: text/event-stream\`. A browser's \`EventSource\` cannot send a
key; \`fetch\` can.`;

export const TAGS: Record<Route['tag'], string> = {
  Containers: 'The container of each bot: made, driven and looked at.',
  Snapshots: 'Captured containers, to come back to or to fork from.',
  Workspace: 'What happens inside of a running container.',
  Operations: 'Accepted changes, on their way or ended.',
  Live: LIVE,
  Keys: 'API keys, and the tenants that they belong to.',
  Nodes: 'The Docker hosts.',
  System: 'The process itself.',
};
