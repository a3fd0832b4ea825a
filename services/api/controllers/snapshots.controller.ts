import { presentSnapshot, routes, type OperationView, type Route, type SnapshotView } from '#contracts';
import { Refusal, type OperationKind, type OperationParams } from '#domain';
import { Acceptance } from '#operations';
import { BotStore, SnapshotStore, type PlacedSnapshot } from '#persistence';
import { Controller } from '@nestjs/common';
import { v7 as uuidv7, validate as isUuid } from 'uuid';
import { requesterOf } from '../access/caller.js';
import { Call, Endpoint, type CallOf } from '../http/endpoint.js';
import { expectedVersion, idempotencyOf } from '../http/headers.js';
import { OperationWaiter } from '../live/waiter.js';
import { mustExist } from '../workspace/containers.js';
import { answerOperation } from './answer.js';
import { toPage } from './page.js';

type BotCall = Pick<CallOf<Route>, 'caller' | 'request' | 'reply' | 'requestId'> & { params: { botId: string } };
type Answer = Promise<{ operation: OperationView }>;

@Controller()
export class SnapshotsController {
  constructor(
    private readonly acceptance: Acceptance,
    private readonly bots: BotStore,
    private readonly snapshots: SnapshotStore,
    private readonly waiter: OperationWaiter,
  ) {}

  @Endpoint(routes.listSnapshots)
  async list(@Call() { caller, params, query }: CallOf<typeof routes.listSnapshots>) {
    const { cursor, limit } = query;
    const page = { beforeId: cursor ?? null, limit: limit + 1 };
    const placed = await this.snapshots.list(caller.tenant.id, params.botId, page);
    if (placed.length === 0) await mustExist(this.bots, caller.tenant.id, params.botId);
    return toPage('snapshots', placed.map(present), limit, (snapshot) => snapshot.id);
  }

  @Endpoint(routes.getSnapshot)
  async get(@Call() { caller, params }: CallOf<typeof routes.getSnapshot>): Promise<SnapshotView> {
    const { botId, id } = params;
    const placed = isUuid(id) ? await this.snapshots.find(caller.tenant.id, botId, id) : null;
    if (placed) return present(placed);
    await mustExist(this.bots, caller.tenant.id, botId);
    throw notFound(id);
  }

  @Endpoint(routes.createSnapshot)
  create(@Call() call: CallOf<typeof routes.createSnapshot>): Answer {
    return this.#accept(call, 'snapshot.create', { snapshotId: uuidv7(), ...call.body });
  }

  @Endpoint(routes.restoreSnapshot)
  restore(@Call() call: CallOf<typeof routes.restoreSnapshot>): Answer {
    const { scope, safetySnapshot } = call.body;
    return this.#accept(call, 'snapshot.restore', {
      snapshotId: idOf(call.params.id),
      ...(scope && { scope }),
      safetySnapshotId: safetySnapshot ? uuidv7() : null,
    });
  }

  @Endpoint(routes.deleteSnapshot)
  delete(@Call() call: CallOf<typeof routes.deleteSnapshot>): Answer {
    return this.#accept(call, 'snapshot.delete', { snapshotId: idOf(call.params.id) });
  }

  async #accept(call: BotCall, kind: OperationKind, params: OperationParams): Answer {
    const { caller, request, requestId } = call;
    const accepted = await this.acceptance.accept({
      tenant: caller.tenant,
      botId: call.params.botId,
      kind,
      params,
      requestedBy: requesterOf(caller),
      requestId,
      ifVersion: expectedVersion(request),
      idempotency: idempotencyOf(request),
    });
    return answerOperation(call, caller.tenant.id, accepted, this.waiter);
  }
}

const present = ({ snapshot, childCount, current }: PlacedSnapshot): SnapshotView =>
  presentSnapshot(snapshot, { childCount, current });

/** Ids are compared as Postgres writes them. */
function idOf(id: string): string {
  if (!isUuid(id)) throw notFound(id);
  return id.toLowerCase();
}

const notFound = (id: string): Refusal =>
  new Refusal('snapshot_not_found', `There is no snapshot "${id.slice(0, 64)}" of this bot.`);
