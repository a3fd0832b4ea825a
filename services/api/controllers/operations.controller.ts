import { routes, type OperationView } from '#contracts';
import { Refusal } from '#domain';
import { Protocol } from '#operations';
import { OperationStore, type PlacedOperation } from '#persistence';
import { Controller } from '@nestjs/common';
import { validate as isUuid } from 'uuid';
import { Call, Endpoint, type CallOf } from '../http/endpoint.js';
import { OperationWaiter } from '../live/waiter.js';
import { gone, presentPlaced } from './answer.js';
import { toPage } from './page.js';

@Controller()
export class OperationsController {
  constructor(
    private readonly operations: OperationStore,
    private readonly protocol: Protocol,
    private readonly waiter: OperationWaiter,
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
  async cancel(@Call() { caller, params, reply }: CallOf<typeof routes.cancelOperation>): Promise<OperationView> {
    void reply.status(200);
    const { id } = params;
    if (!isUuid(id)) throw notFound(id);
    return present(id, await this.protocol.cancel(caller.tenant.id, id));
  }
}

function present(id: string, placed: PlacedOperation | null): OperationView {
  if (!placed) throw notFound(id);
  return presentPlaced(placed);
}

const notFound = (id: string): Refusal =>
  new Refusal('operation_not_found', `There is no operation "${id.slice(0, 64)}".`);
