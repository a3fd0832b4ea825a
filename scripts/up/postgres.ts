import { join } from 'node:path';
import { freePort } from '../engines/port.js';
import { type RunningPostgres, ensureDatabase, startPostgres } from '../engines/postgres.js';
import { lastWords, openLog } from './log-file.js';
import { type Supervised, supervise } from './supervised.js';

const DATABASE = 'berth';
/** Two processes with their pools and the queues', and a person with psql. */
const MAX_CONNECTIONS = 100;

export interface EmbeddedPostgres {
  url: string;
  supervised: Supervised;
}

/** The embedded Postgres on its cluster in the data folder, on a port that stays the same while we run. */
export async function startEmbeddedPostgres(
  dataDir: string,
  password: string,
  say: (line: string) => void,
): Promise<EmbeddedPostgres> {
  const logFile = join(dataDir, 'logs/postgres.log');
  await (await openLog(logFile)).close();
  const port = await freePort();
  let server: RunningPostgres | undefined;
  const supervised = await supervise({
    name: 'Postgres',
    async launch() {
      server = await startPostgres({
        home: join(dataDir, 'postgres'),
        password,
        port,
        logFile,
        durable: true,
        maxConnections: MAX_CONNECTIONS,
      });
      return server.process;
    },
    onFall(how, pauseMs) {
      void lastWords(logFile).then((words) => {
        say(
          `Postgres ${how}; starting it again in ${pauseMs / 1000} s. Its log: ${logFile}\n  ${words.replaceAll('\n', '\n  ')}`,
        );
      });
    },
  });
  if (!server) throw new Error('Postgres was not started');
  await ensureDatabase(server.url('postgres'), DATABASE);
  return { url: server.url(DATABASE), supervised };
}
