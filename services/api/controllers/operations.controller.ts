import { routes, type OperationView } from '#contracts';
import { Refusal } from '#domain';
import { Protocol } from '#operations';
import { IdempotencyStore, OperationStore, type PlacedOperation } from '#persistence';
import type { SecretBox } from '#platform';
import { Controller, Inject } from '@nestjs/common';
import { validate as isUuid } from 'uuid';
import { Call, Endpoint, type CallOf } from '../http/endpoint.js';
import { answerOnce } from '../http/once.js';
import { OperationWaiter } from '../live/waiter.js';
import { SECRETS } from '../tokens.js';
import { gone, presentPlaced } from './answer.js';
import { toPage } from './page.js';

@Controller()
export class OperationsController {
  constructor(
    private readonly operations: OperationStore,
    private readonly protocol: Protocol,
    private readonly waiter: OperationWaiter,
    readonly idempotency: IdempotencyStore,
    @Inject(SECRETS) readonly secrets: SecretBox,
  ) {}

  @Endpoint(routes.listOperations)
  async list(@Call() { caller, query }: CallOf<typeof routes.listOperations>) {
    const { botId, status, kind, cursor, limit } = query;
    const filter = { tenantId: caller.tenant.id, botId, status, kind, beforeId: cursor, limit: limit + 1 };
    const placed = await this.operations.list(filter);
    return toPage('operations', placed.map(presentPlaced), limit, (operation) => operation.id);
  }

  @Endpoint(routes.getOperation)
  async get(@Call() { caller, params, query, reply }: CallOf<typeof routes.getOperation>): Promise<OperationView> {
    const { id } = params;
    if (!isUuid(id)) throw notFound(id);
    return present(id, await this.waiter.wait(caller.tenant.id, id, query.wait, gone(reply)));
  }

  @Endpoint(routes.cancelOperation)
  cancel(@Call() call: CallOf<typeof routes.cancelOperation>): Promise<OperationView> {
    const { id } = call.params;
    const run = async (): Promise<OperationView> => {
      if (!isUuid(id)) throw notFound(id);
      return present(id, await this.protocol.cancel(call.caller.tenant.id, id));
    };
    return answerOnce(this, call, { statusCode: 200, run });
  }
}

function present(id: string, placed: PlacedOperation | null): OperationView {
  if (!placed) throw notFound(id);
  return presentPlaced(placed);
}

const notFound = (id: string): Refusal =>
  new Refusal('operation_not_found', `There is no operation "${id.slice(0, 64)}".`);
