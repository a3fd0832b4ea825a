import { waitFor } from '#testing';
import { execIn } from '../support/engine.js';
import { idOf, type System } from '../support/system.js';
import type { TestBot } from '../support/bot.js';

/** Runs a shell line in the bot's container, behind Berth's back; what it printed. */
export async function sh({ docker }: System, bot: TestBot, line: string): Promise<string> {
  const { exitCode, output } = await execIn(docker, idOf(await bot.get()), line);
  if (exitCode !== 0) throw new Error(`${line} ended with ${exitCode}: ${output}`);
  return output;
}

/** Waits until nothing is left of containers and volumes that others have replaced: they go once that is recorded. */
export async function alone(bot: TestBot): Promise<void> {
  await waitFor(async () => (await bot.containers()).length === 1 && (await bot.volumes()).length === 1, {
    what: `one container and one volume of ${bot.id}`,
    deadlineMs: 30_000,
  });
}

/** Files of every kind beneath /data and /opt. */
export const FILES = [
  'mkdir -p /data/deep/er /data/empty /opt/tool "/data/a name \'with\' quotes"',
  'echo one > /data/one; echo two > /data/deep/er/two; : > /data/zero; echo x > "/data/a name \'with\' quotes/ümlaut"',
  'head -c 300000 /dev/urandom > /data/bytes; head -c 100000 /dev/urandom > /opt/tool/bytes',
  'ln -s /data/one /data/link; ln -s nowhere /data/dangling; ln /data/one /data/hard; mkfifo /data/pipe',
  'chmod 640 /data/one; chmod 4755 /opt/tool/bytes; chmod 1777 /data/deep; chown 12:34 /data/deep/er/two',
  'touch -d "2001-02-03 04:05:06" /data/deep/er/two',
].join('; ');

/** Everything there is beneath: kind, mode, owner, size, time, name, target, and the sum of what is in it. */
export const listing = (...paths: string[]): string =>
  [
    `find ${paths.join(' ')} | sort | while read -r f; do stat -c "%F %a %u:%g %h %n" "$f"; [ -L "$f" ] && readlink "$f"`,
    '[ -f "$f" ] && [ ! -L "$f" ] && stat -c %s:%Y "$f" && sha256sum "$f"; done; true',
  ].join('; ');

export const LISTED = listing('/data', '/opt');

/** Spoils them: some are gone, some changed, some new, and modes and owners are others. */
export const SPOIL = [
  'rm -rf /data/deep /opt/tool /data/hard; echo spoilt > /data/one; chmod 777 /data/one; mkdir /data/more',
  'echo more > /data/more/file; echo more > /opt/more; rmdir /data/empty; ln -sf /opt /data/link; sync',
].join('; ');
