import {
  presentContainer,
  routes,
  type ContainerView,
  type CreateBody,
  type OperationView,
  type Route,
} from '#contracts';
import { Refusal, type ContainerSettings, type OperationKind, type OperationParams, type Resources } from '#domain';
import { Acceptance } from '#operations';
import { BotStore, listContainers, type Database } from '#persistence';
import type { Config } from '#platform';
import { Controller, Inject } from '@nestjs/common';
import { requesterOf } from '../access/caller.js';
import { Call, Endpoint, type CallOf } from '../http/endpoint.js';
import { expectedVersion, idempotencyOf } from '../http/headers.js';
import { ApiError } from '../http/problem.js';
import { OperationWaiter } from '../live/waiter.js';
import { CONFIG, DATABASE } from '../tokens.js';
import { answerOperation } from './answer.js';
import { toPage } from './page.js';

type BotCall = Pick<CallOf<Route>, 'caller' | 'request' | 'reply' | 'requestId'> & { params: { botId: string } };
type Answer = Promise<{ operation: OperationView }>;

@Controller()
export class ContainersController {
  constructor(
    private readonly acceptance: Acceptance,
    private readonly bots: BotStore,
    @Inject(DATABASE) private readonly database: Database,
    private readonly waiter: OperationWaiter,
    @Inject(CONFIG) private readonly config: Pick<Config, 'docker' | 'resources'>,
  ) {}

  @Endpoint(routes.listBots)
  async list(@Call() { caller, query }: CallOf<typeof routes.listBots>) {
    const lanes = await listContainers(this.database, {
      tenantId: caller.tenant.id,
      status: query.status,
      nodeId: query.node,
      prefix: query.q,
      afterBotId: query.cursor,
      limit: query.limit + 1,
    });
    return toPage('bots', lanes.map(presentContainer), query.limit, (container) => container.botId);
  }

  @Endpoint(routes.getContainer)
  async get(@Call() { caller, params, reply }: CallOf<typeof routes.getContainer>): Promise<ContainerView> {
    const lane = await this.bots.find(caller.tenant.id, params.botId);
    if (!lane) throw new Refusal('bot_not_found', `There is no bot "${params.botId}". Create its container first.`);
    void reply.header('etag', `"${lane.bot.version}"`);
    return presentContainer(lane);
  }

  @Endpoint(routes.createContainer)
  create(@Call() call: CallOf<typeof routes.createContainer>): Answer {
    const { body } = call;
    const { start, fromSnapshot } = body;
    const from = fromSnapshot === undefined ? {} : { fromSnapshot: fromSnapshot.toLowerCase() };
    const params = { start, settings: this.#settings(body), ...from };
    return this.#accept(call, 'container.create', params, body.env);
  }

  @Endpoint(routes.startContainer)
  start(@Call() call: CallOf<typeof routes.startContainer>): Answer {
    return this.#accept(call, 'container.start', {});
  }

  @Endpoint(routes.stopContainer)
  stop(@Call() call: CallOf<typeof routes.stopContainer>): Answer {
    return this.#accept(call, 'container.stop', { timeoutSeconds: call.body.timeoutSeconds });
  }

  @Endpoint(routes.restartContainer)
  restart(@Call() call: CallOf<typeof routes.restartContainer>): Answer {
    return this.#accept(call, 'container.restart', {});
  }

  @Endpoint(routes.pauseContainer)
  pause(@Call() call: CallOf<typeof routes.pauseContainer>): Answer {
    return this.#accept(call, 'container.pause', {});
  }

  @Endpoint(routes.resumeContainer)
  resume(@Call() call: CallOf<typeof routes.resumeContainer>): Answer {
    return this.#accept(call, 'container.resume', {});
  }

  @Endpoint(routes.updateContainer)
  update(@Call() call: CallOf<typeof routes.updateContainer>): Answer {
    const { resources, labels, autoStopSeconds } = call.body;
    if (resources) this.#refuseBeyondCeilings(resources);
    return this.#accept(call, 'container.update', {
      ...(resources && { resources: defined(resources) }),
      ...(labels && { labels }),
      ...(autoStopSeconds !== undefined && { autoStopSeconds }),
    });
  }

  @Endpoint(routes.deleteContainer)
  delete(@Call() call: CallOf<typeof routes.deleteContainer>): Answer {
    return this.#accept(call, 'container.delete', { purgeData: call.query.purgeData });
  }

  async #accept(call: BotCall, kind: OperationKind, params: OperationParams, env?: Record<string, string>): Answer {
    const { caller, request, requestId } = call;
    const accepted = await this.acceptance.accept({
      tenant: caller.tenant,
      botId: call.params.botId,
      kind,
      params,
      ...(env && { env }),
      requestedBy: requesterOf(caller),
      requestId,
      ifVersion: expectedVersion(request),
      idempotency: idempotencyOf(request),
    });
    return answerOperation(call, caller.tenant.id, accepted, this.waiter);
  }

  #refuseBeyondCeilings(resources: { [N in keyof Resources]?: number | undefined }): void {
    const { max } = this.config.resources;
    const errors = (['cpus', 'memoryMb', 'pids'] as const)
      .filter((name) => (resources[name] ?? 0) > max[name])
      .map((name) => ({ path: `resources.${name}`, message: `must be at most ${max[name]} here` }));
    if (errors[0]) throw new ApiError('validation_failed', `${errors[0].path}: ${errors[0].message}`, { errors });
  }

  /** What a create asks for, with this installation's defaults and within its ceilings. */
  #settings(body: CreateBody): ContainerSettings {
    const { default: defaults } = this.config.resources;
    const resources = {
      cpus: body.resources.cpus ?? defaults.cpus,
      memoryMb: body.resources.memoryMb ?? defaults.memoryMb,
      pids: body.resources.pids ?? defaults.pids,
    };
    this.#refuseBeyondCeilings(resources);
    return {
      image: body.image ?? this.config.docker.defaultImage,
      resources,
      command: body.command ?? null,
      network: body.network,
      labels: body.labels,
      autoStopSeconds: body.autoStopSeconds,
      env: Object.keys(body.env).sort(),
    };
  }
}

/** Without what was left out. */
function defined(resources: { [N in keyof Resources]?: number | undefined }): Partial<Resources> {
  return Object.fromEntries(Object.entries(resources).filter(([, value]) => value !== undefined));
}
