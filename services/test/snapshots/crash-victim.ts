import type { OperationView } from '#contracts';
import { waitFor } from '#testing';
import { expect } from '@jest/globals';
import type { TestBed } from '../faults/bed.js';
import { operationOf, TestBot } from '../support/bot.js';
import { execIn } from '../support/engine.js';
import type { Scenario } from './crash-points.js';
import { FILES, listing, SPOIL } from './files.js';

/** Many run at once. */
const ENDED_MS = 120_000;

/** What there is on either side, as `listing` tells it. */
export interface Files {
  data: string;
  root: string;
}

/** A bot whose operation meets the death of its worker. */
export interface Victim {
  scenario: Scenario;
  bot: TestBot;
  /** Its container, its volume and its main process as they are before. */
  containerId: string;
  volume: string;
  pid: number;
  /** As they were at its snapshot, which a take makes only now, and as they are before the operation. */
  good: Files;
  before: Files;
  /** Of the snapshot that is restored or deleted; '' for a take. */
  goodId: string;
  /** Of the snapshot that the operation makes: known once it is accepted. '' where it makes none. */
  made: Promise<string>;
  accepted(operation: OperationView): void;
}

const MARK = '--- root';
const TOLD = `${listing('/data')}; echo "${MARK}"; ${listing('/opt')}`;
/** What its owner has running there; an exec's end is no reason for it to end. */
const STAYS = 'trap "" HUP; sleep 9999 & echo $! > /tmp/pid';

export async function prepare(bed: TestBed, group: string, scenario: Scenario): Promise<Victim> {
  const bot = new TestBot(bed.bot(`${group}-${scenario.name}`), bed.http, bed.docker);
  await succeeded(bot, await bot.send('create', { start: true }));
  const good = parsed(await inside(bed, bot, `${FILES}; ${STAYS}; ${TOLD}`));
  let [goodId, before] = ['', good];
  if (scenario.verb !== 'take') {
    const taken = await succeeded(bot, operationOf(await bot.askSnapshot('POST', '', { name: 'good' })));
    goodId = String(taken.result?.['snapshotId']);
    before = parsed(await inside(bed, bot, `${SPOIL}; ${TOLD}`));
  }
  if (scenario.from === 'stopped') await succeeded(bot, await bot.send('stop', { timeoutSeconds: 0 }));
  if (scenario.from === 'paused') await succeeded(bot, await bot.send('pause'));
  const { Id, State } = await bot.inspect();
  const [path] = (await bot.get()).paths;
  let accepted: (operation: OperationView) => void = () => undefined;
  const made = new Promise<string>((resolve) => {
    accepted = ({ kind, params }) => {
      const id = params[kind === 'snapshot.create' ? 'snapshotId' : 'safetySnapshotId'];
      resolve(typeof id === 'string' ? id : '');
    };
  });
  return {
    ...{ scenario, bot, good, before, goodId, made, accepted },
    ...{ containerId: Id, volume: path?.volume ?? '', pid: State.Pid },
  };
}

/** Sends the request that is to meet its worker's death. */
export async function send({ scenario, bot, goodId, accepted }: Victim): Promise<OperationView> {
  const { verb, body } = scenario;
  const answer = await {
    take: () => bot.askSnapshot('POST', '', { name: 'taken' }),
    restore: () => bot.askSnapshot('POST', `/${goodId}/restore`, body ?? {}),
    forget: () => bot.askSnapshot('DELETE', `/${goodId}`),
  }[verb]();
  const operation = operationOf(answer);
  accepted(operation);
  return operation;
}

/** Runs a line in its container, which Berth need not know. */
export async function inside(bed: TestBed, bot: TestBot, line: string): Promise<string> {
  const { exitCode, output } = await execIn(bed.docker, (await bot.inspect()).Id, line);
  expect({ line, exitCode, output }).toMatchObject({ exitCode: 0 });
  return output;
}

export async function filesOf(bed: TestBed, bot: TestBot): Promise<Files> {
  return parsed(await inside(bed, bot, TOLD));
}

function parsed(told: string): Files {
  const [data = '', root = ''] = told.split(`${MARK}\n`);
  return { data, root };
}

/** The operation once it has ended, asked for in such a way that many may wait. */
export async function ended({ http }: TestBot, { id }: { id: string }): Promise<OperationView> {
  return waitFor(
    async () => {
      const operation = (await http.get(`/v1/operations/${id}?wait=20`)).body as OperationView;
      if (operation.finishedAt) return operation;
      throw new Error(`it is ${operation.status}, attempt ${operation.attempt}, ${JSON.stringify(operation.error)}`);
    },
    { what: `operation ${id} to end`, deadlineMs: ENDED_MS },
  );
}

export async function succeeded(bot: TestBot, { id }: { id: string }): Promise<OperationView> {
  const operation = await ended(bot, { id });
  expect(operation).toMatchObject({ status: 'succeeded', error: null });
  return operation;
}

/** Fails where its processes are not the ones that it had. */
export async function expectSameProcesses(bed: TestBed, { bot, containerId, pid }: Victim): Promise<void> {
  const { Id, State } = await bot.inspect();
  expect([Id, State.Pid]).toEqual([containerId, pid]);
  if (State.Running && !State.Paused) await inside(bed, bot, 'kill -0 $(cat /tmp/pid)');
}
