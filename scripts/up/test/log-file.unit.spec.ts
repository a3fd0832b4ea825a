import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { lastWords, openLog } from '../log-file.js';

describe('a log file', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'berth-log-'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  it('is put aside once it has grown past its bound', async () => {
    const file = join(dir, 'logs/api.log');
    await (await openLog(file)).close();
    await writeFile(file, Buffer.alloc(11 * 1024 * 1024));
    await (await openLog(file)).close();
    expect((await readdir(join(dir, 'logs'))).sort()).toEqual(['api.log', 'api.log.1']);
  });

  it('ends with what matters to a person', async () => {
    const file = join(dir, 'api.log');
    await writeFile(
      file,
      [
        '{"level":"info","msg":"shut down"}',
        '{"level":"fatal","msg":"cannot start","err":{"message":"database","cause":{"message":"no\\nroute"}}}',
        'Trace of something that never became JSON',
      ].join('\n'),
    );
    expect(await lastWords(file)).toBe('cannot start: database: no route\nTrace of something that never became JSON');
    expect(await lastWords(join(dir, 'none.log'))).toBe('');
  });
});
