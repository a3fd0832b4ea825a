import { presentOperation, type OperationView } from '#contracts';
import {
  accept,
  noRoom,
  Refusal,
  refuseTooLarge,
  type OperationKind,
  type OperationParams,
  type Requester,
  type Verdict,
} from '#domain';
import {
  DatabaseFault,
  type BotStore,
  type CommitResult,
  type IdempotencyRecord,
  type IdempotencyStore,
  type OperationStore,
  type SnapshotStore,
} from '#persistence';
import type { SecretBox } from '#platform';
import { v7 as uuidv7 } from 'uuid';
import type { Announcer } from './announce.js';
import { canonicalJson } from './canonical-json.js';
import { IdempotencyRefusal, recall, type Remembered } from './idempotency.js';
import { LaneReader } from './lane-reader.js';
import { Turns } from './turns.js';

export interface AcceptRequest {
  tenant: { id: string; slug: string };
  botId: string;
  kind: OperationKind;
  params: OperationParams;
  /** Of a create. Sealed before it goes anywhere. */
  env?: Record<string, string>;
  requestedBy: Requester;
  requestId: string | null;
  ifVersion: number | null;
  idempotency: { key: string; fingerprint: string } | null;
}

export interface Accepted {
  operation: OperationView;
  /** 200 for a no-op, else 202. */
  statusCode: number;
  replayed: boolean;
}

/** What a request brings along, the same in every race. */
interface Sealed {
  operationId: string;
  sealedEnv: string | null;
  digest: string;
}

const MAX_RACES = 50;

/** Turns requests into committed operations. */
export class Acceptance {
  readonly #turns = new Turns();
  readonly #reader: LaneReader;

  constructor(
    private readonly stores: {
      bots: BotStore;
      operations: OperationStore;
      idempotency: IdempotencyStore;
      snapshots: SnapshotStore;
    },
    private readonly announcer: Announcer,
    private readonly secrets: SecretBox,
  ) {
    this.#reader = new LaneReader(stores);
  }

  /** Throws Refusal, IdempotencyRefusal, DatabaseFault. Once it has returned, the operation is committed. */
  async accept(request: AcceptRequest): Promise<Accepted> {
    const { idempotency, tenant } = request;
    if (idempotency) {
      const remembered = await this.#recall(request);
      if (remembered) return remembered;
      await this.stores.idempotency.forgetExpired(tenant.id, idempotency.key);
    }
    const sealed: Sealed = {
      operationId: uuidv7(),
      sealedEnv: this.#sealEnv(request),
      digest: this.secrets.digest(canonicalJson([request.kind, request.params, request.env ?? {}])),
    };
    const attempt = (): Promise<Accepted | null> => this.#attempt(request, sealed);
    try {
      for (let race = 0; race < MAX_RACES; race += 1) {
        const accepted =
          race === 0 ? await attempt() : await this.#turns.take(`${tenant.id}/${request.botId}`, attempt);
        if (accepted) return accepted;
      }
    } catch (error) {
      // The same request, sent twice at once, may have been refused for what its twin has just done.
      const remembered = error instanceof Refusal ? await this.#recall(request) : null;
      if (remembered) return remembered;
      throw error;
    }
    throw new DatabaseFault('unavailable', null, new Error('the lane is contended'));
  }

  /** Null where somebody else was faster, and all is to be judged again. */
  async #attempt(request: AcceptRequest, sealed: Sealed): Promise<Accepted | null> {
    const { lane, isNewBot, isPlacedNow, home, snapshots } = await this.#reader.read(request);
    const verdict = accept(lane, { ...request, ...sealed, ...(snapshots && { snapshots }) }, { isNewBot });
    const resources = request.params.settings?.resources;
    if (home && resources && verdict.verdict === 'queue') refuseTooLarge(home, resources);
    const answer = this.#answer(verdict);
    const record = this.#record(request, answer);
    if (verdict.verdict === 'join') {
      if (!record || (await this.stores.idempotency.record(record))) return answer;
      // Another request has recorded the key since it was looked up.
      return this.#recall(request);
    }
    const result = await this.#commit(verdict, record, request);
    if (result === 'committed') return answer;
    if (result === 'name_taken') throw nameTaken(request.params.name ?? '');
    // Others filled the node since it was chosen: another may have room. Choosing again tells.
    if (result === 'no_capacity' && !isPlacedNow) throw noRoom();
    return result === 'idempotency_conflict' ? this.#recall(request) : null;
  }

  async #commit(
    verdict: Exclude<Verdict, { verdict: 'join' }>,
    idempotency: IdempotencyRecord | null,
    request: AcceptRequest,
  ): Promise<CommitResult> {
    const { change, operation } = verdict;
    try {
      const result = await this.stores.bots.commit(change, { idempotency, enforceCapacity: true });
      if (result === 'committed') this.announcer.committed(change);
      return result;
    } catch (error) {
      if (!(error instanceof DatabaseFault) || error.kind !== 'unavailable') throw error;
      // The answer was lost, perhaps after the commit: what was written tells.
      const written = await this.stores.operations.find(request.tenant.id, operation.id).catch(() => null);
      if (!written) throw error;
      this.announcer.committed(change);
      return 'committed';
    }
  }

  #answer(verdict: Verdict): Accepted {
    switch (verdict.verdict) {
      case 'noop':
        return { operation: presentOperation(verdict.operation, 0), statusCode: 200, replayed: false };
      case 'join':
        return {
          operation: presentOperation(verdict.operation, verdict.position, true),
          statusCode: 202,
          replayed: false,
        };
      case 'queue':
        return { operation: presentOperation(verdict.operation, verdict.position), statusCode: 202, replayed: false };
    }
  }

  #sealEnv({ env }: AcceptRequest): string | null {
    if (!env || Object.keys(env).length === 0) return null;
    return this.secrets.seal(JSON.stringify(env)).toString('base64');
  }

  #record({ tenant, idempotency }: AcceptRequest, answer: Accepted): IdempotencyRecord | null {
    if (!idempotency) return null;
    return {
      tenantId: tenant.id,
      ...idempotency,
      operationId: answer.operation.id,
      statusCode: answer.statusCode,
      answer: this.secrets.seal(JSON.stringify({ operation: answer.operation })).toString('base64'),
    };
  }

  async #recall({ tenant, idempotency }: AcceptRequest): Promise<Accepted | null> {
    if (!idempotency) return null;
    const remembered: Remembered | null = await recall(this.stores.idempotency, this.secrets, tenant.id, idempotency);
    if (!remembered) return null;
    const body = remembered.body as { operation?: OperationView };
    if (!body.operation) throw new IdempotencyRefusal('idempotency_key_reused');
    return { operation: body.operation, statusCode: remembered.statusCode, replayed: true };
  }
}

const nameTaken = (name: string): Refusal =>
  new Refusal('name_taken', `This bot has a snapshot named "${name}" already; choose another name.`);
